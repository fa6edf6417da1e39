//! Totals over a stretch of time: what happened in it, and what tasks waited for.
//!
//! Measuring visits every task and every wait in the stretch, so callers should
//! keep the result.

use std::collections::HashMap;

use super::task::{Segment, State, Task};
use super::waits::WaitTotal;
use super::{Cause, LaneOf, Place, Trace};

/// What happened in a stretch of time, both ends included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measure {
    /// The start of the stretch, in nanoseconds since the run began.
    pub from_ns: u64,
    /// The end of the stretch.
    pub to_ns: u64,
    /// Polls of the runtime's tasks that began in the stretch.
    pub polls: u64,
    /// Wakes in the stretch that made a task or another lane ready.
    pub wakes: u64,
    /// The runtime's tasks that were alive at any time in the stretch.
    pub lived: u32,
    /// How many of these tasks were spawned in the stretch.
    pub spawned: u32,
    /// How many of these tasks ended in the stretch.
    pub ended: u32,
    /// The waits in the stretch by cause and place, with their duration within the stretch. Sorted by total duration,
    /// longest first.
    pub waits: Vec<WaitTotal>,
}

/// How many polls of a task began between two times.
fn polls_between(task: &Task, from_ns: u64, to_ns: u64) -> u64 {
    let within = |segment: &&Segment| segment.start_ns >= from_ns && matches!(segment.state, State::Running(_));
    task.segments_in(from_ns, to_ns).iter().filter(within).count() as u64
}

/// Totals by cause and place, and for each set of leaves the indices of its totals.
#[derive(Default)]
struct Sums {
    totals: Vec<WaitTotal>,
    by_place: HashMap<(Cause, Option<Place>), usize>,
    by_set: Vec<Option<Box<[usize]>>>,
}

impl Trace {
    /// What happened between two times.
    pub fn measure(&self, from_ns: u64, to_ns: u64) -> Measure {
        let polls = self.polls_by(to_ns).saturating_sub(self.polls_before(from_ns));
        let mut measure = Measure { from_ns, to_ns, polls, ..Measure::default() };
        let mut sums = Sums::default();
        let spawned = self.tasks.partition_point(|task| task.spawned_ns <= to_ns);
        for task in &self.tasks[..spawned] {
            let end_ns = task.end().map(|end| end.at_ns);
            if end_ns.is_some_and(|end_ns| end_ns < from_ns) {
                continue;
            }
            if task.of == LaneOf::Task {
                measure.lived += 1;
                measure.spawned += u32::from(task.spawned_ns >= from_ns);
                measure.ended += u32::from(end_ns.is_some_and(|end_ns| end_ns <= to_ns));
            } else {
                measure.polls = measure.polls.saturating_sub(polls_between(task, from_ns, to_ns));
            }
            let wakes = |before: u64| task.wakes.partition_point(|wake| wake.at_ns < before);
            measure.wakes += wakes(to_ns.saturating_add(1)).saturating_sub(wakes(from_ns)) as u64;
            // An unfinished segment lasts until the end of the trace.
            let known_ns = end_ns.unwrap_or(self.end_ns);
            let start = |segment: usize| task.segments.get(segment).map_or(known_ns, |segment| segment.start_ns);
            // The segment before may reach into the stretch.
            let first = task.segments.partition_point(|segment| segment.start_ns < from_ns).saturating_sub(1);
            for (at, wait) in task.segments.iter().enumerate().skip(first) {
                let (start_ns, end_ns) = (wait.start_ns, start(at + 1));
                if start_ns > to_ns {
                    break;
                }
                if !wait.state.is_waiting() || end_ns < from_ns {
                    continue;
                }
                let within = end_ns.min(to_ns).saturating_sub(start_ns.max(from_ns));
                // A wait that only touches an end of the stretch does not count.
                if within > 0 || (start_ns >= from_ns && end_ns <= to_ns) {
                    sums.add(self, wait.leaves, within);
                }
            }
        }
        measure.waits = sums.totals;
        measure.waits.sort_by(|a, b| {
            (b.total_ns, b.count).cmp(&(a.total_ns, a.count)).then_with(|| (a.cause, &a.place).cmp(&(b.cause, &b.place)))
        });
        measure
    }

    /// The causes and places of a set of leaves, without duplicates.
    fn places_of(&self, set: u32) -> Vec<(Cause, Option<Place>)> {
        let mut places = Vec::new();
        for leaf in self.leaves_of(set) {
            let site = self.site(leaf.site);
            let place = (site.cause, site.place.clone());
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }
}

impl Sums {
    fn add(&mut self, trace: &Trace, set: u32, lasted_ns: u64) {
        let (totals, by_place) = (&mut self.totals, &mut self.by_place);
        // A run may have any number of waits, but few sets of leaves.
        let place = set as usize;
        if self.by_set.len() <= place {
            self.by_set.resize(place + 1, None);
        }
        let of_set = self.by_set[place].get_or_insert_with(|| {
            let places = trace.places_of(set).into_iter();
            let total = |(cause, place): (Cause, Option<Place>)| {
                *by_place.entry((cause, place.clone())).or_insert_with(|| {
                    totals.push(WaitTotal { cause, place, count: 0, total_ns: 0, max_ns: 0 });
                    totals.len() - 1
                })
            };
            places.map(total).collect()
        });
        for place in of_set.iter() {
            let total = &mut self.totals[*place];
            total.count += 1;
            total.total_ns = total.total_ns.saturating_add(lasted_ns);
            total.max_ns = total.max_ns.max(lasted_ns);
        }
    }
}
