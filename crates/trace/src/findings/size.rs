//! Very large futures.
//!
//! Tokio reports the size of each spawned future. The bound is Tokio's own: it boxes
//! larger futures when they are spawned, but by then they have already been copied.
//! Sizes depend on the build: debug builds make larger futures.

use super::Sight;
use crate::task::{Task, TaskIx};
use crate::{LaneOf, Trace};

/// A future of more than this many bytes is very large.
const LARGE: u32 = 16 << 10;

/// A task with a very large future.
pub(super) fn large(trace: &Trace, task: TaskIx, of: &Task) -> Option<Sight<String>> {
    (of.bytes > LARGE && of.of != LaneOf::Root).then(|| {
        let told = format!("the future of {} has {} bytes", of.name, of.bytes);
        Sight { task: Some(task), at_ns: of.spawned_ns, place: trace.spawn_place(task), weight: of.bytes.into(), told }
    })
}
