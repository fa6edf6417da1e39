//! Lanes: what each task did, one row per task, one cell per stretch of time.
//!
//! The trace decides what each cell shows ([`Trace::cells`]); here it gets its glyph and its colour. Bars with room
//! carry the label of a span, and events put their marks on the lane. Nothing after the time cursor is drawn.

use std::collections::HashMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::axis::Axis;
use crate::text;
use crate::ui::format;
use crate::ui::pen::{self, Pen};
use crate::ui::theme::Look;
use facts::event::Level;
use trace::{End, Fill, SpanLabel, Task, TaskIx, Trace, Window};

/// How many spans of a lane are considered for a label, latest first.
const LABELS: usize = 64;

/// A shorter bar has no label.
const SHORTEST: usize = 3;

/// A label is not repeated within this many cells.
const APART: usize = 12;

/// How many marks of a lane are considered, starting with the earliest in sight.
const MARKS: usize = 512;

/// A task's lane, and how to draw it.
#[derive(Clone, Copy)]
pub(crate) struct Lane<'a> {
    /// The run.
    pub(crate) trace: &'a Trace,
    /// The task.
    pub(crate) task: TaskIx,
    /// The number of the poll that was stepped to.
    pub(crate) poll: Option<u64>,
    /// How many cells after the cursor show what lasts for ever.
    pub(crate) tail: usize,
    /// Whether the task is selected.
    pub(crate) selected: bool,
}

/// Draws a task's lane on the first row of the area, and on further rows, if there are any, what it waits for and
/// holds.
pub(crate) fn lane(buf: &mut Buffer, look: Look, area: Rect, axis: &Axis, of: Lane<'_>) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let window = Window { tail: of.tail, ..axis.window() };
    let mut fills = of.trace.cells(of.task, window, usize::from(area.width), of.poll);
    cells(buf, look, area, &fills, of.selected);
    let task = &of.trace.tasks[of.task as usize];
    last_words(buf, look, area, task, &fills);
    let marks = marks(look, axis, of, &fills);
    // Marks keep their cells free of labels.
    for (x, text, _) in &marks {
        fills.iter_mut().skip(*x).take(format::width(text)).for_each(|fill| *fill = Fill::Empty);
    }
    labels(buf, look, area, axis, &task.spans, &mut fills);
    awaits(buf, look, area, axis, of, &fills);
    if area.height > 1 {
        held(buf, look, area, axis, of);
    }
    for (x, text, style) in marks {
        let place = Rect { x: area.x + x as u16, width: area.width - x as u16, height: 1, ..area };
        Pen::new(buf, look, place, 0).put(&text, style);
    }
}

/// Draws the cells of a lane on the first row of an area.
pub(crate) fn cells(buf: &mut Buffer, look: Look, area: Rect, fills: &[Fill], selected: bool) {
    for (x, fill) in (area.x..area.right()).zip(fills) {
        let (glyph, style) = look.cell(*fill);
        if !glyph.is_empty() {
            let style = if selected { style.add_modifier(Modifier::BOLD).remove_modifier(Modifier::DIM) } else { style };
            buf[(x, area.y)].set_symbol(glyph).set_style(style);
        }
        // An unknown end already says enough.
        let inferred = matches!(fill, Fill::End(how, true) if *how != End::Unknown);
        if inferred && x + 1 < area.right() {
            buf[(x + 1, area.y)].set_symbol(look.glyphs.inferred).set_style(look.inferred());
        }
    }
}

/// Writes the panic message after the end of a task that panicked, where nothing else will be drawn.
fn last_words(buf: &mut Buffer, look: Look, area: Rect, task: &Task, fills: &[Fill]) {
    let end = fills.iter().position(|fill| matches!(fill, Fill::End(End::Panicked, _)));
    let (Some(end), Some(said)) = (end, &task.panic) else { return };
    let from = (end as u16).saturating_add(2);
    let place = Rect { x: area.x.saturating_add(from), width: area.width.saturating_sub(from), height: 1, ..area };
    let said = format::fit(look, &text::name(said), place.width.into()).into_owned();
    Pen::new(buf, look, place, 0).put(&said, look.dim());
}

