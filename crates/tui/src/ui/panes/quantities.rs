//! Quantities below the lanes: the scenario's counters, its state, and the lengths of wait queues.
//!
//! A cell shows the largest value within it, or the last one if it has very many values. The number is written where
//! a value begins and then stays for some cells, so that a bar needs no scale. Before the first value nothing is
//! known, and the row says so.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Model, RunView};
use crate::text;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use crate::ui::widgets::{chart, timeline as marks};
use trace::{Counter, ResourceIx, Words};

/// The most quantities that are drawn.
const MOST: usize = 4;
/// From this inner height of the pane on, the lanes give up rows for them.
const ROOM: u16 = 18;
/// A cell with more values than this shows only the last one.
const EXACT: usize = 64;
/// How many tasks stand in line.
const IN_LINE: &str = "queued";
/// The cells of a label that are kept for its value.
const VALUE: usize = 3;
/// A value that stays for this many cells after its number is written out.
const STAYS: usize = 1;

/// The content of a row.
#[derive(Clone, Copy)]
enum Quantity<'a> {
    /// A state of the scenario, in words.
    Words(&'a Words),
    /// A counter of the scenario.
    Counter(&'a Counter),
    /// The length of the queue of the lock or semaphore that tasks waited for longest.
    Line(ResourceIx),
}

/// The quantities of a run, the most informative first.
fn quantities(run: &RunView) -> Vec<Quantity<'_>> {
    let trace = &run.trace;
    let words = trace.words.iter().map(Quantity::Words);
    let counters = trace.counters.iter().map(Quantity::Counter);
    words.chain(counters.take(MOST - 1)).chain(trace.longest_queue().map(Quantity::Line)).take(MOST).collect()
}

/// How many inner rows of the pane they use.
pub(super) fn rows(model: &Model, run: &RunView, inside: Rect) -> u16 {
    let all = quantities(run).len() as u16;
    let free = inside.height.saturating_sub(u16::try_from(run.trace.tasks.len()).unwrap_or(u16::MAX).saturating_add(4));
    let wanted = model.timeline.lanes.counters.unwrap_or(inside.height >= ROOM || free >= all);
    // The lanes keep the larger part.
    let room = inside.height.saturating_sub(4) / 2;
    if wanted { all.min(room) } else { 0 }
}

/// The cells that the labels of the first `rows` need.
pub(super) fn widest(run: &RunView, rows: usize) -> usize {
    let name = |quantity: Quantity<'_>| match quantity {
        Quantity::Words(words) => words.name,
        Quantity::Counter(counter) => counter.name,
        Quantity::Line(_) => IN_LINE,
    };
    quantities(run).into_iter().take(rows).map(|quantity| format::width(name(quantity)) + VALUE).max().unwrap_or(0)
}

/// Draws them, one per row, below the lanes.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, area: Rect, lanes: Rect) {
    let axis = Axis { left_ns: model.timeline.left_ns, cell_ns: model.timeline.cell_ns, cursor_ns: run.cursor.at_ns };
    for (row, quantity) in (0..area.height).zip(quantities(run)) {
        let names = Rect { width: lanes.x.saturating_sub(area.x + 1), ..area };
        let place = Rect { x: lanes.x, y: area.y + row, width: lanes.width, height: 1 };
        match quantity {
            Quantity::Words(words) => ribbon(buf, look, words, &axis, (names, row), place),
            Quantity::Counter(counter) => {
                let columns = columns(counter, &axis, usize::from(lanes.width));
                let most = most(counter, &columns);
                let name = counter.name.replace('_', " ");
                let now = counter.at(run.cursor.at_ns);
                // A complete name is more important than every digit of the value.
                let told = |tell: fn(f64) -> String| now.map(tell).unwrap_or_default();
                let exact = told(format::compact);
                let fits = format::width(&name) + format::width(&exact) + 2 <= usize::from(names.width);
                label(buf, look, names, row, &name, &if fits { exact } else { told(format::rounded) });
                bar(buf, look, place, &columns, most);
            }
            Quantity::Line(ix) => {
                let resource = &run.trace.resources[ix as usize];
                let stages = resource.stages(axis.left_ns, axis.cell_ns, usize::from(lanes.width), axis.cursor_ns);
                let columns: Vec<_> = stages.iter().map(|stage| Some(f64::from(stage.waiting))).collect();
                let (now, most) = (resource.at_with(run.cursor.at_ns, 0).waiting, f64::from(resource.most().1));
                label(buf, look, names, row, IN_LINE, &format::compact(now.into()));
                bar(buf, look, place, &columns, most);
            }
        }
        if !has_begun(run, quantity) {
            Pen::new(buf, look, place, 0).put("none yet", look.dim());
        }
        marks::cursor_line(buf, look, place, &axis);
    }
}

/// Whether a quantity has a value by the cursor.
fn has_begun(run: &RunView, quantity: Quantity<'_>) -> bool {
    let at_ns = run.cursor.at_ns;
    match quantity {
        Quantity::Words(words) => words.points.first().is_some_and(|(first_ns, _)| *first_ns <= at_ns),
        Quantity::Counter(counter) => counter.at(at_ns).is_some(),
        Quantity::Line(_) => true,
    }
}

/// Draws the name, and the value at the cursor.
fn label(buf: &mut Buffer, look: Look, names: Rect, row: u16, name: &str, value: &str) {
    let room = usize::from(names.width).saturating_sub(format::width(value) + 2);
    let mut pen = Pen::new(buf, look, names, row);
    pen.space(1).left(&whole_words(look, name, room), room, look.dim()).space(1);
    pen.put(value, look.strong());
}

