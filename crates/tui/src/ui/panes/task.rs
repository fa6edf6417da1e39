//! The selected task, at the time cursor.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::app::model::{Model, Pane, RunView};
use crate::app::run::pin::pinned;
use crate::ui::panes::{outcome, side};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, view, words};
use trace::{End, Ended, Family, LaneOf, State, Task, TaskIx};

/// The width of the labels.
const LABELS: usize = 8;

/// How many spans are searched for an open one, latest first.
const SPANS: usize = 1_000;

/// A row: a label, a text and its style.
type Fact = (&'static str, String, Style);

/// Draws what is known about the selected task.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let look = Look::new(model.options.theme);
    let buf = frame.buffer_mut();
    let inside = chrome::inside(area);
    let focus = model.focus == Pane::Task;
    let selected = model.run.as_ref().and_then(|run| {
        let ix = model.timeline.selected?;
        Some((run, ix, run.trace.tasks.get(ix as usize)?))
    });
    let Some((run, ix, task)) = selected else {
        none(buf, look, area, model, focus);
        return;
    };
    chrome::title(buf, look, area, focus, "Selected task", "");
    let (glyph, text, style) = state(look, run, ix, task);
    let mut pen = Pen::new(buf, look, inside, 0);
    pen.space(1).put(&task.name, look.strong());
    let mut row = 1;
    // The state matters more than part of the name: if there is no room beside the name, it gets its own row.
    if format::width(glyph) + format::width(&text) + 3 > pen.room() {
        pen = Pen::new(buf, look, inside, 1);
        row = 2;
    }
    pen.space(if row == 1 { 2 } else { 1 }).put(glyph, style).space(1).put(&text, style);
    let width = usize::from(inside.width).saturating_sub(LABELS + 3);
    let lines = facts(look, run, ix, task).into_iter().flat_map(|(label, text, style)| {
        let lines = format::wrap(&text, width).into_iter().enumerate();
        lines.map(move |(i, line)| (if i == 0 { label } else { "" }, line, style))
    });
    for (row, (label, line, style)) in (row..inside.height).zip(lines) {
        let mut pen = Pen::new(buf, look, inside, row);
        pen.space(1).left(label, LABELS, look.dim()).space(1).put(&line, style);
    }
}

/// No task is selected: draws the outcome of the run, or how to select a task.
fn none(buf: &mut Buffer, look: Look, area: Rect, model: &Model, focus: bool) {
    let inside = chrome::inside(area);
    if let Some((run, ending)) = model.run.as_ref().and_then(|run| Some((run, view::ending(run)?))) {
        chrome::title(buf, look, area, focus, "Outcome", "no task selected");
        match pinned(model) {
            Some(pinned) => side::render(buf, look, inside, pinned, run),
            None => outcome::render(buf, look, inside, run, ending),
        }
        return;
    }
    chrome::title(buf, look, area, focus, "Selected task", "");
    let text = "no task selected: select a lane to see its task here";
    for (row, line) in (0..).zip(format::wrap(text, usize::from(inside.width.saturating_sub(2)))) {
        Pen::new(buf, look, inside, row).space(1).put(&line, look.dim());
    }
}

/// What the task does at the cursor, and since when.
fn state(look: Look, run: &RunView, ix: TaskIx, task: &Task) -> (&'static str, String, Style) {
    let at = run.cursor.at_ns;
    if let Some(end) = task.end_at(at) {
        let (glyph, style) = look.end(end.how);
        return (glyph, ended(look, end), style);
    }
    let Some(segment) = task.segment_at(at) else { return ("", "not spawned yet".into(), look.dim()) };
    let (glyph, style) = look.state(segment.state);
    let since = format::span(look, at - segment.start_ns);
    let text = match segment.state {
        // With a single thread, it need not be named.
        State::Running(thread) if run.spec.workers > 0 || task.of == LaneOf::Blocking => {
            format!("running on {}, {since}", run.trace.thread_name(thread))
        }
        State::Running(_) => format!("running, {since}"),
        State::Ready if task.of == LaneOf::Blocking => format!("queued, {since}"),
        State::Ready => format!("ready, {since}"),
        State::Waiting(_) if run.is_stuck(ix) => "waiting for ever".into(),
        State::Waiting(_) if !run.trace.knows_ready() => format!("{}, {since}", Family::UNKNOWN),
        State::Waiting(_) => format!("waiting {since}"),
    };
    (glyph, text, style)
}

fn ended(look: Look, end: Ended) -> String {
    let how = match end.how {
        End::Dropped => "alive when the recording stopped",
        End::Unknown => "ended, outcome unknown",
        how => how.name(),
    };
    if end.inferred { format!("{how}{} inferred", look.glyphs.inferred) } else { how.to_owned() }
}

