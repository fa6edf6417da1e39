//! Scrolling and row movement: by key in the focus, by wheel under the pointer.

use crate::app::input::action::Move;
use crate::app::input::keymap::help_lines;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::overlay::arrange::Item;
use crate::app::overlay::{findings, hunt, palette, range, sweep};
use crate::app::panes::Pane;
use crate::app::run::predict;
use crate::app::search;
use crate::app::sketch::shown;
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::{grouping, kinds, selection};

/// More rows than there can be.
const ALL: i64 = i64::MAX;

/// Moves within the overlay, or within the focused pane if there is no overlay.
pub(in crate::app) fn step(model: &mut Model, step: Move) {
    if model.mode.overlay().is_some() {
        let page = usize::from(model.areas.overlay_height);
        scroll_overlay(model, rows(step, page));
        return;
    }
    let page = page(model, model.focus);
    let by = rows(step, page);
    match model.focus {
        Pane::Scenarios => move_in_list(model, by),
        Pane::Parameters => move_in_form(model, by),
        Pane::Timeline if shown::shows_problems(model) => move_problem(model, by),
        Pane::Timeline if kinds::is_on(model) => move_row(model, by),
        Pane::Timeline | Pane::Task => move_selection(model, by),
        Pane::Log => scroll_log(model, by),
        Pane::Code => scroll_code(model, by),
        Pane::Metrics => pick_figure(model, by),
    }
}

/// Scrolls a pane, or the overlay that covers it.
pub(in crate::app) fn scroll(model: &mut Model, pane: Pane, rows: i32) {
    let by = i64::from(rows);
    if model.mode.overlay().is_some() {
        scroll_overlay(model, by);
        return;
    }
    match pane {
        Pane::Scenarios => move_in_list(model, by.signum()),
        // The field that is being edited stays under the cursor.
        Pane::Parameters if model.mode.edited().is_some() => {}
        Pane::Parameters => move_in_form(model, by.signum()),
        Pane::Timeline if shown::shows_problems(model) => move_problem(model, by.signum()),
        Pane::Timeline if kinds::is_on(model) => move_row(model, by.signum()),
        Pane::Timeline => scroll_lanes(model, by),
        Pane::Log => scroll_log(model, by),
        Pane::Code => scroll_code(model, by),
        Pane::Metrics => pick_figure(model, by.signum()),
        Pane::Task => {}
    }
}

/// The visible rows of a pane, at least one.
fn page(model: &Model, pane: Pane) -> usize {
    let rows = match pane {
        Pane::Timeline | Pane::Task => model.areas.lanes.height,
        pane => model.areas.pane(pane).height.saturating_sub(2),
    };
    usize::from(rows).max(1)
}

fn rows(step: Move, page: usize) -> i64 {
    // One row of the previous page stays visible.
    let page = page.saturating_sub(1).max(1) as i64;
    match step {
        Move::Up => -1,
        Move::Down => 1,
        Move::PageUp => -page,
        Move::PageDown => page,
        Move::First => -ALL,
        Move::Last => ALL,
    }
}

/// Moves `at` by a number of rows, within 0 to `last`.
fn moved(at: usize, by: i64, last: usize) -> usize {
    let by_rows = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
    if by < 0 { at.saturating_sub(by_rows).min(last) } else { at.saturating_add(by_rows).min(last) }
}

fn pick_figure(model: &mut Model, by: i64) {
    model.metrics.row = moved(model.metrics.row, by, model.areas.figures.saturating_sub(1));
}

fn move_in_list(model: &mut Model, by: i64) {
    if let Some(programs) = &mut model.programs {
        programs.row = moved(programs.row, by, programs.processes.len().saturating_sub(1));
        return;
    }
    let last = model.list.matches(model.catalogue).len().saturating_sub(1);
    model.list.row = moved(model.list.row, by, last);
}

fn move_in_form(model: &mut Model, by: i64) {
    let shown = page(model, Pane::Parameters);
    if let Some(programs) = &mut model.programs {
        let last = model.areas.threads.saturating_sub(shown);
        programs.threads_top = moved(programs.threads_top, by, last);
        return;
    }
    let last = model.form.fields().len() - 1;
    model.form.row = moved(model.form.row, by, last);
}

