//! Why a task waits: from the task to what it waits for, to the holder, to what the holder waits for, and so on.
//!
//! The chain is the one at the time cursor, so it changes during playback. A cycle is drawn with a line back to where
//! it closes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::app::model::RunView;
use crate::app::overlay::explain::past_wait;
use crate::app::panes::ExplainTab;
use crate::ui::overlays::explain;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, words};
use trace::{LaneOf, Leaf, Link, State, TaskIx};

/// One row: the line that joins it to other rows, and its text.
struct Row {
    join: &'static str,
    text: String,
    style: Style,
}

/// Draws the tab from row `top` on, and returns how many rows it has and how many are visible.
pub(crate) fn render(
    buf: &mut Buffer,
    look: Look,
    screen: Rect,
    run: Option<&RunView>,
    task: Option<TaskIx>,
    top: usize,
) -> (usize, u16) {
    let rows = match (run, task) {
        (Some(run), Some(task)) => rows(look, run, task),
        _ => vec![Row { join: "", text: "No task waits at the cursor.".into(), style: look.dim() }],
    };
    let area = explain::place(screen);
    let rows = wrapped(rows, usize::from(area.width).saturating_sub(6));
    let inside = chrome::inside(area);
    let remark = run.map_or_else(String::new, |run| format!("at {}", format::moment(run.cursor.at_ns)));
    explain::frame(buf, look, area, ExplainTab::Why, &remark);
    let shown = usize::from(inside.height);
    let top = top.min(rows.len().saturating_sub(shown));
    for (y, row) in (0..inside.height).zip(&rows[top..]) {
        Pen::new(buf, look, inside, y).space(1).left(row.join, 2, look.error()).space(1).put(&row.text, row.style);
    }
    chrome::scroll_bar(buf, look, area, top, shown, rows.len());
    (rows.len(), inside.height)
}

/// Wraps rows that are too long.
fn wrapped(rows: Vec<Row>, cells: usize) -> Vec<Row> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let indent = row.text.len() - row.text.trim_start().len();
        for (i, line) in format::wrap(&row.text, cells.saturating_sub(indent)).into_iter().enumerate() {
            // Only the first line of a wrapped row is joined.
            let join = if i > 0 && !row.join.is_empty() { "" } else { row.join };
            all.push(Row { join, text: format!("{:indent$}{line}", ""), style: row.style });
        }
    }
    all
}

fn rows(look: Look, run: &RunView, task: TaskIx) -> Vec<Row> {
    let (trace, at) = (&run.trace, run.cursor.at_ns);
    if trace.tasks.len() <= task as usize {
        return vec![Row { join: "", text: "this run has no such task".into(), style: look.dim() }];
    }
    let why = trace.why(task, at);
    let [head, line, foot] = look.glyphs.circle;
    let mut rows = Vec::new();
    for (i, link) in why.links.iter().enumerate() {
        let closed = why.cycle.is_some_and(|start| i >= start);
        let from = rows.len();
        tell(look, run, link, &mut rows);
        for (n, row) in rows[from..].iter_mut().enumerate() {
            row.join = match (closed, n == 0 && why.cycle == Some(i)) {
                (false, _) => "",
                (true, true) => head,
                (true, false) => line,
            };
        }
    }
    if let Some(start) = why.cycle {
        let back = words::name(trace, why.links[start].task);
        let text = match why.links.len() - start {
            1 => format!("back to {back}: it waits for something it holds itself"),
            tasks => format!("back to {back}: a cycle of {tasks} tasks, each waiting for the next"),
        };
        rows.push(Row { join: foot, text, style: look.error() });
    }
    rows
}

/// One task of the chain: what it does, where, and who blocks it.
fn tell(look: Look, run: &RunView, link: &Link, rows: &mut Vec<Row>) {
    let (trace, at) = (&run.trace, run.cursor.at_ns);
    let name = words::name(trace, link.task);
    let plain = |text: String, style: Style| Row { join: "", text, style };
    let Some(leaf) = link.leaf else {
        let of = &trace.tasks[link.task as usize];
        let segment = of.segment_at(at);
        let does = match segment.map(|segment| segment.state) {
            None if of.spawned_ns > at => "has not been spawned yet",
            None => "has already ended",
            Some(State::Running(_)) => "is running: it does not wait",
            // Until its next poll is recorded, it may be polled already.
            Some(State::Ready) if !trace.closed && segment == of.segments.last().copied() => {
                "is ready: no poll of it has been recorded since"
            }
            Some(State::Ready) if of.of == LaneOf::Blocking => "is queued: it waits only for a thread of the pool",
            Some(State::Ready) => "is ready: it waits only for a worker",
            Some(State::Waiting(_)) if !trace.knows_ready() => "is between two polls: wakes and waits were not recorded",
            Some(State::Waiting(_)) => "is waiting, but the cause was not recorded",
        };
        rows.push(plain(format!("{name} {does}"), look.strong()));
        rows.extend(words::slot(look, run, link.task).map(|slot| plain(format!("  it is {slot}"), look.text())));
        if let Some((ns, last_ns)) = past_wait(run, link.task) {
            let (span, until) = (format::span(look, ns), format::moment(last_ns));
            rows.push(plain(format!("  its longest wait lasted {span}, until {until}: Enter goes there"), look.text()));
        }
        return;
    };
    let since = trace.wait_at(link.task, at).map_or(0, |wait| at - wait.start_ns);
    let what = words::what(look, trace, link.task, leaf, at);
    let how =
        if run.is_stuck(link.task) { "waits for ever".to_owned() } else { format!("has waited {}", format::span(look, since)) };
    rows.push(plain(format!("{name} {how} on {what}"), look.strong()));
    place(look, run, leaf, rows);
    if let Some(resource) = leaf.resource {
        let name = words::shortened(&trace.resource_name(resource));
        // Where the line above says it already, once is enough.
        rows.extend((!what.contains(&name)).then(|| plain(format!("  {name}"), look.dim())));
    }
    rows.push(plain(blockers(look, run, link, leaf), look.text()));
}

fn place(look: Look, run: &RunView, leaf: Leaf, rows: &mut Vec<Row>) {
    if let Some(place) = words::place(&run.trace, leaf) {
        let (_, style) = look.state(State::Waiting(run.trace.site(leaf.site).cause));
        rows.push(Row { join: "", text: format!("  at {place}"), style: style.remove_modifier(Modifier::DIM) });
    }
}

/// Who blocks the task: the first is the next one in the chain.
fn blockers(look: Look, run: &RunView, link: &Link, leaf: Leaf) -> String {
    let trace = &run.trace;
    let Some(first) = link.blockers.first() else {
        return format!("  {}", words::outlook(trace.site(leaf.site).cause));
    };
    let names = words::blockers(look, trace, &link.blockers);
    match (words::how_kept(trace, leaf, &link.blockers), first.since_ns) {
        ("held by", Some(since_ns)) if link.blockers.len() == 1 => {
            format!("  held by {names} since {}", format::moment(since_ns))
        }
        ("held by", Some(since_ns)) => format!("  held by {names}, since {} at the earliest", format::moment(since_ns)),
        ("behind", _) => format!("  behind {names} in the queue"),
        _ if link.blockers.len() == 1 => format!("  until {names} acts"),
        _ => format!("  until {names} act"),
    }
}
