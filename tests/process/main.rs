//! A whole process under observation, by Tokio's spans alone: as after `init`, and without hooks.
//!
//! It has its own test program, because everything that happens in the process is recorded.
#[path = "../books/mod.rs"]
mod books;
mod counts;
mod kinds;
mod lives;
#[path = "../observed/mod.rs"]
mod observed;
#[path = "../workloads/mod.rs"]
mod workloads;

use std::collections::{HashMap, HashSet};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use facts::event::{Event, Lane, LaneOf, LastPoll, NewSite, TaskId, What};
use observed::On;
use recorder::{Detail, OnFull, Reader, RecordLayer};
use tokio::runtime::{Builder, Runtime};
use trace::Trace;
use tracing_subscriber::Layer;
use tracing_subscriber::prelude::*;

/// The reader of the process. A test holds it while it runs, so that it sees only its own events.
static READER: Mutex<Option<Reader>> = Mutex::new(None);
/// The meaning of all stacks so far: each is announced once.
static SITES: Mutex<Vec<NewSite>> = Mutex::new(Vec::new());

/// Whether the recorder is a layer, besides another one.
const REGISTRY: &str = "PROCESS_WITH_REGISTRY";

/// Another layer, which wants everything.
struct Noise;

impl<S: tracing::Subscriber> Layer<S> for Noise {}

/// All tests of this program once more, in a process whose subscriber is a registry.
#[test]
fn all_is_the_same_through_a_registry() {
    if std::env::var_os(REGISTRY).is_some() {
        return;
    }
    let mut again = Command::new(std::env::current_exe().expect("its own path"));
    let output = again.env(REGISTRY, "1").output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains(" 0 failed"));
}

/// A part of what happened in the process.
struct Part {
    reader: MutexGuard<'static, Option<Reader>>,
}

impl Part {
    /// Begins a part, after all events before it.
    fn begin() -> Self {
        let mut reader = READER.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.is_none() {
            recorder::own([Self::begin as fn() -> Self as usize]);
            if std::env::var_os(REGISTRY).is_some() {
                tracing_subscriber::registry().with(RecordLayer::filtered()).with(Noise).init();
            }
            recorder::install().expect("Tokio is heard");
            *reader = Some(recorder::observe_process(OnFull::Drop, Detail::Waits).expect("the first").1);
        }
        let mut part = Self { reader };
        part.so_far(true);
        part
    }

    fn reader(&mut self) -> &mut Reader {
        self.reader.as_mut().expect("set in `begin`")
    }

    /// What has happened so far.
    fn so_far(&mut self, last: bool) -> Seen {
        let mut events = Vec::new();
        self.reader().drain(last, |thread, event| events.push((thread, event)));
        let sites = events.iter().filter_map(|(_, event)| if let What::Site(new) = &event.what { Some(&**new) } else { None });
        SITES.lock().unwrap_or_else(PoisonError::into_inner).extend(sites.cloned());
        let threads = self.reader().threads().to_vec();
        Seen { events, threads, lost: self.reader().lost() }
    }

    /// Runs something to its end on a runtime of its own. Returns what was recorded, and Tokio's own count of polls.
    fn run(mut self, on: On, mut builder: Builder, does: impl FnOnce(&Runtime)) -> (Seen, u64) {
        let runtime = builder.build().expect("a runtime");
        let metrics = runtime.metrics();
        does(&runtime);
        runtime.shutdown_timeout(Duration::from_secs(5));
        (self.so_far(true), observed::polls_of(&metrics, on))
    }
}

/// Recorded events.
struct Seen {
    events: Vec<(u16, Event)>,
    threads: Vec<String>,
    lost: u64,
}

impl Seen {
    fn whats(&self) -> impl Iterator<Item = &What> {
        self.events.iter().map(|(_, event)| &event.what)
    }