/// The marks that the task's events put on its lane: their own short text, or the sign of an error or a warning. Each
/// has its cell.
fn marks(look: Look, axis: &Axis, of: Lane<'_>, fills: &[Fill]) -> Vec<(usize, String, Style)> {
    let (trace, task) = (of.trace, &of.trace.tasks[of.task as usize]);
    let end = fills.iter().position(|fill| matches!(fill, Fill::End(..))).unwrap_or(fills.len());
    // In ASCII an end is a letter, which would look like part of the text.
    let before_end = if look.unicode() || end == fills.len() { end } else { end.saturating_sub(1) };
    let first = task.marks.partition_point(|mark| mark.at_ns < axis.left_ns);
    let logged = task.marks[first..].iter().take_while(|mark| mark.at_ns <= axis.cursor_ns).take(MARKS);
    let logged = logged.filter_map(|mark| {
        let line = trace.log.get(mark.line as usize)?;
        let (level, _, style) = look.level(line.level);
        match &line.mark {
            Some(text) => Some((mark.at_ns, text::name(text).into_owned(), style, false)),
            None => (line.level >= Level::Warn).then(|| (mark.at_ns, level.to_owned(), style, true)),
        }
    });
    let cuts = trace.preempted_within(of.task, axis.left_ns, axis.cursor_ns).take(MARKS);
    let mut events: Vec<_> = cuts.map(|cut| (cut.at_ns, look.glyphs.preempted.to_owned(), look.warn(), true)).collect();
    events.extend(logged);
    events.sort_by_key(|(at_ns, ..)| *at_ns);
    let mut marks = Vec::new();
    let mut free = 0;
    let mut behind_a_cut = false;
    for (at_ns, text, style, before_the_end) in events {
        let Some(x) = axis.cell(at_ns).map(|x| x as usize).filter(|x| *x < fills.len()) else { break };
        // The end already says this.
        if before_the_end && x >= end {
            continue;
        }
        let cells = format::width(&text);
        // A mark never covers an end: the last mark is placed before it.
        let x = x.min(before_end.saturating_sub(cells));
        // What a task reports in the moment of its preemption comes right behind it.
        let x = if behind_a_cut { x.max(free) } else { x };
        // Two marks that touch would be read as one word.
        let x = if x == free && !marks.is_empty() && !behind_a_cut { x + 1 } else { x };
        // A mark that would cover the previous one, or the end, is left out; the log still shows it.
        if x >= free && x + cells <= before_end {
            free = x + cells;
            behind_a_cut = text == look.glyphs.preempted;
            marks.push((x, text, style.add_modifier(Modifier::BOLD)));
        }
    }
    marks
}

/// Draws the line of the time cursor where no lane covers it.
pub(crate) fn cursor_line(buf: &mut Buffer, look: Look, area: Rect, axis: &Axis) {
    let area = area.intersection(buf.area);
    let Some(x) = axis.cell(axis.cursor_ns).filter(|x| *x < u64::from(area.width)) else { return };
    for y in area.y..area.bottom() {
        let at = (area.x + x as u16, y);
        let in_label = pen::joins_words(buf, at);
        let cell = &mut buf[at];
        if cell.symbol() == " " && !in_label {
            cell.set_symbol(look.glyphs.cursor).set_style(look.cursor());
        }
    }
}

