//! The range and the critical path on the lanes of the timeline.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Model, RunView};
use crate::app::overlay::range;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use crate::ui::widgets::reading as marks;
use trace::TaskIx;

/// Highlights the critical path on a lane, and marks the task's name once the path has reached it. The arguments in
/// `at` are the row, the lanes, and the cells for names.
pub(super) fn path(buf: &mut Buffer, look: Look, model: &Model, task: TaskIx, at: (Rect, Rect, usize), axis: &Axis) {
    let (line, lanes, names) = at;
    let Some(measured) = model.reading.measured.as_ref().filter(|_| range::shows_path(model)) else { return };
    let steps = measured.steps_of(task);
    if steps.clone().next().is_none_or(|first| first.from_ns > axis.cursor_ns) {
        return;
    }
    Pen::new(buf, look, line, 0).space(names + 2).put(look.glyphs.path[0], look.strong());
    let in_sight = measured.steps_from(task, axis.left_ns);
    marks::path(buf, look, Rect { y: line.y, height: 1, ..lanes }, axis, in_sight);
}

/// Marks the range on the ruler and on the lanes.
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
        let text = "no task matches the filter";
        Pen::new(buf, look, lanes, 0).space(1).put(text, look.dim());
    }
}
