//! The timeline: a lane for each spawned task.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Areas, Model, Pane, RunView};
use crate::app::timeline::folds::Folds;
use crate::app::timeline::kinds::is_on;
use crate::app::timeline::lanes::Lanes;
use crate::ui::panes::{
    branches, grouping, kinds, legend, links, minimap, moments, pinned, quantities, reading, remark, status, trouble,
};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use crate::ui::widgets::{chrome, timeline as lanes};
use crate::ui::{format, view, words};
use trace::{Stall, StallKind, State, Task, TaskIx, Trace};

/// The narrowest column of names.
pub(super) const NAMES: usize = 12;
/// Deeper tasks are not indented further.
const DEEPEST: usize = 4;
/// The most rows of a lane: what the task does, what it waits for, what it holds.
const HIGHEST: usize = 3;
/// How many tasks are checked for being stuck.
const STUCK: usize = 64;
/// Above this height, rows are reserved for the words of moments.
const MOMENTS: u16 = 5;
/// A shorter tail has no room for the lines that join lanes.
const TAIL: usize = 4;
/// The most rows for the reason of a stall.
const BANNER: u16 = 6;
/// From this height on, without borders and status, a row is reserved for the map of the whole run.
const MAP: u16 = 28;
/// Why lanes are empty before the history of a program begins.
const BEFORE: &str = "before the history";
/// From this height on, rows are reserved for the legend.
const EXPLAINED: u16 = 8;

/// Draws the timeline.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect, areas: &mut Areas) {
    let look = Look::new(model.options.theme);
    let buf = frame.buffer_mut();
    let focus = model.focus == Pane::Timeline;
    let inside = chrome::inside(area);
    let Some(run) = &model.run else {
        chrome::title(buf, look, area, focus, "Timeline", "");
        let [none, instead] = match (trouble::building(model), &model.programs) {
            (Some(texts), _) => texts,
            (None, Some(_)) => ["no program yet", "attach to a process to see its tasks here"].map(str::to_owned),
            (None, None) => ["no run yet", "pick a scenario and run it to see its tasks here"].map(str::to_owned),
        };
        Pen::new(buf, look, inside, 1).space(2).put(&none, look.strong());
        Pen::new(buf, look, inside, 2).space(2).put(&instead, look.dim());
        trouble::render(buf, look, model, inside);
        areas.lanes = Rect { height: 0, ..inside };
        return;
    };
    let kind = model.timeline.lanes.kind.title();
    let title = if model.is_sampled() { format!("{kind}, sampled") } else { kind.to_owned() };
    let title = title.as_str();
    let remark = remark::remark(look, model, run, chrome::room_for_remark(area, title));
    chrome::title(buf, look, area, focus, title, &remark);

    // Two runs need the rows of the legend.
    let legend_from = if model.pin.is_some() { 2 * EXPLAINED + BANNER } else { EXPLAINED };
    let explained = if inside.height >= legend_from { legend::rows(look, model, run, inside) } else { 0 };
    let counted = quantities::rows(model, run, inside);
    areas.counters = usize::from(counted);
    let whole = inside;
    let (inside, explained) = split(inside, explained);
    let (inside, status) = split(inside, u16::from(status::has_row(run)));
    let (inside, map) = split(inside, u16::from(inside.height >= MAP));
    let (inside, counted) = split(inside, counted);
    let (above, inside) = pinned::split(model, inside);
    let inside = banner(buf, look, run, inside);
    if is_on(model) {
        kinds::render(buf, look, model, run, (area, inside), areas);
    } else if model.timeline.grouping.shows_groups() {
        grouping::render(buf, look, model, run, inside, areas);
    } else if let Some(lanes) = Lanes::of(model) {
        draw_lanes(buf, look, model, run, inside, lanes, areas);
        let shown = usize::from(areas.lanes.height);
        chrome::scroll_bar(buf, look, area, model.timeline.top, shown, lanes.spawned(run.cursor.at_ns));
    }
    pinned::render(buf, look, model, run, above, areas);
    quantities::render(buf, look, model, run, counted, areas.lanes);
    before_history(buf, look, model, run, areas.lanes.union(Rect { x: areas.lanes.x, width: areas.lanes.width, ..counted }));
    minimap::render(buf, look, model, run, map, areas);
    status::render(buf, look, run, status);
    legend::render(buf, look, model, run, areas.lanes, explained);
    trouble::render(buf, look, model, whole);
}

