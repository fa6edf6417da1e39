//! Lane cells: what a task did in each of a series of equal stretches of time.
//!
//! The screen, the text report and the exports all draw lanes from these cells. A
//! cell shows what mattered most in its stretch, which is not always what lasted
//! longest. In order of priority: an end; polls that fill a good part of it; a lock
//! or permit held while waiting, however briefly; polls that take no time, as on
//! the virtual clock; waiting in a queue; and only then what lasted longest.
//!
//! The work per cell is bounded: a search from the end of the previous cell, then
//! at most [`EXACT`] segments, or the task's running sums if there are more. A
//! frame therefore costs the same for a hundred polls as for a hundred million.

use super::holding::Holding;
use super::overdue::Overdue;
use super::task::{End, Ended, Segment, State, Task, TaskIx};
use super::{Family, Trace};

/// Maximum number of segments in a cell that is measured exactly.
const EXACT: usize = 32;

/// A cell shows polls if they take at least this many eighths of it, whatever the task holds.
const BUSY: u8 = 2;

/// The time that the cells of a lane cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first nanosecond of the first cell.
    pub left_ns: u64,
    /// The duration of a cell, in nanoseconds; 0 counts as 1.
    pub cell_ns: u64,
    /// The cursor, in nanoseconds: nothing later is shown.
    pub until_ns: u64,
    /// In a stalled run, how many cells after the cursor show the waits that never end.
    pub tail: usize,
}

/// How many of a lane's cells form its tail when the run has stalled: a sixth, so that an endless wait is more than a
/// point at the end.
pub fn tail(cells: usize) -> usize {
    cells / 6
}

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// The task did not exist, or the cell is after the cursor.
    Empty,
    /// It was polled.
    Running {
        /// How many eighths of the cell the polls fill.
        eighths: u8,
        /// Whether it was polled more than once.
        several: bool,
    },
    /// It was ready for most of the time, or a timer that it waited for was late.
    Ready,
    /// It waited.
    Waiting {
        /// What it waited for: a lock or permit if it queued for one at all, otherwise what it waited for longest.
        family: Family,
        /// Whether it held a lock or permit meanwhile.
        holds: bool,
    },
    /// It ended. The flag is true if the end is inferred.
    End(End, bool),
    /// It waits forever.
    Forever,
}

impl Fill {
    /// Whether the cell can be part of a labelled bar: the task was ready or waiting.
    pub fn is_idle(self) -> bool {
        matches!(self, Self::Ready | Self::Waiting { .. })
    }
}

impl Trace {
    /// The cells of a task's lane. With a poll number: as things were when that poll began, even within one moment.
    pub fn cells(&self, task: TaskIx, window: Window, count: usize, poll: Option<u64>) -> Vec<Fill> {
        let Some(of) = self.tasks.get(task as usize) else { return vec![Fill::Empty; count] };
        let right_ns = window.left_ns.saturating_add(window.cell_ns.max(1).saturating_mul(count as u64));
        let (from_ns, to_ns) = (window.left_ns, right_ns.min(window.until_ns));
        let seen = poll.and_then(|poll| self.before_poll(task, poll)).unwrap_or_else(|| Seen::all(of));
        let holds: Vec<Holding> = self.held(task, from_ns, to_ns).into_iter().filter(|held| held.shown).collect();
        let overdue = self.overdue_in(task, from_ns, to_ns);
        let mut cells = Cells::new(of, window, seen, &holds, &overdue);
        let mut fills: Vec<Fill> = (0..count).map(|_| cells.next()).collect();
        if window.tail > 0 && of.end_at(window.until_ns).is_none() {
            self.draw_tail(task, window, &mut fills);
        }
        fills
    }

    /// Extends the task's wait at the cursor forever.
    fn draw_tail(&self, task: TaskIx, window: Window, fills: &mut [Fill]) {
        let at_ns = window.until_ns;
        let Some(State::Waiting(cause)) = self.tasks[task as usize].segment_at(at_ns).map(|last| last.state) else { return };
        let holds = self.held(task, at_ns, at_ns).iter().any(|held| held.shown && held.to_ns > at_ns);
        let cursor = at_ns.checked_sub(window.left_ns).map_or(0, |ns| ns / window.cell_ns.max(1)) as usize;
        let behind = fills.iter_mut().skip(cursor + 1).take(window.tail);
        let last = behind.len().saturating_sub(1);
        for (at, fill) in behind.enumerate() {
            *fill = if at == last { Fill::Forever } else { Fill::Waiting { family: Family::of(cause), holds } };
        }
    }
}

