//! The reader: drains every thread's ring and puts the events in order.
//!
//! Each thread's events are in order; the events of several threads are merged by time,
//! and an event must not be passed on while an earlier one may still come. So for each ring
//! the reader knows a time before which no more events will come (its *floor*): now for
//! a thread that sleeps; for one that works, the time and the [turn](super::turns) of
//! its last event. A thread can be slow between reading the clock and writing the event,
//! and a long poll may write nothing until its end, so the merge waits at most
//! [`PATIENCE_NS`]. An event that comes even later is passed on out of order, and the
//! trace counts it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rtrb::Consumer;

use super::entry::{Entry, Written};
use super::event::{Event, LastPoll, Named, What};
use super::lines::KnownLines;
use super::presence::{Poll, Presence};
use super::recorder::{OnFull, Shared, lock};
use super::sites::{Sites, Unknown};
use super::turns;

/// How long the merge waits for a working thread, in nanoseconds: several time slices of a busy machine.
const PATIENCE_NS: u64 = 20_000_000;

/// How many events to take from one thread's ring at once: a few milliseconds' work for the reader.
const AT_ONCE: usize = 4096;

/// The maximum number of events that are held for a program that must not wait: about 50 MB.
const HELD: usize = 1 << 20;

/// How long after a thread left a task its poll counts as over, in nanoseconds. A thread that returns to drop the task does so
/// much earlier. Shorter than [`PATIENCE_NS`], so that the end is not late.
const LEFT_NS: u64 = 1_000_000;

/// A thread that attached.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) ring: Consumer<Written>,
    pub(super) presence: Arc<Presence>,
    pub(super) name: String,
    /// Whether a thread that has ended may have had the same name, which then names both.
    pub(super) again: bool,
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

/// Closes the recording, so that no thread waits for a reader that is gone.
impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// One thread's ring, and the events that were taken from it but not passed on.
#[derive(Debug)]
struct Lane {
    thread: u16,
    ring: Consumer<Written>,
    presence: Arc<Presence>,
    /// Taken events, each with its turn.
    taken: VecDeque<(u64, Event)>,
    last_ns: u64,
    turn: u64,
    /// The lines of spawns, as far as this thread has used them.
    lines: KnownLines,
    /// The number of the last poll whose start was passed on.
    begun: Option<u32>,
    /// The poll whose end was passed on before the thread wrote it.
    ended: Option<Poll>,
}

/// How far a poll got with one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// It goes on.
    No,
    /// It has ended.
    Yes,
    /// It was its task's last one.
    ForEver,
}

/// A time in nanoseconds, and a [turn](super::turns).
type Moment = (u64, u64);

