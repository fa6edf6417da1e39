//! How a run is read: a stretch of it that is measured, its critical path, and which lanes are shown in which order.
//!
//! What takes a walk over the run is worked out when it is asked for, and kept
//! here with what it was worked out from; a frame only reads it.

use std::cmp::Reverse;
use std::time::Duration;

use crate::app::timeline::order::{Filter, Listed, Order};
use crate::trace::{CriticalPath, Measure, PathStep, TaskIx, Trace};

/// So many tasks are named as those in which a path spends most of its time.
const MOST: usize = 3;

/// How the run on screen is read.
#[derive(Debug, Default)]
pub struct Reading {
    /// The stretch that is measured; none is the whole run.
    pub range: Option<Range>,
    /// Whether the critical path is highlighted.
    pub path: bool,
    /// The task that the path is to lead to; none is what the run ends with.
    pub to: Option<TaskIx>,
    /// What was measured of the stretch.
    pub measured: Option<Measured>,
    /// How lanes are sorted.
    pub order: Order,
    /// Which lanes there are.
    pub filter: Filter,
    /// The lanes, where they are not all tasks in the order of spawning.
    pub listed: Listed,
    /// The first column of a range that the pointer marks, and whether it has moved.
    pub hold: Option<(u16, bool)>,
}

/// A stretch of time that is marked; in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The end that was set first.
    pub one_ns: u64,
    /// The other one; none until it is set.
    pub other_ns: Option<u64>,
}

impl Range {
    /// From when to when it goes. One whose other end is yet to be set goes to the cursor.
    pub fn stretch(self, cursor_ns: u64) -> (u64, u64) {
        let other_ns = self.other_ns.unwrap_or(cursor_ns);
        (self.one_ns.min(other_ns), self.one_ns.max(other_ns))
    }
}

/// What was measured of a stretch, and of what as it stood.
#[derive(Debug)]
pub struct Measured {
    /// The sums.
    pub sums: Measure,
    /// The critical path.
    pub path: CriticalPath,
    /// The tasks in which the path spends most of its time, with how much in nanoseconds: the first few.
    pub most: Vec<(TaskIx, u64)>,
    /// The steps of the path by task, and in order of time: their places.
    by_task: Vec<u32>,
    /// What it was asked of.
    pub(in crate::app) of: Asked,
    /// How long ago that was, in wall time.
    pub(in crate::app) age: Duration,
}

/// What is measured: if any of it is another one, it is measured again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct Asked {
    /// The range; none is the whole run.
    pub(in crate::app) range: Option<(u64, u64)>,
    pub(in crate::app) to: Option<TaskIx>,
    /// How far the trace had come, and whether it was whole.
    pub(in crate::app) trace: (u64, bool),
}

impl Measured {
    pub(in crate::app) fn new(trace: &Trace, of: Asked) -> Self {
        let (from_ns, to_ns) = of.range.unwrap_or((0, trace.end_ns));
        let (from_ns, to_ns) = (from_ns.min(trace.end_ns), to_ns.min(trace.end_ns));
        let path = match of.to {
            // What ended the wait says what it waits for at the end of the stretch.
            Some(task) => {
                let until_ns = trace.wait_at(task, to_ns).and_then(|wait| wait.end_ns).unwrap_or(to_ns);
                trace.critical_path(task, from_ns, to_ns, until_ns)
            }
            None => trace
                .critical_end(from_ns)
                .map(|(task, until_ns)| trace.critical_path(task, from_ns, to_ns, until_ns))
                .unwrap_or_default(),
        };
        let mut by_task: Vec<u32> = (0..path.steps.len() as u32).collect();
        by_task.sort_by_key(|place| path.steps[*place as usize].task);
        let of_task = |place: &u32| &path.steps[*place as usize];
        let each = by_task.chunk_by(|a, b| of_task(a).task == of_task(b).task);
        let mut most: Vec<(TaskIx, u64)> =
            each.map(|places| (of_task(&places[0]).task, places.iter().map(|place| of_task(place).lasted_ns()).sum())).collect();
        most.sort_by_key(|(task, ns)| (Reverse(*ns), *task));
        most.truncate(MOST);
        Self { sums: trace.measure(from_ns, to_ns), path, most, by_task, of, age: Duration::ZERO }
    }

    /// The steps of a task, in order of time.
    pub fn steps_of(&self, task: TaskIx) -> impl ExactSizeIterator<Item = &PathStep> + Clone {
        let of = |place: &u32| self.path.steps[*place as usize].task;
        let first = self.by_task.partition_point(|place| of(place) < task);
        let after = self.by_task.partition_point(|place| of(place) <= task);
        self.by_task[first..after].iter().map(|place| &self.path.steps[*place as usize])
    }

    /// Those of them that are not over before a time.
    pub fn steps_from(&self, task: TaskIx, at_ns: u64) -> impl Iterator<Item = &PathStep> {
        let of = |place: &u32| &self.path.steps[*place as usize];
        let first = self.by_task.partition_point(|place| (of(place).task, of(place).to_ns) < (task, at_ns));
        self.by_task[first..].iter().map(of).take_while(move |step| step.task == task)
    }
}
