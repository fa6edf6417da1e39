//! The run's locks, semaphores and channels at the time cursor: state, holders, wait queue.
//!
//! Only resources that tasks had to wait for are listed, in the order of their creation. The others are only counted:
//! a program makes thousands of channels, and a channel that nobody waits for explains nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::model::RunView;
use crate::app::panes::ExplainTab;
use crate::ui::overlays::explain;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, words};
use trace::{Blocker, Holdings, ResourceIx, ResourceKind, Waiter};

/// The width of the labels.
const LABELS: usize = 8;

/// The most resources that are listed.
const MOST: usize = 1_000;

/// Draws the tab from row `top` on, and returns how many rows it has and how many are visible.
pub(crate) fn render(buf: &mut Buffer, look: Look, screen: Rect, run: Option<&RunView>, top: usize) -> (usize, u16) {
    let area = explain::place(screen);
    let inside = chrome::inside(area);
    let lines = run.map_or_else(Vec::new, |run| lines(look, run, usize::from(inside.width)));
    let remark = run.map_or_else(String::new, |run| format!("at {}", format::moment(run.cursor.at_ns)));
    explain::frame(buf, look, area, ExplainTab::Resources, &remark);
    let shown = usize::from(inside.height);
    let top = top.min(lines.len().saturating_sub(shown));
    for (row, (label, line)) in (0..inside.height).zip(&lines[top..]) {
        let mut pen = Pen::new(buf, look, inside, row);
        match label {
            None => pen.space(1).put(line, look.strong()),
            Some(label) => pen.space(2).left(label, LABELS, look.dim()).space(1).put(line, Style::new()),
        };
    }
    chrome::scroll_bar(buf, look, area, top, shown, lines.len());
    (lines.len(), inside.height)
}

/// The lines for a width: a label and a text; a resource's name has no label.
fn lines(look: Look, run: &RunView, width: usize) -> Vec<(Option<&'static str>, String)> {
    let (trace, at) = (&run.trace, run.cursor.at_ns);
    let mut lines = Vec::new();
    for ix in trace.contended().filter(|ix| trace.resources[*ix as usize].made_ns <= at).take(MOST) {
        lines.push((None, words::shortened(&trace.resource_name(ix))));
        for (label, text) in facts(look, run, ix) {
            let wrapped = format::wrap(&text, width.saturating_sub(LABELS + 4)).into_iter().enumerate();
            lines.extend(wrapped.map(|(i, line)| (Some(if i == 0 { label } else { "" }), line)));
        }
    }
    if lines.is_empty() {
        let made = trace.resources.partition_point(|resource| resource.made_ns <= at) as u64;
        let text = format!("no task has waited for any of {} yet", format::counted(made, "resource"));
        lines.extend(format::wrap(&text, width.saturating_sub(2)).into_iter().map(|line| (None, line)));
    }
    lines
}

fn facts(look: Look, run: &RunView, ix: ResourceIx) -> Vec<(&'static str, String)> {
    let (trace, at) = (&run.trace, run.cursor.at_ns);
    let resource = &trace.resources[ix as usize];
    let holdings = resource.at_with(at, words::NAMED);
    let mut facts = Vec::new();
    if let Some(stands) = words::standing(resource.kind, &holdings) {
        facts.push(("state", stands));
    }
    if !holdings.holders.is_empty() {
        let outside = holdings.holders.iter().any(|holder| holder.task.is_none());
        let names = words::blockers(look, trace, &holders(&holdings));
        facts.push(("held by", if outside && names.is_empty() { "a thread outside all tasks".into() } else { names }));
    }
    if holdings.waiting > 0 {
        let rwlock = resource.kind == ResourceKind::RwLock;
        let wants = |waiter: &Waiter| match rwlock {
            true if waiter.writes() => " to write",
            true => " to read",
            false => "",
        };
        let names = holdings.waiters.iter().map(|waiter| (words::name(trace, waiter.task), wants(waiter)));
        facts.push(("queued", words::list(names, holdings.waiting as usize)));
    }
    facts.push(("waited", format!("{} in total, by all tasks", format::span(look, resource.contention_ns(at)))));
    facts
}

/// The tasks that hold the resource.
fn holders(holdings: &Holdings) -> Vec<Blocker> {
    let held = holdings.holders.iter();
    held.filter_map(|holder| {
        Some(Blocker { task: holder.task?, since_ns: Some(holder.since_ns), inferred: holder.inferred, ahead: false })
    })
    .collect()
}