/// Splits off the last rows of an area.
fn split(area: Rect, rows: u16) -> (Rect, Rect) {
    let below = rows.min(area.height);
    (Rect { height: area.height - below, ..area }, Rect { y: area.bottom() - below, height: below, ..area })
}

/// Splits off the first rows of an area.
pub(super) fn split_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let above = rows.min(area.height);
    (Rect { height: above, ..area }, Rect { y: area.y + above, height: area.height - above, ..area })
}

fn draw_lanes(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, inside: Rect, all: Lanes<'_>, areas: &mut Areas) {
    let (above, inside) = split_top(inside, if inside.height > MOMENTS { moments::rows(run) } else { 0 });
    let rows = usize::from(inside.height.saturating_sub(1));
    let spawned = all.spawned(run.cursor.at_ns);
    let top = model.timeline.top.min(spawned.saturating_sub(1));
    // Tasks that are yet to be spawned have room from the start, so that lanes do not move when they come.
    let coming: Vec<TaskIx> = (top..all.len().min(top.saturating_add(rows))).filter_map(|row| all.task(row)).collect();
    // A task that waits on several futures at once has a lane for each. If there are few tasks, lanes have room for
    // what they wait for and hold.
    let futures = branches::rows(model, &run.trace, &coming, rows.saturating_sub(all.len()));
    let left = rows.saturating_sub(futures.iter().map(|rows| usize::from(*rows)).sum());
    let high = (left / all.len().max(1)).clamp(1, HIGHEST) as u16;
    let visible = &coming[..spawned.saturating_sub(top).min(coming.len())];
    let folds = Folded { folds: &model.session.folds, trace: &run.trace, at_ns: run.cursor.at_ns };
    // Quantities share the column, and widen it if that makes their names fit.
    let of_tasks = name_column(look, &folds, &coming, usize::from(inside.width));
    let of_quantities = quantities::widest(run, areas.counters);
    let names = if of_quantities <= usize::from(inside.width / 4) {
        of_tasks.max(name_cells(of_quantities, usize::from(inside.width)))
    } else {
        of_tasks
    };
    let (lanes, axis) = ruled(buf, look, model, run, inside, names);
    let tail = if view::is_stalled(run) { run.tail(usize::from(lanes.width)) } else { 0 };
    let polled = run.poll().and_then(|number| run.trace.poll(number)).map(|poll| poll.task);
    let mut below = lanes.y;
    for (ix, futures) in visible.iter().copied().zip(futures) {
        let line = Rect { y: below, height: high + futures, ..inside };
        below = line.bottom();
        areas.lane_rows.push((ix, line));
        let selected = model.timeline.selected == Some(ix);
        name(buf, look, line, &folds, ix, names, selected.then_some(model.focus == Pane::Timeline));
        if run.found.all.mark(ix).is_some_and(|since_ns| since_ns <= run.cursor.at_ns) {
            Pen::new(buf, look, line, 0).space(names + 1).put(look.glyphs.finding, look.warn());
        }
        pinned::mark(buf, look, model, run, (ix, line, names));
        if polled == Some(ix) {
            polled_mark(buf, look, line, selected);
        }
        let of = lanes::Lane { trace: &run.trace, task: ix, poll: run.poll(), tail, selected };
        lanes::lane(buf, look, Rect { y: line.y, height: high, ..lanes }, &axis, of);
        branches::render(buf, look, run, ix, (Rect { y: line.y + high, height: futures, ..line }, lanes), &axis, tail);
        reading::path(buf, look, model, ix, (line, lanes, names), &axis);
    }
    reading::nothing(buf, look, model, lanes, visible.is_empty());
    reading::range(buf, look, model, run, lanes, &axis);
    if tail > 0 {
        circle(buf, look, run, lanes, &areas.lane_rows, &axis, tail);
    }
    moments::words(buf, look, run, Rect { x: lanes.x, width: lanes.width, ..above }, &axis);
    moments::rules(buf, look, run, lanes, &axis);
    lanes::cursor_line(buf, look, lanes, &axis);
    links::render(buf, look, run, (all, top), (lanes, &axis), (&areas.lane_rows, model.timeline.selected));
    areas.lanes = lanes;
}

