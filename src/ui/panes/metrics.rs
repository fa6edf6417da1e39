//! The run's figures at the time cursor, each with its course until then.
//!
//! Counts come from the recorder and are exact. What only Tokio knows (how
//! busy its workers are, how long a poll took on the wall) comes from its own
//! samples; on the virtual clock those are figures of the machine and not of
//! the run, and are labelled *wall*.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scenarios::Clock;

use crate::app::model::{Model, Pane, RunView};
use crate::trace::{Bin, Sample};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::{chart, chrome};
use crate::ui::{format, view};

/// Cells of a label and of a value.
const LABEL: usize = 12;
const VALUE: usize = 7;
/// A figure with its chart takes at least so many cells; more make room for another column.
const FIGURE: usize = 26;
/// With more workers than that, each has no row of its own.
const WORKERS: usize = 4;

/// One figure.
struct Figure {
    label: String,
    value: String,
    /// Its course: one value a column.
    course: Vec<Option<f64>>,
    /// What fills the chart; none is the largest value of the course.
    most: Option<f64>,
}

/// Draws the figures.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let look = Look::new(model.options.theme);
    let buf = frame.buffer_mut();
    let inside = chrome::inside(area);
    let focus = model.focus == Pane::Metrics;
    let Some(run) = &model.run else {
        chrome::title(buf, look, area, focus, "Metrics", "");
        Pen::new(buf, look, inside, 0).space(1).put("no run yet", look.dim());
        return;
    };
    chrome::title(buf, look, area, focus, "Metrics", &recorded(run));
    let width = usize::from(inside.width);
    // How many figures there are does not depend on the width of their charts.
    let all = figures(look, run, 0).len();
    let columns = columns(all, usize::from(inside.height), width);
    let cells = width / columns;
    let figures = figures(look, run, cells.saturating_sub(LABEL + VALUE + 3));
    // As high as there is room: to fill the screen for a whole class to see.
    let rows = figures.len().div_ceil(columns).max(1);
    let height = (inside.height / rows as u16).clamp(1, 4);
    let shown = usize::from(inside.height / height).min(rows);
    for (i, figure) in figures.iter().take(shown * columns).enumerate() {
        let (column, row) = (i % columns, (i / columns) as u16);
        let place = Rect { x: inside.x + (column * cells) as u16, y: inside.y + row * height, width: cells as u16, height };
        draw(buf, look, place.intersection(inside), figure);
    }
}

/// How many columns so many figures are set in: few, since long charts tell more, but enough that each chart is high and
/// parted from the next, or at least that all figures are seen.
fn columns(figures: usize, height: usize, width: usize) -> usize {
    let most = (width / FIGURE).clamp(1, 4);
    let rows = |columns: usize| figures.div_ceil(columns).max(1);
    let high = (1..=most).find(|columns| height / rows(*columns) >= 3);
    high.or_else(|| (1..=most).find(|columns| rows(*columns) <= height)).unwrap_or(most)
}

/// What the recorder has taken in, and what it had to leave.
fn recorded(run: &RunView) -> String {
    let trace = &run.trace;
    let late = if trace.late > 0 { format!(", {} late", format::count(trace.late)) } else { String::new() };
    format!("{} events, {} lost{late}", format::count(trace.recorded), format::count(trace.lost))
}

fn draw(buf: &mut Buffer, look: Look, area: Rect, figure: &Figure) {
    let foot = area.height.saturating_sub(1) - u16::from(area.height > 2);
    let mut pen = Pen::new(buf, look, area, foot);
    pen.space(1).left(&figure.label, LABEL, look.dim()).space(1).right(&figure.value, VALUE, look.strong()).space(1);
    let cells = pen.room().min(figure.course.len()) as u16;
    let place = Rect { x: pen.x(), width: cells, height: foot + 1, ..area };
    let most = figure.most.unwrap_or_else(|| figure.course.iter().flatten().copied().fold(0.0, f64::max));
    chart::render(buf, look, place, &figure.course, most, look.chart());
}

fn figures(look: Look, run: &RunView, cells: usize) -> Vec<Figure> {
    let course = Course { run, cells, at_ns: run.cursor.at_ns, end_ns: view::end_ns(run).max(1) };
    let (at, bins) = (run.cursor.at_ns, &run.trace.bins);
    let census = run.trace.census_at(at);
    let count = |n: u32| format::compact(f64::from(n));
    let of = |label: &str, value: String, course: Vec<Option<f64>>| Figure { label: label.into(), value, course, most: None };
    let mut figures = vec![
        of("alive", count(census.alive()), course.bins(|bins| last(bins, |bin| bin.census.alive()))),
        of(
            "polls/s",
            format::compact(bins.polls_per_second_at(at).round()),
            course.bins(|bins| bins.iter().map(|bin| f64::from(bin.polls)).sum()),
        ),
        of("waiting", count(census.waiting), course.bins(|bins| last(bins, |bin| bin.census.waiting))),
        of(
            "ready",
            count(census.ready),
            course.bins(|bins| bins.iter().map(|bin| f64::from(bin.census.ready)).fold(0.0, f64::max)),
        ),
    ];
    for counter in &run.trace.counters {
        let value = counter.at(at).map_or_else(|| "-".into(), format::compact);
        figures.push(of(&counter.name.replace('_', " "), value, course.times(|at| counter.at(at))));
    }
    let (poll, delay) = (bins.mean_poll_ns_at(at), bins.mean_delay_ns_at(at));
    figures.push(of("wake to poll", span(look, delay), course.bins(|bins| ratio(bins.iter().map(|b| (b.delay_ns, b.delays))))));
    if run.spec.clock == Clock::Real {
        figures.push(of("mean poll", span(look, poll), course.bins(|bins| ratio(bins.iter().map(|b| (b.poll_ns, b.polls))))));
    }
    figures.extend(samples(look, run, &course));
    figures
}

