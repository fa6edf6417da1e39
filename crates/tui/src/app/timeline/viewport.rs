//! The visible part of the timeline: zoom, pan, fit, follow.
//!
//! A cell covers [`cell_ns`](crate::app::timeline::view::Timeline::cell_ns); zooming halves and doubles it. The view
//! never leaves the run: its right edge stops at the cell of the last event, its left edge at the first time that is known.

use crate::app::areas::Areas;
use crate::app::model::Model;
use crate::app::run::pin;
use crate::app::session::Held;
use crate::app::timeline::selection;
use crate::app::timeline::view::Zoom;
use trace::TaskIx;

/// The width to assume before the first frame.
const WIDTH_BEFORE_FIRST_FRAME: u64 = 80;

fn width(model: &Model) -> u64 {
    match model.areas.lanes_shown().width {
        0 => WIDTH_BEFORE_FIRST_FRAME,
        width => u64::from(width),
    }
}

/// The time up to which there is something to see. While a run is recorded, this includes at least what is already
/// visible, because its trace is still growing.
fn extent_ns(model: &Model) -> u64 {
    let own_ns = match &model.run {
        None => 0,
        Some(run) if run.trace.closed => run.trace.end_ns,
        Some(run) => run.trace.end_ns.max(run.cursor.at_ns).max(model.timeline.left_ns),
    };
    own_ns.max(pinned_ns(model))
}

/// The end of the pinned run, which has the same axis.
fn pinned_ns(model: &Model) -> u64 {
    pin::pinned(model).map_or(0, |run| run.trace.end_ns)
}

/// The time from which on the run is known.
fn since_ns(model: &Model) -> u64 {
    model.run.as_ref().map_or(0, |run| run.trace.since_ns)
}

/// The cells for events, without the tail of a stall behind them.
fn timed_width(model: &Model) -> u64 {
    let width = width(model);
    let runs = model.run.iter().chain(pin::pinned(model));
    let tail = runs.map(|run| run.tail(width as usize)).max().unwrap_or(0) as u64;
    width.saturating_sub(tail).max(1)
}

/// The shortest time per cell that fits the whole run.
fn fitting_cell_ns(model: &Model) -> u64 {
    extent_ns(model).saturating_sub(since_ns(model)) / timed_width(model) + 1
}

/// Moves the left edge back to where there is something to see.
fn bound(model: &mut Model) {
    let cell = model.timeline.cell_ns;
    let last = (extent_ns(model) / cell + 1).saturating_sub(timed_width(model)) * cell;
    model.timeline.left_ns = model.timeline.left_ns.min(last).max(since_ns(model));
}

/// The visible cell that covers a time, if any.
fn cell_of(model: &Model, at_ns: u64) -> Option<u64> {
    let cell = at_ns.checked_sub(model.timeline.left_ns)? / model.timeline.cell_ns;
    (cell < width(model)).then_some(cell)
}

/// Moves the view to show the cursor, if it follows.
pub(in crate::app) fn keep_in_sight(model: &mut Model) {
    let Some(at_ns) = model.run.as_ref().map(|run| run.cursor.at_ns) else { return };
    if !model.timeline.follow || cell_of(model, at_ns).is_some() {
        return;
    }
    let cell = model.timeline.cell_ns;
    if model.options.reduced_motion {
        // By a page at a time, so that the cursor moves through it while everything else stays in place.
        model.timeline.left_ns = (at_ns / cell).saturating_sub(width(model) / 8) * cell;
        return;
    }
    model.timeline.left_ns =
        if at_ns < model.timeline.left_ns { at_ns / cell * cell } else { (at_ns / cell + 1).saturating_sub(width(model)) * cell };
}

/// Adjusts zoom and selection after the trace has grown or closed.
pub(in crate::app) fn recorded(model: &mut Model) {
    let Some(run) = &model.run else { return };
    let (closed, end_ns, tasks) = (run.trace.closed, run.trace.end_ns, run.trace.tasks.len());
    if model.session.zoom != Zoom::Chosen {
        if closed && model.session.zoom == Zoom::Fit {
            fit_now(model);
        }
        let since_ns = since_ns(model);
        while end_ns.saturating_sub(since_ns) / model.timeline.cell_ns >= timed_width(model) {
            model.timeline.cell_ns = model.timeline.cell_ns.saturating_mul(2);
            model.timeline.left_ns = since_ns;
        }
    }
    if closed {
        bound(model);
        let last = tasks.saturating_sub(1);
        model.timeline.top = model.timeline.top.min(last);
        if tasks == 0 {
            model.timeline.selected = None;
        }
        model.timeline.selected = model.timeline.selected.map(|task| task.min(last as TaskIx));
    }
}