/// Empties the cells before the beginning of what is known of a program: what its tasks did then was not received.
fn before_history(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, lanes: Rect) {
    let before_ns = run.trace.since_ns.saturating_sub(model.timeline.left_ns);
    let cells = (before_ns / model.timeline.cell_ns.max(1)).min(u64::from(lanes.width)) as u16;
    let unknown = Rect { width: cells, ..lanes }.intersection(buf.area);
    for position in unknown.positions() {
        buf[position].set_symbol(" ");
    }
    if usize::from(cells) > BEFORE.len() {
        Pen::new(buf, look, unknown, 0).space(1).put(BEFORE, look.dim());
    }
}

/// Joins the lanes of the tasks in a deadlock cycle, in the tail after the cursor.
fn circle(buf: &mut Buffer, look: Look, run: &RunView, lanes: Rect, rows: &[(TaskIx, Rect)], axis: &Axis, tail: usize) {
    let Some((_, stall)) = run.stall.as_ref().filter(|(_, stall)| stall.kind == StallKind::Cycle) else { return };
    let is_in = |task: &TaskIx| stall.tasks.iter().take(STUCK).any(|stuck| stuck.task == *task);
    let joined: Vec<u16> = rows.iter().filter(|(task, _)| is_in(task)).map(|(_, row)| row.y).collect();
    let (Some(first), Some(last)) = (joined.first().copied(), joined.last().copied()) else { return };
    let end = axis.cell(axis.cursor_ns).unwrap_or(0).saturating_add(tail as u64);
    if tail < TAIL || end >= u64::from(lanes.width) || first == last {
        return;
    }
    let x = lanes.x + end as u16 - 2;
    let [from, through, joins, to] = look.glyphs.join;
    for y in first..=last {
        let glyph = match y {
            y if y == first => from,
            y if y == last => to,
            y if joined.contains(&y) => joins,
            _ => through,
        };
        buf[(x, y)].set_symbol(glyph).set_style(look.error());
    }
}

/// Draws the ruler and the scale of the timeline, beside `names` cells for names; returns the area of the lanes, and
/// their times.
pub(super) fn ruled(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, inside: Rect, names: usize) -> (Rect, Axis) {
    let ruler = inside.height.min(1);
    // A pointer before the names and a gap after them.
    let taken = (names as u16 + 3).min(inside.width);
    let lanes = Rect { x: inside.x + taken, y: inside.y + ruler, width: inside.width - taken, height: inside.height - ruler };
    let axis = Axis { left_ns: model.timeline.left_ns, cell_ns: model.timeline.cell_ns, cursor_ns: run.cursor.at_ns };
    let scale = format!("1 cell {}", format::span(look, model.timeline.cell_ns));
    Pen::new(buf, look, Rect { width: taken, ..inside }, 0).space(1).put(if ruler == 0 { "" } else { &scale }, look.dim());
    let above = Rect { y: inside.y, height: ruler, ..lanes };
    axis.render(buf, look, above);
    axis.bookmarks(buf, look, above, &model.bookmarks);
    (lanes, axis)
}

/// The width of the names, in steps of four so that it seldom changes.
fn name_column(look: Look, folds: &Folded<'_>, tasks: &[TaskIx], width: usize) -> usize {
    let cells = |ix: &TaskIx| {
        let task = &folds.trace.tasks[*ix as usize];
        depth(folds.trace, task) + format::width_within(&task.name, width) + format::width(&folds.mark(look, *ix))
    };
    name_cells(tasks.iter().map(cells).max().unwrap_or(0), width)
}

/// The folded tasks at a time.
struct Folded<'a> {
    folds: &'a Folds,
    trace: &'a Trace,
    at_ns: u64,
}