/// Writes the labels of spans into the lane, each where its span begins, if the bar is long enough to still show what
/// the task did: over a run of one idle state, and with part of it left.
fn labels(buf: &mut Buffer, look: Look, area: Rect, axis: &Axis, spans: &[SpanLabel], fills: &mut [Fill]) {
    let right_ns = axis.left_ns.saturating_add(axis.cell_ns.saturating_mul(u64::from(area.width)));
    let begun = spans.partition_point(|span| span.start_ns < right_ns.min(axis.cursor_ns.saturating_add(1)));
    for span in spans[..begun].iter().rev().take(LABELS) {
        let cell = |ns: u64| axis.cell(ns).unwrap_or(0).min(fills.len() as u64) as usize;
        let start = cell(span.start_ns) + 1;
        let end = cell(span.end_ns.unwrap_or(u64::MAX).min(axis.cursor_ns));
        let width = format::width_within(&span.label, fills.len());
        if width == 0 || start + width + 2 > end {
            continue;
        }
        let first = fills[start];
        if !first.is_idle() {
            continue;
        }
        let under = &fills[start..start + width + 2];
        if under.iter().any(|fill| *fill != first) {
            continue;
        }
        let place = Rect { x: area.x + start as u16, width: width as u16, ..area };
        let style = buf[(place.x, place.y)].style().patch(look.span_label());
        Pen::new(buf, look, place, 0).put(&span.label, style);
        // The whole bar is then taken: an outer span that began at the same time finds no room here, nor does an
        // await.
        let before = fills[..start].iter().rev().take_while(|fill| **fill == first).count();
        let rest = fills[start..].iter().take_while(|fill| **fill == first).count();
        fills[start - before..start + rest].fill(Fill::Empty);
    }
}

/// Writes what is awaited: into a bar with room, otherwise on the row below, if there is one; at the start of a bar,
/// and not again soon after.
fn awaits(buf: &mut Buffer, look: Look, area: Rect, axis: &Axis, of: Lane<'_>, fills: &[Fill]) {
    let task = &of.trace.tasks[of.task as usize];
    let mut last: HashMap<String, usize> = HashMap::new();
    let mut below: Option<(usize, String)> = None;
    for (start, cells) in bars(fills) {
        let time = |cell: usize| axis.left_ns.saturating_add(axis.cell_ns.saturating_mul(cell as u64)).min(axis.cursor_ns);
        // The bar must be one wait, not several.
        let wait = of.trace.wait_at(of.task, time(start + cells - 1)).filter(|wait| wait.start_ns < time(start + 1));
        let Some(wait) = wait else { continue };
        let awaited = wait.leaves.iter().find_map(|leaf| of.trace.await_name(leaf.site));
        // The program's own name for its work comes before the name of the await.
        let Some(name) = span_at(task, wait.start_ns).or(awaited).map(|name| text::name(name).into_owned()) else { continue };
        let room = cells.saturating_sub(2);
        let inside = fitted(&name, room).filter(|_| room >= SHORTEST);
        // With a spare row there is room for each; otherwise a word that keeps repeating hides the bars.
        let again = last.get(&name).is_some_and(|end| start < end + APART);
        if again && (inside.is_some() || area.height < 3) {
            continue;
        }
        if let Some(inside) = &inside {
            let place = Rect { x: area.x + start as u16 + 1, width: room as u16, height: 1, ..area };
            let style = buf[(place.x, place.y)].style().remove_modifier(Modifier::DIM);
            Pen::new(buf, look, place, 0).put(inside, style);
        } else if area.height > 1 && cells > 1 {
            if below.as_ref().is_some_and(|(from, before)| again && *before == name && fitted(before, start - from - 1).is_none())
            {
                continue;
            }
            if let Some((from, name)) = below.replace((start, name.clone())) {
                label_below(buf, look, area, (from, start), &name);
            }
        } else {
            continue;
        }
        last.insert(name, start + cells);
    }
    if let Some((from, name)) = below {
        label_below(buf, look, area, (from, fills.len()), &name);
    }
}