/// The thread number for wakes from threads outside the run.
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

    /// Passes the written events on in order of time, each with the number of the
    /// thread that wrote it. `last`: nothing more will be written, so nothing is held
    /// back. Returns the number of events.
    ///
    /// This is quick, so that drawing is not delayed. If only one thread writes, the number of events per call is limited: see
    /// [`Reader::is_behind`]. An event with a new stack, and all events after it, are held until that stack has been looked up:
    /// see [`Reader::holds`].
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

    /// Empties the rings. Returns the number of events.
    fn take(&mut self, last: bool, unknown: Unknown, sink: &mut impl FnMut(u16, Event)) -> usize {
        // Read the time first: a thread that attaches after the next line writes only later events.
        let now = (self.shared.reader_now_ns(), self.shared.turns.now());
        self.adopt();
        // Wakes from outside the run are complete up to the moment they are taken.
        self.outside.extend(lock(&self.shared.outside).drain(..));
        let count = match &mut self.lanes[..] {
            // The events of a single thread are already in order.
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

    /// Whether to take more events while some are held. Without room, the rings fill up, and the writers wait or drop events.
    fn has_room(&self) -> bool {
        let most = if self.shared.on_full == OnFull::Drop { HELD } else { AT_ONCE };
        self.sites.held() < most
    }

    /// Whether the last drain left events that another drain can take at once.
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// Whether events are held until another thread has looked up a stack. [`Reader::wait`] waits for it.
    pub fn holds(&self) -> bool {
        self.sites.held() > 0
    }

    /// Merges the events of several threads by time and turn.
    fn merge(&mut self, now: Moment, last: bool, unknown: Unknown, sink: &mut impl FnMut(u16, Event)) -> usize {
        let mut floor = now;
        // A single thread need not wait for others.
        let single = self.lanes.len() == 1 && self.outside.is_empty();
        for lane in &mut self.lanes {
            let lane = lane.take(&self.shared, now, last);
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
        // The sort is stable: events of one thread at the same instant keep their order.
        self.ready.sort_by_key(|(_, turn, event)| (event.at_ns, *turn));
        let count = self.ready.len();
        for (thread, _, event) in self.ready.drain(..) {
            self.sites.hand_on(thread, event, unknown, sink);
        }
        count
    }

    /// Blocks until there are events to pass on, [`Recorder::notify`](super::Recorder::notify) is called, or the time is up.
    pub fn wait(&mut self, at_most: Duration) {
        self.wait_unless(at_most, || false);
    }

    /// Waits like [`Reader::wait`], but does not block if `over` says that nothing more will be written. `over` is called after
    /// notifications are enabled, so a change before a call to [`Recorder::notify`](super::Recorder::notify) is not missed.
    pub fn wait_unless(&mut self, at_most: Duration, over: impl FnOnce() -> bool) {
        self.adopt();
        let (lanes, sites, room) = (&self.lanes, &self.sites, self.has_room());
        self.shared.wait(at_most, || {
            let written = || room && lanes.iter().any(|lane| !lane.ring.is_empty());
            let news = || if sites.held() > 0 { !sites.must_wait() } else { over() };
            written() || news()
        });
    }

    /// The number of events dropped so far.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// The names of the run's threads; a thread's number is its index here.
    pub fn threads(&self) -> &[String] {
        &self.names
    }

    fn adopt(&mut self) {
        for joined in lock(&self.shared.joined).drain(..) {
            let Joined { ring, presence, name, again } = joined;
            let known = self.names.iter().position(|known| again && *known == name);
            let thread = known.unwrap_or(self.names.len()).min(usize::from(OUTSIDE) - 1) as u16;
            if known.is_none() {
                self.names.push(name);
            }
            self.lanes.push(Lane {
                thread,
                ring,
                presence,
                taken: VecDeque::new(),
                last_ns: 0,
                turn: 0,
                lines: KnownLines::default(),
                begun: None,
                ended: None,
            });
        }
    }
}

impl Lane {
    /// Passes on the events that were held back and those in the ring. Holds back events newer than this drain: a thread that
    /// attaches meanwhile may write older ones. Returns the number of events passed on.
    fn hand_on(&mut self, shared: &Shared, now: Moment, last: bool, mut f: impl FnMut(Event)) -> usize {
        let mut held = std::mem::take(&mut self.taken);
        let before = held.len();
        held.drain(..).for_each(|(_, event)| f(event));
        let most = if last { usize::MAX } else { AT_ONCE };
        let taken = self.empty(shared, most, last, |turn, event| {
            // Once an event is held back, so are all later ones.
            if last || (held.is_empty() && (event.at_ns, turn) <= now) { f(event) } else { held.push_back((turn, event)) }
        });
        self.taken = held;
        before + taken - self.taken.len()
    }

    /// Empties the ring. Returns the floor: no event before this time and turn is still to come.
    fn take(&mut self, shared: &Shared, now: Moment, last: bool) -> Moment {
        // Check this before emptying the ring: a thread parks after its last write, and what it
        // writes after waking up is later than `now`.
        let parked = self.presence.parked();
        let gone = self.ring.is_abandoned();
        let mut taken = std::mem::take(&mut self.taken);
        self.empty(shared, usize::MAX, last, |turn, event| taken.push_back((turn, event)));
        self.taken = taken;
        if gone {
            (u64::MAX, u64::MAX)
        } else if parked || turns::is_of_another(self.turn) {
            // A thread outside the runtime will take a later turn.
            now
        } else {
            (self.last_ns, self.turn)
        }
    }

    /// Takes up to `most` entries out of the ring, and the thread's current poll if the ring is then empty. Returns the number
    /// of events. `last`: the thread writes nothing more.
    fn empty(&mut self, shared: &Shared, most: usize, last: bool, mut f: impl FnMut(u64, Event)) -> usize {
        let Self { ring, presence, begun, ended, last_ns, turn, lines, .. } = self;
        // Read this before emptying the ring, which then contains everything written before that poll.
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
                Entry::What(What::PollEnd(task))
                    if ended.is_some_and(|poll| Some(poll.number) == *begun && poll.task == task) =>
                {
                    *ended = None;
                    continue;
                }
                Entry::What(what) => {
                    hand_on(*turn, stamp, what);
                    continue;
                }
                Entry::Turn(begins) => {
                    *turn = begins;
                    continue;
                }
                Entry::Spawned { task, parent, line, bytes } => {
                    if bytes > 0 {
                        let named = Named { task, name: String::new(), bytes: bytes.into() };
                        hand_on(*turn, stamp, What::Named(Box::new(named)));
                    }
                    if let Some(at) = lines.get(&shared.lines, line) {
                        hand_on(*turn, stamp, What::Spawn { task, parent, at });
                    }
                    continue;
                }
                Entry::Began(poll) => (poll, Over::No),
                Entry::Polled(poll) => (poll, Over::Yes),
                Entry::Finished(poll) => (poll, Over::ForEver),
            };
            if begun.replace(poll.number) != Some(poll.number) {
                hand_on(*turn, poll.began, What::PollStart(poll.task));
            }
            if over == Over::ForEver {
                hand_on(*turn, stamp, What::Terminate { task: poll.task, last: LastPoll::Polled });
            }
            if over != Over::No && ended.take_if(|ended| ended.number == poll.number).is_none() {
                hand_on(*turn, stamp, What::PollEnd(poll.task));
            }
        }
        // If the poll ended meanwhile, the ring contains its end, and perhaps more.
        let unseen = |poll: &Poll| begun.is_none_or(|begun| poll.number.wrapping_sub(begun) as i32 > 0);
        let Some((poll, left)) = under_way else { return events };
        if unseen(&poll) {
            *begun = Some(poll.number);
            hand_on(*turn, poll.began, What::PollStart(poll.task));
        }
        if let Some(left) = left
            && *begun == Some(poll.number)
            && *ended != Some(poll)
            // Otherwise its end is in the ring.
            && presence.poll() == Some((poll, Some(left)))
            && (last || shared.reader_now_ns().saturating_sub(shared.time_ns(left)) > LEFT_NS)
        {
            *ended = Some(poll);
            hand_on(*turn, left, What::PollEnd(poll.task));
        }
        events
    }
}
