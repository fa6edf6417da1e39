//! Facts as bytes: the content of a chunk.
//!
//! Every fact begins with one byte: its kind in the low five bits, and three
//! flags. A thread and a time are written only when they differ from those of
//! the fact before, and numbers as differences to the last of their kind, which
//! are small: a poll takes four to six bytes, before compression. Whatever a
//! reader has to know to understand a chunk, but for the lines and the sites
//! that were told before, is in the chunk itself.

use crate::record::event::Event;
use crate::trace::Sample;

/// One fact that a trace receives.
#[derive(Debug)]
pub(super) enum Fact {
    /// See [`Trace::push`](crate::trace::Trace::push).
    Event(u16, Event),
    /// See [`Trace::name_thread`](crate::trace::Trace::name_thread).
    Thread(u16, String),
    /// See [`Trace::add_sample`](crate::trace::Trace::add_sample).
    Sample(Sample),
    /// See [`Trace::add_lost`](crate::trace::Trace::add_lost).
    Lost(u64),
}

/// The latest time that is read, in nanoseconds: ten years. No run is as long, and sums of times stay within their bounds.
pub(super) const LATEST_NS: u64 = 10 * 366 * 86_400 * 1_000_000_000;
/// The most bytes of a text that a program says: a longer one is cut.
pub(super) const LONGEST: usize = 1 << 20;
/// The most bytes of a name in the source: a function, a counter.
pub(super) const LONGEST_NAME: usize = 4096;
/// The most bytes of the path of a source file. Each task, wait and lock of the file repeats it.
pub(super) const LONGEST_FILE: usize = 512;
/// The most frames of a site, from the outermost on.
pub(super) const DEEPEST: usize = 256;
/// The most counters of one line of the log, and workers of one sample.
pub(super) const MOST: usize = 256;

/// The most lines that tasks are spawned at, and the most sites. A program has some hundreds.
pub(super) const MOST_PLACES: usize = 4096;

/// The fact comes from another thread than the one before.
pub(super) const THREAD: u8 = 0x20;
/// The fact has another time than the one before.
pub(super) const TIME: u8 = 0x40;
/// What may be missing is there.
pub(super) const FLAG: u8 = 0x80;

/// The kinds of facts. Their numbers are part of the format.
pub(super) mod kind {
    pub(in crate::recording) const SPAWN: u8 = 0;
    pub(in crate::recording) const NAMED: u8 = 1;
    pub(in crate::recording) const POLL_START: u8 = 2;
    pub(in crate::recording) const POLL_END: u8 = 3;
    pub(in crate::recording) const TERMINATE: u8 = 4;
    pub(in crate::recording) const WAKE: u8 = 5;
    pub(in crate::recording) const PANIC: u8 = 6;
    pub(in crate::recording) const SPAN_OPEN: u8 = 7;
    pub(in crate::recording) const SPAN_CLOSE: u8 = 8;
    pub(in crate::recording) const LOG: u8 = 9;
    pub(in crate::recording) const SITE: u8 = 10;
    pub(in crate::recording) const RESOURCE: u8 = 11;
    pub(in crate::recording) const PENDING: u8 = 12;
    pub(in crate::recording) const DONE: u8 = 13;
    pub(in crate::recording) const CLOSED: u8 = 14;
    pub(in crate::recording) const ASKED: u8 = 15;
    pub(in crate::recording) const GRANTED: u8 = 16;
    pub(in crate::recording) const PERMITS: u8 = 17;
    pub(in crate::recording) const LOCK: u8 = 18;
    pub(in crate::recording) const TIMER: u8 = 19;
    pub(in crate::recording) const POOL_THREAD: u8 = 20;
    pub(in crate::recording) const TURN: u8 = 21;
    pub(in crate::recording) const LANE: u8 = 22;
    pub(in crate::recording) const WORKER_THREAD: u8 = 23;
    pub(in crate::recording) const THREAD_NAME: u8 = 24;
    pub(in crate::recording) const SAMPLE: u8 = 25;
    pub(in crate::recording) const LOST: u8 = 26;
    pub(in crate::recording) const LINE: u8 = 27;
}

/// The last number of each kind, to which the next is written as a difference. Every chunk begins at zero.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Last {
    pub(super) thread: u16,
    pub(super) at_ns: u64,
    /// The task whose poll began last.
    pub(super) polled: u64,
    /// The task that was named, spawned or woken last.
    pub(super) other: u64,
    pub(super) op: u64,
    pub(super) span: u64,
    pub(super) resource: u32,
}
