//! Synthetic traces of any size: the facts of a run, computed instead of waited for.
//!
//! Each task repeats a cycle: it is polled, waits at one of a few places, and is woken by a timer or by another task. All tasks
//! live at once and take turns in spawn order, except for a shuffle among neighbours, as on a runtime.

use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use facts::event::{Event, LastPoll, NewSite, SiteId, TaskId, What};
use trace::{Ahead, Cause, Place, Site, Trace};

/// Events of a cycle: a poll begins, a wait, the poll ends, a wake.
const CYCLE: u64 = 4;
/// Facts computed in one batch, outside the measured time.
const AT_ONCE: usize = 65_536;
/// The time from one event to the next, in nanoseconds.
const APART: u64 = 1_000;
/// The causes of the waits, each with its own place.
const CAUSES: [Cause; 6] = [Cause::Time, Cause::Semaphore, Cause::MpscRecv, Cause::Time, Cause::Io, Cause::Mutex];

/// The size of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) tasks: u64,
    pub(crate) events: u64,
}

/// The sizes to compare. The smallest fills the rows of the screen, so all sizes show equally much.
pub(crate) const SIZES: [Size; 4] = [
    Size { name: "1,000 events, 50 tasks", tasks: 50, events: 1_000 },
    Size { name: "1 million events, 50 tasks", tasks: 50, events: 1_000_000 },
    Size { name: "1 million events, 10,000 tasks", tasks: 10_000, events: 1_000_000 },
    Size { name: "10 million events, 100,000 tasks", tasks: 100_000, events: 10_000_000 },
];

/// A trace, and the cost of ingesting it.
pub(crate) struct Taken {
    pub(crate) trace: Trace,
    /// The time in [`Ahead::push`] alone.
    pub(crate) took: Duration,
    pub(crate) events: u64,
}

/// Pushes the facts of a run of that size into a trace, and closes it.
pub(crate) fn take(size: Size) -> Taken {
    let mut trace = Trace::default();
    let mut facts = Facts::new(size);
    let mut took = Duration::ZERO;
    let mut events = 0;
    let mut ahead = Ahead::default();
    let mut buffer = Vec::with_capacity(AT_ONCE);
    loop {
        buffer.extend(facts.by_ref().take(AT_ONCE));
        if buffer.is_empty() {
            break;
        }
        events += buffer.len() as u64;
        let start = Instant::now();
        for event in buffer.drain(..) {
            ahead.push(&mut trace, 0, event);
        }
        ahead.finish(&mut trace);
        took += start.elapsed();
    }
    trace.close(trace.end_ns + APART);
    Taken { trace, took, events }
}

fn id(task: u64) -> TaskId {
    TaskId(NonZeroU64::new(task + 1).expect("one more than a number"))
}

fn site(at: u64) -> SiteId {
    SiteId(at as u32 + 1)
}

/// The facts of a run, in order.
struct Facts {
    size: Size,
    at: u64,
    cycles: u64,
}

impl Facts {
    fn new(size: Size) -> Self {
        let cycles = (size.events - size.tasks - CAUSES.len() as u64) / CYCLE;
        Self { size, at: 0, cycles }
    }

    /// The task whose turn it is. Neighbours swap places from round to round.
    fn turn(&self, cycle: u64) -> u64 {
        let (round, place) = (cycle / self.size.tasks, cycle % self.size.tasks);
        let shuffled = place ^ (round * 13 % 32);
        if shuffled < self.size.tasks { shuffled } else { place }
    }

    fn what(&self, at: u64) -> Option<What> {
        let causes = CAUSES.len() as u64;
        if let Some(cause) = CAUSES.get(at as usize) {
            let place = Some(Place { file: "synthetic.rs".into(), line: at as u32 + 1 });
            let new = Site { cause: *cause, place, ..Site::default() };
            return Some(What::Site(Box::new(NewSite { id: site(at), site: Arc::new(new) })));
        }
        let at = at - causes;
        if at < self.size.tasks {
            return Some(What::Spawn { task: id(at), parent: (at > 0).then(|| id(0)), at: Location::caller().into() });
        }
        let (cycle, step) = ((at - self.size.tasks) / CYCLE, (at - self.size.tasks) % CYCLE);
        if cycle >= self.cycles {
            return None;
        }
        let task = self.turn(cycle);
        Some(match step {
            0 => What::PollStart(id(task)),
            1 => {
                What::Pending { task: id(task), op: None, resource: None, site: site((task + cycle / self.size.tasks) % causes) }
            }
            // A third of the tasks end in the last round.
            2 if cycle + self.size.tasks >= self.cycles && task.is_multiple_of(3) => {
                What::Terminate { task: id(task), last: LastPoll::Polled }
            }
            2 => What::PollEnd(id(task)),
            _ if cycle + self.size.tasks >= self.cycles && task.is_multiple_of(3) => What::PollEnd(id(task)),
            // The task that is halfway to its next turn.
            _ => What::Wake { task: id(self.turn(cycle + self.size.tasks / 2)), by: task.is_multiple_of(2).then(|| id(task)) },
        })
    }
}

impl Iterator for Facts {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let what = self.what(self.at)?;
        let at_ns = self.at.saturating_sub(CAUSES.len() as u64 + self.size.tasks) * APART;
        self.at += 1;
        Some(Event { at_ns, what })
    }
}
