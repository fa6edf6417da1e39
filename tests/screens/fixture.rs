//! A synthetic catalogue and run, so that a screen is the same on every machine.

use std::num::NonZeroU64;
use std::panic::Location;
use std::time::Duration;

use engine::{Detail, Ending, Phase, Report};
use facts::event::{Cues, Event, LastPoll, Level, Log, Named, Panic, SpanId, SpanOpen, TaskId, What};
use scenario::{Group, Outcome, Param, Scenario};
use trace::{Sample, Trace};
use tui::app::input::bindings::Bindings;
use tui::app::input::text_field::TextField;
use tui::app::model::{
    Areas, CodeTab, CodeView, Cursor, Form, Grouping, LaneView, Layout, List, LogView, MetricsView, Mode, Model, Options, Pane,
    Pending, RunView, Theme, Timeline,
};
use tui::app::run::found::Found;
use tui::app::run::prediction::Predict;

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
        params: PARAMS,
        patterns: &["pattern"],
        source: include_str!("sample.rs"),
        path: "tests/screens/sample.rs",
        twin: "async def main():\n    async with semaphore:\n        await asyncio.sleep(0.5)  # the call\n",
        ..Scenario::DEFAULTS
    }
}

pub(crate) static CATALOGUE: &[Scenario] = &[
    entry("gather", "Gather", Group::Basics, "Wait for all, keep the order."),
    entry("cancellation", "Cancellation", Group::Basics, "Cancel lands at awaits; clean up there."),
    entry("semaphore", "Semaphore", Group::Limits, "Cap what is in flight."),
    entry("producer-consumer", "Producers and consumers", Group::Channels, "A bounded queue pushes back."),
    entry("lock-contention", "Lock contention", Group::SharedState, "Hold locks briefly."),
];

/// A model without a run: what is visible at the start.
pub(crate) fn empty() -> Model {
    Model {
        catalogue: CATALOGUE,
        bindings: Bindings::default(),
        options: Options {
            theme: Theme::plain(true, true),
            mouse: true,
            reduced_motion: false,
            console: None,
            limit: Duration::from_secs(60),
        },
        focus: Pane::Parameters,
        full: None,
        layout: Layout::Explore,
        mode: Mode::default(),
        list: List { row: 2, search: TextField::default() },
        form: Form { seed: 7, row: 1, ..Form::new(&CATALOGUE[2]) },
        run: None,
        pin: None,
        timeline: Timeline {
            left_ns: 0,
            cell_ns: 80 * MS,
            follow: true,
            top: 0,
            selected: None,
            grouping: Grouping::default(),
            lanes: LaneView::default(),
        },
        log: LogView { level: Level::Info, back: 0 },
        code: CodeView { tab: CodeTab::Rust, top: 0 },
        search: None,
        metrics: MetricsView::default(),
        bookmarks: Vec::new(),
        story: None,
        predict: Predict::default(),
        hunt: None,
        sweep: None,
        reading: tui::app::timeline::reading::Reading::default(),
        notice: None,
        tip: None,
        areas: Areas::default(),
        session: tui::app::session::Session::default(),
        programs: None,
        sketch: None,
        replay: false,
        seen: std::collections::BTreeSet::new(),
        solved: std::collections::BTreeSet::new(),
        pending: Pending::default(),
        quit: false,
    }
}

/// The finished run of the semaphore, with the cursor at that time.
pub(crate) fn model(at_ms: u64) -> Model {
    recorded(Detail::Waits, at_ms)
}

/// The finished run of the semaphore, recorded at that detail.
pub(crate) fn recorded(detail: Detail, at_ms: u64) -> Model {
    let mut model = empty();
    model.timeline.selected = Some(18);
    model.form.detail = detail;
    model.run = Some(RunView {
        spec: model.form.spec(Duration::from_secs(60)),
        trace: semaphore(detail),
        phase: Phase::Over,
        report: Some(report(Ending::Finished(
            Outcome::new()
                .figure("completed", REQUESTS, "requests")
                .figure("peak in flight", PERMITS, "requests")
                .figure("total", 3_500_u64, "ms")
                .check("never more than 3 in flight", true),
        ))),
        stall: None,
        found: Found::default(),
        cursor: Cursor { at_ns: at_ms * MS, playing: true, speed: 1.0, live: false, poll: None },
        held: false,
        cost_ns: Some(18.4),
        disturbed: false,
        before: None,
    });
    model
}

pub(crate) fn report(ending: Ending) -> Report {
    Report { ending, elapsed_ns: 3_500 * MS, runtime_polls: Some(65) }
}

