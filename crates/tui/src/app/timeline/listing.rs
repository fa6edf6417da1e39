//! The list of lanes: sorted, filtered, and rebuilt when necessary.

use std::time::Duration;

use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Prompt, Wanted};
use crate::app::model::Model;
use crate::app::run::view::RunView;
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::order::{Filter, Listed, Order, Sorted};
use crate::app::timeline::query::Query;
use crate::app::timeline::selection;
use trace::TaskIx;

/// How often the list is rebuilt, in wall time, while the cursor moves by itself: lanes that change places with every
/// frame would be hard to read, and with very many tasks rebuilding is expensive.
const EVERY: Duration = Duration::from_millis(250);

/// Sorts by the next criterion.
pub(in crate::app) fn next(model: &mut Model) {
    if model.run.is_none() {
        model.notify(false, "no run yet: space starts one");
        return;
    }
    model.reading.order = model.reading.order.next();
    let text = format!("lanes {}", model.reading.order.name());
    model.notify(false, text);
}

/// Opens the prompt for the filter.
pub(in crate::app) fn ask(model: &mut Model) {
    if model.run.is_none() {
        model.notify(false, "no run yet: space starts one");
        return;
    }
    let filter = &mut model.reading.filter;
    filter.before.clone_from(&filter.text);
    model.mode = Mode::Prompt(Prompt { what: Wanted::Filter, text: TextField::new(filter.text.clone()), error: None });
}

/// Keeps the typed filter; an invalid one stays in the prompt.
pub(in crate::app) fn take(model: &mut Model) {
    if model.mode.prompt().is_some_and(|prompt| prompt.error.is_none()) {
        model.mode = Mode::Browse;
    }
}

/// Discards the typed filter.
pub(in crate::app) fn leave_prompt(model: &mut Model) {
    if model.mode.prompt().is_some_and(|prompt| prompt.what == Wanted::Filter) {
        let text = std::mem::take(&mut model.reading.filter.before);
        model.reading.filter = Filter { query: Query::parse(&text).unwrap_or_default(), text, before: String::new() };
    }
}

/// Removes the filter. Returns whether there was one.
pub(in crate::app) fn clear(model: &mut Model) -> bool {
    !std::mem::take(&mut model.reading.filter).text.is_empty()
}

/// Another run is coming, with other tasks.
pub(in crate::app) fn forget(model: &mut Model) {
    model.reading.listed = Listed::default();
}

/// Parses the typed filter, and rebuilds the list if its inputs have changed.
pub(in crate::app) fn settle(model: &mut Model) {
    read(model);
    // While a run plays, the next tick rebuilds it.
    let moves = model.run.as_ref().is_some_and(|run| run.cursor.playing);
    list(model, moves);
}

/// Wall time has passed: the cursor may have moved by itself.
pub(in crate::app) fn passed(model: &mut Model, passed: Duration) {
    let listed = &mut model.reading.listed;
    if listed.of.is_none() {
        return;
    }
    listed.age = listed.age.saturating_add(passed);
    let rests = model.run.as_ref().is_some_and(|run| !run.cursor.playing);
    let wait = listed.age < EVERY && !rests;
    list(model, wait);
}

/// Makes the typed text the filter, if it is valid.
fn read(model: &mut Model) {
    let Some(prompt) = model.mode.prompt_mut().filter(|prompt| prompt.what == Wanted::Filter) else { return };
    let text = prompt.text.text();
    let filter = &mut model.reading.filter;
    if prompt.error.is_some() || filter.text == text {
        // It has been parsed already.
        return;
    }
    match Query::parse(text) {
        Ok(query) => {
            text.clone_into(&mut filter.text);
            if filter.query != query {
                filter.query = query;
            }
        }
        Err(error) => prompt.error = Some(error.reason),
    }
}

/// What the list is built from; `None` if it is simply all tasks in spawn order.
fn wanted(model: &Model, run: &RunView) -> Option<Sorted> {
    let (order, query) = (model.reading.order, &model.reading.filter.query);
    if order == Order::Spawn && query.is_empty() {
        return None;
    }
    let depends = order != Order::Spawn || query.depends_on_time();
    Some(Sorted {
        order,
        query: query.clone(),
        group: model.timeline.grouping,
        folds: model.session.folds.version(),
        tasks: run.trace.tasks.len(),
        closed: run.trace.closed,
        at_ns: depends.then_some(run.cursor.at_ns),
    })
}

/// Rebuilds the list if its inputs have changed. With `wait`, a moved cursor or new tasks are not yet a reason.
fn list(model: &mut Model, wait: bool) {
    let Some(run) = &model.run else { return };
    let Some(of) = wanted(model, run) else {
        if model.reading.listed.of.is_some() {
            model.reading.listed = Listed::default();
            show(model, true);
        }
        return;
    };
    let before = model.reading.listed.of.as_ref();
    let asked_anew = before.is_none_or(|before| {
        (before.order, &before.query, before.group, before.folds) != (of.order, &of.query, of.group, of.folds)
            || before.closed != of.closed
    });
    if before == Some(&of) || (wait && !asked_anew) {
        return;
    }
    let asked = before.is_none_or(|before| (before.order, &before.query) != (of.order, &of.query));
    model.reading.listed.list = None;
    let list = Lanes::of(model).map(|lanes| sorted(run, &lanes, &of)).unwrap_or_default();
    let by_spawn = of.order == Order::Spawn;
    model.reading.listed = Listed { list: Some(list), by_spawn, of: Some(of), age: Duration::ZERO };
    show(model, asked);
}

/// The tasks that match, in order. If the result depends on time, only tasks that exist yet.
fn sorted(run: &RunView, all: &Lanes<'_>, of: &Sorted) -> Vec<TaskIx> {
    let (trace, at_ns) = (&run.trace, run.cursor.at_ns);
    let rows = if of.at_ns.is_some() { all.spawned(at_ns) } else { all.len() };
    let tasks = (0..rows).filter_map(|row| all.task(row)).filter(|task| of.query.matches(trace, *task, at_ns));
    let mut tasks: Vec<TaskIx> = tasks.collect();
    of.order.sort(trace, &mut tasks, at_ns);
    tasks
}

/// After the request has changed, scrolls to the selected lane, or else to the first.
fn show(model: &mut Model, asked: bool) {
    if asked {
        model.timeline.top = 0;
        if let Some(task) = model.timeline.selected {
            selection::reveal(model, task);
        }
    }
    let last = Lanes::of(model).map_or(0, |lanes| lanes.len()).saturating_sub(1);
    model.timeline.top = model.timeline.top.min(last);
}

#[cfg(test)]
mod tests;