/// The part of a task's life that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// The number of segments.
    pub(super) segments: usize,
    /// The end, if it is shown.
    pub(super) ended: Option<Ended>,
}

impl Seen {
    fn all(task: &Task) -> Self {
        Self { segments: task.segments.len(), ended: task.ended }
    }
}

/// Walks the cells of a lane from left to right.
struct Cells<'a> {
    task: &'a Task,
    segments: &'a [Segment],
    ended: Option<Ended>,
    window: Window,
    holds: &'a [Holding],
    overdue: &'a [Overdue],
    /// The first nanosecond of the next cell; `None` past the end of time.
    from: Option<u64>,
    /// The number of segments that begin before the next cell.
    begun: usize,
    /// Total poll time up to the end of the last crowded cell, with its `begun`: saves the next cell a lookup.
    busy: Option<(usize, u64)>,
}

impl<'a> Cells<'a> {
    fn new(task: &'a Task, window: Window, seen: Seen, holds: &'a [Holding], overdue: &'a [Overdue]) -> Self {
        let segments = &task.segments[..seen.segments.min(task.segments.len())];
        let begun = segments.partition_point(|segment| segment.start_ns < window.left_ns);
        Self { task, segments, ended: seen.ended, window, holds, overdue, from: Some(window.left_ns), begun, busy: None }
    }

    /// What the next cell shows.
    fn next(&mut self) -> Fill {
        let Some(from) = self.from.filter(|from| *from <= self.window.until_ns) else { return Fill::Empty };
        self.from = from.checked_add(self.window.cell_ns.max(1));
        let last = self.from.map_or(u64::MAX, |next| next - 1).min(self.window.until_ns);
        let first = self.begun;
        self.begun = begun_by(self.segments, first, last);
        if last < self.task.spawned_ns || self.segments.is_empty() {
            return Fill::Empty;
        }
        match self.ended.filter(|end| end.at_ns <= last) {
            // It was alive when the recording stopped, which is not an end.
            Some(end) if end.at_ns >= from && end.how == End::Dropped => self.state(first, from, end.at_ns),
            Some(end) if end.at_ns >= from => Fill::End(end.how, end.inferred),
            Some(_) => Fill::Empty,
            None => self.state(first, from, last),
        }
    }

    /// What an ongoing task did in a stretch. `first` is the number of segments that began before it.
    fn state(&mut self, first: usize, from: u64, last: u64) -> Fill {
        if self.begun - first > EXACT {
            return self.crowded(first, from, last);
        }
        // The segment under way at the start counts too.
        let inside = &self.segments[first.saturating_sub(1)..self.begun];
        let mut sum = Sum::default();
        for (i, segment) in inside.iter().enumerate() {
            let until = inside.get(i + 1).map_or(last, |next| next.start_ns);
            let start = segment.start_ns.max(from);
            sum.add(*segment, until.saturating_sub(start), i + 1 == inside.len() || segment.start_ns >= from);
            if let State::Waiting(cause) = segment.state
                && !cause.is_turn()
            {
                let held = |held: &Holding| held.to_ns.min(until).saturating_sub(held.from_ns.max(start));
                sum.holding[Family::of(cause) as usize] += self.holds.iter().map(held).max().unwrap_or(0);
            }
        }
        sum.holds_last = self.holds.iter().any(|held| held.from_ns <= last && last < held.to_ns);
        let late = |overdue: &Overdue| overdue.woken_ns.min(last).saturating_sub(overdue.due_ns.max(from));
        sum.late(self.overdue.iter().map(late).sum());
        sum.fill()
    }

