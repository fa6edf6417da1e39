//! Makes a run that was found simpler: as few preemptions as possible.
//!
//! A schedule that was drawn may cut a hundred polls, of which one matters. Each preemption that can be left out is left out,
//! first in large parts and then one by one, as in delta debugging (Zeller and Hildebrandt, "Simplifying and isolating
//! failure-inducing input", IEEE TSE 2002). The polls after a preemption that is left out are others, so each attempt is run.

use trace::Trace;

use super::until::Met;
use crate::{Preemption, Schedule, Spec};

/// The simplest run found that still meets the condition, with its trace; `None` if not even the same run meets it again.
pub(super) fn simplest(spec: &Spec, trace: &Trace, try_it: impl Fn(&Spec) -> Option<(Trace, Met)>) -> Option<(Spec, Trace, Met)> {
    let with = |cuts: &[Preemption]| Spec { schedule: Schedule::list(cuts.iter().copied()), ..spec.clone() };
    let mut cuts = cuts(trace);
    let mut best = try_it(&with(&cuts)).map(|(trace, met)| (with(&cuts), trace, met))?;
    let mut part = cuts.len();
    while part > 0 {
        let mut from = 0;
        while from < cuts.len() {
            let mut fewer = cuts.clone();
            fewer.drain(from..(from + part).min(cuts.len()));
            match try_it(&with(&fewer)) {
                Some((trace, met)) => {
                    // Those that had no effect are gone too.
                    cuts = self::cuts(&trace);
                    best = (with(&cuts), trace, met);
                }
                None => from += part,
            }
        }
        part = if part > 1 { part.div_ceil(2).min(part - 1) } else { 0 };
    }
    Some(best)
}

/// The preemptions of a run.
fn cuts(trace: &Trace) -> Vec<Preemption> {
    trace.preemptions().iter().map(|cut| Preemption { poll: cut.poll, operations: cut.operations }).collect()
}
