//! The figures: their values at the cursor, and what a bad value means.

use scenario::Clock;

use super::course::Course;
use crate::app::model::RunView;
use crate::ui::format;
use crate::ui::theme::Look;
use trace::{Bin, Sample, Stretch};

/// With more workers, they have no rows of their own.
const WORKERS: usize = 4;

/// One figure.
pub(super) struct Figure {
    pub(super) label: String,
    pub(super) value: String,
    /// Its course: one value per column.
    pub(super) course: Vec<Option<f64>>,
    /// The value at full height; `None` is the largest value of the course.
    pub(super) most: Option<f64>,
    /// What the tasks do, instead of the course if the chart is high enough: one stretch per column.
    pub(super) stack: Vec<Stretch>,
    /// Formats a value of the course; `None` if the course is another quantity than the value.
    pub(super) scale: Option<Tell>,
    /// Whether it needs what was not recorded; it then has neither value nor course.
    pub(super) missing: bool,
    /// What the figure is, and what a bad value means.
    pub(super) help: &'static str,
}

/// Formats a value.
type Tell = fn(Look, f64) -> String;

fn compact(_: Look, value: f64) -> String {
    format::compact(value)
}

fn percent(_: Look, share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn time(look: Look, ns: f64) -> String {
    format::span(look, ns as u64)
}

impl Figure {
    fn new(label: impl Into<String>, value: String, course: Vec<Option<f64>>, help: &'static str) -> Self {
        Self { label: label.into(), value, course, most: None, stack: Vec::new(), scale: Some(compact), missing: false, help }
    }

    /// The figure, or that it was not recorded.
    fn needs_wakes(self, run: &RunView) -> Self {
        if run.trace.knows_ready() {
            return self;
        }
        let help = "Not recorded: it needs wakes, which --detail polls leaves out.";
        Self { missing: true, help, ..Self::new(self.label, String::new(), Vec::new(), "") }
    }

    /// The value at the full height of its chart or pile.
    pub(super) fn most(&self, piled: bool) -> f64 {
        if piled {
            return self.stack.iter().map(Stretch::alive).fold(1.0, f64::max).ceil();
        }
        self.most.unwrap_or_else(|| self.course.iter().flatten().copied().fold(0.0, f64::max))
    }
}

/// All figures of a run, with courses of `cells` cells; if not `all`, only the most important.
pub(super) fn figures(look: Look, run: &RunView, cells: usize, all: bool) -> Vec<Figure> {
    let course = Course::new(run, cells);
    let mut figures = tasks(run, &course);
    for counter in &run.trace.counters {
        let value = counter.at(run.cursor.at_ns).map_or_else(|| "-".into(), format::compact);
        let help = "A counter that the scenario sets with counter.NAME. A queue that only grows needs a bound.";
        figures.push(Figure::new(counter.name.replace('_', " "), value, course.times(|at| counter.at(at)), help));
    }
    figures.extend(times(look, run, &course));
    figures.extend(samples(look, run, &course, all));
    figures
}

fn tasks(run: &RunView, course: &Course<'_>) -> Vec<Figure> {
    let (at, bins) = (run.cursor.at_ns, &run.trace.bins);
    let census = run.trace.census_at(at);
    // A task whose timer is late could run, so it also counts as ready.
    let late = run.trace.all_overdue_at(at).min(census.waiting);
    let late_then = course.times(|at| Some(f64::from(run.trace.overdue_at(at))));
    let with_late = |counts: Vec<Option<f64>>, with: fn(f64, f64) -> f64| -> Vec<Option<f64>> {
        counts.into_iter().zip(&late_then).map(|(count, late)| Some(with(count?, (*late)?))).collect()
    };
    let count = |n: u32| format::compact(f64::from(n));
    let alive = Figure::new(
        "alive",
        count(census.alive()),
        course.bins(|bins| last(bins, |bin| bin.census().alive())),
        "Tasks that are alive, by state. If the number keeps growing, limit how many are spawned.",
    );
    let polls = Figure::new(
        "polls/s",
        format::compact(bins.polls_per_second_at(at).round()),
        course.bins(|bins| bins.iter().map(|bin| f64::from(bin.polls)).sum()),
        "Polls in the last second. Many without progress: spurious wakes, or a loop that yields instead of waiting.",
    );
    vec![
        Figure { stack: course.stretches(), ..alive },
        Figure { scale: None, ..polls },
        Figure::new(
            "waiting",
            count(census.waiting - late),
            with_late(course.bins(|bins| last(bins, |bin| bin.census().waiting)), |waiting, late| (waiting - late).max(0.0)),
            "Waiting tasks. If all wait for one lock or permit, it is the bottleneck.",
        )
        .needs_wakes(run),
        Figure::new(
            "ready",
            count(census.ready + late),
            with_late(course.bins(|bins| bins.iter().map(|bin| f64::from(bin.census().ready)).fold(0.0, f64::max)), |a, b| a + b),
            "Woken tasks not polled yet. If always many: too few workers, or polls take too long.",
        )
        .needs_wakes(run),
    ]
}

fn times(look: Look, run: &RunView, course: &Course<'_>) -> Vec<Figure> {
    let (at, bins) = (run.cursor.at_ns, &run.trace.bins);
    let delay = Figure::new(
        "wake to poll",
        span(look, bins.mean_delay_ns_at(at)),
        course.bins(|bins| ratio(bins.iter().map(|b| (b.delay_ns, b.delays)))),
        "Mean time from a wake to the next poll. If it grows, workers are busy: look for long polls.",
    );
    let poll = || {
        Figure::new(
            "mean poll",
            span(look, bins.mean_poll_ns_at(at)),
            course.bins(|bins| ratio(bins.iter().map(|b| (b.poll_ns, b.polls)))),
            "Mean poll time. Above about 100 µs other tasks are kept waiting: yield, or use spawn_blocking.",
        )
    };
    let delay = Figure { scale: Some(time), ..delay }.needs_wakes(run);
    if run.spec.clock == Clock::Real { vec![delay, Figure { scale: Some(time), ..poll() }] } else { vec![delay] }
}

/// The figures from Tokio's own samples.
fn samples(look: Look, run: &RunView, course: &Course<'_>, all: bool) -> Vec<Figure> {
    let samples = &run.trace.samples;
    let now = run.trace.sample_at(run.cursor.at_ns);
    let wall = if run.spec.clock == Clock::Virtual { ", wall" } else { "" };
    let figure = |label: String, of: &dyn Fn(&Sample) -> Option<f64>, text: Tell, help: &'static str| {
        let value = now.and_then(of).map_or_else(|| "-".into(), |value| text(look, value));
        let course = course.times(|ns| run.trace.sample_at(ns).and_then(of));
        Figure { scale: Some(text), ..Figure::new(label, value, course, help) }
    };
    let mut figures = Vec::new();
    // How busy the simulation keeps the machine says nothing about the run: only the full screen has it.
    let simulated = run.spec.clock == Clock::Virtual;
    if simulated && all {
        // Tokio reports a mean of 0 if there were no polls.
        let mean = |sample: &Sample| (sample.mean_poll_ns > 0).then_some(sample.mean_poll_ns as f64);
        let help = "Mean poll time in wall time, from Tokio: of the simulation, not of the run.";
        figures.push(figure("poll, wall".into(), &mean, time, help));
    }
    let busy = "Share of time a worker was busy. Near 100 % it is a bottleneck; if only one is busy, work does not spread.";
    let full = |figure: Figure| Figure { most: Some(1.0), ..figure };
    let workers = samples.iter().map(|sample| sample.busy.len()).next().unwrap_or(0);
    if workers > WORKERS {
        let of = |sample: &Sample| Some(sample.busy.iter().sum::<f64>() / workers as f64);
        figures.push(full(figure(format!("busy, of {workers}"), &of, percent, busy)));
    }
    let single = if workers > WORKERS || (simulated && !all) { 0 } else { workers };
    for worker in 0..single {
        let label = if workers == 1 { format!("busy{wall}") } else { format!("worker {worker}{wall}") };
        figures.push(full(figure(label, &|sample| sample.busy.get(worker).copied(), percent, busy)));
    }
    let queue = "Ready tasks in the queue shared by all workers. If it stays long, work arrives faster than it is done.";
    figures.push(figure("global queue".into(), &|sample| Some(sample.global_queue as f64), compact, queue));
    let queue = "Ready tasks in the workers' own queues. If long, tasks wait for a worker: see wake to poll.";
    figures.push(figure("local queues".into(), &|sample| Some(sample.local_queue as f64), compact, queue));
    if run.spec.workers > 0 {
        let help = "Tasks stolen between workers since the last sample. Many: short tasks, or uneven load.";
        figures.push(figure("steals".into(), &|sample| Some(sample.steals as f64), compact, help));
    }
    if all {
        let help = "Times since the last sample that a task used up its budget of 128 and had to yield.";
        figures.push(figure("budget yields".into(), &|sample| Some(sample.budget_yields as f64), compact, help));
        let help = "Threads of the blocking pool, busy or idle. If it keeps growing, blocking work comes too fast (limit 512).";
        figures.push(figure("blocking threads".into(), &|sample| Some(sample.blocking_threads as f64), compact, help));
    }
    figures
}

fn last(bins: &[Bin], of: impl Fn(&Bin) -> u32) -> f64 {
    bins.last().map_or(0.0, |bin| f64::from(of(bin)))
}

/// A sum of times divided by a sum of counts.
fn ratio(parts: impl Iterator<Item = (u64, u32)>) -> f64 {
    let (ns, count) = parts.fold((0, 0), |(ns, count), part| (ns + part.0, count + u64::from(part.1)));
    if count == 0 { 0.0 } else { ns as f64 / count as f64 }
}

/// A duration, if there is one.
fn span(look: Look, ns: Option<u64>) -> String {
    ns.map_or_else(|| "-".into(), |ns| format::span(look, ns))
}
