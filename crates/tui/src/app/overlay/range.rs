//! The measured range and the critical path: mark, show, move through its steps.

use std::time::Duration;

use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::run::jump;
use crate::app::time::moment;
use crate::app::timeline::reading::{Asked, Measured, Range};
use crate::app::timeline::viewport;

/// How often a run under way is measured again, in wall time.
const EVERY: Duration = Duration::from_millis(400);

/// A run with more tasks is measured again only at its end, or on request.
const MOST_TASKS: usize = 20_000;

/// Sets one end at the cursor, then the other, then clears the range.
pub(in crate::app) fn mark(model: &mut Model) {
    let Some(at_ns) = model.run.as_ref().map(|run| run.cursor.at_ns) else {
        model.notify(false, "no run yet: space starts one");
        return;
    };
    match model.reading.range {
        None => {
            model.reading.range = Some(Range { one_ns: at_ns, other_ns: None });
            model.notify(false, format!("range starts at {}: move the cursor, then v ends it", moment(at_ns)));
        }
        Some(Range { one_ns, other_ns: None }) if one_ns == at_ns => {
            model.notify(false, "the range is empty: move the cursor first; Esc clears it");
        }
        Some(range @ Range { other_ns: None, .. }) => {
            model.reading.range = Some(Range { other_ns: Some(at_ns), ..range });
            model.mode = Mode::Overlay(Overlay::Range { row: 0 });
        }
        Some(_) => {
            clear(model);
        }
    }
}

/// Clears the range, or else the path. Returns whether there was one.
pub(in crate::app) fn clear(model: &mut Model) -> bool {
    if matches!(model.mode, Mode::Overlay(Overlay::Range { .. })) {
        model.mode = Mode::Browse;
    }
    let had_range = model.reading.range.take().is_some();
    had_range || std::mem::take(&mut model.reading.path)
}

/// Shows the critical path on the lanes and as a list, or hides it.
pub(in crate::app) fn toggle_path(model: &mut Model) {
    if model.reading.path {
        model.reading.path = false;
    } else if model.run.is_none() {
        model.notify(false, "no run yet: space starts one");
    } else {
        model.reading.path = true;
        model.mode = Mode::Overlay(Overlay::Range { row: 0 });
    }
}

/// Ends the path at the selected task, or at the end of the run again.
pub(in crate::app) fn path_to(model: &mut Model) {
    if model.reading.to.take().is_none() {
        model.reading.to = model.timeline.selected;
        if model.reading.to.is_none() {
            model.notify(false, "no task selected: pick a lane in the timeline first");
        }
    }
    if let Mode::Overlay(Overlay::Range { row }) = &mut model.mode {
        *row = 0;
    }
}

/// The index of the last row.
pub(in crate::app) fn last_step(model: &Model) -> usize {
    model.reading.measured.as_ref().map_or(0, |measured| measured.path.steps.len()).saturating_sub(1)
}

/// Goes to the end of the selected step, where all of it is visible, selects its task, and closes the list.
pub(in crate::app) fn show_step(model: &mut Model) {
    let Mode::Overlay(Overlay::Range { row }) = model.mode else { return };
    let row = row.min(last_step(model));
    let step = model.reading.measured.as_ref().and_then(|measured| measured.path.steps.get(row).copied());
    model.mode = Mode::Browse;
    let Some(step) = step else { return };
    model.reading.path = true;
    jump::to(model, (step.to_ns.saturating_sub(1)).max(step.from_ns), Some(step.task));
    model.notify(false, format!("step {} of {}; e returns to the list", row + 1, last_step(model) + 1));
}

/// Starts marking a range with the pointer.
pub(in crate::app) fn take_hold(model: &mut Model, column: u16) {
    model.reading.hold = model.run.is_some().then_some((column, false));
}

/// The pointer moved while marking: the range covers all cells that it passed over.
pub(in crate::app) fn drag(model: &mut Model, column: u16) {
    let Some((first, moved)) = &mut model.reading.hold else { return };
    *moved = true;
    let (left, right) = (column.min(*first), column.max(*first));
    let (Some(from_ns), Some(last_ns), Some(run)) = (viewport::time_at(model, left), viewport::time_at(model, right), &model.run)
    else {
        return;
    };
    let to_ns = last_ns.saturating_add(model.timeline.cell_ns).min(run.trace.end_ns);
    if from_ns < to_ns {
        model.reading.range = Some(Range { one_ns: from_ns, other_ns: Some(to_ns) });
    }
}

/// The pointer was released: shows the measurements of the marked range.
pub(in crate::app) fn let_go(model: &mut Model) {
    if let Some((_, true)) = model.reading.hold.take()
        && model.reading.range.is_some()
        && matches!(model.mode, Mode::Browse | Mode::Overlay(_))
    {
        model.mode = Mode::Overlay(Overlay::Range { row: 0 });
    }
}

/// Another run is coming, so the measurements are discarded.
pub(in crate::app) fn forget(model: &mut Model) {
    (model.reading.measured, model.reading.to, model.reading.hold) = (None, None, None);
}

/// What to measure now; `None` if no measurement is on screen, or while the pointer marks a range.
fn asked(model: &Model) -> Option<Asked> {
    let run = model.run.as_ref().filter(|_| shows_path(model) && model.reading.hold.is_none())?;
    let range = model.reading.range.filter(|range| range.other_ns.is_some());
    let range = range.map(|range| range.stretch(run.cursor.at_ns));
    Some(Asked { range, to: model.reading.to, trace: (run.trace.end_ns, run.trace.closed) })
}

/// Measures if the request has changed. New events of a run under way can wait.
pub(in crate::app) fn settle(model: &mut Model) {
    measure(model, false);
}

/// Wall time has passed: measures a run under way again if the last measurement is old enough.
pub(in crate::app) fn passed(model: &mut Model, passed: Duration) {
    let Some(measured) = &mut model.reading.measured else { return };
    measured.age = measured.age.saturating_add(passed);
    let few = model.run.as_ref().is_some_and(|run| run.trace.tasks.len() <= MOST_TASKS);
    if measured.age >= EVERY && few {
        measure(model, true);
    }
}

fn run_is_over(of: &Asked) -> bool {
    of.trace.1
}

fn measure(model: &mut Model, again: bool) {
    let Some(of) = asked(model) else {
        if !shows_path(model) {
            model.reading.measured = None;
        }
        return;
    };
    let stands = model.reading.measured.as_ref().is_some_and(|measured| {
        let same = (measured.of.range, measured.of.to) == (of.range, of.to);
        same && (measured.of.trace == of.trace || !(again || run_is_over(&of)))
    });
    let Some(run) = model.run.as_ref().filter(|_| !stands) else { return };
    model.reading.measured = Some(Measured::new(&run.trace, of));
    let last = last_step(model);
    if let Mode::Overlay(Overlay::Range { row }) = &mut model.mode {
        *row = (*row).min(last);
    }
}

/// Whether the critical path is on screen, on the lanes or as a list.
pub fn shows_path(model: &Model) -> bool {
    model.reading.path || matches!(model.mode, Mode::Overlay(Overlay::Range { .. }))
}

#[cfg(test)]
mod tests;
