//! Futures that are very large.
//!
//! Tokio tells the size of each future that is spawned. The bound is its own: what
//! is larger it puts into a box by itself, but only when it is spawned, and a copy
//! was made on the way there. It depends on the build: debug builds make larger ones.

use super::Sight;
use crate::trace::task::{Task, TaskIx};
use crate::trace::{LaneOf, Trace};

/// A future with more bytes than that is very large.
const LARGE: u32 = 16 << 10;

/// A task whose future is very large.
pub(super) fn large(trace: &Trace, task: TaskIx, of: &Task) -> Option<Sight<String>> {
    (of.bytes > LARGE && of.of != LaneOf::Root).then(|| {
        let told = format!("the future of {} has {} bytes", of.name, of.bytes);
        Sight { task: Some(task), at_ns: of.spawned_ns, place: trace.spawn_place(task), weight: of.bytes.into(), told }
    })
}