/// The events of a run, recorded in any order.
///
/// A task's number is that of its spawn, from 0, which is also its place in the trace.
#[derive(Default)]
struct Script {
    events: Vec<Event>,
    tasks: u64,
}

impl Script {
    fn at(&mut self, at_ns: u64, what: What) {
        self.events.push(Event { at_ns, what });
    }

    /// Spawns a task; returns its number.
    fn spawn(&mut self, at_ns: u64, name: &str, parent: Option<u64>, at: &'static Location<'static>) -> u64 {
        let task = self.tasks;
        self.tasks += 1;
        self.at(at_ns, What::Named(Box::new(Named { task: id(task), name: name.into(), bytes: 0 })));
        self.at(at_ns, What::Spawn { task: id(task), parent: parent.map(id), at: at.into() });
        task
    }

    /// A poll without length.
    fn poll(&mut self, at_ns: u64, task: u64) {
        self.at(at_ns, What::PollStart(id(task)));
        self.at(at_ns, What::PollEnd(id(task)));
    }

    /// Wakes a task, by another task or from outside, and polls it at once.
    fn wake(&mut self, at_ns: u64, task: u64, by: Option<u64>) {
        self.at(at_ns, What::Wake { task: id(task), by: by.map(id) });
        self.poll(at_ns, task);
    }

    /// The current poll is the last one.
    fn end(&mut self, at_ns: u64, task: u64, last: LastPoll) {
        self.at(at_ns, What::Terminate { task: id(task), last });
        self.at(at_ns, What::PollEnd(id(task)));
    }

    fn span(&mut self, at_ns: u64, task: u64, label: &str) {
        let span = SpanOpen { span: SpanId(task), task: id(task), label: label.into() };
        self.at(at_ns, What::SpanOpen(Box::new(span)));
    }

