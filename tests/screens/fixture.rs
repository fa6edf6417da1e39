//! A catalogue and a run that are made by arithmetic, so that a screen is the same on every machine.

use std::time::Duration;

use async_playground::app::model::{
    Areas, CodeTab, CodeView, Cursor, Form, List, LogView, Model, Options, Pane, RunView, Theme, Timeline,
};
use async_playground::app::text::TextField;
use async_playground::engine::{Ending, Phase, Report};
use async_playground::record::event::Level;
use async_playground::trace::{
    Bin, Counter, End, Ended, LogLine, Mark, Sample, Segment, SpanLabel, State, Task, TaskIx, Trace, Wake, Waker,
};
use scenarios::{Clock, Group, Outcome, Param, Scenario, scenario};

use crate::sample;

pub(crate) const MS: u64 = 1_000_000;
const REQUESTS: u64 = 20;
const PERMITS: u64 = 3;
const LATENCY: u64 = 500 * MS;

const PARAMS: &[Param] = &[
    Param::count("requests", 20, (1, 1_000_000), "requests", "How many requests arrive at once."),
    Param::count("permits", 3, (1, 1_000), "permits", "How many permits the semaphore has."),
    Param::millis("latency", 500, (0, 60_000), "How long the service takes to answer."),
    Param::millis("jitter", 0, (0, 60_000), "How much longer it may take, drawn for each request."),
    Param::choice("variant", &["fair", "unfair"], "Who goes first."),
];

const fn entry(id: &'static str, title: &'static str, group: Group, lesson: &'static str) -> Scenario {
    Scenario {
        id,
        title,
        group,
        lesson,
        clocks: &[Clock::Virtual, Clock::Real],
        params: PARAMS,
        patterns: &["pattern"],
        source: include_str!("sample.rs"),
        path: "tests/screens/sample.rs",
        twin: "async def main():\n    async with semaphore:\n        await asyncio.sleep(0.5)  # the call\n",
        refuse: scenario::accept_all,
        run: |_| Box::pin(async { Ok(Outcome::new()) }),
    }
}

pub(crate) static CATALOGUE: &[Scenario] = &[
    entry("gather", "Gather", Group::Basics, "Wait for all, keep the order."),
    entry("cancellation", "Cancellation", Group::Basics, "Cancel lands at awaits; clean up there."),
    entry("semaphore", "Semaphore", Group::Limits, "Cap what is in flight."),
    entry("producer-consumer", "Producers and consumers", Group::Channels, "A bounded queue pushes back."),
    entry("lock-contention", "Lock contention", Group::SharedState, "Hold time serialises."),
];

/// A model without a run: what is seen at the start.
pub(crate) fn empty() -> Model {
    Model {
        catalogue: CATALOGUE,
        options: Options {
            theme: Theme { color: true, unicode: true },
            mouse: true,
            console: None,
            limit: Duration::from_secs(60),
        },
        focus: Pane::Parameters,
        full: None,
        layer: None,
        list: List { row: 2, search: TextField::default(), searching: false },
        form: Form { seed: 7, row: 1, ..Form::new(&CATALOGUE[2]) },
        run: None,
        timeline: Timeline { left_ns: 0, cell_ns: 80 * MS, follow: true, top: 0, selected: None },
        log: LogView { level: Level::Info, back: 0 },
        code: CodeView { tab: CodeTab::Rust, top: 0 },
        notice: None,
        areas: Areas::default(),
        session: async_playground::app::session::Session::default(),
        quit: false,
    }
}

/// The run of the semaphore, over, with the cursor at that time.
pub(crate) fn model(at_ms: u64) -> Model {
    let mut model = empty();
    model.timeline.selected = Some(18);
    model.run = Some(RunView {
        spec: model.form.spec(Duration::from_secs(60)),
        trace: semaphore(),
        phase: Phase::Over,
        report: Some(report(Ending::Finished(
            Outcome::new()
                .figure("completed", REQUESTS, "requests")
                .figure("peak in flight", PERMITS, "requests")
                .figure("total", 3_500_u64, "ms")
                .check("never more than 3 in flight", true),
        ))),
        cursor: Cursor { at_ns: at_ms * MS, playing: true, speed: 1.0, live: false },
        cost_ns: Some(18.4),
    });
    model
}

pub(crate) fn report(ending: Ending) -> Report {
    Report { ending, elapsed_ns: 3_500 * MS, runtime_polls: Some(65) }
}

/// Twenty requests, three permits, half a second each.
pub(crate) fn semaphore() -> Trace {
    let mut trace = Trace::default();
    let end_ns = REQUESTS.div_ceil(PERMITS) * LATENCY;
    let mut main = task("main", 0, None);
    main.spawned_at = Some(sample::main_spawned());
    for wave in 1..=REQUESTS.div_ceil(PERMITS) {
        poll(&mut main, wave * LATENCY, Waker::Task((wave * PERMITS).min(REQUESTS) as TaskIx));
    }
    end(&mut main, end_ns, End::Completed);
    trace.tasks.push(main);
    for i in 0..REQUESTS {
        let start = i / PERMITS * LATENCY;
        let mut request = task(&format!("request {i}"), 0, Some(0));
        request.spawned_at = Some(sample::request_spawned());
        if start > 0 {
            poll(&mut request, start, Waker::Task((i + 1 - PERMITS) as TaskIx));
        }
        poll(&mut request, start + LATENCY, Waker::Outside);
        end(&mut request, start + LATENCY, End::Completed);
        trace.tasks.push(request);
    }
    log(&mut trace);
    bins(&mut trace, end_ns);
    samples(&mut trace, end_ns);
    trace.threads = vec!["runtime".into()];
    trace.polls = trace.tasks.iter().map(|task| task.polls).sum();
    trace.recorded = 812;
    trace.end_ns = end_ns;
    trace.closed = true;
    trace
}