/// The name of the task's innermost span at a time.
fn span_at(task: &Task, at_ns: u64) -> Option<&str> {
    let begun = &task.spans[..task.spans.partition_point(|span| span.start_ns <= at_ns)];
    let open = begun.iter().rev().take(LABELS).find(|span| span.end_ns.is_none_or(|end_ns| end_ns > at_ns));
    open.map(|span| span.label.as_str())
}

/// Writes a name below the lane, between two cells.
fn label_below(buf: &mut Buffer, look: Look, area: Rect, (from, to): (usize, usize), name: &str) {
    let room = (to - from).saturating_sub(1);
    let Some(name) = fitted(name, room) else { return };
    let place = Rect { x: area.x + from as u16, y: area.y + 1, width: room as u16, height: 1 };
    let free = (place.x..place.right()).take(format::width(&name)).all(|x| buf[(x, place.y)].symbol() == " ");
    if free {
        Pen::new(buf, look, place, 0).put(&name, look.dim());
    }
}

/// The bars of a lane: cells in which it waits for the same thing, with their start and length.
fn bars(fills: &[Fill]) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    let next = move || {
        let first = fills.get(from)?;
        let run = fills[from..].iter().take_while(|fill| *fill == first).count();
        from += run;
        Some((from - run, run, *first))
    };
    std::iter::from_fn(next).filter(|(.., fill)| matches!(fill, Fill::Waiting { .. })).map(|(from, run, _)| (from, run))
}

/// Draws what the task holds on the last row of its lane: a line while it holds it, with the name.
fn held(buf: &mut Buffer, look: Look, area: Rect, axis: &Axis, of: Lane<'_>) {
    let right_ns = axis.left_ns.saturating_add(axis.cell_ns.saturating_mul(u64::from(area.width)));
    let y = area.bottom() - 1;
    for holding in
        of.trace.held(of.task, axis.left_ns, right_ns.min(axis.cursor_ns)).into_iter().filter(|held| held.shown).take(LABELS)
    {
        let cell = |ns: u64| axis.cell(ns.max(axis.left_ns)).unwrap_or(0).min(area.width.into()) as u16;
        let (from, to) = (cell(holding.from_ns), cell(holding.to_ns.min(axis.cursor_ns.saturating_add(axis.cell_ns))));
        let Some(room) = to.checked_sub(from).filter(|room| *room > 0 && holding.to_ns > holding.from_ns) else { continue };
        let place = Rect { x: area.x + from, y, width: room, height: 1 };
        if (place.x..place.right()).any(|x| buf[(x, y)].symbol() != " ") {
            continue;
        }
        let style = look.wait(trace::Family::Lock).1.remove_modifier(Modifier::BOLD);
        Pen::new(buf, look, place, 0).put(&look.glyphs.held.repeat(room.into()), style);
        let name = of.trace.source_name(holding.resource).unwrap_or_else(|| of.trace.resource_kind(holding.resource));
        let mark = if holding.inferred { look.glyphs.inferred } else { "" };
        if let Some(name) = fitted(&format!("{}{mark}", text::name(&name)), usize::from(room.saturating_sub(1))) {
            Pen::new(buf, look, Rect { x: place.x + 1, width: room - 1, ..place }, 0).put(&name, style);
        }
    }
}

/// A name that fits, if necessary without its arguments or its receiver.
pub(crate) fn fitted(name: &str, room: usize) -> Option<String> {
    let call = name.split('(').next().unwrap_or(name);
    let method = call.rsplit('.').next().unwrap_or(call);
    // The name of a span with only the value of its one field, and without fields.
    let valued = name.split_once('=').and_then(|(before, value)| {
        let (bare, _) = before.rsplit_once(' ')?;
        (!value.contains('=')).then(|| format!("{bare} {value}"))
    });
    let bare = name.split_once('=').and_then(|(before, _)| before.rsplit_once(' ')).map_or(name, |(bare, _)| bare);
    [name, valued.as_deref().unwrap_or(bare), bare, call, method]
        .into_iter()
        .find(|name| format::width(name) <= room && !name.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests;
