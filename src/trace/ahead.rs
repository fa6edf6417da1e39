//! Events on their way into a trace, with the memory that they will touch fetched ahead.
//!
//! What a hundred thousand tasks have in memory fits no cache, and each event is
//! about a task that was not touched for a while: to take one in is mostly to
//! wait for memory, one wait after the other. The next few events say what will
//! be needed, so it can be on its way before it is their turn. That changes
//! nothing but the time it takes, which with so many tasks is a quarter less.
#![expect(unsafe_code, reason = "there is no other way to ask for memory without waiting for it")]

use super::Trace;
use super::task::TaskIx;
use crate::record::event::{Event, TaskId, What};

/// Events that are looked at before the first of them is taken in: what they need fits the innermost caches.
const BATCH: usize = 64;
/// Events between the second look, which follows what the first has fetched, and the turn.
const NEAR: usize = 10;

/// The next events of a trace, each with the thread that wrote it. Nothing is lost and no order changed; the last of
/// them are taken in by [`Ahead::finish`]. Three rows and not one of triples: a triple is put together from pieces, and to read at
/// once what was written in pieces makes a processor wait.
#[derive(Debug, Default)]
pub struct Ahead {
    coming: Vec<Event>,
    /// The thread that wrote each of them.
    threads: Vec<u16>,
    /// The place of the task that each is about, where that is known already.
    tasks: Vec<Option<TaskIx>>,
}

impl Ahead {
    /// As [`Trace::push`], some events later.
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

    /// Takes in all that is still to come.
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

/// The task that the frequent kinds of events are about.
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
    /// Asks for what is known of a task.
    fn fetch(&self, task: TaskIx) {
        if let (Some(life), Some(task)) = (self.ingest.lives.get(task as usize), self.tasks.get(task as usize)) {
            fetch(life, 0);
            fetch(life, 64);
            fetch(task, 0);
            fetch(task, 64);
        }
    }

    /// Asks for the ends of its lists that an event will add to.
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

/// Asks for the cache line that is so many bytes behind an address.
#[cfg(target_arch = "x86_64")]
fn fetch<T>(address: *const T, bytes: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing and faults at no address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast::<i8>().wrapping_add(bytes)) };
}

/// Where the language has no stable way to ask, nothing is fetched ahead.
#[cfg(not(target_arch = "x86_64"))]
fn fetch<T>(_: *const T, _: usize) {}