fn lane_count(model: &Model) -> usize {
    Lanes::of(model).map_or(0, |lanes| lanes.len())
}

fn move_problem(model: &mut Model, by: i64) {
    if let Some(sketch) = &mut model.sketch {
        sketch.row = moved(sketch.row, by, sketch.problems().len().saturating_sub(1));
    }
}

fn move_row(model: &mut Model, by: i64) {
    model.timeline.lanes.row = moved(model.timeline.lanes.row, by, kinds::last(model));
}

fn move_selection(model: &mut Model, by: i64) {
    if grouping::is_on(model) {
        model.timeline.grouping.row = moved(model.timeline.grouping.row, by, grouping::last(model));
        return;
    }
    let last = lane_count(model).saturating_sub(1);
    let row = match model.timeline.selected.and_then(|task| Lanes::of(model)?.row(task)) {
        Some(row) => moved(row, by, last),
        // The first step selects a visible lane, in either direction.
        None if by.unsigned_abs() == ALL.unsigned_abs() => moved(0, by, last),
        None => model.timeline.top,
    };
    if let Some(task) = Lanes::of(model).and_then(|lanes| lanes.task(row.min(last))) {
        selection::select(model, task);
    }
}

fn scroll_lanes(model: &mut Model, by: i64) {
    if grouping::is_on(model) {
        model.timeline.grouping.row = moved(model.timeline.grouping.row, by.signum(), grouping::last(model));
        return;
    }
    let last = lane_count(model).saturating_sub(page(model, Pane::Timeline));
    model.timeline.top = moved(model.timeline.top, by, last);
}

/// The log is counted from its newest line at the cursor, so down is towards 0.
fn scroll_log(model: &mut Model, by: i64) {
    let level = model.log.level;
    let lines = model.run.as_ref().map_or(0, |run| {
        let log = &run.trace.log;
        let before = log.partition_point(|line| line.at_ns <= run.cursor.at_ns);
        log[..before].iter().filter(|line| line.level >= level).count()
    });
    let last = lines.saturating_sub(page(model, Pane::Log));
    model.log.back = moved(model.log.back, -by, last);
    search::scrolled(model);
}

/// Only the drawing code knows how many rows a tab has and where it opens.
fn scroll_code(model: &mut Model, by: i64) {
    let last = model.areas.code_rows.saturating_sub(page(model, Pane::Code));
    let open = model.areas.code_open;
    let top = open.saturating_add_signed(model.code.top).min(last);
    model.code.top = moved(top, by, last) as isize - open as isize;
}

fn scroll_overlay(model: &mut Model, by: i64) {
    let (last_finding, last_command) = (findings::last_row(model), palette::last_row(model));
    let (last_step, last_choice) = (range::last_step(model), predict::choices(model).map_or(0, |count| count - 1));
    let last_found = hunt::last_row(model);
    if matches!(model.mode, Mode::Overlay(Overlay::Sweep { .. })) {
        return sweep::choose(model, by);
    }
    let areas = &model.areas;
    let Mode::Overlay(overlay) = &mut model.mode else { return };
    let (rows, top) = match overlay {
        Overlay::Path { row } => return *row = moved(*row, by, model.catalogue.len() - 1),
        Overlay::Palette { row, .. } => return *row = moved(*row, by, last_command),
        Overlay::Range { row } => return *row = moved(*row, by, last_step),
        Overlay::Sweep { .. } => return,
        Overlay::Hunt { row } => return *row = moved(*row, by, last_found),
        Overlay::Findings { row } => return *row = moved(*row, by, last_finding),
        Overlay::Predict { row, .. } => return *row = moved(*row, by, last_choice),
        Overlay::Arrange { row } => return *row = moved(*row, by, Item::ALL.len() - 1),
        // It may be scrolled before it is first drawn.
        Overlay::Help { pane, top, .. } => (areas.overlay_rows.max(help_lines(&model.bindings, *pane, true).len()), top),
        Overlay::Why { top, .. } | Overlay::Resources { top } => (areas.overlay_rows, top),
    };
    let last = rows.saturating_sub(usize::from(areas.overlay_height).max(1));
    *top = moved(*top, by, last);
}
