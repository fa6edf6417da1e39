//! The reader: takes the events out of every thread's ring and puts them in order.
//!
//! One thread's events are in order; those of several have to be merged by
//! time, and an event must not be handed on while an earlier one may still come.
//! So the reader knows for each ring a time before which nothing more will
//! come (its *floor*): for a thread that sleeps, now; for one that works, the
//! time and the [turn](super::turns) of its last event. A thread can be slow between reading the clock and
//! writing the event, and a long poll writes nothing for its whole length, so
//! the merge waits [`PATIENCE_NS`] at most. An event that comes later still is
//! handed on out of order, and the trace counts it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rtrb::Consumer;

use super::event::{Event, What};
use super::local::{Entry, Written};
use super::presence::{Poll, Presence};
use super::recorder::{OnFull, Shared, lock};
use super::sites::{Sites, Unknown};
use super::turns;

/// How long the merge waits for a thread that is at work, in nanoseconds: several time slices of a busy machine.
const PATIENCE_NS: u64 = 20_000_000;

/// What is taken out of one thread's ring at once: some milliseconds' work for the reader.
const AT_ONCE: usize = 4096;

/// A thread that attached.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) ring: Consumer<Written>,
    pub(super) presence: Arc<Presence>,
    pub(super) name: String,
}

/// The reading end of a [`Recorder`](super::Recorder).
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    lanes: Vec<Lane>,
    outside: VecDeque<(u64, Event)>,
    names: Vec<String>,
    ready: Vec<(u16, u64, Event)>,
    sites: Sites,
    behind: bool,
}

/// Nobody will take out what is written from now on: no thread is to wait for that.
impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// One thread's ring, and what was taken out but not handed on.
#[derive(Debug)]
struct Lane {
    thread: u16,
    ring: Consumer<Written>,
    presence: Arc<Presence>,
    /// Each with its turn.
    taken: VecDeque<(u64, Event)>,
    last_ns: u64,
    turn: u64,
    /// The number of the last poll whose beginning was handed on.
    begun: Option<u32>,
}

/// A time in nanoseconds, and a [turn](super::turns).
type Moment = (u64, u64);

/// The thread number of wakes that came from no thread of the run.
const OUTSIDE: u16 = u16::MAX;

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            sites: Sites::new(shared.clone()),
            shared,
            lanes: Vec::new(),
            outside: VecDeque::new(),
            names: Vec::new(),
            ready: Vec::new(),
            behind: false,
        }
    }

    /// Hands on what has been written, in order of time, each event with the
    /// number of the thread that wrote it. `last`: nothing more will be
    /// written, so nothing is held back. Returns how many events there were.
    ///
    /// It is quick, so that nobody who draws has to wait for it. Of one thread alone that goes on, only so much is taken at
    /// once: see [`Reader::is_behind`]. An event whose stack is met for the first time, and all after it, are held until that
    /// has been looked up: see [`Reader::holds`].
    pub fn drain(&mut self, last: bool, mut sink: impl FnMut(u16, Event)) -> usize {
        let unknown = if last { Unknown::LookUp } else { Unknown::Hold };
        let before = self.sites.held();
        self.sites.release(if last { usize::MAX } else { AT_ONCE }, unknown, &mut sink);
        self.behind = false;
        let taken = if last || self.has_room() { self.take(last, unknown, &mut sink) } else { 0 };
        self.behind &= self.has_room();
        self.behind |= self.holds() && !self.sites.must_wait();
        let count = before + taken - self.sites.held();
        self.sites.handed_on(count);
        count
    }

    /// Empties the rings. Returns how many events that were.
    fn take(&mut self, last: bool, unknown: Unknown, sink: &mut impl FnMut(u16, Event)) -> usize {
        // Asked first: whatever a thread writes that attaches after the next line is later.
        let now = (self.shared.reader_now_ns(), self.shared.turns.now());
        self.adopt();
        // What the threads of no run have written is complete up to the moment it is taken.
        self.outside.extend(lock(&self.shared.outside).drain(..));
        let count = match &mut self.lanes[..] {
            // One thread alone is in order as it is.
            [lane] if self.outside.is_empty() => {
                let (thread, sites) = (lane.thread, &mut self.sites);
                self.behind = !last && lane.ring.slots() > AT_ONCE;
                lane.hand_on(&self.shared, now, last, |event| sites.hand_on(thread, event, unknown, sink))
            }
            _ => self.merge(now, last, unknown, sink),
        };
        self.lanes.retain(|lane| !(lane.ring.is_abandoned() && lane.ring.is_empty() && lane.taken.is_empty()));
        count
    }

    /// Whether more is to be taken out while events are held: a thread that waits for room anyway may wait a little longer.
    fn has_room(&self) -> bool {
        self.shared.on_full == OnFull::Drop || self.sites.held() < AT_ONCE
    }

    /// Whether the last drain has left something that was there before it, for another one to take at once.
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// Whether events are held until a stack has been looked up. Another thread is at that, and [`Reader::wait`] waits for it.
    pub fn holds(&self) -> bool {
        self.sites.held() > 0
    }

    /// Several threads, in order of time and turns.
    fn merge(&mut self, now: Moment, last: bool, unknown: Unknown, sink: &mut impl FnMut(u16, Event)) -> usize {
        let mut floor = now;
        // One thread alone waits for nobody.
        let single = self.lanes.len() == 1 && self.outside.is_empty();
        for lane in &mut self.lanes {
            let lane = lane.take(&self.shared, now);
            floor = if single { floor } else { floor.min(lane) };
        }
        let cut = if last { (u64::MAX, u64::MAX) } else { floor.max((now.0.saturating_sub(PATIENCE_NS), 0)) };
        let comes = |(turn, event): &(u64, Event)| (event.at_ns, *turn) <= cut;
        let n = self.outside.partition_point(comes);
        self.ready.extend(self.outside.drain(..n).map(|(turn, event)| (OUTSIDE, turn, event)));
        for lane in &mut self.lanes {
            let n = lane.taken.partition_point(comes);
            self.ready.extend(lane.taken.drain(..n).map(|(turn, event)| (lane.thread, turn, event)));
        }
        // Stable: events of one thread at the same instant keep their order.
        self.ready.sort_by_key(|(_, turn, event)| (event.at_ns, *turn));
        let count = self.ready.len();
        for (thread, _, event) in self.ready.drain(..) {
            self.sites.hand_on(thread, event, unknown, sink);
        }
        count
    }

    /// Blocks until there is something to hand on, [`Recorder::notify`](super::Recorder::notify) is called, or the time is up.
    pub fn wait(&mut self, at_most: Duration) {
        self.wait_unless(at_most, || false);
    }

    /// The same, but does not block when `over` says that nothing more will be written. It is asked when whoever notifies
    /// would already be heard: what becomes true before a call to [`Recorder::notify`](super::Recorder::notify) is not missed.
    pub fn wait_unless(&mut self, at_most: Duration, over: impl FnOnce() -> bool) {
        self.adopt();
        let (lanes, sites, room) = (&self.lanes, &self.sites, self.has_room());
        self.shared.wait(at_most, || {
            let written = || room && lanes.iter().any(|lane| !lane.ring.is_empty());
            let news = || if sites.held() > 0 { !sites.must_wait() } else { over() };
            written() || news()
        });
    }

    /// Events that had to be dropped so far.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// The names of the run's threads; a thread's number is its place here.
    pub fn threads(&self) -> &[String] {
        &self.names
    }

    fn adopt(&mut self) {
        for joined in lock(&self.shared.joined).drain(..) {
            let thread = self.names.len() as u16;
            let Joined { ring, presence, name } = joined;
            self.names.push(name);
            self.lanes.push(Lane { thread, ring, presence, taken: VecDeque::new(), last_ns: 0, turn: 0, begun: None });
        }
    }
}

