//! Timers that were looked at too late.
//!
//! An *interval* makes up for the ticks that a task has missed, unless it is told
//! otherwise: it gives them all at once.
//!
//! A *timeout* can do nothing while what it limits is polled. Its deadline is known
//! once its timer was polled, which is when what it limits has waited for the first
//! time. Of one that was ready at its first poll the deadline is never known.

use super::{FindingKind, Findings, Sight, at_least, span, told};
use crate::trace::Trace;

/// Finds ticks that came all at once.
pub(super) fn bursts(trace: &Trace, found: &mut Findings) {
    let sights = trace.bursts.iter().map(|burst| {
        let name = &trace.tasks[burst.task as usize].name;
        let told =
            format!("{name} got {} ticks of an interval at once, {} after the one before", burst.count, span(burst.gap_ns));
        let place = burst.site.and_then(|site| trace.site(site).place.clone()).or_else(|| trace.spawn_place(burst.task));
        Sight { task: Some(burst.task), at_ns: burst.from_ns, place, weight: burst.count.into(), told }
    });
    let sights = sights.collect();
    found.add_some(FindingKind::IntervalBurst, sights, at_least(trace.all_bursts()), told);
}

/// Finds timeouts that returned a value after their deadline.
pub(super) fn late(trace: &Trace, found: &mut Findings) {
    let sights = trace.late_timeouts.iter().map(|late| {
        let name = &trace.tasks[late.task as usize].name;
        let weight = late.at_ns - late.due_ns;
        let told = format!("{name} got a value {} after the deadline of its timeout, which passed within a poll", span(weight));
        Sight { task: Some(late.task), at_ns: late.at_ns, place: trace.site(late.site).place.clone(), weight, told }
    });
    let sights = sights.collect();
    found.add_some(FindingKind::LateTimeout, sights, at_least(trace.all_late_timeouts()), told);
}
