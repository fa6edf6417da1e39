//! A model of a run: tasks that live at random, with their own sums.
//!
//! For each task it keeps the state and the time it was entered, and nothing else that a trace keeps, so that the two cannot be
//! wrong in the same way.

use std::num::NonZeroU64;
use std::panic::Location;

use facts::event::{Cues, LastPoll, Level, Log, Named, Panic, SpanId, SpanOpen, TaskId, What};
use trace::{Census, End, Times, Totals};

fn id(number: u64) -> TaskId {
    TaskId(NonZeroU64::new(number + 1).expect("one more than a small number"))
}

/// An event that can be pushed into two traces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fact {
    Spawn(u64, Option<u64>),
    Named(u64),
    Start(u64),
    Stop(u64),
    Gone(u64, LastPoll),
    Wake(u64, Option<u64>),
    Panic(u64),
    Open(u64, u64),
    Close(u64),
    Log(Option<u64>, bool, f64),
}

impl Fact {
    pub(crate) fn what(self) -> What {
        match self {
            Self::Spawn(task, parent) => What::Spawn { task: id(task), parent: parent.map(id), at: Location::caller().into() },
            Self::Named(task) => {
                What::Named(Box::new(Named { task: id(task), name: format!("named {task}"), bytes: task % 3 * 9_000 }))
            }
            Self::Start(task) => What::PollStart(id(task)),
            Self::Stop(task) => What::PollEnd(id(task)),
            Self::Gone(task, last) => What::Terminate { task: id(task), last },
            Self::Wake(task, by) => What::Wake { task: id(task), by: by.map(id) },
            Self::Panic(task) => What::Panic(Box::new(Panic { task: id(task), message: "boom".into(), place: "a.rs:1".into() })),
            Self::Open(task, span) => {
                What::SpanOpen(Box::new(SpanOpen { span: SpanId(span), task: id(task), label: String::new() }))
            }
            Self::Close(span) => What::SpanClose(SpanId(span)),
            Self::Log(task, failed, value) => What::Log(Box::new(Log {
                task: task.map(id),
                level: Level::Error,
                message: "line".into(),
                counters: vec![("level", value)],
                failed,
                cues: Cues::default(),
            })),
        }
    }
}

/// The model's knowledge of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Ready,
    Polled,
    Waiting,
    Ended,
}

#[derive(Debug)]
pub(crate) struct Modelled {
    pub(crate) doing: Doing,
    pub(crate) since: u64,
    pub(crate) times: Times,
    pub(crate) polls: u64,
    pub(crate) wakes: usize,
    pub(crate) redundant: u64,
    woken: bool,
    panicked: bool,
    failed: bool,
    pub(crate) end: Option<(u64, End)>,
}

/// A possible run: every fact follows from the facts before it.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) now: u64,
    pub(crate) tasks: Vec<Modelled>,
    pub(crate) told: Vec<(u16, u64, Fact)>,
    /// After each change of state: the time, and the number of tasks in each state.
    pub(crate) counts: Vec<(u64, Census)>,
    pub(crate) delays: (u64, u64),
    pub(crate) finished: (u64, u64),
}

impl Model {
    fn tell(&mut self, task: usize, fact: Fact) {
        // Each task stays on one thread, so facts have the order of the run.
        self.told.push(((task % 4) as u16, self.now, fact));
    }

    fn enter(&mut self, task: usize, doing: Doing) {
        let now = self.now;
        let modelled = &mut self.tasks[task];
        let spent = now - modelled.since;
        match modelled.doing {
            Doing::Ready => modelled.times.ready_ns += spent,
            Doing::Polled => modelled.times.busy_ns += spent,
            Doing::Waiting => modelled.times.waiting_ns += spent,
            Doing::Ended => {}
        }
        (modelled.doing, modelled.since) = (doing, now);
        self.count();
    }

    fn count(&mut self) {
        let mut census = Census::default();
        for task in &self.tasks {
            match task.doing {
                Doing::Ready => census.ready += 1,
                Doing::Polled => census.running += 1,
                Doing::Waiting => census.waiting += 1,
                Doing::Ended => census.ended += 1,
            }
        }
        self.counts.push((self.now, census));
    }

    pub(crate) fn census_at(&self, at_ns: u64) -> Census {
        self.counts.iter().rev().find(|(at, _)| *at <= at_ns).map_or_else(Census::default, |(_, census)| *census)
    }

    fn spawn(&mut self, parent: Option<usize>) {
        let task = self.tasks.len();
        if task.is_multiple_of(2) {
            self.tell(task, Fact::Named(task as u64));
        }
        self.tell(task, Fact::Spawn(task as u64, parent.map(|parent| parent as u64)));
        self.tasks.push(Modelled {
            doing: Doing::Ready,
            since: self.now,
            times: Times::default(),
            polls: 0,
            wakes: 0,
            redundant: 0,
            woken: false,
            panicked: false,
            failed: false,
            end: None,
        });
        self.count();
    }

