//! The run's figures at the time cursor, each with its course so far.
//!
//! Counts come from the recorder and are exact. What only Tokio knows (how busy its workers are, how long a poll took
//! in wall time) comes from Tokio's own samples; on the virtual clock these describe the machine and not the run, and
//! are labelled *wall*.
//!
//! When the pane has the focus, one figure is selected, and the foot explains it and what a bad value means: a chart
//! that nobody can read is decoration. If there is room, histograms of poll times and delays are below.

mod course;
mod figures;
mod spread;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scenario::Clock;

use self::figures::{Figure, figures};
use self::spread::Told;
use super::grouping;
use crate::app::model::{Areas, Model, Pane, RunView};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::{chart, chrome};
use crate::ui::{format, view};

/// Cells of a label, of a label with more room, and of a value.
const LABEL: usize = 12;
const LONG_LABEL: usize = 16;
const ROOM_FOR_LABEL: usize = 44;
const VALUE: usize = 7;
/// The fewest cells of a figure with its chart; further cells make room for another column.
const FIGURE: usize = 26;
/// From this many rows on there are histograms, and their rows.
const ROOMY: u16 = 24;
const HISTOGRAM: u16 = 8;
/// The most rows of a chart; more on a screen for a class.
const HIGHEST: u16 = 4;
/// Narrower titles leave out the cost of the recorder.
const NARROW: u16 = 57;

/// The fewest rows that can show what tasks do as a pile.
const STACK: u16 = 3;

/// Draws the figures.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect, areas: &mut Areas) {
    let look = Look::new(model.options.theme);
    let buf = frame.buffer_mut();
    let inside = chrome::inside(area);
    let focus = model.focus == Pane::Metrics;
    let Some(run) = &model.run else {
        chrome::title(buf, look, area, focus, "Metrics", "");
        Pen::new(buf, look, inside, 0).space(1).put(model.nothing_yet(), look.dim());
        return;
    };
    let all = recorded(run, area.width);
    // In full screen, the title shows the time that the charts cover.
    let [from, to] = [run.trace.since_ns, view::end_ns(run)].map(|ns| format::span(look, ns));
    let over = format!("from {} to {to} {} {all}", if run.trace.since_ns == 0 { "0" } else { &from }, look.glyphs.between);
    let over = model.full.filter(|pane| *pane == Pane::Metrics).map_or(&all, |_| &over);
    let title = if model.is_sampled() { "Metrics, sampled" } else { "Metrics" };
    chrome::title(buf, look, area, focus, title, over);
    let roomy = inside.height >= ROOMY;
    // The number of figures does not depend on the width of their charts.
    let all = figures(look, run, 0, roomy);
    areas.figures = all.len();
    let picked = model.metrics.row.min(all.len().saturating_sub(1));
    let inside = if focus { help(buf, look, inside, all.get(picked).map_or("", |figure| figure.help)) } else { inside };
    let inside = if roomy { spreads(buf, look, run, inside) } else { inside };
    let (count, width) = (all.len(), usize::from(inside.width));
    let columns = columns(count, usize::from(inside.height), width);
    let cells = width / columns;
    let label = if cells >= ROOM_FOR_LABEL { LONG_LABEL } else { LABEL };
    let figures = figures(look, run, cells.saturating_sub(label + VALUE + 3), roomy);
    // As high as there is room, so that a whole class can see it.
    let rows = figures.len().div_ceil(columns).max(1);
    let height = (inside.height / rows as u16).clamp(1, HIGHEST);
    let shown = usize::from(inside.height / height).min(rows);
    // Keeps the selected figure visible.
    let top = (picked / columns + 1).saturating_sub(shown) * usize::from(focus);
    let in_sight = figures.iter().enumerate().skip(top * columns).take(shown * columns);
    for (place, (ix, figure)) in in_sight.enumerate() {
        let (column, row) = (place % columns, (place / columns) as u16);
        let place = Rect { x: inside.x + (column * cells) as u16, y: inside.y + row * height, width: cells as u16, height };
        draw(buf, look, place.intersection(inside), figure, label, focus && ix == picked);
    }
}

