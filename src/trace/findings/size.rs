//! Futures that are very large.
//!
//! Tokio tells the size of each future that is spawned. The bound is its own: what
//! is larger it puts into a box by itself, but only when it is spawned, and a copy
//! was made on the way there. It depends on the build: debug builds make larger ones.

use super::{FindingKind, Findings, Sight};
use crate::trace::Trace;

/// A future with more bytes than that is very large.
const LARGE: u32 = 16 << 10;

/// Finds tasks whose future is very large.
pub(super) fn large(trace: &Trace, found: &mut Findings) {
    let large = (0..).zip(&trace.tasks).filter(|(_, of)| of.bytes > LARGE);
    let sights = large.map(|(task, of)| {
        let told = format!("the future of {} has {} bytes", of.name, of.bytes);
        Sight { task: Some(task), at_ns: of.spawned_ns, place: trace.spawn_place(task), weight: of.bytes.into(), told }
    });
    found.add(FindingKind::LargeFuture, sights.collect(), |sight: &Sight<String>| sight.told.clone());
}