    fn start(&mut self, task: usize) {
        if self.tasks[task].doing == Doing::Ready {
            self.delays.0 += 1;
            self.delays.1 += self.now - self.tasks[task].since;
        }
        self.enter(task, Doing::Polled);
        self.tasks[task].polls += 1;
        (self.tasks[task].woken, self.tasks[task].panicked) = (false, false);
        self.tell(task, Fact::Start(task as u64));
    }

    /// The poll returns: pending, or finished.
    fn stop(&mut self, task: usize, last: Option<LastPoll>) {
        self.finished.0 += 1;
        self.finished.1 += self.now - self.tasks[task].since;
        if let Some(last) = last {
            self.tell(task, Fact::Gone(task as u64, last));
            let how = match (last, &self.tasks[task]) {
                (_, Modelled { panicked: true, .. }) => End::Panicked,
                (LastPoll::Unheard, _) => End::Unknown,
                (LastPoll::Dropped, _) => End::Cancelled,
                (_, Modelled { failed: true, .. }) => End::Failed,
                _ => End::Completed,
            };
            self.tasks[task].end = Some((self.now, how));
            self.enter(task, Doing::Ended);
        } else {
            self.enter(task, if self.tasks[task].woken { Doing::Ready } else { Doing::Waiting });
        }
        self.tell(task, Fact::Stop(task as u64));
    }

    fn wake(&mut self, task: usize, by: Option<usize>) {
        self.tell(task, Fact::Wake(task as u64, by.map(|by| by as u64)));
        let woken = self.tasks[task].woken;
        match self.tasks[task].doing {
            Doing::Waiting => {
                self.tasks[task].wakes += 1;
                self.enter(task, Doing::Ready);
            }
            Doing::Polled if !woken => {
                self.tasks[task].wakes += 1;
                self.tasks[task].woken = true;
            }
            Doing::Polled | Doing::Ready => self.tasks[task].redundant += 1,
            Doing::Ended => {}
        }
    }

    /// Takes one possible step; `choice` selects it.
    fn step(&mut self, pause: u64, pick: usize, choice: u8) {
        self.now += pause;
        let task = pick % self.tasks.len();
        let polled = self.tasks[task].doing == Doing::Polled;
        match (choice, self.tasks[task].doing) {
            (0..=1, _) if self.tasks.len() < 12 => self.spawn((!pick.is_multiple_of(3)).then_some(task)),
            (2..=8, Doing::Ready) => self.start(task),
            (2..=7, Doing::Polled) => self.stop(task, None),
            (8, Doing::Polled) => self.stop(task, Some(LastPoll::Polled)),
            (8, Doing::Waiting) => {
                // An abort from outside: nobody wakes the task, and it is polled to be dropped.
                self.start(task);
                self.stop(task, Some(LastPoll::Dropped));
            }
            (9, Doing::Polled) => {
                self.tell(task, Fact::Panic(task as u64));
                self.tasks[task].panicked = true;
            }
            (10, Doing::Polled) => {
                self.tell(task, Fact::Log(Some(task as u64), true, pause as f64));
                self.tasks[task].failed = true;
            }
            (11, _) if polled => self.tell(task, Fact::Open(task as u64, pause)),
            _ => self.wake(task, pick.is_multiple_of(2).then_some(pick / 64 % self.tasks.len())),
        }
    }

    pub(crate) fn from_steps(steps: &[(u64, usize, u8)]) -> Self {
        let mut model = Self::default();
        model.spawn(None);
        for (pause, pick, choice) in steps {
            model.step(*pause, *pick, *choice);
        }
        model
    }

    /// The recording stops: live tasks are cut off in their current state.
    pub(crate) fn close(&mut self, pause: u64) {
        self.now += pause;
        for task in 0..self.tasks.len() {
            if self.tasks[task].doing == Doing::Ended {
                continue;
            }
            self.tasks[task].end = Some((self.now, End::Dropped));
            self.enter(task, self.tasks[task].doing);
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        let count = |how| self.tasks.iter().filter(|task| task.end.is_some_and(|(_, end)| end == how)).count() as u32;
        let spawned = self.tasks.len() as u32;
        Totals {
            spawned,
            completed: count(End::Completed),
            failed: count(End::Failed),
            cancelled: count(End::Cancelled),
            panicked: count(End::Panicked),
            unknown: count(End::Unknown),
            alive: count(End::Dropped) + self.tasks.iter().filter(|task| task.end.is_none()).count() as u32,
        }
    }
}
