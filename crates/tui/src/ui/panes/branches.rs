//! The lanes of a task's futures, below its own: the branches of a `select!` or a `join!`, the members of a set.
//!
//! They are drawn if all lanes fit and rows are left, from the first task on, so that the open ones stay the same
//! while one looks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Model, RunView};
use crate::text;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use crate::ui::widgets::timeline as marks;
use facts::site::Cause;
use trace::{Branch, Fill, TaskIx, Trace, Window};

/// The most lanes for one task; the last row says how many more there are.
const MOST: usize = 12;

/// A shorter bar has no label.
const SHORTEST: usize = 4;

/// The most branches of a lane that are considered for a label.
const LABELS: usize = 64;

/// How many rows the lanes of each task's futures get, when all tasks have a row and `left` rows remain.
pub(super) fn rows(model: &Model, trace: &Trace, tasks: &[TaskIx], mut left: usize) -> Vec<u16> {
    let open = !model.timeline.lanes.branches_closed;
    let mut room = |task: &TaskIx| {
        let wanted = if only_timers(trace, *task) { 0 } else { trace.branch_lanes(*task).min(MOST) };
        let rows = if open && wanted <= left { wanted } else { 0 };
        left -= rows;
        rows as u16
    };
    tasks.iter().map(&mut room).collect()
}

/// Whether all of a task's lanes begin with unnamed timers, as for a `select!` over several deadlines: such lanes say
/// no more than the task's own.
fn only_timers(trace: &Trace, task: TaskIx) -> bool {
    let first = |lane| trace.branches(task, lane).first();
    let is_timer = |branch: &Branch| trace.site(branch.site).cause == Cause::Time && trace.await_name(branch.site).is_none();
    (0..trace.branch_lanes(task)).filter_map(first).all(is_timer)
}

/// Draws the lanes of a task's futures, one per row of `area`, which includes the column of names.
pub(super) fn render(
    buf: &mut Buffer,
    look: Look,
    run: &RunView,
    task: TaskIx,
    (area, lanes): (Rect, Rect),
    axis: &Axis,
    tail: usize,
) {
    let order = run.trace.branch_order(task);
    let shown = &order[..order.len().min(MOST)];
    for (row, lane) in (0..area.height).zip(shown.iter().copied()) {
        let y = area.y + row;
        let names = Rect { x: area.x, y, width: lanes.x.saturating_sub(area.x + 1), height: 1 };
        let room = usize::from(names.width.saturating_sub(4));
        let more = order.len() - usize::from(row);
        if row + 1 == area.height && more > 1 {
            // The trace keeps only a limited number of lanes per task.
            let at_least = if run.trace.branches_left_out(task) > 0 { "+" } else { "" };
            branch(buf, look, names).put(&format!("{more}{at_least} more"), look.dim());
            return;
        }
        if run.trace.branches(task, lane).first().is_none_or(|first| first.start_ns > axis.cursor_ns) {
            // The lane keeps its place until its first branch begins.
            continue;
        }
        let name = name(&run.trace, task, shown, lane, axis.cursor_ns);
        let name = marks::fitted(&name, room).unwrap_or_else(|| format::fit_name(look, &name, room).into_owned());
        branch(buf, look, names).put(&name, look.dim());
        let place = Rect { x: lanes.x, y, width: lanes.width, height: 1 };
        draw(buf, look, run, (task, lane), place, axis, tail);
    }
}

/// Draws the line from a task to the lane of one of its futures.
fn branch(buf: &mut Buffer, look: Look, names: Rect) -> Pen<'_> {
    let mut pen = Pen::new(buf, look, names, 0);
    pen.space(1).put(look.glyphs.branch, look.dim()).space(1);
    pen
}

/// What the branch in a lane awaits or did last, in the words of the source. If another lane has the same name, what
/// it waits for; if that is the same too, with its number among those of that name.
fn name(trace: &Trace, task: TaskIx, shown: &[usize], lane: usize, at_ns: u64) -> String {
    let latest = |lane: usize| {
        let branches = trace.branches(task, lane);
        branches.get(branches.partition_point(|branch| branch.start_ns <= at_ns).saturating_sub(1))
    };
    let Some(branch) = latest(lane) else { return String::new() };
    let awaited = |branch: &Branch| trace.await_name(branch.site).map(|name| text::name(name).into_owned());
    let site = trace.site(branch.site);
    let others = || shown.iter().filter(|other| **other != lane).filter_map(|other| latest(*other));
    let is_same = |other: &Branch| trace.site(other.site).cause == site.cause && awaited(other) == awaited(branch);
    let same_cause = others().any(is_same);
    let before = shown.iter().take_while(|other| **other != lane).filter_map(|other| latest(*other));
    let number = if same_cause { format!(" {}", before.filter(|other| is_same(other)).count() + 1) } else { String::new() };
    match awaited(branch) {
        Some(name) if same_cause || !others().any(|other| awaited(other).as_ref() == Some(&name)) => name + &number,
        _ => {
            // With the line, if it makes a difference.
            let line_of = |branch: &Branch| trace.site(branch.site).place.as_ref().map(|place| place.line);
            let at = line_of(branch).filter(|own| others().any(|other| line_of(other) != Some(*own)));
            let at = at.map_or(String::new(), |line| format!("{line} "));
            format!("{at}{}{number}", site.cause)
        }
    }
}

fn draw(buf: &mut Buffer, look: Look, run: &RunView, (task, lane): (TaskIx, usize), place: Rect, axis: &Axis, tail: usize) {
    let window = Window { tail, ..axis.window() };
    let fills = run.trace.branch_cells(task, lane, window, usize::from(place.width), run.poll());
    marks::cells(buf, look, place, &fills, false);
    labels(buf, look, &run.trace, run.trace.branches(task, lane), place, axis, &fills);
}

/// Writes into each bar what is awaited there, if there is room.
fn labels(buf: &mut Buffer, look: Look, trace: &Trace, branches: &[Branch], place: Rect, axis: &Axis, fills: &[Fill]) {
    let first = branches.partition_point(|branch| branch.end.is_some_and(|end| end.at_ns < axis.left_ns));
    let mut last: Option<&str> = None;
    for branch in branches[first..].iter().take_while(|branch| branch.start_ns <= axis.cursor_ns).take(LABELS) {
        let Some(name) = trace.await_name(branch.site).filter(|name| last.replace(name) != Some(name)) else { continue };
        let from = axis.cell(branch.start_ns.max(axis.left_ns)).unwrap_or(0) as usize;
        let bar = fills.iter().skip(from).take_while(|fill| matches!(fill, Fill::Waiting { .. })).count();
        let room = bar.saturating_sub(2);
        let Some(label) = marks::fitted(&text::name(name), room).filter(|_| room >= SHORTEST) else { continue };
        let at = Rect { x: place.x + from as u16 + 1, width: room as u16, ..place };
        let style = buf[(at.x, at.y)].style();
        Pen::new(buf, look, at, 0).put(&label, style);
    }
}
