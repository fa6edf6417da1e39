//! A queue in front of a trace that prefetches the memory each event will touch.
//!
//! The data of a hundred thousand tasks fits in no cache, and each event is
//! usually about a task that has not been touched for a while. Taking in an
//! event is therefore mostly a series of cache misses. Looking at the next few
//! events shows which memory they need, so it can be prefetched. The result is
//! the same; with that many tasks it takes a quarter less time.
#![expect(unsafe_code, reason = "a prefetch intrinsic is the only way to load memory without waiting for it")]

use super::Trace;
use super::task::TaskIx;
use facts::event::{Event, TaskId, What};

/// How many events are queued before the first is taken in. The memory they need fits in the innermost caches.
const BATCH: usize = 64;
/// How many events ahead of its turn an event's lists are prefetched, through the pointers fetched when it was queued.
const NEAR: usize = 10;

/// The next events of a trace, each with the thread that wrote it. No event is lost or reordered; call [`Ahead::finish`]
/// to take in the last ones. Three lists rather than one list of triples: a triple is written field by field, and reading
/// it back as a whole stalls the processor.
#[derive(Debug, Default)]
pub struct Ahead {
    coming: Vec<Event>,
    /// The thread that wrote each event.
    threads: Vec<u16>,
    /// The index of each event's task, if already known.
    tasks: Vec<Option<TaskIx>>,
}

impl Ahead {
    /// Queues an event for [`Trace::push`].
    pub fn push(&mut self, trace: &mut Trace, thread: u16, event: Event) {
        let task = about(&event.what).and_then(|id| trace.known(id));
        if let Some(task) = task {
            trace.fetch(task);
        }
        self.coming.push(event);
        self.threads.push(thread);
        self.tasks.push(task);
        if self.coming.len() >= BATCH {
            self.finish(trace);
        }
    }

    /// Takes in all queued events.
    pub fn finish(&mut self, trace: &mut Trace) {
        let mut coming = self.coming.drain(..);
        let mut tasks = self.tasks.iter().skip(NEAR);
        for thread in self.threads.drain(..) {
            if let (Some(later), Some(Some(task))) = (coming.as_slice().get(NEAR), tasks.next()) {
                trace.fetch_lists(*task, &later.what);
            }
            let Some(event) = coming.next() else { break };
            trace.push(thread, event);
        }
        self.tasks.clear();
    }
}

/// The task that an event is about, for the frequent kinds of events.
fn about(what: &What) -> Option<TaskId> {
    match what {
        What::PollStart(task)
        | What::PollEnd(task)
        | What::Wake { task, .. }
        | What::Pending { task, .. }
        | What::Done { task, .. }
        | What::Terminate { task, .. } => Some(*task),
        What::Log(log) => log.task,
        _ => None,
    }
}

impl Trace {
    /// Prefetches the data of a task.
    fn fetch(&self, task: TaskIx) {
        if let (Some(life), Some(task)) = (self.ingest.lives.get(task as usize), self.tasks.get(task as usize)) {
            fetch(life, 0);
            fetch(life, 64);
            fetch(task, 0);
            fetch(task, 64);
        }
    }

    /// Prefetches the ends of the task's lists that an event will append to.
    fn fetch_lists(&self, task: TaskIx, what: &What) {
        if let (Some(life), Some(task)) = (self.ingest.lives.get(task as usize), self.tasks.get(task as usize)) {
            if let What::Log(_) = what {
                return fetch(task.marks.as_ptr_range().end, 0);
            }
            fetch(life.leaves.live.as_ptr(), 0);
            fetch(task.segments.as_ptr_range().end, 0);
            fetch(task.wakes.as_ptr_range().end, 0);
        }
    }
}

/// Prefetches the cache line at an offset from an address.
#[cfg(target_arch = "x86_64")]
fn fetch<T>(address: *const T, bytes: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing and faults at no address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast::<i8>().wrapping_add(bytes)) };
}

/// Does nothing: stable Rust has no prefetch for this target.
#[cfg(not(target_arch = "x86_64"))]
fn fetch<T>(_: *const T, _: usize) {}