fn facts(look: Look, run: &RunView, ix: TaskIx, task: &Task) -> Vec<Fact> {
    let at = run.cursor.at_ns;
    let mut facts = Vec::new();
    if task.spawned_ns <= at {
        end(look, task, at, &mut facts);
        wait(look, run, ix, &mut facts);
        cut(look, run, ix, &mut facts);
        facts.extend(words::slot(look, run, ix).map(|slot| ("", slot, look.text())));
        if let Some(cut_off) = task.ended.filter(|end| end.how == End::Dropped && end.at_ns <= at) {
            facts.push(("end", ended(look, cut_off), look.warn()));
        }
        life(look, run, ix, task, &mut facts);
    }
    let all = run.trace.tasks.len() as u64;
    let by = task.parent.map_or("outside tasks".into(), |parent| format!("by {}", words::name(&run.trace, parent)));
    facts.push(("spawned", format!("{} {by}", format::moment(task.spawned_ns)), look.text()));
    if let Some(place) = &task.spawned_at {
        facts.push(("there", format!("{}:{}", words::file(place.file()), place.line()), look.code_spawn()));
    }
    facts.push(("task", format!("{} of {}", format::count(u64::from(ix) + 1), format::count(all)), look.text()));
    chain(look, run, ix, &mut facts);
    facts
}

/// The task's last poll that the schedule cut.
fn cut(look: Look, run: &RunView, ix: TaskIx, facts: &mut Vec<Fact>) {
    let Some(cut) = run.trace.preempted_by(ix, run.cursor.at_ns) else { return };
    let operations = format::counted(cut.operations.into(), "operation");
    let (when, schedule) = (format::moment(cut.at_ns), &run.spec.schedule);
    let text = format!("preempted after {operations} (schedule {schedule}), in poll {} at {when}", format::count(cut.poll));
    facts.push(("cut", text, look.warn()));
}

/// What it waits for at the cursor: each future that can end the wait.
fn wait(look: Look, run: &RunView, ix: TaskIx, facts: &mut Vec<Fact>) {
    let (trace, at) = (&run.trace, run.cursor.at_ns);
    for (i, leaf) in trace.leaves_at(ix, at).into_iter().enumerate() {
        let (_, style) = look.state(State::Waiting(trace.site(leaf.site).cause));
        let style = style.remove_modifier(Modifier::DIM);
        facts.push((if i == 0 { "on" } else { "or on" }, words::what(look, trace, ix, leaf, at), style));
        if let Some(place) = words::place(trace, leaf) {
            facts.push(("at", place, look.code_here()));
        }
        let blockers = trace.blockers(ix, leaf, at);
        if !blockers.is_empty() {
            let label = words::how_kept(trace, leaf, &blockers);
            facts.push((label, words::blockers(look, trace, &blockers), look.text()));
        }
    }
}

/// The async calls that led to the wait, outermost first; a single call is shown by its place.
fn chain(look: Look, run: &RunView, ix: TaskIx, facts: &mut Vec<Fact>) {
    let leaves = run.trace.leaves_at(ix, run.cursor.at_ns);
    let Some(leaf) = leaves.first() else { return };
    let calls = words::chain(&run.trace, *leaf);
    if calls.len() > 1 {
        facts.extend(calls.into_iter().enumerate().map(|(i, call)| (if i == 0 { "calls" } else { "" }, call, look.dim())));
    }
}

/// When and why it ended.
fn end(look: Look, task: &Task, at: u64, facts: &mut Vec<Fact>) {
    let Some(end) = task.end_at(at) else { return };
    let after = format::span(look, task.duration(at));
    facts.push(("ended", format!("{}, after {after}", format::moment(end.at_ns)), look.text()));
    if let Some(panic) = &task.panic {
        facts.push(("panic", panic.to_string(), look.error()));
    }
}

/// What it has done, and who woke it.
fn life(look: Look, run: &RunView, ix: TaskIx, task: &Task, facts: &mut Vec<Fact>) {
    let at = run.cursor.at_ns;
    let text = look.text();
    let span = |ns| format::span(look, ns);
    let begun = &task.spans[..task.spans.partition_point(|span| span.start_ns <= at)];
    let open = begun.iter().rev().take(SPANS).find(|span| span.end_ns.is_none_or(|end| end > at));
    if let Some(open) = open.filter(|_| task.end_at(at).is_none()) {
        facts.push(("in span", open.label.clone(), look.span_label()));
    }
    let times = task.times_at(at);
    facts.push(("busy", format!("{} in {}", span(times.busy_ns), format::counted(task.polls_at(at), "poll")), text));
    if !run.trace.knows_ready() {
        facts.push(("idle", format!("{}, waiting or ready", span(times.ready_ns + times.waiting_ns)), text));
        facts.push(("woken", "not recorded".into(), look.dim()));
        return;
    }
    facts.push(("ready", span(times.ready_ns), text));
    facts.push(("waiting", span(times.waiting_ns), text));
    let Some(last) = task.wake_at(at) else {
        facts.push(("woken", "not yet".into(), text));
        return;
    };
    let woken = task.wakes.partition_point(|wake| wake.at_ns <= at);
    let by = words::waker(&run.trace, last, ix);
    let times = format::counted(woken as u64, "time");
    facts.push(("woken", format!("{times}, last {} by {by}", format::moment(last.at_ns)), text));
}