/// As many words of a name as fit, with a mark if some are missing; a single word is cut.
fn whole_words(look: Look, name: &str, room: usize) -> Cow<'_, str> {
    if format::width(name) <= room {
        return name.into();
    }
    let ends = name.rmatch_indices(' ').map(|(at, _)| format!("{}{}", &name[..at], look.glyphs.more));
    ends.into_iter().find(|cut| format::width(cut) <= room).map_or_else(|| format::fit_name(look, name, room), Cow::Owned)
}

/// Draws values as a bar, with the number of each value that stays.
fn bar(buf: &mut Buffer, look: Look, place: Rect, columns: &[Option<f64>], most: f64) {
    // Zero has no bar.
    let bars: Vec<_> = columns.iter().map(|value| value.filter(|value| *value > 0.0)).collect();
    chart::render(buf, look, place, &bars, most, look.chart());
    let mut at = 0;
    while at < columns.len() {
        let run = columns[at..].iter().take_while(|value| **value == columns[at]).count();
        if let Some(value) = columns[at] {
            let number = format::compact(value);
            let cells = format::width(&number);
            if run >= cells + STAYS && at + cells <= usize::from(place.width) {
                Pen::new(buf, look, Rect { x: place.x + at as u16, width: place.width - at as u16, ..place }, 0)
                    .put(&number, look.strong());
            }
        }
        at += run;
    }
}

/// Draws a state in words: each word where it begins, and a line while it applies.
fn ribbon(buf: &mut Buffer, look: Look, words: &Words, axis: &Axis, (names, row): (Rect, u16), place: Rect) {
    let after = words.points.partition_point(|(at, _)| *at <= axis.cursor_ns);
    let now = after.checked_sub(1).map(|last| text::name(&words.points[last].1).into_owned()).unwrap_or_default();
    label(buf, look, names, row, &words.name.replace('_', " "), &now);
    let cell = |ns: u64| axis.cell(ns.max(axis.left_ns)).unwrap_or(0).min(place.width.into()) as u16;
    for (i, (from_ns, word)) in words.points[..after].iter().enumerate() {
        let to_ns = words.points[..after].get(i + 1).map_or(axis.cursor_ns.saturating_add(axis.cell_ns), |(next, _)| *next);
        if to_ns < axis.left_ns {
            continue;
        }
        let (from, to) = (cell(*from_ns), cell(to_ns).max(cell(*from_ns) + 1).min(place.width));
        let bar = Rect { x: place.x + from, width: to.saturating_sub(from), ..place };
        let mut pen = Pen::new(buf, look, bar, 0);
        let word = text::name(word);
        let cells = format::width(&word);
        if cells != usize::from(bar.width) {
            pen.put(look.glyphs.tick, look.chart());
        }
        // A word is not cut: the row's label shows the last one, too.
        pen.put(if cells <= pen.room() { &word } else { "" }, look.strong());
        let rest = look.glyphs.ribbon.repeat(pen.room());
        pen.put(&rest, look.dim());
    }
}

/// The value of each cell up to the cursor.
fn columns(counter: &Counter, axis: &Axis, cells: usize) -> Vec<Option<f64>> {
    let points = &counter.points;
    let mut begun = points.partition_point(|(at, _)| *at < axis.left_ns);
    let mut columns = Vec::with_capacity(cells);
    let mut from_ns = axis.left_ns;
    while columns.len() < cells && from_ns <= axis.cursor_ns {
        let next_ns = from_ns.saturating_add(axis.cell_ns.max(1));
        let last_ns = (next_ns - 1).min(axis.cursor_ns);
        let first = begun;
        begun += points[begun..].partition_point(|(at, _)| *at <= last_ns);
        // The value at the start of the cell counts, unless it ends at once.
        let since = first.saturating_sub(usize::from(points.get(first).is_none_or(|(at, _)| *at > from_ns)));
        let within = if begun - since > EXACT { &points[begun - 1..begun] } else { &points[since..begun] };
        columns.push(within.iter().map(|(_, value)| *value).reduce(f64::max));
        from_ns = next_ns;
    }
    columns
}

/// The value at full height: the largest value in sight.
fn most(counter: &Counter, columns: &[Option<f64>]) -> f64 {
    let known = columns.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    if known.is_finite() { known } else { counter.points.first().map_or(0.0, |(_, value)| *value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(points: &[(u64, f64)], left_ns: u64, cursor_ns: u64) -> Vec<Option<f64>> {
        let counter = Counter { name: "depth", points: points.to_vec(), task: None };
        columns(&counter, &Axis { left_ns, cell_ns: 10, cursor_ns }, 5)
    }

    #[test]
    fn a_cell_has_the_largest_value_in_force_in_it() {
        let points = [(12, 3.0), (15, 9.0), (18, 2.0), (40, 1.0)];
        assert_eq!(told(&points, 0, 100), [None, Some(9.0), Some(2.0), Some(2.0), Some(1.0)]);
        assert_eq!(told(&points, 16, 100), [Some(9.0), Some(2.0), Some(2.0), Some(1.0), Some(1.0)]);
    }

    #[test]
    fn a_name_is_cut_between_words() {
        let look = Look::sample();
        assert_eq!(whole_words(look, "calls to the service", 20), "calls to the service");
        assert_eq!(whole_words(look, "calls to the service", 12), "calls to…");
        assert_eq!(whole_words(look, "writers waiting", 11), "writers…");
        assert_eq!(whole_words(look, "connections", 6), "conne…");
    }

    #[test]
    fn nothing_after_the_cursor_is_told() {
        let points = [(12, 3.0), (15, 9.0), (18, 2.0), (40, 1.0)];
        assert_eq!(told(&points, 0, 14), [None, Some(3.0)]);
        assert_eq!(told(&points, 0, 5), [None]);
    }
}
