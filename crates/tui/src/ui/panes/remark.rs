//! The remark in the title of the timeline: the number of tasks, the filter, the order, the groups.
//!
//! There is seldom room for all of it. Filter, order and groups come before counts: a user who does not know that
//! lanes are hidden, or are not tasks, misreads all of them.

use crate::app::input::action::Action;
use crate::app::model::{Model, RunView};
use crate::app::panes::ExplainTab;
use crate::app::timeline::kinds::is_on;
use crate::app::timeline::order::Order;
use crate::ui::panes::grouping;
use crate::ui::theme::Look;
use crate::ui::{footer, format, view};

/// Shown if rows are not tasks while a filter is on.
const UNFILTERED: &str = "not filtered";

/// The longest remark that fits into `room` cells; empty if none does.
pub(super) fn remark(look: Look, model: &Model, run: &RunView, room: usize) -> String {
    let tasks = view::spawned(&run.trace, run.cursor.at_ns);
    let alive = run.trace.census_at(run.cursor.at_ns).alive();
    let alive = format!("{} alive", format::count(u64::from(alive)));
    let counts = format!("{}, {alive}", format::counted(tasks as u64, "task"));
    let candidates = if is_on(model) {
        let found = with_findings(look, model, run, &counts);
        [found, counts, alive].into_iter().flat_map(|text| unfiltered(model, text)).collect()
    } else if model.timeline.grouping.shows_groups() {
        grouped(look, model, run, &counts)
    } else {
        lanes(look, model, run, (counts, alive), tasks)
    };
    candidates.into_iter().find(|text| !text.is_empty() && format::width(text) <= room).unwrap_or_default()
}

/// Remarks on groups, longest first.
fn grouped(look: Look, model: &Model, run: &RunView, counts: &str) -> Vec<String> {
    let between = look.glyphs.between;
    let (long, short) = grouping::by(model).unwrap_or_default();
    let found = with_findings(look, model, run, &format!("{counts} {between} {long}"));
    let texts = [found, format!("{counts} {between} {long}"), long.to_owned(), short.to_owned()];
    texts.into_iter().flat_map(|text| unfiltered(model, text)).collect()
}

/// Remarks on lanes of tasks, longest first: filter and order take precedence.
fn lanes(look: Look, model: &Model, run: &RunView, (counts, alive): (String, String), tasks: usize) -> Vec<String> {
    let between = look.glyphs.between;
    let group = grouping::opened(model, run);
    let hint = grouping::hint(look, model, tasks);
    let also = group.as_ref().or(hint.as_ref()).map(|text| format!("{counts} {between} {text}"));
    let reading = &model.reading;
    let filter = (!reading.filter.text.is_empty()).then(|| format!("/{}", reading.filter.text));
    let order = (reading.order != Order::Spawn).then(|| reading.order.name());
    if filter.is_some() || order.is_some() {
        let found = filter.as_ref().and_then(|_| footer::found(model));
        let first = found.as_deref().unwrap_or(also.as_deref().unwrap_or(&counts));
        let all = [Some(first), order, filter.as_deref()];
        let joined = |parts: &[Option<&str>]| parts.iter().flatten().copied().collect::<Vec<_>>().join(", ");
        let short = [found.as_deref(), order];
        return vec![joined(&all), joined(&short), joined(&short[1..]), joined(&short[..1])];
    }
    let found = also.as_ref().map(|text| with_findings(look, model, run, text));
    let texts = [found, also, group, Some(with_findings(look, model, run, &counts)), Some(counts), Some(alive)];
    texts.into_iter().flatten().collect()
}

/// The text; if a filter is on but does not apply here, with a word that says so.
fn unfiltered(model: &Model, text: String) -> Vec<String> {
    if model.reading.filter.query.is_empty() { vec![text] } else { vec![format!("{text}, {UNFILTERED}")] }
}

/// The text with the number of findings, and their key, if they have one.
fn with_findings(look: Look, model: &Model, run: &RunView, text: &str) -> String {
    let key = model.bindings.shown(&Action::Explain(ExplainTab::Why), look.unicode());
    let key = if key.is_empty() { key } else { format!(" ({key})") };
    match run.found.all.by(run.cursor.at_ns) {
        0 => text.to_owned(),
        found => format!("{text}, {}{key}", format::counted(found as u64, "finding")),
    }
}