impl Lane {
    /// Hands on what was held back, and what is in the ring. What is newer than the drain is held back: a thread that
    /// attaches meanwhile may write something older. Returns how many events were handed on.
    fn hand_on(&mut self, shared: &Shared, now: Moment, last: bool, mut f: impl FnMut(Event)) -> usize {
        let mut held = std::mem::take(&mut self.taken);
        let before = held.len();
        held.drain(..).for_each(|(_, event)| f(event));
        let most = if last { usize::MAX } else { AT_ONCE };
        let taken = self.empty(shared, most, |turn, event| {
            // Once one is held back, so are those after it.
            if last || (held.is_empty() && (event.at_ns, turn) <= now) { f(event) } else { held.push_back((turn, event)) }
        });
        self.taken = held;
        before + taken - self.taken.len()
    }

    /// Empties the ring. Returns the floor: no event before this time and turn is still to come.
    fn take(&mut self, shared: &Shared, now: Moment) -> Moment {
        // Asked before the ring is emptied: a thread parks after its last write, and what it
        // writes once it is awake again is later than `now`.
        let parked = self.presence.parked();
        let gone = self.ring.is_abandoned();
        let mut taken = std::mem::take(&mut self.taken);
        self.empty(shared, usize::MAX, |turn, event| taken.push_back((turn, event)));
        self.taken = taken;
        if gone {
            (u64::MAX, u64::MAX)
        } else if parked || turns::is_of_another(self.turn) {
            // What is not the runtime's takes a turn that is yet to come.
            now
        } else {
            (self.last_ns, self.turn)
        }
    }

    /// Takes everything out of the ring, if it is not more than that, and looks what the thread is at. Returns how many
    /// events there were.
    fn empty(&mut self, shared: &Shared, most: usize, mut f: impl FnMut(u64, Event)) -> usize {
        let Self { ring, presence, begun, last_ns, turn, .. } = self;
        // Asked before the ring is emptied: what was written before that poll is then in it.
        let under_way = presence.poll();
        let slots = ring.slots();
        let under_way = under_way.filter(|_| slots <= most);
        let mut events = 0;
        let mut hand_on = |turn, stamp, what| {
            *last_ns = shared.time_ns(stamp);
            events += 1;
            f(turn, Event { at_ns: *last_ns, what });
        };
        for Written { stamp, entry } in ring.read_chunk(slots.min(most)).into_iter().flatten() {
            let (poll, over) = match entry {
                Entry::What(what) => {
                    hand_on(*turn, stamp, what);
                    continue;
                }
                Entry::Turn(begins) => {
                    *turn = begins;
                    continue;
                }
                Entry::Began(poll) => (poll, false),
                Entry::Polled(poll) => (poll, true),
            };
            if begun.replace(poll.number) != Some(poll.number) {
                hand_on(*turn, poll.began, What::PollStart(poll.task));
            }
            if over {
                hand_on(*turn, stamp, What::PollEnd(poll.task));
            }
        }
        // If it ended meanwhile, what is in the ring says so, and maybe more.
        let unseen = |poll: &Poll| begun.is_none_or(|begun| poll.number.wrapping_sub(begun) as i32 > 0);
        if let Some(poll) = under_way.filter(unseen) {
            *begun = Some(poll.number);
            hand_on(*turn, poll.began, What::PollStart(poll.task));
        }
        events
    }
}
