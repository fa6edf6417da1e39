//! The pinned run above the run on screen: the same lanes, on the same axis, at the same time.
//!
//! A row shows the task of the pinned run with the name of the task in the same row below. At the end of the lower run, the
//! upper one is shown to its own end.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Areas, Model, RunView};
use crate::app::run::pin::pinned;
use crate::app::run::pinned::Pin;
use crate::app::timeline::lanes::Lanes;
use crate::ui::panes::timeline::split_top;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use crate::ui::widgets::timeline as lanes;
use crate::ui::{format, view};
use engine::compare;
use trace::TaskIx;

/// The most rows of a lane.
const HIGHEST: usize = 2;
/// Rows that the lower run keeps: its ruler and a few lanes.
const BELOW: u16 = 4;

/// Splits off the rows of the pinned run, from the top: a heading, and as many lanes as the run below has.
pub(super) fn split(model: &Model, inside: Rect) -> (Rect, Rect) {
    let rows = match &model.pin {
        None => 0,
        Some(Pin { run: None, .. }) => 1,
        Some(Pin { run: Some(_), .. }) => inside.height / 2,
    };
    split_top(inside, rows.min(inside.height.saturating_sub(BELOW)))
}

/// Draws the pinned run, once the areas of the lanes below it are known.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, area: Rect, areas: &Areas) {
    let Some(pin) = model.pin.as_ref().filter(|_| !area.is_empty()) else { return };
    let Some(pinned) = pinned(model) else {
        let text = "pinned: change a parameter, and the next run comes below";
        Pen::new(buf, look, area, 0).space(1).put(text, look.heading());
        return;
    };
    heading(buf, look, (pin, pinned), run, area);
    let at_ns = at_ns(run, pinned);
    let left = areas.lanes.x.saturating_sub(area.x).min(area.width);
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let lane_area = Rect { x: area.x + left, width: areas.lanes.width.min(area.width - left), ..below };
    let names = usize::from(left.saturating_sub(3));
    let tasks = tasks(model, (pin, pinned), usize::from(below.height));
    let high = (usize::from(below.height) / tasks.len().max(1)).clamp(1, HIGHEST) as u16;
    let axis = Axis { left_ns: model.timeline.left_ns, cell_ns: model.timeline.cell_ns, cursor_ns: at_ns };
    let tail = if at_ns >= view::end_ns(pinned) { pinned.tail(usize::from(areas.lanes.width)) } else { 0 };
    for (row, task) in (0..below.height / high).zip(tasks) {
        let Some(task) = task.filter(|task| pinned.trace.tasks[*task as usize].spawned_ns <= at_ns) else { continue };
        let name = format::fit_name(look, &pinned.trace.tasks[task as usize].name, names);
        Pen::new(buf, look, Rect { y: below.y + row * high, height: 1, ..below }, 0).space(1).put(&name, look.dim());
        let place = Rect { y: lane_area.y + row * high, height: high, ..lane_area };
        lanes::lane(buf, look, place, &axis, lanes::Lane { trace: &pinned.trace, task, poll: None, tail, selected: false });
    }
    lanes::cursor_line(buf, look, lane_area, &Axis { cursor_ns: run.cursor.at_ns, ..axis });
}

/// The time of the pinned run that is shown.
fn at_ns(run: &RunView, pinned: &RunView) -> u64 {
    let end_ns = view::end_ns(pinned);
    if view::at_end(run) { end_ns } else { run.cursor.at_ns.min(end_ns) }
}

/// The tasks of the pinned run, from top to bottom: the counterparts of the lanes below, then those without one.
fn tasks(model: &Model, (pin, pinned): (&Pin, &RunView), rows: usize) -> Vec<Option<TaskIx>> {
    let top = model.timeline.top;
    let below = Lanes::of(model);
    let last = below.map_or(0, |lanes| lanes.len());
    let mut tasks: Vec<_> = (top..last.min(top.saturating_add(rows)))
        .map(|row| below.and_then(|lanes| lanes.task(row)).and_then(|task| pin.counterpart(task)))
        .collect();
    let alone = pin.lanes.alone.iter().filter(|task| (**task as usize) < pinned.trace.tasks.len());
    tasks.extend(alone.map(|task| Some(*task)).take(rows.saturating_sub(tasks.len())));
    tasks
}

/// What the runs are and how they differ, as much as fits: settings, figures, lanes.
fn heading(buf: &mut Buffer, look: Look, (pin, pinned): (&Pin, &RunView), run: &RunView, area: Rect) {
    let settings = compare::settings(&[&pinned.spec, &run.spec]);
    let mut pen = Pen::new(buf, look, area, 0);
    pen.space(1).put("pinned", look.heading());
    let mut parts: Vec<_> = settings
        .iter()
        .map(|setting| format!("{} {} here, {} below", setting.name, setting.values[0], setting.values[1]))
        .collect();
    if view::at_end(run) {
        let outcomes = [pinned, run].map(|run| run.report.as_ref().and_then(compare::outcome));
        let figures = compare::figures(&outcomes);
        let value = |value: Option<f64>| value.map_or_else(|| "none".into(), format::number);
        let differing = figures.iter().filter(|figure| figure.differs());
        parts.extend(differing.map(|figure| {
            let unit = if figure.unit.is_empty() { String::new() } else { format!(" {}", figure.unit) };
            format!("{} {} here, {} below{unit}", figure.name, value(figure.values[0]), value(figure.values[1]))
        }));
    }
    let differ = pin.lanes.since_ns.iter().flatten().count() as u64;
    if !pin.lanes.of.is_empty() && run.trace.closed && compare::have_equal_times(&[&pinned.spec, &run.spec]) {
        parts.insert(
            parts.len().min(1),
            match differ {
                0 if pin.lanes.first.is_none() => "the runs are equal".to_owned(),
                n => format!("{} {} differ", look.glyphs.differs, format::counted(n, "lane")),
            },
        );
    }
    for (i, part) in parts.iter().enumerate() {
        let before = if i == 0 { ": ".to_owned() } else { format!(" {} ", look.glyphs.between) };
        if format::width(&before) + format::width(part) > pen.room() {
            continue;
        }
        pen.put(&before, look.dim()).put(part, look.text());
    }
}

/// Marks the name of a lane that differs from its counterpart in the pinned run, once the cursor has come to the difference.
pub(super) fn mark(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, (task, line, names): (TaskIx, Rect, usize)) {
    if model.pin.as_ref().is_some_and(|pin| pin.run.is_some() && pin.differs(task, run.cursor.at_ns)) {
        Pen::new(buf, look, line, 0).space(names + 2).put(look.glyphs.differs, look.changed());
    }
}
