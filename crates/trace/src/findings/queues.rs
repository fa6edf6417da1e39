//! Queues that only grow.
//!
//! Tokio does not report how many messages are in an unbounded channel, so this lint
//! looks at the program's own counters with *depth*, *queue* or *backlog* in their
//! name. It splits the time from the first value to the last into eight parts. If
//! each part's minimum is above the previous part's, the queue never drained, however
//! much it fluctuated. A queue shorter than [`LEAST`] may still reach its bound.

use super::{FindingKind, Findings, Sight, told};
use crate::{Counter, Trace};

/// The words that mark a counter as the length of a queue.
const WORDS: [&str; 3] = ["depth", "queue", "backlog"];

/// How many parts of the time are compared.
const PARTS: u64 = 8;

/// The minimum that the last part must reach.
const LEAST: f64 = 32.0;

/// How many values of a part are looked at.
const LOOKED_AT: usize = 256;

/// Finds counters of queues that only grow.
pub(super) fn growing(trace: &Trace, found: &mut Findings) {
    let grows = trace.counters.iter().filter(|counter| WORDS.iter().any(|word| counter.name.contains(word)));
    let sights = grows.filter_map(|counter| {
        let lowest = lowest(counter)?;
        let (at_ns, last) = *counter.points.last()?;
        let told = format!(
            "{} grew from {} to {}; the queue never drained: its minimum kept rising",
            counter.name, counter.points[0].1, last
        );
        let place = counter.task.and_then(|task| trace.spawn_place(task));
        Some(Sight { task: counter.task, at_ns, place, weight: lowest as u64, told })
    });
    let sights = sights.collect();
    found.add(FindingKind::QueueGrows, sights, told);
}

/// The minimum of the last part, if each part's minimum is above the previous part's.
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
