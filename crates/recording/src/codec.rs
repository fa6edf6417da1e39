//! The encoding of facts in a chunk.
//!
//! Every fact begins with one byte: its kind in the low five bits, and three flags. A
//! thread and a time are written only if they differ from the previous fact's.
//! Numbers are written as differences to the last one of their kind, which are small: a
//! poll takes four to six bytes before compression. A chunk can be decoded on its own,
//! except for lines and sites that were defined earlier.

use facts::event::Event;
use facts::sample::Sample;

/// One fact, as a trace receives it.
#[derive(Debug, Clone)]
pub enum Fact {
    /// An event, with the index of the thread that wrote it.
    Event(u16, Event),
    /// The name of the thread of an index.
    Thread(u16, String),
    /// The runtime's own metrics.
    Sample(Sample),
    /// So many events were lost here.
    Lost(u64),
    /// The living at this point, restated: the facts from which a reader that has nothing from before gets the same picture of
    /// them. A reader that has everything from before ignores it.
    Keyframe(Vec<Fact>),
}

/// The latest valid time, in nanoseconds: ten years. No run is that long, and sums of times cannot overflow.
pub const LATEST_NS: u64 = 10 * 366 * 86_400 * 1_000_000_000;
/// The maximum length of a program's text in bytes. A longer one is cut.
pub(super) const LONGEST: usize = 1 << 20;
/// The maximum length of a name from the source (a function, a counter) in bytes.
pub(super) const LONGEST_NAME: usize = 4096;
/// The maximum length of a source file's path in bytes. It is repeated for each task, wait and lock of that file.
pub(super) const LONGEST_FILE: usize = 512;
/// The maximum number of frames of a site, from the outermost on.
pub(super) const DEEPEST: usize = 256;
/// The maximum number of counters in a line of the log, and of workers in a sample.
pub(super) const MOST: usize = 256;

/// The maximum number of spawn lines, and of sites. A program has some hundreds.
pub(super) const MOST_PLACES: usize = 4096;

/// Flag: the thread differs from that of the previous fact.
pub(super) const THREAD: u8 = 0x20;
/// Flag: the time differs from that of the previous fact.
pub(super) const TIME: u8 = 0x40;
/// Flag: the optional part is present.
pub(super) const FLAG: u8 = 0x80;

/// The kinds of facts. Their numbers are part of the format.
pub(super) mod kind {
    pub(crate) const SPAWN: u8 = 0;
    pub(crate) const NAMED: u8 = 1;
    pub(crate) const POLL_START: u8 = 2;
    pub(crate) const POLL_END: u8 = 3;
    pub(crate) const TERMINATE: u8 = 4;
    pub(crate) const WAKE: u8 = 5;
    pub(crate) const PANIC: u8 = 6;
    pub(crate) const SPAN_OPEN: u8 = 7;
    pub(crate) const SPAN_CLOSE: u8 = 8;
    pub(crate) const LOG: u8 = 9;
    pub(crate) const SITE: u8 = 10;
    pub(crate) const RESOURCE: u8 = 11;
    pub(crate) const PENDING: u8 = 12;
    pub(crate) const DONE: u8 = 13;
    pub(crate) const CLOSED: u8 = 14;
    pub(crate) const ASKED: u8 = 15;
    pub(crate) const GRANTED: u8 = 16;
    pub(crate) const PERMITS: u8 = 17;
    pub(crate) const LOCK: u8 = 18;
    pub(crate) const TIMER: u8 = 19;
    pub(crate) const POOL_THREAD: u8 = 20;
    pub(crate) const TURN: u8 = 21;
    pub(crate) const LANE: u8 = 22;
    pub(crate) const WORKER_THREAD: u8 = 23;
    pub(crate) const THREAD_NAME: u8 = 24;
    pub(crate) const SAMPLE: u8 = 25;
    pub(crate) const LOST: u8 = 26;
    pub(crate) const LINE: u8 = 27;
    pub(crate) const LIMITED: u8 = 28;
}

/// The last number of each kind, from which the next one is a difference. Zero at the start of every chunk.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Last {
    pub(super) thread: u16,
    pub(super) at_ns: u64,
    /// The task of the last poll that began.
    pub(super) polled: u64,
    /// The last task that was named, spawned or woken.
    pub(super) other: u64,
    pub(super) op: u64,
    pub(super) span: u64,
    pub(super) resource: u32,
}
