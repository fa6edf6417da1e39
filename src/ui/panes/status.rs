//! The last row of the timeline: how things stand, and what the marks mean.
//!
//! At the end of a run it says what came out, and the marks stand beside that
//! where there is room: lanes are read most when they are all there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{kinds, outcome};
use crate::app::model::{Model, RunView};
use crate::app::run::cursor::among;
use crate::app::time::moment;
use crate::trace::{End, State, Trace};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::{format, view};

/// The cells between what came out and what the marks mean.
const GAP: usize = 3;

/// A mark, and what it means.
type Mark = ((&'static str, Style), &'static str);

/// Draws the row.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, row: Rect) {
    if held(buf, look, run, row) {
        return;
    }
    let marks = kinds::legend(look, model).unwrap_or_else(|| legend(look, &run.trace));
    let Some(least) = outcome::least(look, run, usize::from(row.width)) else {
        draw(&mut Pen::new(buf, look, row, 0), look, &marks);
        return;
    };
    let cells = marks.iter().map(|((glyph, _), word)| format::width(glyph) + format::width(word) + 3).sum::<usize>();
    let beside = Some(cells + GAP).filter(|cells| least + cells <= usize::from(row.width)).unwrap_or(0) as u16;
    let own = Rect { width: row.width - beside, ..row };
    outcome::status(Pen::new(buf, look, own, 0).space(1), look, run);
    if beside > 0 {
        draw(&mut Pen::new(buf, look, Rect { x: row.right() - cells as u16, width: cells as u16, ..row }, 0), look, &marks);
    }
}

/// What stands still, or was stepped to; returns whether there is such a thing.
fn held(buf: &mut Buffer, look: Look, run: &RunView, row: Rect) -> bool {
    let poll = run.poll().and_then(|number| poll_text(run, number));
    if !run.held && poll.is_none() {
        return false;
    }
    let rest = match (view::is_held(run), run.held, poll.is_some()) {
        (true, _, true) => "time goes on",
        (true, _, false) => "paused: no task is polled, but the real clock goes on",
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

/// Writes what the marks mean, as many as there is room for.
fn draw(pen: &mut Pen<'_>, look: Look, marks: &[Mark]) {
    pen.space(1);
    for (i, ((glyph, style), word)) in marks.iter().enumerate() {
        let last = i + 1 == marks.len();
        // A glyph and a gap, and room for the sign that there is more.
        if format::width(word) + 2 + if last { 0 } else { 3 } > pen.room() {
            pen.put(look.glyphs.more, look.dim());
            return;
        }
        pen.put(glyph, *style).space(1).put(word, look.dim()).space(2);
    }
}

/// The poll that was stepped to, in words: which of several that begin at its time, and of which task.
fn poll_text(run: &RunView, number: u64) -> Option<String> {
    let poll = run.trace.poll(number)?;
    let (place, all) = among(run, number)?;
    let place = if all > 1 { format!(" {place} of {all}") } else { String::new() };
    Some(format!("poll{place} at {}: {}", moment(poll.at_ns), run.trace.tasks.get(poll.task as usize)?.name))
}

/// What the marks mean that are drawn in this run. Depends on the whole run and not on the cursor, so that it stands still.
fn legend(look: Look, trace: &Trace) -> Vec<Mark> {
    let totals = trace.totals();
    let ready = trace.was_ready().then_some((look.state(State::Ready), "ready"));
    let ends = [
        (End::Completed, "ok", totals.completed),
        (End::Failed, "error", totals.failed),
        (End::Cancelled, "cancelled", totals.cancelled),
        (End::Panicked, "panic", totals.panicked),
        (End::Unknown, "end not known", totals.unknown),
    ];
    let mut marks = vec![(look.state(State::Running(0)), "runs")];
    marks.extend(ready);
    marks.extend(trace.families().map(|family| (look.wait(family), family.name())));
    marks.extend(ends.into_iter().filter(|(.., count)| *count > 0).map(|(how, word, _)| (look.end(how), word)));
    marks
}