    /// A crowded stretch. It has too many segments to contain no poll; the task's running sums give the total time of
    /// its polls.
    fn crowded(&mut self, first: usize, from: u64, last: u64) -> Fill {
        let before = self.busy.filter(|(begun, _)| *begun == first);
        let before = before.map_or_else(|| self.task.busy_by(first, from), |(_, busy_ns)| busy_ns);
        let until = last.saturating_add(1);
        let busy_ns = self.task.busy_by(self.begun, until);
        self.busy = Some((self.begun, busy_ns));
        let eighths = u128::from(busy_ns.saturating_sub(before)) * 8 / u128::from((until - from).max(1));
        let eighths = eighths.min(8) as u8;
        let held = |at_ns: u64| self.holds.iter().any(|held| held.from_ns <= at_ns && at_ns < held.to_ns);
        let inside = &self.segments[first..self.begun];
        let waits = inside.iter().rev().take(EXACT).find(|segment| segment.state.is_waiting() && held(segment.start_ns));
        match waits.filter(|_| eighths < BUSY) {
            Some(Segment { state: State::Waiting(cause), .. }) => Fill::Waiting { family: Family::of(*cause), holds: true },
            _ => Fill::Running { eighths, several: true },
        }
    }
}

/// The number of segments that begin at or before a time, of which the first `known` are known to. Gallops from there, so
/// that the cost depends on the segments in a cell, not in the task's whole life.
fn begun_by(segments: &[Segment], known: usize, at_ns: u64) -> usize {
    let (mut low, mut step) = (known, 1);
    while segments.get(low + step - 1).is_some_and(|segment| segment.start_ns <= at_ns) {
        low += step;
        step *= 2;
    }
    let high = (low + step - 1).min(segments.len());
    low + segments[low..high].partition_point(|segment| segment.start_ns <= at_ns)
}

/// The time in each state.
#[derive(Default)]
struct Sum {
    running: u64,
    ready: u64,
    /// By family, in the order of [`Family::ALL`].
    waiting: [u64; Family::ALL.len()],
    /// The part of `waiting` during which a lock or permit was held.
    holding: [u64; Family::ALL.len()],
    /// The number of polls, including polls that took no time.
    polls: u32,
    /// The state at the end: decides when no time has passed.
    latest: Option<State>,
    /// Whether a lock or permit was held at the end.
    holds_last: bool,
}

impl Sum {
    /// Adds a stretch in one state. `starts` distinguishes a zero-length poll in the cell from a poll that ended at its start.
    fn add(&mut self, segment: Segment, ns: u64, starts: bool) {
        self.latest = Some(segment.state);
        match segment.state {
            State::Running(_) => {
                self.running += ns;
                self.polls += u32::from(ns > 0 || starts);
            }
            // A task that has yielded could run: like a woken task, it only waits for a worker.
            State::Ready => self.ready += ns,
            State::Waiting(cause) if cause.is_turn() => self.ready += ns,
            State::Waiting(cause) => self.waiting[Family::of(cause) as usize] += ns,
        }
    }

    /// Counts this much of the time spent waiting for a timer as ready: the timer was late.
    fn late(&mut self, ns: u64) {
        let waited = &mut self.waiting[Family::Time as usize];
        let late = ns.min(*waited);
        *waited -= late;
        self.ready += late;
    }

    fn fill(&self) -> Fill {
        let waiting: u128 = self.waiting.iter().copied().map(u128::from).sum();
        let (running, ready) = (u128::from(self.running), u128::from(self.ready));
        let eighths = (running * 8 / (running + ready + waiting).max(1)) as u8;
        let holding = shown(&self.holding).map(|family| Fill::Waiting { family, holds: true });
        if self.polls > 0 && (eighths >= BUSY || holding.is_none()) {
            return Fill::Running { eighths, several: self.polls > 1 };
        }
        let idle = shown(&self.waiting).map(|family| Fill::Waiting { family, holds: false });
        match holding.or(idle) {
            // Nothing took time: show the state at the end.
            None if ready == 0 => match self.latest {
                None => Fill::Empty,
                Some(State::Running(_)) => Fill::Running { eighths: 8, several: false },
                Some(State::Ready) => Fill::Ready,
                Some(State::Waiting(cause)) if cause.is_turn() => Fill::Ready,
                Some(State::Waiting(cause)) => Fill::Waiting { family: Family::of(cause), holds: self.holds_last },
            },
            Some(idle) if ready <= waiting || matches!(idle, Fill::Waiting { family: Family::Lock, .. }) => idle,
            _ => Fill::Ready,
        }
    }
}

/// The family of waits that a cell shows: locks and permits first, then the longest.
fn shown(waits: &[u64; Family::ALL.len()]) -> Option<Family> {
    let any = |family: &Family| waits[*family as usize] > 0;
    let longest = || Family::ALL.into_iter().filter(any).max_by_key(|family| waits[*family as usize]);
    Some(Family::Lock).filter(any).or_else(longest)
}
