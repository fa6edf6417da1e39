//! The search in the focused pane: lanes by name, the log, the code.
//!
//! A search stays on until Esc, so that `n` and `N` go from match to match. Lanes and log lines are searched here.
//! Only the drawing code knows the rows of the code, so for these only the number of the match is kept here.

pub mod sought;

use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Prompt, Wanted};
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::search::sought::Search;
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::{grouping, kinds, selection};
use trace::{LogLine, TaskIx};

/// Opens the search prompt for the focused pane.
pub(in crate::app) fn ask(model: &mut Model) {
    let pane = match (model.focus, &model.run) {
        (Pane::Code, _) => Pane::Code,
        (Pane::Log, Some(_)) => Pane::Log,
        (Pane::Timeline | Pane::Task, Some(_)) => Pane::Timeline,
        _ if model.programs.is_some() => {
            model.notify(false, "lanes, log and code can be searched");
            return;
        }
        _ => {
            // The previous query is still there to be edited.
            model.focus_on(Pane::Scenarios);
            model.mode = Mode::Search;
            return;
        }
    };
    if pane == Pane::Timeline && (kinds::is_on(model) || grouping::is_on(model)) {
        model.notify(false, "only task lanes can be searched: o changes the lanes");
        return;
    }
    model.mode = Mode::Prompt(Prompt { what: Wanted::Search(pane), text: TextField::default(), error: None });
}

/// Runs the typed search and goes to its first match. A text without a match stays in the prompt, with the reason.
pub(in crate::app) fn take(model: &mut Model) {
    let Some(Prompt { what: Wanted::Search(pane), text, .. }) = model.mode.prompt() else { return };
    let search = Search { pane: *pane, text: text.text().to_lowercase(), nth: 0, line: None };
    if search.text.is_empty() {
        (model.mode, model.search) = (Mode::Browse, None);
        return;
    }
    model.search = Some(search);
    let found = match pane_of(model) {
        Some(Pane::Timeline) => to_lane(model, true, true),
        Some(Pane::Log) => to_line(model, true, true),
        _ => {
            model.code.top = 0;
            true
        }
    };
    if found {
        model.mode = Mode::Browse;
        return;
    }
    model.search = None;
    let Some(text) = model.mode.prompt().map(|prompt| prompt.text.text().to_owned()) else { return };
    let listed = model.programs.is_none() && model.list.would_match(model.catalogue, &text);
    if let Some(prompt) = model.mode.prompt_mut() {
        // Enter again on the same text.
        if prompt.error.is_some() && listed {
            return to_list(model, text);
        }
        let more = if listed { ": Enter again searches the scenarios" } else { "" };
        prompt.error = Some(format!("no match for '{}'{more}", crate::text::name(&text)));
    }
}

/// Searches the list of scenarios for a text.
fn to_list(model: &mut Model, text: String) {
    model.focus_on(Pane::Scenarios);
    model.list.search = TextField::new(text);
    model.list.row = 0;
    model.mode = Mode::Search;
}

fn pane_of(model: &Model) -> Option<Pane> {
    model.search.as_ref().map(|search| search.pane)
}

/// Whether there are matches to go through.
pub(in crate::app) fn is_on(model: &Model) -> bool {
    model.search.is_some() || (model.focus == Pane::Scenarios && !model.list.search.text().is_empty())
}

/// Goes to the next or previous match.
pub(in crate::app) fn go(model: &mut Model, on: bool) {
    if model.focus == Pane::Scenarios && !model.list.search.text().is_empty() {
        let rows = model.list.matches(model.catalogue).len().max(1);
        model.list.row = (model.list.row + if on { 1 } else { rows - 1 }) % rows;
        return;
    }
    let found = match pane_of(model) {
        None => {
            model.notify(false, "no search yet: / starts one");
            return;
        }
        Some(Pane::Timeline) => to_lane(model, on, false),
        Some(Pane::Log) => to_line(model, on, false),
        Some(_) => {
            if let Some(search) = &mut model.search {
                search.nth = search.nth.wrapping_add(if on { 1 } else { -1 });
            }
            model.code.top = 0;
            true
        }
    };
    if !found {
        model.notify(false, "no match");
    }
}

/// Ends the search. Returns whether there was one.
pub(in crate::app) fn end(model: &mut Model) -> bool {
    model.search.take().is_some()
}

/// The log was scrolled by hand: the next match is searched from there.
pub(in crate::app) fn scrolled(model: &mut Model) {
    if let Some(search) = &mut model.search {
        search.line = None;
    }
}

/// The next or previous place that matches, cyclically; with `here`, starting with this one.
fn around(at: usize, all: usize, on: bool, here: bool, matches: impl Fn(usize) -> bool) -> Option<usize> {
    let first = usize::from(!here);
    (first..all + first).map(|by| (at + if on { by } else { all * 2 - by }) % all.max(1)).find(|place| matches(*place))
}

/// Selects the next lane whose name matches.
fn to_lane(model: &mut Model, on: bool, here: bool) -> bool {
    let found = || -> Option<TaskIx> {
        let (search, run, lanes) = (model.search.as_ref()?, model.run.as_ref()?, Lanes::of(model)?);
        // Without a selection, the first lane is the next one.
        let row = model.timeline.selected.and_then(|task| lanes.row(task));
        let here = here || row.is_none();
        let is = |row: usize| lanes.task(row).is_some_and(|task| search.is_in(&run.trace.tasks[task as usize].name));
        lanes.task(around(row.unwrap_or(0), lanes.len(), on, here, is)?)
    };
    let found = found();
    if let Some(task) = found {
        selection::select(model, task);
    }
    found.is_some()
}

/// Scrolls the log so that the next matching line is at the top, if enough lines follow.
fn to_line(model: &mut Model, on: bool, here: bool) -> bool {
    let rows = usize::from(model.areas.pane(Pane::Log).height.saturating_sub(2)).max(1);
    let found = || -> Option<(usize, usize)> {
        let (search, run) = (model.search.as_ref()?, model.run.as_ref()?);
        let lines: Vec<&LogLine> =
            run.trace.log_at(run.cursor.at_ns).iter().filter(|line| line.level >= model.log.level).collect();
        let last = lines.len().checked_sub(1)?;
        let top = search.line.unwrap_or_else(|| lines.len().saturating_sub(rows + model.log.back)).min(last);
        Some((around(top, lines.len(), on, here, |line| search.is_in(&lines[line].message))?, lines.len()))
    };
    let Some((line, all)) = found() else { return false };
    if let Some(search) = &mut model.search {
        search.line = Some(line);
    }
    model.log.back = all.saturating_sub(line + rows);
    true
}

#[cfg(test)]
mod tests;
