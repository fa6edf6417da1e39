//! Counters under the lanes: what the scenario counts, on the same ruler as the tasks.
//!
//! A cell shows the largest value in force within it, or of one with very many
//! values the last. Nothing is known before the first value, and nothing is
//! drawn there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Model, RunView};
use crate::trace::Counter;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use crate::ui::widgets::{chart, timeline as marks};

/// At most so many are drawn.
const MOST: usize = 3;
/// From this height of the pane's inside on they are shown unless somebody hides them.
const ROOM: u16 = 28;
/// The same where the timeline fills the screen: there no other pane tells them.
const ROOM_ALONE: u16 = 20;
/// Of a cell with more values than this only the last counts.
const EXACT: usize = 64;

/// How many rows they take of the inside of the pane.
pub(super) fn rows(model: &Model, run: &RunView, inside: Rect) -> u16 {
    let enough = if model.full.is_some() { ROOM_ALONE } else { ROOM };
    let wanted = model.timeline.lanes.counters.unwrap_or(inside.height >= enough);
    // The lanes keep the greater part.
    let room = inside.height.saturating_sub(4) / 2;
    if wanted { (run.trace.counters.len().min(MOST) as u16).min(room) } else { 0 }
}

/// Draws them, one a row, below the lanes that were drawn there.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, area: Rect, lanes: Rect) {
    let axis = Axis { left_ns: model.timeline.left_ns, cell_ns: model.timeline.cell_ns, cursor_ns: run.cursor.at_ns };
    for (row, counter) in (0..area.height).zip(&run.trace.counters) {
        let columns = columns(counter, &axis, usize::from(lanes.width));
        let most = most(counter, &columns);
        let names = Rect { width: lanes.x.saturating_sub(area.x + 1), ..area };
        label(buf, look, names, row, counter, most, run.cursor.at_ns);
        let place = Rect { x: lanes.x, y: area.y + row, width: lanes.width, height: 1 };
        chart::render(buf, look, place, &columns, most, look.chart());
        marks::cursor_line(buf, look, place, &axis);
    }
}

/// The name, the value at the cursor, and the largest that is in sight.
fn label(buf: &mut Buffer, look: Look, names: Rect, row: u16, counter: &Counter, most: f64, at_ns: u64) {
    let Some(value) = counter.at(at_ns) else {
        Pen::new(buf, look, names, row).space(1).put(&counter.name.replace('_', " "), look.dim());
        return;
    };
    let (value, of) = (format::compact(value), format!("/{}", format::compact(most)));
    let figures = format::width(&value) + format::width(&of);
    let room = usize::from(names.width).saturating_sub(figures + 2);
    let mut pen = Pen::new(buf, look, names, row);
    pen.space(1).left(&counter.name.replace('_', " "), room, look.dim()).space(1);
    pen.put(&value, look.strong()).put(&of, look.dim());
}

/// The value of each cell up to the cursor.
fn columns(counter: &Counter, axis: &Axis, cells: usize) -> Vec<Option<f64>> {
    let points = &counter.points;
    let mut begun = points.partition_point(|(at, _)| *at < axis.left_ns);
    let mut columns = Vec::with_capacity(cells);
    let mut from_ns = axis.left_ns;
    while columns.len() < cells && from_ns <= axis.cursor_ns {
        let next_ns = from_ns.saturating_add(axis.cell_ns.max(1));
        let last_ns = (next_ns - 1).min(axis.cursor_ns);
        let first = begun;
        begun += points[begun..].partition_point(|(at, _)| *at <= last_ns);
        // The one in force when the cell begins is part of it, if it is not over at once.
        let since = first.saturating_sub(usize::from(points.get(first).is_none_or(|(at, _)| *at > from_ns)));
        let within = if begun - since > EXACT { &points[begun - 1..begun] } else { &points[since..begun] };
        columns.push(within.iter().map(|(_, value)| *value).reduce(f64::max));
        from_ns = next_ns;
    }
    columns
}

/// What fills the height: the largest value that is in sight.
fn most(counter: &Counter, columns: &[Option<f64>]) -> f64 {
    let known = columns.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    if known.is_finite() { known } else { counter.points.first().map_or(0.0, |(_, value)| *value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(points: &[(u64, f64)], left_ns: u64, cursor_ns: u64) -> Vec<Option<f64>> {
        let counter = Counter { name: "depth", points: points.to_vec(), task: None };
        columns(&counter, &Axis { left_ns, cell_ns: 10, cursor_ns }, 5)
    }

    #[test]
    fn a_cell_has_the_largest_value_in_force_in_it() {
        let points = [(12, 3.0), (15, 9.0), (18, 2.0), (40, 1.0)];
        assert_eq!(told(&points, 0, 100), [None, Some(9.0), Some(2.0), Some(2.0), Some(1.0)]);
        assert_eq!(told(&points, 16, 100), [Some(9.0), Some(2.0), Some(2.0), Some(1.0), Some(1.0)]);
    }

    #[test]
    fn nothing_after_the_cursor_is_told() {
        let points = [(12, 3.0), (15, 9.0), (18, 2.0), (40, 1.0)];
        assert_eq!(told(&points, 0, 14), [None, Some(3.0)]);
        assert_eq!(told(&points, 0, 5), [None]);
    }
}
