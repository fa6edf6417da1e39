//! What is not a state of a task: the run itself, its log, its moments, preemptions and quantities.

use facts::event::Level;
use trace::{Happening, Sample, Trace};

use super::file::{File, Id, Lane, Part, When};
use super::polls::Polls;
use super::proto::{CounterDescriptor, TrackDescriptor};
use super::{COUNTERS, METRICS, row};

/// Adds the log: each line on the track of its task, or of the run.
pub(super) fn log(file: &mut File, trace: &Trace, polls: &Polls<'_>) {
    for (number, line) in (0..).zip(&trace.log) {
        let mut what = file.what("log", &line.message);
        what.notes.push(file.text("level", level(line.level)));
        let (of, poll) = match line.task {
            Some(task) => (Id::Task(task), polls.of(Happening::Log(number), task, line.at_ns, 0)),
            None => (Id::Run, 0),
        };
        file.instant(of.uuid(), When::new(line.at_ns, poll, Part::Within), what);
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    }
}

/// Adds the decisive moments and the deadlocks, on the track of the run.
pub(super) fn moments(file: &mut File, trace: &Trace) {
    for moment in &trace.moments {
        let what = file.what("moment", &moment.word);
        file.instant(Id::Run.uuid(), When::time(moment.at_ns), what);
    }
    for (at_ns, tasks) in &trace.deadlocks {
        let mut what = file.what("deadlock", "deadlock");
        let named: Vec<_> = tasks.iter().filter_map(|task| trace.tasks.get(*task as usize)).collect();
        let named = named.into_iter().map(|task| file.text("", &task.name)).collect();
        what.notes.push(file.list("tasks", named));
        file.instant(Id::Run.uuid(), When::new(*at_ns, u64::MAX, Part::End), what);
    }
}

/// Adds the polls that the schedule cut, on the tracks of their tasks.
pub(super) fn preemptions(file: &mut File, trace: &Trace, polls: &Polls<'_>) {
    if trace.preemptions().is_empty() {
        return;
    }
    let numbers = polls.of_tasks();
    for cut in trace.preemptions() {
        let mut what = file.what("preempted", "preempted");
        what.notes.push(file.number("operations", cut.operations.into()));
        let place = trace.site(cut.site).place.as_ref();
        what.notes.extend(place.map(|place| file.text("place", &place.to_string())));
        let poll = (cut.poll as usize).checked_sub(1).and_then(|place| numbers.get(place)).copied().unwrap_or(0);
        file.instant(Id::Task(cut.task).uuid(), When::new(cut.at_ns, poll, Part::Within), what);
    }
}

/// Adds the quantities of the program: numbers as counters, words as slices.
pub(super) fn counters(file: &mut File, trace: &Trace) {
    for (rank, counter) in trace.counters.iter().enumerate() {
        let id = Id::Counter(rank as u32);
        let described = Some(CounterDescriptor::default());
        file.track(TrackDescriptor { counter: described, ..row(id, COUNTERS, counter.name, rank) });
        file.counter(id.uuid(), counter.points.iter().copied());
    }
    for (rank, words) in trace.words.iter().enumerate() {
        let id = Id::Words(rank as u32);
        file.track(row(id, COUNTERS, words.name, trace.counters.len() + rank));
        let mut lane = Lane::new(id.uuid());
        for (place, (from_ns, word)) in words.points.iter().enumerate() {
            let what = file.what("state", word);
            let until = words.points.get(place + 1).map(|(next_ns, _)| When::time(*next_ns));
            lane.slice(file, When::time(*from_ns), until, what);
        }
    }
}

/// Adds Tokio's own metrics.
pub(super) fn metrics(file: &mut File, trace: &Trace) {
    let workers = trace.samples.iter().map(|sample| sample.busy.len()).max().unwrap_or(0);
    let mut metric = |number: usize, name: &str, unit: &str, of: &dyn Fn(&Sample) -> Option<f64>| {
        let points: Vec<(u64, f64)> = trace.samples.iter().filter_map(|sample| Some((sample.at_ns, of(sample)?))).collect();
        if points.is_empty() {
            return;
        }
        let id = Id::Metric(number as u32);
        let counter = Some(CounterDescriptor { unit_name: Some(unit.to_owned()) });
        file.track(TrackDescriptor { counter, ..row(id, METRICS, name, number) });
        file.counter(id.uuid(), points);
    };
    metric(0, "mean poll", "ns", &|sample| Some(sample.mean_poll_ns as f64));
    metric(1, "polls", "polls", &|sample| Some(sample.polls as f64));
    metric(2, "global queue", "tasks", &|sample| Some(sample.global_queue as f64));
    metric(3, "local queues", "tasks", &|sample| Some(sample.local_queue as f64));
    metric(4, "steals", "tasks", &|sample| Some(sample.steals as f64));
    metric(5, "blocking threads", "threads", &|sample| Some(sample.blocking_threads as f64));
    metric(6, "budget yields", "yields", &|sample| Some(sample.budget_yields as f64));
    for worker in 0..workers {
        metric(7 + worker, &format!("worker {worker} busy"), "share", &|sample| sample.busy.get(worker).copied());
    }
}
