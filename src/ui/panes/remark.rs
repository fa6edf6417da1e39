//! The remark in the title of the timeline: how many tasks there are, and how they are looked at.
//!
//! There is seldom room for all of it. How things are looked at is said before
//! how many there are: who does not know that lanes are left out, or are no
//! tasks, misreads all of them.

use crate::app::input::action::Action;
use crate::app::model::{Model, RunView};
use crate::app::panes::ExplainTab;
use crate::app::timeline::kinds::is_on;
use crate::app::timeline::order::Order;
use crate::ui::panes::grouping;
use crate::ui::theme::Look;
use crate::ui::{footer, format, view};

/// What is said where rows are no tasks while lanes are filtered.
const UNFILTERED: &str = "not filtered";

/// The longest remark of at most so many cells; empty when there is room for none.
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

/// What is said of groups, the longest first.
fn grouped(look: Look, model: &Model, run: &RunView, counts: &str) -> Vec<String> {
    let between = look.glyphs.between;
    let (long, short) = grouping::by(model).unwrap_or_default();
    let found = with_findings(look, model, run, &format!("{counts} {between} {long}"));
    let texts = [found, format!("{counts} {between} {long}"), long.to_owned(), short.to_owned()];
    texts.into_iter().flat_map(|text| unfiltered(model, text)).collect()
}

/// What is said of lanes of tasks, the longest first: that they are filtered or sorted comes before all else.
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

/// The text, before it the same with the word that no filter holds here, if there is one.
fn unfiltered(model: &Model, text: String) -> Vec<String> {
    if model.reading.filter.query.is_empty() { vec![text] } else { vec![format!("{text}, {UNFILTERED}")] }
}

/// The text with how many findings there are, and their key.
fn with_findings(look: Look, model: &Model, run: &RunView, text: &str) -> String {
    let key = model.bindings.shown(&Action::Explain(ExplainTab::Why), look.unicode());
    match run.found.all.by(run.cursor.at_ns) {
        0 => text.to_owned(),
        found => format!("{text}, {} ({key})", format::counted(found as u64, "finding")),
    }
}