impl Folded<'_> {
    /// The mark after the name of a folded task: how many descendants it has so far. Empty for other tasks.
    fn mark(&self, look: Look, task: TaskIx) -> String {
        let Some(below) = self.folds.below(task) else { return String::new() };
        let spawned = below.partition_point(|task| self.trace.tasks[*task as usize].spawned_ns <= self.at_ns);
        format!(" {}{}", look.glyphs.folded, format::count(spawned as u64))
    }
}

/// The cells for names, if the widest needs `widest`.
pub(super) fn name_cells(widest: usize, width: usize) -> usize {
    widest.next_multiple_of(4).clamp(NAMES, (width / 4).max(NAMES))
}

/// How many ancestors a task has, up to [`DEEPEST`]; *main* and its children have the same depth, since nearly all
/// tasks are children of *main*.
fn depth(trace: &Trace, task: &Task) -> usize {
    let parent = |task: &Task| task.parent.and_then(|parent| trace.tasks.get(parent as usize));
    std::iter::successors(parent(task), |task| parent(task)).take(DEEPEST + 1).count().saturating_sub(1)
}

/// Writes a task's name. `selected` is `None` if it is not selected, otherwise whether the pane has the focus.
fn name(buf: &mut Buffer, look: Look, line: Rect, folds: &Folded<'_>, ix: TaskIx, cells: usize, selected: Option<bool>) {
    let (trace, task, mark) = (folds.trace, &folds.trace.tasks[ix as usize], folds.mark(look, ix));
    let style = selected.map_or(look.text(), |focus| look.selected(focus));
    let mut pen = Pen::new(buf, look, line, 0);
    pen.left(if selected.is_some() { look.glyphs.pointer } else { "" }, 1, look.strong());
    let indent = depth(trace, task).min(DEEPEST);
    // The number of folded tasks is never cut.
    let name = format::fit_name(look, &task.name, cells.saturating_sub(indent + format::width(&mark)));
    let text = format!("{:indent$}{name}{mark}", "");
    if selected.is_some() {
        let padded = format!("{}{}", text, " ".repeat(cells.saturating_sub(format::width(&text))));
        pen.left(&padded, cells, style);
    } else {
        pen.left(&text, cells, style);
    }
}

/// Marks the name of the task whose poll was stepped to.
fn polled_mark(buf: &mut Buffer, look: Look, line: Rect, selected: bool) {
    let (_, style) = look.state(State::Running(0));
    let mark = if selected { look.glyphs.pointer } else { look.glyphs.lane.running_part[2] };
    Pen::new(buf, look, line, 0).put(mark, style);
}

/// Explains above the status why tasks are stuck, from the moment they are, and returns the remaining area.
fn banner(buf: &mut Buffer, look: Look, run: &RunView, inside: Rect) -> Rect {
    let at = run.cursor.at_ns;
    let stuck = |stall: &Stall| stall.tasks.iter().take(STUCK).all(|task| run.trace.wait_at(task.task, at).is_some());
    let Some((_, stall)) = run.stall.as_ref().filter(|(since_ns, stall)| at >= *since_ns && stuck(stall)) else {
        return inside;
    };
    let text = match stall.kind {
        StallKind::Cycle => format!("deadlock: {}", words::shortened(&stall.text)),
        StallKind::Channel | StallKind::Unknown => format!("stalled: {}", words::shortened(&stall.text)),
    };
    let lines = format::wrap(&text, usize::from(inside.width.saturating_sub(4)));
    // The lanes keep the larger part.
    let rows = (lines.len() as u16).min(BANNER).min(inside.height / 2);
    let area = Rect { y: inside.bottom() - rows, height: rows, ..inside };
    for (row, line) in (0..rows).zip(&lines) {
        let cut = row + 1 == rows && lines.len() > usize::from(rows);
        let mut pen = Pen::new(buf, look, area, row);
        pen.space(1).left(if row == 0 { look.glyphs.lane.ends[1] } else { "" }, 1, look.error()).space(1).put(line, look.error());
        if cut {
            pen.put(look.glyphs.more, look.error());
        }
    }
    Rect { height: inside.height - rows, ..inside }
}
