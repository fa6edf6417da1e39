//! Queues that only grow.
//!
//! Tokio does not say how many messages lie in a channel without a bound, so what
//! is looked at are the program's own counters: those whose name speaks of a depth,
//! a queue or a backlog. The time from the first value to the last is cut in
//! eight, and the lowest value of each part has to lie above that of the one
//! before: then it was never worked off, however much it went up and down. A queue
//! that has come to less than [`LEAST`] may still be on its way to its bound.

use super::{FindingKind, Findings, Sight, told};
use crate::trace::{Counter, Trace};

/// What a counter of a queue is called.
const WORDS: [&str; 3] = ["depth", "queue", "backlog"];

/// The parts of the time that are compared.
const PARTS: u64 = 8;

/// The last part has to have so many at least.
const LEAST: f64 = 32.0;

/// So many values of a part are looked at.
const LOOKED_AT: usize = 256;

/// Finds counters of queues that only grow.
pub(super) fn growing(trace: &Trace, found: &mut Findings) {
    let grows = trace.counters.iter().filter(|counter| WORDS.iter().any(|word| counter.name.contains(word)));
    let sights = grows.filter_map(|counter| {
        let lowest = lowest(counter)?;
        let (at_ns, last) = *counter.points.last()?;
        let told = format!(
            "{} grew from {} to {} and was never worked off: from part to part of the run its lowest value rose",
            counter.name, counter.points[0].1, last
        );
        let place = counter.task.and_then(|task| trace.spawn_place(task));
        Some(Sight { task: counter.task, at_ns, place, weight: lowest as u64, told })
    });
    let sights = sights.collect();
    found.add(FindingKind::QueueGrows, sights, told);
}

/// The lowest value of the last part, if each part's is above that of the one before.
fn lowest(counter: &Counter) -> Option<f64> {
    let (first_ns, last_ns) = (counter.points.first()?.0, counter.points.last()?.0);
    let length = u128::from(last_ns - first_ns);
    let mut before = f64::NEG_INFINITY;
    for part in 0..PARTS {
        let at = |part: u64| first_ns + (length * u128::from(part) / u128::from(PARTS)) as u64;
        let from = counter.points.partition_point(|(at_ns, _)| *at_ns < at(part));
        let rest = part + 1 == PARTS;
        let to = counter.points.partition_point(|(at_ns, _)| *at_ns < at(part + 1) || rest);
        let points = &counter.points[from..to];
        let every = points.len().div_ceil(LOOKED_AT).max(1);
        let least = points.iter().step_by(every).map(|(_, value)| *value).min_by(f64::total_cmp)?;
        if least <= before {
            return None;
        }
        before = least;
    }
    (before >= LEAST).then_some(before)
}
