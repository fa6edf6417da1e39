//! A row below the lanes: that the run is held, which poll was stepped to, or how the run ended.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::outcome;
use crate::app::model::RunView;
use crate::app::run::cursor::among;
use crate::app::time::moment;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::view;

/// Whether there is something to show.
pub(super) fn has_row(run: &RunView) -> bool {
    run.held || run.poll().is_some() || view::ending(run).is_some()
}

/// Draws the row.
pub(super) fn render(buf: &mut Buffer, look: Look, run: &RunView, row: Rect) {
    if !held(buf, look, run, row) {
        outcome::status(Pen::new(buf, look, row, 0).space(1), look, run);
    }
}

/// Shows that the run is held, or the poll that was stepped to; returns whether it showed anything.
fn held(buf: &mut Buffer, look: Look, run: &RunView, row: Rect) -> bool {
    let poll = run.poll().and_then(|number| poll_text(run, number));
    if !run.held && poll.is_none() {
        return false;
    }
    let rest = match (view::is_held(run), run.held, poll.is_some()) {
        (true, _, true) => "clock keeps running",
        (true, _, false) => "paused: no task is polled, but the real clock keeps running",
        (false, true, false) => "paused: no task is polled",
        _ => "",
    };
    let between = format!(" {} ", look.glyphs.between);
    let mut pen = Pen::new(buf, look, row, 0);
    pen.space(1).put(look.glyphs.play[1], look.warn()).space(1);
    pen.put(poll.as_deref().unwrap_or_default(), look.strong());
    pen.put(if poll.is_some() && !rest.is_empty() { &between } else { "" }, look.dim()).put(rest, look.warn());
    true
}

/// The poll that was stepped to: its position among the polls at its time, and its task.
fn poll_text(run: &RunView, number: u64) -> Option<String> {
    let poll = run.trace.poll(number)?;
    let (place, all) = among(run, number)?;
    let place = if all > 1 { format!(" {place} of {all}") } else { String::new() };
    Some(format!("poll{place} at {}: {}", moment(poll.at_ns), run.trace.tasks.get(poll.task as usize)?.name))
}