/// What Tokio's own samples say.
fn samples(look: Look, run: &RunView, course: &Course<'_>) -> Vec<Figure> {
    let samples = &run.trace.samples;
    let now = run.trace.sample_at(run.cursor.at_ns);
    let wall = if run.spec.clock == Clock::Virtual { ", wall" } else { "" };
    let figure = |label: String, of: &dyn Fn(&Sample) -> Option<f64>, text: &dyn Fn(f64) -> String, most: Option<f64>| Figure {
        label,
        value: now.and_then(of).map_or_else(|| "-".into(), text),
        course: course.times(|ns| run.trace.sample_at(ns).and_then(of)),
        most,
    };
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let queue = format::compact;
    let mut figures = Vec::new();
    if run.spec.clock == Clock::Virtual {
        let text = |ns: f64| format::span(look, ns as u64);
        // Tokio's mean over no polls is 0.
        let mean = |sample: &Sample| (sample.mean_poll_ns > 0).then_some(sample.mean_poll_ns as f64);
        figures.push(figure("poll, wall".into(), &mean, &text, None));
    }
    let workers = samples.iter().map(|sample| sample.busy.len()).next().unwrap_or(0);
    if workers > WORKERS {
        let of = |sample: &Sample| Some(sample.busy.iter().sum::<f64>() / workers as f64);
        figures.push(figure(format!("busy, of {workers}"), &of, &percent, Some(1.0)));
    }
    for worker in 0..workers.min(if workers > WORKERS { 0 } else { WORKERS }) {
        let label = if workers == 1 { format!("busy{wall}") } else { format!("busy {worker}{wall}") };
        figures.push(figure(label, &|sample| sample.busy.get(worker).copied(), &percent, Some(1.0)));
    }
    figures.push(figure("global queue".into(), &|sample| Some(sample.global_queue as f64), &queue, None));
    figures.push(figure("local queues".into(), &|sample| Some(sample.local_queue as f64), &queue, None));
    if run.spec.workers > 0 {
        figures.push(figure("steals".into(), &|sample| Some(sample.steals as f64), &queue, None));
    }
    figures
}

/// How a figure went from the start until the cursor. The columns stand for the whole run, so that they keep their place
/// while the cursor moves; those behind it are empty.
struct Course<'a> {
    run: &'a RunView,
    cells: usize,
    at_ns: u64,
    end_ns: u64,
}

impl Course<'_> {
    /// The time at the end of a column.
    fn time(&self, column: usize) -> u64 {
        (u128::from(self.end_ns) * (column as u128 + 1) / self.cells.max(1) as u128) as u64
    }

    /// The columns up to the cursor.
    fn columns(&self) -> usize {
        (u128::from(self.at_ns) * self.cells as u128).div_ceil(u128::from(self.end_ns)).max(1).min(self.cells as u128) as usize
    }

    /// A value at the end of each column, or at the cursor.
    fn times(&self, value: impl Fn(u64) -> Option<f64>) -> Vec<Option<f64>> {
        let mut values = vec![None; self.cells];
        for (column, slot) in values.iter_mut().enumerate().take(self.columns()) {
            *slot = value(self.time(column).min(self.at_ns));
        }
        values
    }

    /// A value from the counts of each column.
    fn bins(&self, value: impl Fn(&[Bin]) -> f64) -> Vec<Option<f64>> {
        let bins = &self.run.trace.bins;
        let place = |ns: u64| ((ns / bins.width_ns.max(1)) as usize).min(bins.bins.len());
        let mut from = 0;
        let mut values = vec![None; self.cells];
        for (column, slot) in values.iter_mut().enumerate().take(self.columns()) {
            let to = place(self.time(column).min(self.at_ns)).saturating_add(1).min(bins.bins.len());
            // Columns finer than the counts show the same count twice.
            let stretch = &bins.bins[from.min(to.saturating_sub(1))..to];
            *slot = (!stretch.is_empty()).then(|| value(stretch));
            from = to;
        }
        values
    }
}

fn last(bins: &[Bin], of: impl Fn(&Bin) -> u32) -> f64 {
    bins.last().map_or(0.0, |bin| f64::from(of(bin)))
}

/// A sum of time over a sum of counts.
fn ratio(parts: impl Iterator<Item = (u64, u32)>) -> f64 {
    let (ns, count) = parts.fold((0, 0), |(ns, count), part| (ns + part.0, count + u64::from(part.1)));
    if count == 0 { 0.0 } else { ns as f64 / count as f64 }
}

/// A length of time, if there is one.
fn span(look: Look, ns: Option<u64>) -> String {
    ns.map_or_else(|| "-".into(), |ns| format::span(look, ns))
}
