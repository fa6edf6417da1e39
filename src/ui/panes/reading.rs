//! What the timeline shows of how it is read: filter and order in its title, the range and the critical path on its lanes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Model, RunView};
use crate::app::reading::{Order, Reading};
use crate::trace::TaskIx;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use crate::ui::widgets::reading as marks;
use crate::ui::{footer, format};

/// The cells that a title takes beside its remark.
const TITLE: usize = 18;

/// The remark of the title when lanes are sorted or filtered, as long as there is room for: that they are is always told.
pub(super) fn remark(model: &Model, plain: &str, width: usize) -> Option<String> {
    let reading = &model.reading;
    let filter = (!reading.filter.text.is_empty()).then(|| format!("/{}", reading.filter.text));
    let order = (reading.order != Order::Spawn).then(|| reading.order.name());
    if (filter.is_none() && order.is_none()) || model.timeline.density.shows_groups() {
        return None;
    }
    let found = filter.as_ref().and_then(|_| footer::found(model));
    let first = found.as_deref().unwrap_or(plain);
    let all = [Some(first), order, filter.as_deref()];
    let joined = |parts: &[Option<&str>]| parts.iter().flatten().copied().collect::<Vec<_>>().join(", ");
    let short = [found.as_deref(), order];
    let candidates = [joined(&all), joined(&short), joined(&short[1..]), joined(&short[..1])];
    candidates.into_iter().find(|text| !text.is_empty() && format::width(text) + TITLE < width)
}

/// Highlights what of the critical path is on a lane, and marks its name from the moment on at which the path comes there.
/// Given are the row, the lanes, and the cells for names.
pub(super) fn path(buf: &mut Buffer, look: Look, model: &Model, task: TaskIx, at: (Rect, Rect, usize), axis: &Axis) {
    let (line, lanes, names) = at;
    let Some(measured) = model.reading.measured.as_ref().filter(|_| Reading::shows_path(model)) else { return };
    let steps = measured.steps_of(task);
    if steps.clone().next().is_none_or(|first| first.from_ns > axis.cursor_ns) {
        return;
    }
    Pen::new(buf, look, line, 0).space(names + 2).put(look.glyphs.path[0], look.strong());
    let in_sight = measured.steps_from(task, axis.left_ns);
    marks::path(buf, look, Rect { y: line.y, height: 1, ..lanes }, axis, in_sight);
}

/// Marks the range, on the ruler above the lanes and on them.
pub(super) fn range(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, lanes: Rect, axis: &Axis) {
    let Some(range) = model.reading.range else { return };
    let stretch = range.stretch(run.cursor.at_ns);
    let ruler = Rect { y: lanes.y.saturating_sub(1), height: lanes.height.min(1), ..lanes };
    marks::range_on_ruler(buf, look, ruler, axis, stretch);
    if range.other_ns.is_some() {
        marks::range_on_lanes(buf, look, lanes, axis, stretch);
    }
}

/// Says why there are no lanes.
pub(super) fn nothing(buf: &mut Buffer, look: Look, model: &Model, lanes: Rect, empty: bool) {
    let filter = &model.reading.filter;
    if empty && !filter.query.is_empty() {
        let text = "no task is what is asked for";
        Pen::new(buf, look, lanes, 0).space(1).put(text, look.dim());
    }
}
