//! Wakes between tasks, drawn through the lanes: only observed wakes.
//!
//! All wakes of many tasks would be unreadable. With few lanes, all visible wakes are drawn, if they are few enough
//! to follow. With more lanes, only wakes of the selected task are drawn: the one that it had last at the cursor,
//! and the last wake of each other visible lane if the selected task caused it. The line passes through idle cells
//! only: polls and ends stay visible.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::RunView;
use crate::app::timeline::lanes::Lanes;
use crate::ui::pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use trace::{TaskIx, Trace, Wake, Waker};

/// How many lanes count as few.
pub(super) const FEW: usize = 6;
/// How many wakes of a lane are considered.
const WAKES: usize = 256;

/// A line from one lane to another, in one column; lanes out of sight are beyond the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link {
    x: u16,
    /// The waker's row.
    from: i32,
    /// The woken task's row.
    to: i32,
}

/// Draws them over the lanes; `rows` are the visible ones.
pub(super) fn render(
    buf: &mut Buffer,
    look: Look,
    run: &RunView,
    (all, top): (Lanes<'_>, usize),
    (lanes, axis): (Rect, &Axis),
    (rows, selected): (&[(TaskIx, Rect)], Option<TaskIx>),
) {
    let lanes = lanes.intersection(buf.area);
    if rows.len() <= FEW && all.len() <= FEW {
        return every(buf, look, run, (lanes, axis), rows);
    }
    let Some((task, row)) = rows.iter().find(|(task, _)| Some(*task) == selected).map(|(task, row)| (*task, row.y)) else {
        return;
    };
    let at_ns = run.cursor.at_ns;
    let high = i32::from(row_height(rows));
    let place = |task: TaskIx| all.row(task).map(|row| i32::from(lanes.y) + (row as i32 - top as i32) * high);
    let column =
        |wake: Wake| axis.cell(wake.at_ns).filter(|cell| *cell < u64::from(lanes.width)).map(|cell| lanes.x + cell as u16);
    let link = |woken: TaskIx, to: u16| {
        let (by, wake) = woken_by(&run.trace, woken, at_ns)?;
        Some((by, Link { x: column(wake)?, from: place(by)?, to: to.into() }))
    };
    if let Some((_, link)) = link(task, row).filter(|(by, _)| *by != task) {
        draw(buf, look, lanes, link);
    }
    for (other, area) in rows.iter().filter(|(other, _)| *other != task) {
        if let Some((_, link)) = link(*other, area.y).filter(|(by, _)| *by == task) {
            draw(buf, look, lanes, link);
        }
    }
}

/// Draws each visible wake between two lanes; if several share a column, the last one.
fn every(buf: &mut Buffer, look: Look, run: &RunView, (lanes, axis): (Rect, &Axis), rows: &[(TaskIx, Rect)]) {
    let row_of = |task: TaskIx| rows.iter().find(|(there, _)| *there == task).map(|(_, row)| i32::from(row.y));
    let mut links: Vec<Link> = Vec::new();
    for (task, row) in rows {
        let wakes = &run.trace.tasks[*task as usize].wakes;
        let first = wakes.partition_point(|wake| wake.at_ns < axis.left_ns);
        for wake in wakes[first..].iter().take_while(|wake| wake.at_ns <= axis.cursor_ns).take(WAKES) {
            let Waker::Task(by) = wake.by else { continue };
            let Some(x) = axis.cell(wake.at_ns).filter(|cell| *cell < u64::from(lanes.width)) else { continue };
            if let Some(from) = row_of(by).filter(|from| *from != i32::from(row.y)) {
                links.push(Link { x: lanes.x + x as u16, from, to: row.y.into() });
            }
        }
    }
    // One in four columns can still be followed.
    if links.len() <= usize::from(lanes.width) / 4 {
        for link in links {
            draw(buf, look, lanes, link);
        }
    }
}

/// The height of a lane; all lanes have the same.
fn row_height(rows: &[(TaskIx, Rect)]) -> u16 {
    rows.first().map_or(1, |(_, row)| row.height)
}

/// The task that last woke a task by a time.
fn woken_by(trace: &Trace, task: TaskIx, at_ns: u64) -> Option<(TaskIx, Wake)> {
    let wake = trace.tasks.get(task as usize)?.wake_at(at_ns)?;
    match wake.by {
        Waker::Task(by) => Some((by, wake)),
        _ => None,
    }
}

fn draw(buf: &mut Buffer, look: Look, lanes: Rect, link: Link) {
    let [way, down, up] = look.glyphs.link;
    let (top, bottom) = (i32::from(lanes.y), i32::from(lanes.bottom()));
    let (first, last) = (link.from.min(link.to) + 1, link.from.max(link.to));
    for y in first.max(top)..last.min(bottom) {
        put(buf, look, (link.x, y as u16), way, false);
    }
    // Shows the direction to a waker that is out of sight.
    if link.from < top && link.to > top {
        put(buf, look, (link.x, lanes.y), up, false);
    } else if link.from >= bottom && link.to + 1 < bottom {
        put(buf, look, (link.x, lanes.bottom() - 1), down, false);
    }
    let head = if link.from < link.to { down } else { up };
    if (top..bottom).contains(&link.to) && link.from != link.to {
        put(buf, look, (link.x, link.to as u16), head, true);
    }
}

/// Draws over a cell, except over ends and full polls; only the head may cover other polls.
fn put(buf: &mut Buffer, look: Look, at: (u16, u16), glyph: &'static str, head: bool) {
    let lane = &look.glyphs.lane;
    if pen::joins_words(buf, at) {
        return;
    }
    let Some(cell) = buf.cell_mut(at) else { return };
    let there = cell.symbol();
    let idle = there == " " || there == look.glyphs.cursor || there == look.glyphs.link[0] || lane.is_idle(there);
    let short = lane.running_part[..2].contains(&there) || there == lane.several || there == lane.ready;
    if idle || (head && short) {
        cell.set_symbol(glyph).set_style(ratatui::style::Style::reset()).set_style(look.key());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rows: [&str; 5], link: Link) -> Vec<String> {
        let area = Rect::new(0, 0, 3, 5);
        let mut buf = Buffer::with_lines(rows);
        draw(&mut buf, Look::sample(), area, link);
        (0..5).map(|y| (0..3).map(|x| buf[(x, y)].symbol()).collect()).collect()
    }

    #[test]
    fn the_way_goes_from_the_waker_to_the_woken_and_hides_no_poll() {
        let lanes = ["─▎─", "───", "─█─", "   ", "─▎─"];
        assert_eq!(drawn(lanes, Link { x: 1, from: 0, to: 4 }), ["─▎─", "─┃─", "─█─", " ┃ ", "─↓─"]);
        assert_eq!(drawn(lanes, Link { x: 1, from: 4, to: 0 }), ["─↑─", "─┃─", "─█─", " ┃ ", "─▎─"]);
        assert_eq!(drawn(lanes, Link { x: 1, from: 3, to: 4 }), ["─▎─", "───", "─█─", "   ", "─↓─"]);
    }

    #[test]
    fn a_waker_out_of_sight_is_pointed_at() {
        let lanes = ["───", "───", "─✓─", "───", "───"];
        assert_eq!(drawn(lanes, Link { x: 1, from: -8, to: 3 }), ["─↑─", "─┃─", "─✓─", "─↓─", "───"]);
        assert_eq!(drawn(lanes, Link { x: 1, from: 70, to: 1 }), ["───", "─↑─", "─✓─", "─┃─", "─↓─"]);
        assert_eq!(drawn(lanes, Link { x: 1, from: 70, to: 4 }), ["───", "───", "─✓─", "───", "─↑─"]);
    }

    #[test]
    fn no_label_is_cut_in_two() {
        let lanes = ["─▎─", "a_b", "a b", "   ", "─▎─"];
        assert_eq!(drawn(lanes, Link { x: 1, from: 0, to: 4 }), ["─▎─", "a_b", "a b", " ┃ ", "─↓─"]);
    }

    #[test]
    fn an_end_is_not_hidden_by_the_head() {
        let lanes = ["─▎─", "───", "─✓─", "───", "───"];
        assert_eq!(drawn(lanes, Link { x: 1, from: 0, to: 2 }), ["─▎─", "─┃─", "─✓─", "───", "───"]);
    }
}