pub(crate) fn task(name: &str, at_ns: u64, parent: Option<TaskIx>) -> Task {
    let mut task = Task { name: name.into(), spawned_ns: at_ns, parent, ..Task::default() };
    state(&mut task, at_ns, State::Ready);
    state(&mut task, at_ns, State::Running(0));
    state(&mut task, at_ns, State::Waiting);
    task.polls = 1;
    task
}

pub(crate) fn state(task: &mut Task, start_ns: u64, state: State) {
    task.segments.push(Segment { start_ns, state });
}

fn poll(task: &mut Task, at_ns: u64, by: Waker) {
    task.wakes.push(Wake { at_ns, by });
    state(task, at_ns, State::Ready);
    state(task, at_ns, State::Running(0));
    state(task, at_ns, State::Waiting);
    task.polls += 1;
}

pub(crate) fn end(task: &mut Task, at_ns: u64, how: End) {
    task.segments.pop_if(|last| last.start_ns == at_ns && last.state == State::Waiting);
    task.ended = Some(Ended { at_ns, how, inferred: false });
}

fn log(trace: &mut Trace) {
    let mut lines = Vec::new();
    for i in 0..REQUESTS {
        let start = i / PERMITS * LATENCY;
        lines.push((start, i, true));
        lines.push((start + LATENCY, i, false));
    }
    lines.sort_by_key(|(at, i, calls)| (*at, *calls, *i));
    let mut in_flight = 0.0;
    let mut counters = [("in_flight", Vec::new()), ("permits", Vec::new())];
    for (at_ns, i, calls) in lines {
        in_flight += if calls { 1.0 } else { -1.0 };
        counters[0].1.push((at_ns, in_flight));
        counters[1].1.push((at_ns, PERMITS as f64 - in_flight));
        let task = i as TaskIx + 1;
        trace.tasks[task as usize].marks.push(Mark { at_ns, line: trace.log.len() as u32 });
        let message = format!("request {i} {}", if calls { "calls" } else { "done" });
        trace.log.push(LogLine { at_ns, task: Some(task), level: Level::Info, message });
    }
    trace.counters = counters.map(|(name, points)| Counter { name, points }).to_vec();
}

fn bins(trace: &mut Trace, end_ns: u64) {
    trace.bins.width_ns = MS;
    for at_ns in (0..=end_ns).step_by(MS as usize) {
        let mut bin = Bin::default();
        for task in trace.tasks.iter().filter(|task| task.spawned_ns <= at_ns) {
            match task.segment_at(at_ns).map(|segment| segment.state) {
                Some(State::Waiting) => bin.census.waiting += 1,
                Some(State::Ready) => bin.census.ready += 1,
                Some(State::Running(_)) => bin.census.running += 1,
                None => bin.census.ended += 1,
            }
            let polls = task.segments.iter().filter(|s| s.start_ns == at_ns && matches!(s.state, State::Running(_)));
            bin.polls += polls.count() as u32;
        }
        bin.delays = bin.polls;
        trace.bins.bins.push(bin);
    }
}

fn samples(trace: &mut Trace, end_ns: u64) {
    for i in 1..=end_ns / (100 * MS) {
        trace.samples.push(Sample {
            at_ns: i * 100 * MS,
            busy: vec![(i * 37 % 100) as f64 / 100.0],
            mean_poll_ns: 900 + i * 53 % 400,
            polls: 3,
            global_queue: 0,
            local_queue: (i % 4) as usize,
            steals: 0,
            blocking_threads: 0,
            budget_yields: 0,
        });
    }
}

/// A run on two workers that is still going on: a tree of tasks, long polls, and each kind of end.
pub(crate) fn workers() -> Trace {
    let mut trace = Trace::default();
    trace.tasks.push(task("main", 0, None));
    let mut supervisor = task("supervisor", 50 * MS, Some(0));
    supervisor.spans.push(span("supervise", 50 * MS, None));
    trace.tasks.push(supervisor);
    let ends = [Some(End::Completed), Some(End::Failed), Some(End::Cancelled), Some(End::Panicked), None, Some(End::Dropped)];
    for (i, how) in (0_u64..).zip(ends) {
        let start = (100 + 40 * i) * MS;
        let mut worker = task(&format!("worker {i}"), start, Some(1));
        worker.spans.push(span(&format!("job{{id={i}}}"), start, None));
        state(&mut worker, start + 300 * MS, State::Ready);
        state(&mut worker, start + 400 * MS, State::Running((i % 2) as u16));
        worker.wakes.push(Wake { at_ns: start + 300 * MS, by: Waker::Task(1) });
        worker.polls += 1;
        if let Some(how) = how {
            end(&mut worker, start + 500 * MS, how);
        }
        trace.tasks.push(worker);
    }
    trace.tasks.push(task("child of worker 0", 520 * MS, Some(2)));
    for (level, message) in [(Level::Warn, "queue is nearly full"), (Level::Error, "job 1 failed error=no route")] {
        trace.log.push(LogLine { at_ns: 640 * MS, task: Some(3), level, message: message.into() });
    }
    trace.threads = vec!["worker 0".into(), "worker 1".into()];
    bins(&mut trace, 1_000 * MS);
    samples(&mut trace, 1_000 * MS);
    for sample in &mut trace.samples {
        sample.busy = vec![0.75, 0.4];
        sample.steals = 2;
    }
    (trace.recorded, trace.lost, trace.late, trace.end_ns) = (60_000, 12, 3, 1_000 * MS);
    trace
}

fn span(label: &str, start_ns: u64, end_ns: Option<u64>) -> SpanLabel {
    SpanLabel { start_ns, end_ns, label: label.into() }
}
