//! Marks on the lanes: a range, and the critical path.
//!
//! Both are drawn over existing lanes, in visible cells only. They use modifiers and marks, so that they are visible
//! without colour.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::axis::Axis;
use crate::ui::theme::Look;
use trace::PathStep;

/// The visible cells that a stretch of time touches, from the first to one past the last; `None` if there are none.
fn cells(axis: &Axis, width: u16, (from_ns, to_ns): (u64, u64)) -> Option<(u16, u16)> {
    // The end of a stretch is not part of it, unless the stretch is empty.
    let last = axis.cell(to_ns.saturating_sub(1).max(from_ns))?;
    let first = axis.cell(from_ns).unwrap_or(0);
    let after = (last + 1).min(u64::from(width));
    (first < after).then_some((first as u16, after as u16))
}

/// Whether each end of a stretch is visible.
fn ends_in_sight(axis: &Axis, width: u16, (from_ns, to_ns): (u64, u64)) -> (bool, bool) {
    let in_sight = |ns: u64| axis.cell(ns).is_some_and(|cell| cell < u64::from(width));
    (in_sight(from_ns), in_sight(to_ns.saturating_sub(1).max(from_ns)))
}

/// Marks a range on the ruler: reversed, with brackets at its ends.
pub(crate) fn range_on_ruler(buf: &mut Buffer, look: Look, area: Rect, axis: &Axis, range: (u64, u64)) {
    let area = area.intersection(buf.area);
    let Some((first, after)) = cells(axis, area.width, range).filter(|_| !area.is_empty()) else { return };
    for x in first..after {
        let cell = &mut buf[(area.x + x, area.y)];
        cell.modifier.remove(Modifier::DIM);
        cell.modifier.insert(Modifier::REVERSED);
    }
    let (left, right) = ends_in_sight(axis, area.width, range);
    if right {
        buf[(area.x + after - 1, area.y)].set_symbol("]").set_style(look.strong());
    }
    // If both ends fall into one cell, it shows the start.
    if left {
        buf[(area.x + first, area.y)].set_symbol("[").set_style(look.strong());
    }
}

/// Marks a range on the lanes: everything outside it is dimmed, and its edges continue where there is no lane.
pub(crate) fn range_on_lanes(buf: &mut Buffer, look: Look, area: Rect, axis: &Axis, range: (u64, u64)) {
    let area = area.intersection(buf.area);
    let (first, after) = cells(axis, area.width, range).unwrap_or((0, 0));
    let (left, right) = ends_in_sight(axis, area.width, range);
    for y in area.y..area.bottom() {
        for x in (0..area.width).filter(|x| *x < first || *x >= after) {
            let cell = &mut buf[(area.x + x, y)];
            cell.modifier.remove(Modifier::BOLD);
            cell.modifier.insert(Modifier::DIM);
        }
        for (x, _) in [(first, left), (after.saturating_sub(1), right)].into_iter().filter(|(_, in_sight)| *in_sight) {
            let cell = &mut buf[(area.x + x, y)];
            if cell.symbol() == " " {
                cell.set_symbol(look.glyphs.edge).set_style(look.border(false));
            }
        }
    }
}

/// Highlights the critical path on a lane, up to the time cursor. `steps` are the steps of the lane's task, in order.
pub(crate) fn path<'a>(buf: &mut Buffer, look: Look, area: Rect, axis: &Axis, steps: impl Iterator<Item = &'a PathStep>) {
    let area = area.intersection(buf.area);
    let mut next = 0;
    for step in steps {
        if area.is_empty() || step.from_ns > axis.cursor_ns {
            return;
        }
        let Some((first, after)) = cells(axis, area.width, (step.from_ns, step.to_ns.min(axis.cursor_ns))) else { continue };
        for x in first.max(next)..after {
            let cell = &mut buf[(area.x + x, area.y)];
            highlight(look, cell);
        }
        next = next.max(after);
        if next >= area.width {
            return;
        }
    }
}

/// Reverses a cell of the path. A poll is not reversed, because its fill would be misread.
fn highlight(look: Look, cell: &mut ratatui::buffer::Cell) {
    let symbol = cell.symbol();
    if symbol == " " {
        return;
    }
    let lane = &look.glyphs.lane;
    let filled = look.unicode() && symbol == lane.running;
    let polls = look.unicode() && (lane.running_part.contains(&symbol) || symbol == lane.several);
    cell.modifier.remove(Modifier::DIM);
    cell.modifier.insert(Modifier::BOLD);
    if filled {
        cell.set_symbol(look.glyphs.path[1]);
    } else if !polls {
        cell.modifier.insert(Modifier::REVERSED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace::{Doing, Handover};

    const AREA: Rect = Rect { x: 0, y: 0, width: 10, height: 1 };
    const AXIS: Axis = Axis { left_ns: 100, cell_ns: 10, cursor_ns: 175 };

    fn row(text: &str) -> Buffer {
        let mut buf = Buffer::empty(AREA);
        buf.set_string(0, 0, text, ratatui::style::Style::new());
        buf
    }

    fn text(buf: &Buffer) -> String {
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    /// The cells with a modifier, as `#`.
    fn with(buf: &Buffer, modifier: Modifier) -> String {
        buf.content.iter().map(|cell| if cell.modifier.contains(modifier) { '#' } else { '.' }).collect()
    }

    #[test]
    fn a_range_has_brackets_where_its_ends_are_in_sight() {
        let drawn = |range| {
            let mut buf = row("");
            range_on_ruler(&mut buf, Look::sample(), AREA, &AXIS, range);
            (text(&buf), with(&buf, Modifier::REVERSED))
        };
        assert_eq!(drawn((120, 160)), ("  [  ]    ".into(), "..####....".into()));
        assert_eq!(drawn((0, 125)), ("  ]       ".into(), "###.......".into()));
        assert_eq!(drawn((185, 9_000)), ("        [ ".into(), "........##".into()));
        assert_eq!(drawn((122, 124)), ("  [       ".into(), "..#.......".into()));
        assert_eq!(drawn((0, 90)), ("          ".into(), "..........".into()));
        assert_eq!(drawn((0, 9_000)), ("          ".into(), "##########".into()));
    }

    #[test]
    fn on_the_lanes_what_is_outside_steps_back() {
        let mut buf = row("── ────   ");
        range_on_lanes(&mut buf, Look::sample(), AREA, &AXIS, (120, 180));
        assert_eq!((text(&buf), with(&buf, Modifier::DIM)), ("──┊────┊  ".into(), "##......##".into()));
    }

    #[test]
    fn steps_of_the_path_are_turned_round_up_to_the_cursor_and_polls_are_not() {
        let step = |from_ns, to_ns| PathStep { task: 0, from_ns, to_ns, doing: Doing::Ready, by: Handover::GoesOn };
        let drawn = |look: Look, lane: &str, steps: &[PathStep]| {
            let mut buf = row(lane);
            path(&mut buf, look, AREA, &AXIS, steps.iter());
            (text(&buf), with(&buf, Modifier::REVERSED), with(&buf, Modifier::BOLD))
        };
        let steps = [step(90, 95), step(105, 120), step(150, 150), step(160, 190)];
        let expected = ("──────────".into(), "##...###..".into(), "##...###..".into());
        assert_eq!(drawn(Look::sample(), "──────────", &steps), expected);
        let expected = ("▓▎ ───────".into(), "..........".into(), "##........".into());
        assert_eq!(drawn(Look::sample(), "█▎ ───────", &[step(100, 130)]), expected);
    }
}
