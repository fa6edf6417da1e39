//! The hand-over from the threads of a run to its reader, under stress.
//!
//! Threads write as fast as they can, come and go, and fill their rings; the reader takes a lot or a little, and pauses. The
//! events are numbered, or the program itself counts them, so a single missing event is noticed.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod held;
mod runtimes;
mod writers;

use std::collections::HashMap;
use std::ops::Range;
use std::thread;

use facts::event::{Event, TaskId, What};
use recorder::{self, Detail, OnFull, Reader, Recorder};
use tokio::runtime::{Builder, Runtime};

/// Only a thread at least this late may have its events passed on after later events of other threads.
const PATIENCE_NS: u64 = 20_000_000;

fn new_recorder(on_full: OnFull) -> (Recorder, Reader) {
    recorder::install().unwrap();
    let (recorder, reader) = Recorder::with_detail(on_full, Detail::Waits);
    recorder.begin_real();
    (recorder, reader)
}

/// The events passed on, and whether they came in order.
#[derive(Default)]
struct Heard {
    /// By thread: the numbers it wrote, in arrival order.
    numbers: HashMap<u16, Vec<u64>>,
    events: u64,
    polls: u64,
    wakes_from_outside: u64,
    /// By thread: the task it polls.
    polled: HashMap<u16, TaskId>,
    latest_ns: u64,
    /// When the last drain ended.
    drained_ns: u64,
}

impl Heard {
    /// Drains once and checks the order.
    fn drain(&mut self, recorder: &Recorder, reader: &mut Reader, last: bool) {
        let mut before_ns = 0;
        reader.drain(last, |thread, event| {
            // Some may have been held until a stack was looked up, while a thread that had no turn for long was late.
            let late = event.at_ns + PATIENCE_NS <= recorder.now_ns();
            assert!(before_ns <= event.at_ns || late, "events passed on together are in order of time");
            before_ns = event.at_ns;
            self.hear(thread, &event);
        });
        self.drained_ns = recorder.now_ns();
    }

    fn hear(&mut self, thread: u16, event: &Event) {
        self.events += 1;
        if event.at_ns < self.latest_ns {
            assert!(event.at_ns + PATIENCE_NS <= self.drained_ns, "thread {thread} was not late, and is out of order");
        }
        self.latest_ns = self.latest_ns.max(event.at_ns);
        match &event.what {
            What::Log(log) => self.numbers.entry(thread).or_default().push(log.counters[0].1 as u64),
            What::PollStart(task) => {
                self.polls += 1;
                assert_eq!(self.polled.insert(thread, *task), None, "a thread polls one task at a time");
            }
            What::PollEnd(task) => assert_eq!(self.polled.remove(&thread), Some(*task)),
            What::Wake { by: None, .. } if thread == u16::MAX => self.wakes_from_outside += 1,
            _ => {}
        }
    }

    /// Drains until `over`, then once more for the rest.
    fn until(mut self, recorder: &Recorder, reader: &mut Reader, mut over: impl FnMut(u32) -> bool) -> Self {
        for round in 0.. {
            let last = over(round);
            self.drain(recorder, reader, last);
            if last {
                break;
            }
        }
        self
    }

    fn assert_whole(&self, threads: usize, each: &Range<u64>) {
        assert_eq!(self.numbers.len(), threads);
        for (thread, numbers) in &self.numbers {
            assert!(numbers.iter().copied().eq(each.clone()), "thread {thread}: {} of {each:?}", numbers.len());
        }
    }
}

/// A runtime under observation.
fn runtime(recorder: &Recorder, workers: usize) -> Runtime {
    let mut builder = if workers == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if workers > 0 {
        builder.worker_threads(workers);
    }
    recorder.observe(&mut builder, ());
    builder.enable_all().build().unwrap()
}

/// Gives the writers a millisecond's lead.
fn a_little_later(recorder: &Recorder) {
    let until_ns = recorder.now_ns() + 1_000_000;
    while recorder.now_ns() < until_ns {
        thread::yield_now();
    }
}