    /// What a trace makes of it.
    fn trace(&self) -> Trace {
        let mut trace = Trace::default();
        for site in SITES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            trace.push(0, Event { at_ns: 0, what: What::Site(Box::new(site.clone())) });
        }
        for (thread, event) in self.events.iter().filter(|(_, event)| !matches!(event.what, What::Site(_))) {
            trace.push(*thread, event.clone());
        }
        let end_ns = trace.end_ns;
        trace.close(end_ns);
        trace
    }

    /// The tasks of runtimes.
    fn tasks(&self) -> HashSet<TaskId> {
        self.whats().filter_map(|what| if let What::Spawn { task, .. } = what { Some(*task) } else { None }).collect()
    }

    /// How many polls of tasks there were.
    fn polls(&self) -> u64 {
        let tasks = self.tasks();
        self.whats().filter(|what| matches!(what, What::PollStart(task) if tasks.contains(task))).count() as u64
    }

    fn polls_of(&self, task: TaskId) -> usize {
        self.whats().filter(|what| matches!(what, What::PollStart(polled) if *polled == task)).count()
    }

    /// The lanes of that kind, in order.
    fn lanes(&self, of: LaneOf) -> Vec<&Lane> {
        self.whats()
            .filter_map(|what| if let What::Lane(lane) = what { Some(&**lane) } else { None })
            .filter(|lane| lane.of == of)
            .collect()
    }

    fn task(&self, name: &str) -> TaskId {
        let named = self.whats().find_map(|what| match what {
            What::Named(named) if named.name == name => Some(named.task),
            _ => None,
        });
        named.unwrap_or_else(|| panic!("no task {name}"))
    }

    /// How each task and lane ended.
    fn ends(&self) -> HashMap<TaskId, LastPoll> {
        self.whats()
            .filter_map(|what| if let What::Terminate { task, last } = what { Some((*task, *last)) } else { None })
            .collect()
    }

    /// The names of the threads that polled a task or lane.
    fn threads_of(&self, task: TaskId) -> Vec<&str> {
        let polls = self.events.iter().filter(|(_, event)| matches!(event.what, What::PollStart(polled) if polled == task));
        polls.map(|(thread, _)| &*self.threads[usize::from(*thread)]).collect()
    }

    /// The lives of the tasks, for people.
    fn told(&self) -> Vec<String> {
        let of = |event: &Event| match &event.what {
            What::Named(named) => Some(format!("{:?} is {}", named.task, named.name)),
            What::Spawn { task, .. } => Some(format!("{task:?} spawned")),
            What::PollStart(task) => Some(format!("{task:?} polled")),
            What::PollEnd(task) => Some(format!("{task:?} left")),
            What::Terminate { task, last } => Some(format!("{task:?} ends {last:?}")),
            _ => None,
        };
        self.events.iter().filter_map(|(thread, event)| Some(format!("{} {} {}", event.at_ns, thread, of(event)?))).collect()
    }

    /// Checks what holds of every recording: polls do not overlap, and every spawned task ends once.
    fn check(&self) {
        assert_eq!(self.lost, 0);
        let mut under_way: HashMap<TaskId, bool> = HashMap::new();
        let mut ends: HashMap<TaskId, u32> = HashMap::new();
        for what in self.whats() {
            match what {
                What::PollStart(task) => assert!(!under_way.insert(*task, true).unwrap_or(false), "{task:?} is polled twice"),
                What::PollEnd(task) => assert!(under_way.insert(*task, false).unwrap_or(false), "{task:?} is not polled"),
                What::Terminate { task, .. } => *ends.entry(*task).or_default() += 1,
                _ => {}
            }
        }
        assert!(under_way.values().all(|polled| !polled), "every poll ends");
        let tasks = self.tasks();
        assert!(tasks.iter().all(|task| ends.get(task) == Some(&1)), "every task ends once");
        let spawns = self.whats().filter(|what| matches!(what, What::Spawn { .. })).count();
        assert_eq!(spawns, tasks.len(), "every task is spawned once");
    }
}
