//! Futures that were dropped at an await while they held a lock.
//!
//! This covers exclusive locks only: a reader has changed nothing, and a permit
//! protects nothing. Aborted tasks are not reported: an abort gives up the whole
//! task on purpose.

use super::{FindingKind, Findings, Sight, at_least, short, told};
use crate::Trace;
use crate::cut::Cut;
use crate::task::End;

/// Finds futures that were dropped while they held a lock.
pub(super) fn holding(trace: &Trace, found: &mut Findings) {
    let sights = trace.cuts.iter().filter(|cut| !ends_with(trace, cut)).map(|cut| {
        let place = trace.site(cut.waited).place.clone();
        let at = |site| trace.site(site).place.as_ref().map_or_else(String::new, |place| format!(" at {}", short(place)));
        let times = if cut.times == 1 { String::new() } else { format!(", {} times", cut.times) };
        let told = format!(
            "{} dropped a future that waited{} and held the {}, taken{}{times}",
            trace.tasks[cut.task as usize].name,
            at(cut.waited),
            trace.resource_kind(cut.resource),
            at(cut.taken),
        );
        Sight { task: Some(cut.task), at_ns: cut.at_ns, place, weight: cut.times.into(), told }
    });
    let sights = sights.collect();
    found.add_some(FindingKind::DroppedWhileHolding, sights, at_least(trace.all_cuts()), told);
}

/// Whether the drop was part of the task's own end: it was aborted, or it panicked in that poll.
fn ends_with(trace: &Trace, cut: &Cut) -> bool {
    let of = &trace.tasks[cut.task as usize];
    let cut_off = of.ended.is_some_and(|end| matches!(end.how, End::Cancelled | End::Panicked));
    cut_off && of.segments.last().is_some_and(|last| last.start_ns <= cut.at_ns)
}