fn fit_now(model: &mut Model) {
    model.timeline.cell_ns = fitting_cell_ns(model);
    model.timeline.left_ns = since_ns(model);
    if model.run.as_ref().is_some_and(|run| run.trace.closed) {
        model.session.zoom = Zoom::Grow;
    }
}

/// Fits the whole run into the width, and keeps it fitted as it grows.
pub(in crate::app) fn fit(model: &mut Model) {
    model.session.zoom = Zoom::Fit;
    model.timeline.follow = true;
    // The current view must not count as part of the run.
    model.timeline.left_ns = since_ns(model);
    fit_now(model);
}

/// Fits a stretch of time into the width, with a spare cell on each side.
pub(in crate::app) fn fit_between(model: &mut Model, from_ns: u64, to_ns: u64) {
    let cells = width(model).saturating_sub(2).max(1);
    let view = &mut model.timeline;
    view.cell_ns = to_ns.saturating_sub(from_ns) / cells + 1;
    view.left_ns = from_ns.saturating_sub(view.cell_ns);
    model.session.zoom = Zoom::Chosen;
    bound(model);
    let cursor = model.run.as_ref().map_or(0, |run| run.cursor.at_ns);
    model.timeline.follow &= cell_of(model, cursor).is_some();
}

/// Shows exactly a stretch of time, as far as whole cells allow, whether or not the cursor is in it.
pub fn show(model: &mut Model, from_ns: u64, to_ns: u64) {
    // Only the end of the run needs room for what lasts for ever.
    let cells = if to_ns < extent_ns(model) { width(model) } else { timed_width(model) };
    let view = &mut model.timeline;
    (view.left_ns, view.cell_ns, view.follow) = (from_ns, to_ns.saturating_sub(from_ns) / cells + 1, false);
    model.session.zoom = Zoom::Chosen;
}

/// Fits the selected task into the width; if it fits already, or none is selected, fits the whole run.
pub(in crate::app) fn fit_selection(model: &mut Model) {
    let life = model.timeline.selected.zip(model.run.as_ref()).and_then(|(task, run)| {
        let task = run.trace.tasks.get(task as usize)?;
        Some((task.spawned_ns, task.ended.map_or(run.trace.end_ns, |end| end.at_ns)))
    });
    let before = (model.timeline.left_ns, model.timeline.cell_ns);
    if let Some((from_ns, to_ns)) = life {
        fit_between(model, from_ns, to_ns);
    }
    if before == (model.timeline.left_ns, model.timeline.cell_ns) {
        fit(model);
    }
}

/// An earlier view was restored: moves it to where there is something to see now.
pub(in crate::app) fn restored(model: &mut Model) {
    let last = model.run.as_ref().map_or(0, |run| run.trace.tasks.len()).saturating_sub(1);
    model.timeline.top = model.timeline.top.min(last);
    model.timeline.selected = model.timeline.selected.map(|task| task.min(last as TaskIx));
    bound(model);
    let cursor = model.run.as_ref().map_or(0, |run| run.cursor.at_ns);
    model.timeline.follow &= cell_of(model, cursor).is_some();
}

/// Records where things were drawn. Returns whether that changes the picture: a fitted run is fitted into the new
/// width, and a selected lane that was visible stays visible.
pub fn laid_out(model: &mut Model, areas: Areas) -> bool {
    let (shown, before) = (model.areas.lanes_shown(), model.timeline);
    let lower = areas.lanes.height < shown.height;
    let kept = model.timeline.selected.filter(|task| lower && selection::is_in_sight(model, *task));
    model.areas = areas;
    if model.areas.lanes.width == 0 {
        // Another pane fills the screen: the lanes keep their view until they are back.
        model.areas.lanes_before = shown;
        return false;
    }
    if let Some(task) = kept {
        selection::reveal(model, task);
    }
    if model.areas.lanes.width != shown.width {
        widened(model);
    }
    before != model.timeline
}

/// Adjusts the view to a new width of the lanes.
fn widened(model: &mut Model) {
    if model.session.zoom != Zoom::Chosen && model.run.as_ref().is_some_and(|run| run.trace.closed) {
        fit_now(model);
    }
    bound(model);
    keep_in_sight(model);
}

