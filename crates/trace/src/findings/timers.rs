//! Timers that were polled too late.
//!
//! An *interval* makes up for missed ticks by default: it delivers them all at once.
//!
//! A *timeout* cannot act while its inner future is being polled. Its deadline is
//! recorded when its timer is first polled, which is when the inner future first
//! returns `Pending`. If the inner future is ready at its first poll, the deadline
//! stays unknown.

use super::{FindingKind, Findings, Sight, at_least, span, told};
use crate::Trace;

/// Finds ticks that an interval delivered all at once.
pub(super) fn bursts(trace: &Trace, found: &mut Findings) {
    let sights = trace.bursts.iter().map(|burst| {
        let name = &trace.tasks[burst.task as usize].name;
        let told =
            format!("{name} got {} ticks of an interval at once, {} after the previous tick", burst.count, span(burst.gap_ns));
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
