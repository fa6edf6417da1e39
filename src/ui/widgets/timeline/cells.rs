//! What a task did in each cell of its lane.
//!
//! The work for a cell is bounded: a search from where the last cell ended, then
//! at most [`EXACT`] segments, or the sums that the task keeps when there are
//! more. A frame therefore costs the same for a hundred polls as for a hundred
//! million.

use super::Axis;
use crate::trace::{End, Family, Segment, State, Task};

/// A cell with at most so many segments is measured exactly.
const EXACT: usize = 32;

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// The task did not exist, or the cell lies behind the time cursor.
    Empty,
    /// It was polled.
    Running {
        /// For so many eighths of the time.
        eighths: u8,
        /// More than once.
        several: bool,
    },
    /// It was ready all the time, or mostly.
    Ready,
    /// It waited all the time, or mostly, and longest for this.
    Waiting(Family),
    /// It ended; whether that is inferred.
    End(End, bool),
}

impl Fill {
    /// A cell that is in one state.
    fn all(state: State) -> Self {
        match state {
            State::Running(_) => Self::Running { eighths: 8, several: false },
            State::Ready => Self::Ready,
            State::Waiting(cause) => Self::Waiting(Family::of(cause)),
        }
    }
}

/// Walks the cells of a lane from left to right.
pub(super) struct Cells<'a> {
    task: &'a Task,
    axis: &'a Axis,
    /// The first nanosecond of the next cell; none past the end of time.
    from: Option<u64>,
    /// The stretch of the last cell: first and last nanosecond.
    stretch: (u64, u64),
    /// How many segments begin before the next cell.
    begun: usize,
    /// How long the task had been in polls before a crowded cell that ended there: the next one need not ask.
    busy: Option<(usize, u64)>,
}

impl<'a> Cells<'a> {
    /// The cells of a task's lane.
    pub(super) fn new(task: &'a Task, axis: &'a Axis) -> Self {
        let begun = task.segments.partition_point(|segment| segment.start_ns < axis.left_ns);
        Self { task, axis, from: Some(axis.left_ns), stretch: (0, 0), begun, busy: None }
    }

    /// What the next cell shows.
    pub(super) fn next(&mut self) -> Fill {
        let Some(from) = self.from.filter(|from| *from <= self.axis.cursor_ns) else { return Fill::Empty };
        self.from = from.checked_add(self.axis.cell_ns.max(1));
        let last = self.from.map_or(u64::MAX, |next| next - 1).min(self.axis.cursor_ns);
        self.stretch = (from, last);
        let first = self.begun;
        self.begun = begun_by(&self.task.segments, first, last);
        if last < self.task.spawned_ns {
            return Fill::Empty;
        }
        match self.task.ended.filter(|end| end.at_ns <= last) {
            // It was alive when the recording stopped, which is no end.
            Some(end) if end.at_ns >= from && end.how == End::Dropped => self.state(first, from, end.at_ns),
            Some(end) if end.at_ns >= from => Fill::End(end.how, end.inferred),
            Some(_) => Fill::Empty,
            None => self.state(first, from, last),
        }
    }

    /// What an ongoing task did in a stretch, before which so many of its segments had begun.
    fn state(&mut self, first: usize, from: u64, last: u64) -> Fill {
        if self.begun - first > EXACT {
            return self.crowded(first, from, last);
        }
        // The one in force at the start is part of the picture.
        let inside = &self.task.segments[first.saturating_sub(1)..self.begun];
        let mut sum = Sum::default();
        for (i, segment) in inside.iter().enumerate() {
            let until = inside.get(i + 1).map_or(last, |next| next.start_ns);
            sum.add(
                *segment,
                until.saturating_sub(segment.start_ns.max(from)),
                i + 1 == inside.len() || segment.start_ns >= from,
            );
        }
        sum.fill()
    }

    /// A crowded stretch. It holds more segments than there are idle states, so a poll is among them; how much of the
    /// time the polls take together is told by the sums that the task keeps.
    fn crowded(&mut self, first: usize, from: u64, last: u64) -> Fill {
        let before = self.busy.filter(|(begun, _)| *begun == first);
        let before = before.map_or_else(|| self.task.busy_by(first, from), |(_, busy_ns)| busy_ns);
        let until = last.saturating_add(1);
        let busy_ns = self.task.busy_by(self.begun, until);
        self.busy = Some((self.begun, busy_ns));
        let eighths = u128::from(busy_ns.saturating_sub(before)) * 8 / u128::from((until - from).max(1));
        Fill::Running { eighths: eighths.min(8) as u8, several: true }
    }

    /// Whether a line of the log was written in the last cell.
    pub(super) fn logged(&self) -> bool {
        let (from, last) = self.stretch;
        let first = self.task.marks.partition_point(|mark| mark.at_ns < from);
        self.task.marks.get(first).is_some_and(|mark| mark.at_ns <= last)
    }
}

/// How many segments have begun by a time, this included, of which so many are known to have: they are looked for from
/// there on, so that it costs as much as there are in a cell and not as there are in a life.
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
    /// How many polls there were, also those that took no time.
    polls: u32,
    /// The state at the end: what counts when no time has passed.
    latest: Option<State>,
}

impl Sum {
    /// Adds a stretch in one state. `starts` tells a poll of no length here from one that ended where the cell begins.
    fn add(&mut self, segment: Segment, ns: u64, starts: bool) {
        self.latest = Some(segment.state);
        match segment.state {
            State::Running(_) => {
                self.running += ns;
                self.polls += u32::from(ns > 0 || starts);
            }
            State::Ready => self.ready += ns,
            State::Waiting(cause) => self.waiting[Family::of(cause) as usize] += ns,
        }
    }

    fn fill(&self) -> Fill {
        let waiting: u128 = self.waiting.iter().copied().map(u128::from).sum();
        if self.polls > 0 {
            let all = u128::from(self.running) + u128::from(self.ready) + waiting;
            let eighths = u128::from(self.running) * 8 / all.max(1);
            return Fill::Running { eighths: eighths as u8, several: self.polls > 1 };
        }
        match (u128::from(self.ready), waiting) {
            (0, 0) => self.latest.map_or(Fill::Empty, Fill::all),
            (ready, waiting) if ready > waiting => Fill::Ready,
            _ => {
                let longest = Family::ALL.into_iter().max_by_key(|family| self.waiting[*family as usize]);
                Fill::Waiting(longest.unwrap_or(Family::Other))
            }
        }
    }
}
