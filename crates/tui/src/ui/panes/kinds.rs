//! What the other kinds of lanes have in common: labels on the left, a selected row, the ruler.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{holders, lines, threads, timeline};
use crate::app::model::{Areas, LaneKind, Model, Pane, RunView};
use crate::app::timeline::kinds;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use crate::ui::widgets::{chrome, timeline as marks};
use trace::{Family, State};

/// The label of a row.
#[derive(Default)]
pub(super) struct Row {
    pub(super) name: String,
    /// The mark of what it counts, if it counts one thing.
    pub(super) mark: Option<(&'static str, Style)>,
    /// Its figure at the cursor.
    pub(super) value: String,
    /// Further text, on the rows below.
    pub(super) more: Vec<String>,
}

/// The areas of the rows.
pub(super) struct Place {
    pub(super) axis: Axis,
    /// The index and the cells of each visible row.
    pub(super) rows: Vec<(usize, Rect)>,
}

/// Draws the current kind of lanes, with its scroll bar on the border of the pane.
pub(super) fn render(
    buf: &mut Buffer,
    look: Look,
    model: &Model,
    run: &RunView,
    (pane, inside): (Rect, Rect),
    areas: &mut Areas,
) {
    match model.timeline.lanes.kind {
        LaneKind::Tasks => {}
        LaneKind::Threads => threads::render(buf, look, model, run, inside, areas),
        LaneKind::Resources => holders::render(buf, look, model, run, inside, areas),
        LaneKind::Lines => lines::render(buf, look, model, run, inside, areas),
    }
    let top = areas.group_rows.first().map_or(0, |(row, _)| *row);
    chrome::scroll_bar(buf, look, pane, top, areas.group_rows.len(), kinds::rows(model, run));
}

/// The legend of the current kind, if its marks differ from the marks of tasks.
pub(super) fn legend(look: Look, model: &Model) -> Option<Vec<((&'static str, Style), &'static str)>> {
    let glyphs = look.glyphs;
    let running = look.state(State::Running(0));
    match model.timeline.lanes.kind {
        LaneKind::Tasks | LaneKind::Lines => None,
        LaneKind::Threads => Some(vec![
            (running, "polls a task"),
            ((glyphs.lane.poll(0), running.1), "short poll"),
            ((glyphs.lane.several, running.1), "many polls"),
            ((glyphs.chosen[1], running.1), "the selected task"),
        ]),
        LaneKind::Resources => Some(vec![
            ((running.0, look.chart()), "held"),
            ((glyphs.lane.several, look.chart()), "several holders in turn"),
            (look.wait(Family::Lock), "waiting tasks"),
        ]),
    }
}

/// The same height for each row: at most `most`, and at least one.
pub(super) fn even(rows: usize, inside: Rect, most: u16) -> Vec<u16> {
    let each = usize::from(inside.height.saturating_sub(1)) / rows.max(1);
    vec![(each as u16).clamp(1, most); rows]
}

/// Draws the ruler and the labels of the visible rows, and returns where they are. If there are no rows, it says so.
pub(super) fn labels(
    buf: &mut Buffer,
    look: Look,
    (model, run): (&Model, &RunView),
    inside: Rect,
    (rows, heights, none): (&[Row], &[u16], &str),
    areas: &mut Areas,
) -> Option<Place> {
    let (place, axis) = timeline::ruled(buf, look, model, run, inside, width(rows, inside));
    areas.lanes = place;
    if rows.is_empty() || place.is_empty() {
        Pen::new(buf, look, inside, 1).space(2).put(none, look.dim());
        return None;
    }
    marks::cursor_line(buf, look, place, &axis);
    let selected = kinds::selected(model, rows.len());
    let names = usize::from(place.x - inside.x).saturating_sub(3);
    let mut y = place.y;
    let mut shown = Vec::new();
    for ix in first(heights, selected, place.height)..rows.len() {
        let height = heights[ix].min(place.bottom() - y);
        if height == 0 {
            break;
        }
        let area = Rect { y, height, ..inside };
        y += height;
        label(buf, look, area, &rows[ix], names, (ix == selected).then_some(model.focus == Pane::Timeline));
        areas.group_rows.push((ix, area));
        shown.push((ix, Rect { y: area.y, height, ..place }));
    }
    Some(Place { axis, rows: shown })
}

/// The width of the labels.
fn width(rows: &[Row], inside: Rect) -> usize {
    let row = |row: &Row| {
        let mark = 2 * usize::from(row.mark.is_some());
        let more = row.more.iter().map(|line| mark + format::width(line));
        more.chain([mark + format::width(&row.name) + 1 + format::width(&row.value)]).max().unwrap_or(0)
    };
    // They are longer than the names of tasks.
    let widest = rows.iter().map(row).max().unwrap_or(0).next_multiple_of(4);
    widest.min(usize::from(inside.width) / 3)
}

/// The first row to draw so that the selected one is visible.
fn first(heights: &[u16], selected: usize, room: u16) -> usize {
    let mut left = usize::from(room);
    let fits = |height: &&u16| {
        let fits = usize::from(**height) <= left;
        left = left.saturating_sub(usize::from(**height));
        fits
    };
    (selected + 1).saturating_sub(heights[..=selected].iter().rev().take_while(fits).count().max(1))
}

fn label(buf: &mut Buffer, look: Look, area: Rect, row: &Row, cells: usize, selected: Option<bool>) {
    let style = selected.map_or(look.text(), |focus| look.selected(focus));
    let value = format::width(&row.value);
    let mut pen = Pen::new(buf, look, area, 0);
    pen.left(if selected.is_some() { look.glyphs.pointer } else { "" }, 1, look.strong());
    let mut room = cells;
    if let Some((glyph, style)) = row.mark {
        pen.put(glyph, style).space(1);
        room = room.saturating_sub(2);
    }
    // The figure is never cut.
    let name = room.saturating_sub(value + 1);
    pen.name(&row.name, name, style).space(1).put(&row.value, look.strong());
    let indent = cells - room;
    for (below, line) in (1..area.height).zip(&row.more) {
        Pen::new(buf, look, area, below).space(1 + indent).left(line, room, look.dim());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_row_is_in_sight() {
        let heights = [2, 2, 3, 1, 2];
        let firsts = |room| [0, 1, 2, 3, 4].map(|selected| first(&heights, selected, room));
        assert_eq!(firsts(10), [0, 0, 0, 0, 0]);
        assert_eq!(firsts(5), [0, 0, 1, 2, 3]);
        assert_eq!(firsts(1), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn rows_share_the_height() {
        let inside = Rect::new(0, 0, 80, 11);
        assert_eq!((even(3, inside, 2), even(7, inside, 2), even(40, inside, 2).len()), (vec![2; 3], vec![1; 7], 40));
        assert!(even(0, inside, 2).is_empty());
    }
}