/// Zooms around the cursor, or around the middle if the cursor is out of sight.
pub(in crate::app) fn zoom(model: &mut Model, steps: i32) {
    let cursor = model.run.as_ref().map_or(0, |run| run.cursor.at_ns);
    let column = cell_of(model, cursor).unwrap_or(width(model) / 2);
    zoom_around(model, column, steps);
    keep_in_sight(model);
}

/// Zooms around a column of the screen. If this moves the cursor out of sight, it is no longer followed.
pub(in crate::app) fn zoom_at(model: &mut Model, column: u16, steps: i32) {
    let last = width(model) - 1;
    let column = u64::from(column.saturating_sub(model.areas.lanes.x)).min(last);
    zoom_around(model, column, steps);
    let cursor = model.run.as_ref().map_or(0, |run| run.cursor.at_ns);
    model.timeline.follow &= cell_of(model, cursor).is_some();
}

fn zoom_around(model: &mut Model, column: u64, steps: i32) {
    let whole = fitting_cell_ns(model);
    let view = &mut model.timeline;
    let fixed_ns = view.left_ns.saturating_add(column.saturating_mul(view.cell_ns));
    let before = view.cell_ns;
    for _ in 0..steps.unsigned_abs() {
        view.cell_ns = if steps > 0 {
            (view.cell_ns / 2).max(1)
        } else {
            // Zooms out to the whole run and no further; a view that already shows more stays.
            view.cell_ns.saturating_mul(2).min(whole).max(view.cell_ns)
        };
    }
    if view.cell_ns != before {
        view.left_ns = fixed_ns.saturating_sub(column.saturating_mul(view.cell_ns));
        model.session.zoom = Zoom::Chosen;
    }
    bound(model);
}

/// Pans by eighths of the width.
pub(in crate::app) fn pan(model: &mut Model, steps: i64) {
    let cells = (width(model) / 8).max(1) as i64;
    pan_cells(model, steps.saturating_mul(cells));
}

fn pan_cells(model: &mut Model, cells: i64) {
    let view = &mut model.timeline;
    let by = cells.unsigned_abs().saturating_mul(view.cell_ns);
    view.left_ns = if cells < 0 { view.left_ns.saturating_sub(by) } else { view.left_ns.saturating_add(by) };
    view.follow = false;
    bound_pan(model);
}

/// Like [`bound`], but the current view does not extend the run.
fn bound_pan(model: &mut Model) {
    let Some(run) = &model.run else {
        model.timeline.left_ns = 0;
        return;
    };
    let cell = model.timeline.cell_ns;
    let extent = run.trace.end_ns.max(if run.trace.closed { 0 } else { run.cursor.at_ns }).max(pinned_ns(model));
    let last = (extent / cell + 1).saturating_sub(width(model)) * cell;
    model.timeline.left_ns = model.timeline.left_ns.min(last).max(since_ns(model));
}

/// Centres the view on a time, as far as the run allows. If the cursor is then out of sight, it is no longer
/// followed.
pub(in crate::app) fn look_at(model: &mut Model, at_ns: u64) {
    let half = width(model) / 2;
    let view = &mut model.timeline;
    view.left_ns = at_ns.saturating_sub(half.saturating_mul(view.cell_ns));
    bound_pan(model);
    let cursor = model.run.as_ref().map_or(0, |run| run.cursor.at_ns);
    model.timeline.follow &= cell_of(model, cursor).is_some();
}

/// Centres the view on the time of a column of the map, or of the nearest column.
pub(in crate::app) fn look_by_map(model: &mut Model, column: u16) {
    let (map, (left_ns, column_ns)) = (model.areas.map, model.areas.map_scale);
    let Some(last) = map.width.checked_sub(1) else { return };
    let at = column.saturating_sub(map.x).min(last);
    look_at(model, left_ns.saturating_add(u64::from(at).saturating_mul(column_ns)));
}

/// Moves the view with the pointer that drags the lanes.
pub(in crate::app) fn drag(model: &mut Model, from: u16, column: u16) {
    if from != column {
        model.session.held = Some(Held::Lanes(column));
        pan_cells(model, i64::from(from) - i64::from(column));
    }
}

/// The time of a column of the screen, or of the nearest column of the lanes; `None` before the first frame.
pub(in crate::app) fn time_at(model: &Model, column: u16) -> Option<u64> {
    let last = model.areas.lanes.width.checked_sub(1)?;
    let cell = u64::from(column.saturating_sub(model.areas.lanes.x).min(last));
    Some(model.timeline.left_ns.saturating_add(cell.saturating_mul(model.timeline.cell_ns)))
}

#[cfg(test)]
mod tests;
