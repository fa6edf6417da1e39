//! Queries for waits: of one task, at one moment, and totals.
//!
//! A wait is not kept as such: it is the segment in which a task waits, from its
//! beginning to that of the next one, and the number of the set of leaves in it.

use super::{Leaf, SiteIx};
use crate::Trace;
use crate::family::Family;
use crate::task::{Segment, State, Task, TaskIx, Wake};
use facts::site::{Cause, Place, Site};

/// An idle gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitView<'a> {
    /// When it began, in nanoseconds since the run began.
    pub start_ns: u64,
    /// When it ended; none while it lasts, and of one that lasted when the recording stopped.
    pub end_ns: Option<u64>,
    /// What it was for. Nothing when that was not recorded.
    pub leaves: &'a [Leaf],
    /// What ended it; nothing when it lasts, or ended by an abort.
    pub wake: Option<Wake>,
}

/// All waits for one cause at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitTotal {
    /// What was waited for.
    pub cause: Cause,
    /// Where. None when no line of the program's own is known.
    pub place: Option<Place>,
    /// How many waits that ended, or that the end of the recording cut off.
    pub count: u64,
    /// How long they were together, in nanoseconds.
    pub total_ns: u64,
    /// How long the longest was, in nanoseconds.
    pub max_ns: u64,
}

/// What goes on at one place of waiting at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceCount {
    /// What is waited for.
    pub cause: Cause,
    /// Where.
    pub place: Place,
    /// How many tasks wait there.
    pub waiting: u32,
    /// How many tasks are being polled that waited there last.
    pub running: u32,
}

impl Trace {
    /// What was waited for at a site, and where.
    pub fn site(&self, site: SiteIx) -> &Site {
        &self.waits.sites[site as usize]
    }

    /// The idle gap of a task that covers a time.
    pub fn wait_at(&self, task: TaskIx, at_ns: u64) -> Option<WaitView<'_>> {
        let of = self.tasks.get(task as usize)?;
        let segment = of.segments.partition_point(|segment| segment.start_ns <= at_ns).checked_sub(1)?;
        let view = self.view(of, segment).filter(|_| of.segments[segment].state.is_waiting())?;
        view.end_ns.is_none_or(|end_ns| at_ns < end_ns).then_some(view)
    }

    /// The idle gaps of a task, in order of time.
    pub fn waits_of(&self, task: TaskIx) -> impl DoubleEndedIterator<Item = WaitView<'_>> {
        let task = self.tasks.get(task as usize);
        task.into_iter().flat_map(move |task| task.waits().filter_map(move |(segment, _)| self.view(task, segment)))
    }

    /// The idle gap that is the segment of a task with this index; none if the task does not wait in it.
    pub fn wait_of(&self, task: TaskIx, segment: usize) -> Option<WaitView<'_>> {
        let of = self.tasks.get(task as usize)?;
        self.view(of, segment).filter(|_| of.segments[segment].state.is_waiting())
    }

    /// An idle gap, by the place of its segment.
    pub(crate) fn view(&self, task: &Task, segment: usize) -> Option<WaitView<'_>> {
        let wait = task.segments.get(segment)?;
        let next = task.segments.get(segment + 1);
        let end_ns = next.map(|next| next.start_ns).or(task.end().map(|ended| ended.at_ns));
        let woken = next.is_some_and(|next| next.state == State::Ready);
        let wake = end_ns.filter(|_| woken).and_then(|_| task.wake_into(segment + 1));
        Some(WaitView { start_ns: wait.start_ns, end_ns, leaves: self.leaves(*wait), wake })
    }

    /// What a task waits for in a segment; nothing where it does not.
    pub(crate) fn leaves(&self, segment: Segment) -> &[Leaf] {
        if segment.state.is_waiting() { self.leaves_of(segment.leaves) } else { &[] }
    }

    /// The leaves of a set.
    pub(crate) fn leaves_of(&self, set: u32) -> &[Leaf] {
        self.waits.sets.leaves(set)
    }

    /// What a task waits for now; nothing where it does not, or where that is not known.
    pub(crate) fn leaves_now(&self, task: &Task) -> &[Leaf] {
        task.segments.last().filter(|_| task.ended.is_none()).map_or(&[], |last| self.leaves(*last))
    }

    /// For each cause and place, how often and how long tasks have waited: the longest together first.
    pub fn wait_totals(&self) -> Vec<WaitTotal> {
        let mut totals: Vec<WaitTotal> =
            self.waits.sets.totals().iter().map(|total| total.sum.clone()).filter(|total| total.count > 0).collect();
        totals.sort_by(|a, b| {
            (b.total_ns, b.count).cmp(&(a.total_ns, a.count)).then_with(|| (a.cause, &a.place).cmp(&(b.cause, &b.place)))
        });
        totals
    }

    /// What goes on at each known place of waiting at a time. Exact while few thousand moments had a change there.
    pub fn places_at(&self, at_ns: u64) -> impl Iterator<Item = PlaceCount> {
        self.waits.sets.totals().iter().filter_map(move |total| {
            let (waiting, running) = (total.waiting.at(at_ns), total.running.at(at_ns));
            let place = total.sum.place.clone().filter(|_| waiting + running > 0)?;
            Some(PlaceCount { cause: total.sum.cause, place, waiting, running })
        })
    }

    /// The families of causes that tasks of the run have waited for, as their waits are drawn.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        self.waits.sets.families()
    }
}
