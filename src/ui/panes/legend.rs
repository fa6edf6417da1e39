//! What the marks mean: below the lanes, always, and every mark that is on the screen.
//!
//! Which marks are on the screen is read from the lanes themselves after they are
//! drawn, so that none can be missing. How many rows are kept is known before that,
//! from the run as a whole, so that the lanes do not move while it goes on.

use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{kinds, links};
use crate::app::model::{Model, RunView};
use crate::trace::{End, Family, Fill, ResourceKind, State};
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;

/// A mark, and what it means.
pub(super) type Mark = ((&'static str, Style), &'static str);

/// From this height of the pane's inside on there may be a third row.
const TALL: u16 = 18;
/// So many resources are asked whether tasks waited for them.
const ASKED: usize = 64;

/// How many rows are kept for it, of a pane of that size.
pub(super) fn rows(look: Look, model: &Model, run: &RunView, inside: Rect) -> u16 {
    let marks = kinds::legend(look, model).unwrap_or_else(|| expected(look, run));
    let most = if inside.height >= TALL { 3 } else { inside.height.min(2) };
    (lines(&marks, usize::from(inside.width)).len() as u16).min(most)
}

/// Draws it below lanes that are there already, and with them the names before them.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, lanes: Rect, area: Rect) {
    let lanes = Rect { x: area.x, width: lanes.right().saturating_sub(area.x), ..lanes };
    let marks = kinds::legend(look, model).unwrap_or_else(|| on_screen(buf, look, lanes));
    let told = lines(&marks, usize::from(area.width));
    for (row, line) in (0..area.height).zip(&told) {
        let cut = row + 1 == area.height && told.len() > usize::from(area.height);
        let mut pen = Pen::new(buf, look, area, row);
        pen.space(1);
        for ((glyph, style), word) in *line {
            pen.put(glyph, *style).space(1).put(word, look.dim()).space(2);
        }
        if cut {
            Pen::new(buf, look, Rect { x: area.right().saturating_sub(1), width: 1, ..area }, row)
                .put(look.glyphs.more, look.dim());
        }
    }
}

/// The marks, line by line.
fn lines(marks: &[Mark], width: usize) -> Vec<&[Mark]> {
    let mut lines = Vec::new();
    let (mut from, mut taken) = (0, 1);
    for (i, ((glyph, _), word)) in marks.iter().enumerate() {
        let cells = format::width(glyph) + format::width(word) + 1;
        if taken + cells > width.saturating_sub(1) && i > from {
            lines.push(&marks[from..i]);
            (from, taken) = (i, 1);
        }
        taken += cells + 2;
    }
    if from < marks.len() {
        lines.push(&marks[from..]);
    }
    lines
}

/// All marks of tasks, in the order in which they are told.
fn all(look: Look) -> Vec<Mark> {
    let glyphs = look.glyphs;
    let (_, running) = look.state(State::Running(0));
    let (_, held) = look.wait(Family::Lock);
    let mut marks = vec![
        ((glyphs.lane.running, running), "runs"),
        ((glyphs.lane.running_part[0], running), "one short poll"),
        ((glyphs.lane.several, running), "many polls"),
        (look.state(State::Ready), "ready"),
        (look.cell(Fill::Waiting { family: Family::Time, holds: true }), "holds"),
        (look.cell(Fill::Waiting { family: Family::Lock, holds: true }), "holds, in line"),
    ];
    marks.extend(Family::ALL.map(|family| (look.wait(family), family.word())));
    marks.push(((glyphs.held, held), "what it holds"));
    let ends = [
        (End::Completed, "ok"),
        (End::Failed, "error"),
        (End::Cancelled, "cancelled"),
        (End::Panicked, "panic"),
        (End::Unknown, "end not known"),
    ];
    marks.extend(ends.map(|(how, word)| (look.end(how), word)));
    marks.push(((glyphs.lane.forever, look.error()), "for ever"));
    marks.push(((glyphs.finding, look.warn()), "finding"));
    marks.push(((glyphs.wakes, look.key()), "wakes"));
    marks.push(((glyphs.levels[3], look.warn()), "warning"));
    marks
}

/// The marks in a part of the screen.
fn on_screen(buf: &Buffer, look: Look, lanes: Rect) -> Vec<Mark> {
    let lanes = lanes.intersection(buf.area);
    let there: HashSet<&str> = lanes.positions().map(|at| buf[at].symbol()).collect();
    let seen = |mark: &Mark| {
        let ((glyph, _), _) = mark;
        let parts = &look.glyphs.lane.running_part;
        let wake = *glyph == look.glyphs.wakes && look.glyphs.link.iter().any(|part| there.contains(part));
        wake || there.contains(glyph) || (*glyph == parts[0] && parts[1..].iter().any(|part| there.contains(part)))
    };
    all(look).into_iter().filter(seen).collect()
}

/// The marks that this run will have.
fn expected(look: Look, run: &RunView) -> Vec<Mark> {
    let totals = run.trace.totals();
    let families: Vec<&str> = run.trace.families().map(Family::word).collect();
    let is_held = |kind: ResourceKind| matches!(kind, ResourceKind::Mutex | ResourceKind::RwLock | ResourceKind::Semaphore);
    let holds = run.trace.contended().take(ASKED).any(|ix| is_held(run.trace.resources[ix as usize].kind));
    let will_be = |word: &str| match word {
        "runs" | "one short poll" | "many polls" => true,
        "ready" => run.trace.was_ready(),
        "holds" | "holds, in line" | "what it holds" => holds,
        "for ever" => run.tail(usize::from(u16::MAX)) > 0,
        "finding" => !run.found.all.list.is_empty(),
        "wakes" => run.trace.tasks.len() <= links::FEW,
        "ok" => totals.completed > 0,
        "error" => totals.failed > 0,
        "cancelled" => totals.cancelled > 0,
        "panic" => totals.panicked > 0,
        word => families.contains(&word),
    };
    all(look).into_iter().filter(|(_, word)| will_be(word)).collect()
}
