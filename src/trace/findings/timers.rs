//! Timers that were looked at too late.
//!
//! An *interval* makes up for the ticks that a task has missed, unless it is told
//! otherwise: it gives them all at once.

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
