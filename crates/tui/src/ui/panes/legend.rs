//! The legend: the meaning of every mark on screen, always visible below the lanes.
//!
//! Which marks are on screen is read from the lanes after they are drawn, so none can be missing. The number of rows
//! is known before that, from the run as a whole, so that the lanes do not move as it continues.

use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{grouping, kinds, links};
use crate::app::model::{Model, RunView};
use crate::app::timeline::lanes::Lanes;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use facts::event::Level;
use trace::{End, Family, Fill, FindingKind, ResourceKind, StallKind, State};

/// A mark and its meaning.
pub(super) type Mark = ((&'static str, Style), &'static str);

/// From this inner height of the pane on, there may be a third row.
const TALL: u16 = 18;
/// How many resources are checked for waits, and how many tasks for late timers and inferred ends.
const ASKED: usize = 64;
/// How many lines of the log are searched for an error or a warning.
const LINES: usize = 1_000;
/// The row below a lane.
const HELD: &str = "what it holds";
/// The distance from the column of findings to the lanes.
const FINDINGS: u16 = 2;

/// How many rows the legend gets in a pane of that size.
pub(super) fn rows(look: Look, model: &Model, run: &RunView, inside: Rect) -> u16 {
    // Only lanes with several rows have one for what is held.
    let lanes = Lanes::of(model).map_or(0, |lanes| lanes.len());
    let has_room = 2 * lanes <= usize::from(inside.height);
    let of_tasks = || expected(look, run).into_iter().filter(|(_, word)| has_room || *word != HELD).collect();
    let marks = fixed(look, model).unwrap_or_else(of_tasks);
    let most = if inside.height >= TALL { 3 } else { inside.height.min(2) };
    (lines(&marks, usize::from(inside.width)).len() as u16).min(most)
}

/// Draws it below lanes that are drawn already.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, lanes: Rect, area: Rect) {
    let marks = fixed(look, model).unwrap_or_else(|| on_screen(buf, look, run, lanes));
    let told = fitted(look, marks, area);
    for (row, line) in (0..area.height).zip(&told) {
        let cut = row + 1 == area.height && told.len() > usize::from(area.height);
        let mut pen = Pen::new(buf, look, area, row);
        pen.space(1);
        for ((glyph, style), word) in line {
            pen.put(glyph, *style).space(1).put(word, look.dim()).space(2);
        }
        if cut {
            Pen::new(buf, look, Rect { x: area.right().saturating_sub(1), width: 1, ..area }, row)
                .put(look.glyphs.more, look.dim());
        }
    }
}

/// The marks, line by line. The kind of finding is the first text to be shortened.
fn fitted(look: Look, mut marks: Vec<Mark>, area: Rect) -> Vec<Vec<Mark>> {
    let told = lines(&marks, usize::from(area.width));
    if told.len() <= usize::from(area.height) {
        return told;
    }
    marks.iter_mut().filter(|mark| mark.0.0 == look.glyphs.finding).for_each(|mark| mark.1 = "finding");
    lines(&marks, usize::from(area.width))
}

/// The marks of lanes that are not tasks.
fn fixed(look: Look, model: &Model) -> Option<Vec<Mark>> {
    kinds::legend(look, model).or_else(|| grouping::legend(look, model))
}

