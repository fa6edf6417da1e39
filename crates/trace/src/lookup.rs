//! The state that is needed only while events arrive: what Tokio's numbers refer to, and the current state of each task.
//!
//! Reading a trace needs none of this, and closing the trace discards it all.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Trace;
use super::course::Activity;
use super::cut;
use super::groups::Member;
use super::hoard::Hoard;
use super::hold::Op;
use super::numbers::Numbers;
use super::resource::ResourceIx;
use super::task::{Segment, State, Task, TaskIx};
use super::ticks::Ticks;
use super::timers::Set;
use super::turns::Turn;
use super::waits::Leaves;
use facts::event::{LastPoll, OpId, ResourceId, SpanId, TaskId};

/// The state that is needed only while events arrive.
#[derive(Debug, Default)]
pub(super) struct Ingest {
    /// Tasks by Tokio's number.
    pub(super) tasks: Numbers,
    /// Names and sizes that arrived before their spawn.
    pub(super) names: HashMap<TaskId, (String, u32), BuildHasherDefault<NumberHasher>>,
    /// The current state of each task, by index.
    pub(super) lives: Vec<Life>,
    /// Operations that have returned `Pending` and are alive.
    pub(super) ops: HashMap<OpId, Op, BuildHasherDefault<NumberHasher>>,
    /// How many permits operations ask for that have not returned `Pending` yet, if not one.
    pub(super) asked: HashMap<OpId, u32, BuildHasherDefault<NumberHasher>>,
    /// Timers that are set.
    pub(super) timers: HashMap<OpId, Set, BuildHasherDefault<NumberHasher>>,
    /// Timers that have fired recently.
    pub(super) ticks: Ticks,
    /// Resources by Tokio's number.
    pub(super) resources: HashMap<ResourceId, ResourceIx, BuildHasherDefault<NumberHasher>>,
    /// Permits that a task took from a semaphore in an acquire that may or may not have got them all.
    pub(super) took: HashMap<TaskIx, (ResourceIx, u32), BuildHasherDefault<NumberHasher>>,
    /// The indices of counters by name.
    pub(super) counters: HashMap<&'static str, usize>,
    /// What tasks have taken and not given back.
    pub(super) hoard: Hoard,
    /// Permits that a task gave back without holding them, while it had been granted some that it has not taken: the task,
    /// the resource and the permits. It probably gives up the grant; in that case it closes the operation next.
    pub(super) returned: Option<(Option<TaskIx>, ResourceIx, u32)>,
    /// Open spans: the task, and the index in its spans.
    pub(super) spans: HashMap<SpanId, (TaskIx, usize)>,
    /// How many tasks [`Trace::close_some`] has handled.
    pub(super) closing: usize,
}

/// The current state of a task; not kept after the recording.
#[derive(Debug)]
pub(super) struct Life {
    /// The time of its newest fact.
    pub(super) newest_ns: u64,
    /// The current segment. A copy, because every fact needs it and the task's own list is elsewhere in memory.
    pub(super) last: Segment,
    /// When its last poll started.
    pub(super) polled_ns: u64,
    /// Whether it was woken in the current poll.
    pub(super) woken: bool,
    /// Why it needs another turn, if it does in the current poll.
    pub(super) turn: Option<Turn>,
    /// How many of Tokio's operations the run's schedule lets the current poll make, if it limits the poll.
    pub(super) limit: Option<u8>,
    /// What it gave up and gave back in the current poll.
    pub(super) cuts: cut::Poll,
    /// Whether it panicked in the current poll.
    pub(super) panicked: bool,
    /// The leaves that it may wait on.
    pub(super) leaves: Leaves,
    /// Its number among the runtime's tasks, if it is one.
    pub(super) number: Option<u32>,
    /// The groups that it belongs to.
    pub(super) member: Member,
    /// The activity that it is counted under; `None` before it is counted.
    pub(super) does: Option<Activity>,
    /// Whether it has ended. A copy, because the task is elsewhere in memory.
    pub(super) ended: bool,
    /// Set if its termination was reported during the current poll; `newest_ns` is then its time.
    pub(super) terminated: Option<LastPoll>,
}

impl Life {
    /// The state of a task that has just been spawned.
    pub(super) fn new(at_ns: u64, member: Member, number: Option<u32>) -> Self {
        let last = Segment::new(at_ns, State::Ready);
        let (leaves, woken, turn, limit, panicked, ended, terminated) =
            (Leaves::default(), false, None, None, false, false, None);
        let cuts = cut::Poll::default();
        Self {
            newest_ns: at_ns,
            last,
            polled_ns: 0,
            leaves,
            woken,
            turn,
            limit,
            cuts,
            panicked,
            number,
            member,
            does: None,
            ended,
            terminated,
        }
    }
}

/// A fast hasher: task numbers are consecutive, so multiplying them by an odd number spreads them well.
#[derive(Debug, Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        // The upper half depends on all bits of the number, the lower half only on the lower bits.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Trace {
    /// The time of a fact, moved up if it is older than the task's newest one.
    pub(super) fn in_order(&mut self, task: TaskIx, at_ns: u64) -> u64 {
        let newest_ns = &mut self.ingest.lives[task as usize].newest_ns;
        self.late += u64::from(at_ns < *newest_ns);
        *newest_ns = at_ns.max(*newest_ns);
        *newest_ns
    }

    pub(super) fn know_thread(&mut self, index: u16) {
        for unnamed in self.threads.len()..=usize::from(index) {
            self.threads.push(format!("thread {unnamed}"));
        }
    }

    /// Records that a thread belongs to the pool for blocking work. Does not count as an event of the run.
    pub(super) fn know_pool(&mut self, index: u16) {
        if let Err(place) = self.pool.binary_search(&index) {
            self.pool.insert(place, index);
        }
    }

    /// Whether a thread belongs to the pool for blocking work.
    pub(super) fn is_in_pool(&self, index: u16) -> bool {
        self.pool.binary_search(&index).is_ok()
    }

    /// Notes a panic in the task's current poll; it affects how the task ends only if that poll is the last.
    pub(super) fn mark_panicked(&mut self, task: TaskIx) {
        self.life_mut(task).panicked = true;
    }

    pub(super) fn known(&self, id: TaskId) -> Option<TaskIx> {
        self.ingest.tasks.get(id.0.get())
    }

    pub(super) fn task(&self, task: TaskIx) -> &Task {
        &self.tasks[task as usize]
    }

    pub(super) fn life(&self, task: TaskIx) -> &Life {
        &self.ingest.lives[task as usize]
    }

    pub(super) fn life_mut(&mut self, task: TaskIx) -> &mut Life {
        &mut self.ingest.lives[task as usize]
    }

    /// The task's current segment.
    pub(super) fn last(&self, task: TaskIx) -> Segment {
        self.life(task).last
    }

    pub(super) fn polled(&self, task: TaskIx) -> bool {
        matches!(self.last(task).state, State::Running(_))
    }
}