/// Draws the explanation of the selected figure at the foot; returns the remaining area.
fn help(buf: &mut Buffer, look: Look, inside: Rect, text: &str) -> Rect {
    let lines = format::wrap(text, usize::from(inside.width.saturating_sub(2)));
    // The figures keep the larger part.
    let rows = (lines.len() as u16).min(inside.height / 3);
    let foot = Rect { y: inside.bottom() - rows, height: rows, ..inside };
    let cut = lines.len() > usize::from(rows);
    for (row, line) in (0..rows).zip(lines) {
        let more = if cut && row + 1 == rows { look.glyphs.more } else { "" };
        Pen::new(buf, look, foot, row).space(1).put(&line, look.dim()).put(more, look.dim());
    }
    Rect { height: inside.height - rows, ..inside }
}

/// Draws the histograms side by side below the figures; returns the remaining area.
fn spreads(buf: &mut Buffer, look: Look, run: &RunView, inside: Rect) -> Rect {
    let at_ns = run.cursor.at_ns;
    let none = if run.trace.knows_ready() { spread::NONE_YET } else { "not recorded" };
    let delays = Told { label: "wake to poll", spread: &run.trace.delays, at_ns, none };
    let polls = Told { label: "poll time", spread: &run.trace.poll_times, at_ns, none: spread::NONE_YET };
    // On the virtual clock a poll takes no time, except for work that is simulated by advancing the clock.
    let label = if run.spec.clock == Clock::Virtual { "poll time, virtual" } else { polls.label };
    let foot = Rect { y: inside.bottom() - HISTOGRAM, height: HISTOGRAM, ..inside };
    let half = foot.width / 2;
    spread::render(buf, look, Rect { width: half, ..foot }, &Told { label, ..polls });
    spread::render(buf, look, Rect { x: foot.x + half, width: foot.width - half, ..foot }, &delays);
    // An empty row separates them from the figures.
    Rect { height: inside.height - HISTOGRAM - 1, ..inside }
}

/// The number of columns: few, since long charts show more, but enough that each chart is high and separated from the
/// next, or at least that all figures are visible.
fn columns(figures: usize, height: usize, width: usize) -> usize {
    let most = (width / FIGURE).clamp(1, 4);
    let rows = |columns: usize| figures.div_ceil(columns).max(1);
    let high = (1..=most).find(|columns| height / rows(*columns) >= 3);
    high.or_else(|| (1..=most).find(|columns| rows(*columns) <= height)).unwrap_or(most)
}

/// How many events were recorded and lost, and the cost of a poll.
fn recorded(run: &RunView, width: u16) -> String {
    let trace = &run.trace;
    let late = if trace.late > 0 { format!(", {} late", format::count(trace.late)) } else { String::new() };
    // A narrow title has the names of hidden panes instead.
    let cost = run.cost_ns.filter(|_| width >= NARROW).map_or(String::new(), |cost| format!(", {cost:.0} ns/poll"));
    format!("{} events, {} lost{late}{cost}", format::count(trace.recorded), format::count(trace.lost))
}

/// Draws a figure, with its name in `label` cells.
fn draw(buf: &mut Buffer, look: Look, area: Rect, figure: &Figure, label: usize, picked: bool) {
    let foot = area.height.saturating_sub(1) - u16::from(area.height > 2);
    let piled = foot + 1 >= STACK && !figure.stack.is_empty();
    let most = figure.most(piled);
    // Above the value: the value at the chart's full height.
    if let Some(text) = figure.scale.filter(|_| foot > 0 && most > 0.0) {
        let text = format!("scale {}", text(look, most));
        Pen::new(buf, look, area, foot - 1).space(1).right(&text, label + 1 + VALUE, look.dim());
    }
    let mut pen = Pen::new(buf, look, area, foot);
    let (pointer, style) = if picked { (look.glyphs.pointer, look.strong()) } else { ("", look.dim()) };
    pen.left(pointer, 1, look.strong()).left(&figure.label, label, style);
    if figure.missing {
        pen.space(1).put("not recorded", look.dim());
        return;
    }
    pen.space(1).right(&figure.value, VALUE, look.strong()).space(1);
    let cells = pen.room().min(figure.course.len()) as u16;
    let place = Rect { x: pen.x(), width: cells, height: foot + 1, ..area };
    if piled {
        grouping::pile(buf, look, place, &figure.stack, most as u32);
    } else {
        chart::render(buf, look, place, &figure.course, most, look.chart());
    }
}