/// The marks, line by line: each on the first line with room for it.
fn lines(marks: &[Mark], width: usize) -> Vec<Vec<Mark>> {
    // For each line, the cells in use and the marks.
    let mut lines: Vec<(usize, Vec<Mark>)> = Vec::new();
    for mark in marks {
        let cells = format::width(mark.0.0) + format::width(mark.1) + 1;
        match lines.iter_mut().find(|(taken, _)| taken + cells < width) {
            Some((taken, line)) => {
                *taken += cells + 2;
                line.push(*mark);
            }
            None => lines.push((cells + 3, vec![*mark])),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// All marks of tasks, in legend order.
fn all(look: Look, run: &RunView) -> Vec<Mark> {
    let glyphs = look.glyphs;
    let (_, running) = look.state(State::Running(0));
    let (_, held) = look.wait(Family::Lock);
    let mut marks = vec![
        ((glyphs.lane.running, running), "runs"),
        ((glyphs.lane.running_part[0], running), "short poll"),
        ((glyphs.lane.several, running), "many polls"),
        (look.state(State::Ready), if was_late(run) { "ready or late" } else { "ready" }),
        (look.cell(Fill::Waiting { family: Family::Time, holds: true }), "holds"),
        (look.cell(Fill::Waiting { family: Family::Lock, holds: true }), "holds, queued"),
    ];
    marks.extend(Family::ALL.map(|family| (look.wait(family), waits(run, family))));
    marks.push(((glyphs.held, held), HELD));
    let ends = [
        (End::Completed, "ok"),
        (End::Failed, "error"),
        (End::Cancelled, "cancelled"),
        (End::Panicked, "panic"),
        (End::Unknown, "end unknown"),
    ];
    marks.extend(ends.map(|(how, word)| (look.end(how), word)));
    marks.push(((glyphs.inferred, look.inferred()), "inferred"));
    marks.push(((glyphs.lane.forever, look.error()), "for ever"));
    marks.push(((glyphs.joined, look.error()), "cycle"));
    marks.push(((glyphs.finding, look.warn()), finding(run)));
    marks.push(((glyphs.wakes, look.key()), "wakes"));
    marks.push(((glyphs.preempted, look.warn()), "preempted"));
    marks.push(((glyphs.moment, look.strong()), "moment"));
    marks.push(((glyphs.levels[3], look.warn()), "warning"));
    marks
}

/// What a task with the mark of a family does.
fn waits(run: &RunView, family: Family) -> &'static str {
    if run.trace.knows_ready() { family.word() } else { Family::UNKNOWN }
}

/// Whether a timer was late: a task that could not be woken is drawn as ready.
fn was_late(run: &RunView) -> bool {
    let trace = &run.trace;
    (0..trace.tasks.len().min(ASKED)).any(|task| !trace.overdue_in(task as u32, 0, trace.end_ns).is_empty())
}

/// The text for the finding mark: the kind of the findings, if they are all of one kind.
fn finding(run: &RunView) -> &'static str {
    let mut kinds = run.found.all.list.iter().map(|finding| finding.kind);
    let first = kinds.next();
    first.filter(|first| kinds.all(|kind| kind == *first)).map_or("findings", FindingKind::name)
}

/// The marks on the lanes and in the column of findings.
fn on_screen(buf: &Buffer, look: Look, run: &RunView, lanes: Rect) -> Vec<Mark> {
    let symbols = |area: Rect| area.intersection(buf.area).positions().map(|at| buf[at].symbol()).collect::<HashSet<_>>();
    let there = symbols(lanes);
    let found = symbols(Rect { x: lanes.x.saturating_sub(FINDINGS), width: 1, ..lanes }).contains(look.glyphs.finding);
    let glyphs = look.glyphs;
    let parts = &glyphs.lane.running_part;
    let is_there = |mark: Mark| there.contains(mark.0.0) && is_mark(buf, look, run, lanes, mark);
    let is_one_there = |parts: &[&'static str], mark: Mark| parts.iter().any(|part| is_there(((part, mark.0.1), mark.1)));
    let seen = |mark: &Mark| match mark.0.0 {
        glyph if glyph == glyphs.finding => found,
        glyph if glyph == glyphs.inferred && mark.1 == "inferred" => has_inferred_end(buf, look, lanes),
        glyph if glyph == glyphs.wakes => is_one_there(&glyphs.link, *mark),
        glyph if glyph == glyphs.joined => is_one_there(&[glyphs.join[0], glyphs.join[3]], *mark),
        glyph if glyph == parts[0] => parts.iter().any(|part| *part != glyphs.lane.running && there.contains(part)),
        _ => is_there(*mark),
    };
    let mut shown: HashSet<&str> = HashSet::new();
    all(look, run).into_iter().filter(seen).filter(|((glyph, _), _)| shown.insert(glyph)).collect()
}

/// Whether an inferred mark follows an end: the same glyph has other uses.
fn has_inferred_end(buf: &Buffer, look: Look, lanes: Rect) -> bool {
    let lanes = lanes.intersection(buf.area);
    let is_end = |x: u16, y: u16| look.glyphs.lane.ends.contains(&buf[(x, y)].symbol());
    lanes.positions().any(|at| at.x > lanes.x && buf[at].symbol() == look.glyphs.inferred && is_end(at.x - 1, at.y))
}

/// Whether a glyph on the lanes is a mark. In ASCII it can be part of a label, next to letters of its colour. Without
/// colours, it is a mark if the run has what it means.
fn is_mark(buf: &Buffer, look: Look, run: &RunView, lanes: Rect, ((glyph, style), word): Mark) -> bool {
    if !glyph.is_ascii() {
        return true;
    }
    if !look.has_colours() {
        return will_be(run, word);
    }
    let is_letter = glyph.chars().all(char::is_alphanumeric);
    let is_one = |at: Position| {
        let is_label = |x: Option<u16>| {
            let beside = x.and_then(|x| buf.cell((x, at.y))).filter(|cell| cell.fg == buf[at].fg && cell.symbol() != glyph);
            beside.is_some_and(|cell| cell.symbol().starts_with(char::is_alphanumeric))
        };
        let before = |cells| is_label(at.x.checked_sub(cells));
        let after = |cells| is_label(at.x.checked_add(cells));
        // A letter has the colour of its mark; a line has the colour of what it passes through.
        let of_label = if is_letter {
            before(1) || after(1) || buf[at].fg != style.fg.unwrap_or_default()
        } else {
            // Between two words, like `.`, `_` and `::`.
            before(1) && (after(1) || after(2)) || before(2) && after(1)
        };
        buf[at].symbol() == glyph && !of_label
    };
    (is_letter || will_be(run, word)) && lanes.intersection(buf.area).positions().any(is_one)
}

/// The marks that this run will have.
fn expected(look: Look, run: &RunView) -> Vec<Mark> {
    all(look, run).into_iter().filter(|(_, word)| will_be(run, word)).collect()
}

/// Whether this run will have what a mark means.
fn will_be(run: &RunView, word: &str) -> bool {
    let trace = &run.trace;
    let totals = trace.totals();
    let logged = |level: Level| trace.log.iter().take(LINES).any(|line| line.level == level && line.mark.is_none());
    let is_held = |kind: ResourceKind| matches!(kind, ResourceKind::Mutex | ResourceKind::RwLock | ResourceKind::Semaphore);
    match word {
        "runs" | "short poll" | "many polls" | "ready or late" => true,
        "ready" => trace.was_ready(),
        "holds" | "holds, queued" | HELD => {
            let semaphore = trace.resources.iter().take(ASKED).any(|resource| resource.kind == ResourceKind::Semaphore);
            semaphore || trace.contended().take(ASKED).any(|ix| is_held(trace.resources[ix as usize].kind))
        }
        "for ever" => run.tail(usize::from(u16::MAX)) > 0,
        "cycle" => run.stall.as_ref().is_some_and(|(_, stall)| stall.kind == StallKind::Cycle),
        word if word == finding(run) => !run.found.all.list.is_empty(),
        "wakes" => trace.tasks.len() <= links::FEW,
        "preempted" => !trace.preemptions().is_empty(),
        "moment" => !trace.moments.is_empty(),
        "ok" => totals.completed > 0,
        "error" => totals.failed > 0 || logged(Level::Error),
        "cancelled" => totals.cancelled > 0,
        "panic" => totals.panicked > 0,
        "end unknown" => totals.unknown > 0 || trace.has_branches(),
        "inferred" => trace.tasks.iter().take(ASKED).any(|task| task.ended.is_some_and(|ended| ended.inferred)),
        "warning" => logged(Level::Warn),
        word => trace.families().any(|family| waits(run, family) == word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_on_the_first_line_that_has_room() {
        let marks = ["one", "a long one", "two", "six"].map(|word| (("x", Style::new()), word));
        let words =
            |width| lines(&marks, width).iter().map(|line| line.iter().map(|mark| mark.1).collect()).collect::<Vec<Vec<_>>>();
        assert_eq!(words(60), [vec!["one", "a long one", "two", "six"]]);
        assert_eq!(words(17), [vec!["one", "two"], vec!["a long one"], vec!["six"]]);
        assert_eq!(words(4).len(), 4);
    }
}