    fn log(&mut self, at_ns: u64, task: u64, level: Level, message: &str, counters: &[(&'static str, f64)]) {
        let (message, counters) = (message.into(), counters.to_vec());
        let failed = level == Level::Error;
        self.at(
            at_ns,
            What::Log(Box::new(Log { task: Some(id(task)), level, message, counters, failed, cues: Cues::default() })),
        );
    }

    fn panic(&mut self, at_ns: u64, task: u64, message: &str) {
        let panic = Panic { task: id(task), message: message.into(), place: "src/lib.rs:7".into() };
        self.at(at_ns, What::Panic(Box::new(panic)));
    }

    /// The trace of all events, in order of time.
    fn trace(mut self, detail: Detail) -> Trace {
        let mut trace = Trace::new(detail);
        self.events.sort_by_key(|event| event.at_ns);
        for event in self.events {
            trace.push(0, event);
        }
        trace
    }
}

fn id(task: u64) -> TaskId {
    TaskId(NonZeroU64::MIN.saturating_add(task))
}

/// Twenty requests, three permits, half a second each.
fn semaphore(detail: Detail) -> Trace {
    let mut script = Script::default();
    let main = script.spawn(0, "main", None, sample::main_spawned());
    script.at(0, What::PollStart(id(main)));
    for i in 0..REQUESTS {
        script.spawn(0, &format!("request {i}"), Some(main), sample::request_spawned());
    }
    script.at(0, What::PollEnd(id(main)));
    let mut in_flight = 0.0;
    let mut speak = |script: &mut Script, at_ns, i: u64, word: &str, more: f64| {
        in_flight += more;
        let counters = [("in_flight", in_flight), ("permits", PERMITS as f64 - in_flight)];
        script.log(at_ns, i + 1, Level::Info, &format!("request {i} {word}"), &counters);
    };
    for i in 0..REQUESTS {
        script.at(0, What::PollStart(id(i + 1)));
        if i < PERMITS {
            speak(&mut script, 0, i, "calls", 1.0);
        }
        script.at(0, What::PollEnd(id(i + 1)));
    }
    for wave in 0..REQUESTS.div_ceil(PERMITS) {
        let at_ns = (wave + 1) * LATENCY;
        let calling = wave * PERMITS..REQUESTS.min((wave + 1) * PERMITS);
        for i in calling.clone() {
            script.at(at_ns, What::Wake { task: id(i + 1), by: None });
            script.at(at_ns, What::PollStart(id(i + 1)));
            speak(&mut script, at_ns, i, "done", -1.0);
            script.end(at_ns, i + 1, LastPoll::Polled);
        }
        script.at(at_ns, What::Wake { task: id(main), by: Some(id(calling.start + 1)) });
        script.at(at_ns, What::PollStart(id(main)));
        if calling.end == REQUESTS {
            script.end(at_ns, main, LastPoll::Polled);
        } else {
            script.at(at_ns, What::PollEnd(id(main)));
        }
        for i in calling.end..REQUESTS.min(calling.end + PERMITS) {
            script.at(at_ns, What::Wake { task: id(i + 1), by: Some(id(i + 1 - PERMITS)) });
            script.at(at_ns, What::PollStart(id(i + 1)));
            speak(&mut script, at_ns, i, "calls", 1.0);
            script.at(at_ns, What::PollEnd(id(i + 1)));
        }
    }
    let mut trace = script.trace(detail);
    samples(&mut trace, REQUESTS.div_ceil(PERMITS) * LATENCY, &[]);
    trace.name_thread(0, "runtime");
    trace.close(REQUESTS.div_ceil(PERMITS) * LATENCY);
    trace
}

/// Tokio's metrics, ten a second, with made-up numbers for one worker.
fn samples(trace: &mut Trace, end_ns: u64, busy: &[f64]) {
    for i in 1..=end_ns / (100 * MS) {
        trace.add_sample(Sample {
            at_ns: i * 100 * MS,
            busy: if busy.is_empty() { vec![(i * 37 % 100) as f64 / 100.0] } else { busy.to_vec() },
            mean_poll_ns: 900 + i * 53 % 400,
            polls: 3,
            global_queue: 0,
            local_queue: (i % 4) as usize,
            steals: 2,
            blocking_threads: 0,
            budget_yields: 0,
        });
    }
}

/// A run in progress on two workers: a tree of tasks, long polls, and each kind of end.
pub(crate) fn workers() -> Trace {
    let mut script = Script::default();
    let place = sample::request_spawned();
    let main = script.spawn(0, "main", None, sample::main_spawned());
    script.poll(0, main);
    let supervisor = script.spawn(50 * MS, "supervisor", Some(main), place);
    script.span(50 * MS, supervisor, "supervise");
    script.poll(50 * MS, supervisor);
    for i in 0..6 {
        let start = (100 + 40 * i) * MS;
        let worker = script.spawn(start, &format!("worker {i}"), Some(supervisor), place);
        script.span(start, worker, &format!("job{{id={i}}}"));
        script.poll(start, worker);
        script.at(start + 300 * MS, What::Wake { task: id(worker), by: Some(id(supervisor)) });
        // The start of one last poll is lost.
        if i != 0 {
            script.at(start + 400 * MS, What::PollStart(id(worker)));
        }
        let end = start + 500 * MS;
        match i {
            0 => script.end(end, worker, LastPoll::Polled),
            1 => {
                script.log(start + 450 * MS, worker, Level::Warn, "queue is nearly full", &[]);
                script.log(start + 450 * MS, worker, Level::Error, "job 1 failed error=no route", &[]);
                script.end(end, worker, LastPoll::Polled);
            }
            2 => script.end(end, worker, LastPoll::Dropped),
            3 => {
                script.panic(end, worker, "no such key");
                script.end(end, worker, LastPoll::Polled);
            }
            4 => {}
            _ => script.end(end, worker, LastPoll::Shutdown),
        }
        if i == 0 {
            let child = script.spawn(520 * MS, "child of worker 0", Some(worker), place);
            script.poll(520 * MS, child);
        }
    }
    script.wake(1_000 * MS, supervisor, None);
    let mut trace = script.trace(Detail::Waits);
    samples(&mut trace, 1_000 * MS, &[0.75, 0.4]);
    (0..2).for_each(|thread| trace.name_thread(thread, format!("worker {thread}")));
    trace.add_lost(12);
    trace
}

/// A task with a long name that panics within a long poll.
pub(crate) fn panicking() -> Trace {
    let mut script = Script::default();
    let main = script.spawn(0, "main", None, sample::main_spawned());
    script.poll(0, main);
    let name = "request with a name that is far too long to be shown whole";
    let request = script.spawn(0, name, Some(main), sample::request_spawned());
    script.span(0, request, "call{user=7}");
    script.poll(0, request);
    script.wake(1_000 * MS, request, Some(main));
    script.at(2_000 * MS, What::Wake { task: id(request), by: None });
    script.at(2_000 * MS, What::PollStart(id(request)));
    script.panic(2_250 * MS, request, "index out of bounds: the len is 3 but the index is 7");
    script.end(2_250 * MS, request, LastPoll::Polled);
    let mut trace = script.trace(Detail::Waits);
    trace.close(3_000 * MS);
    trace
}
