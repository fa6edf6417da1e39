//! How a run is analysed: the measured range, its critical path, and the filter and order of lanes.
//!
//! Results that need a walk over the run are computed on request and kept here with their inputs; a frame only reads
//! them.

use std::cmp::Reverse;
use std::time::Duration;

use crate::app::timeline::order::{Filter, Listed, Order};
use trace::{CriticalPath, Measure, PathStep, TaskIx, Trace};

/// How many tasks are listed as the ones in which a path spends most of its time.
const MOST: usize = 3;

/// The analysis of the run on screen.
#[derive(Debug, Default)]
pub struct Reading {
    /// The range that is measured; `None` is the whole run.
    pub range: Option<Range>,
    /// Whether the critical path is highlighted.
    pub path: bool,
    /// The task that the path should lead to; `None` is the end of the run.
    pub to: Option<TaskIx>,
    /// The measurements of the range.
    pub measured: Option<Measured>,
    /// How lanes are sorted.
    pub order: Order,
    /// The filter of the lanes.
    pub filter: Filter,
    /// The list of lanes, if it differs from all tasks in spawn order.
    pub listed: Listed,
    /// The first column of a range being marked with the pointer, and whether the pointer has moved.
    pub hold: Option<(u16, bool)>,
}

/// A marked range of time, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The end that was set first.
    pub one_ns: u64,
    /// The other end; `None` until it is set.
    pub other_ns: Option<u64>,
}

impl Range {
    /// Its start and end. While the other end is not set, it ends at the cursor.
    pub fn stretch(self, cursor_ns: u64) -> (u64, u64) {
        let other_ns = self.other_ns.unwrap_or(cursor_ns);
        (self.one_ns.min(other_ns), self.one_ns.max(other_ns))
    }
}

/// The measurements of a range, and their inputs.
#[derive(Debug)]
pub struct Measured {
    /// The sums.
    pub sums: Measure,
    /// The critical path.
    pub path: CriticalPath,
    /// The first few tasks in which the path spends most of its time, with the time in nanoseconds.
    pub most: Vec<(TaskIx, u64)>,
    /// The indices of the path's steps, sorted by task and then by time.
    by_task: Vec<u32>,
    /// What was measured.
    pub(in crate::app) of: Asked,
    /// Its age in wall time.
    pub(in crate::app) age: Duration,
}

/// The inputs of a measurement: if any of them changes, it is measured again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct Asked {
    /// The range; `None` is the whole run.
    pub(in crate::app) range: Option<(u64, u64)>,
    pub(in crate::app) to: Option<TaskIx>,
    /// How far the trace had come, and whether it was complete.
    pub(in crate::app) trace: (u64, bool),
}

impl Measured {
    pub(in crate::app) fn new(trace: &Trace, of: Asked) -> Self {
        let (from_ns, to_ns) = of.range.unwrap_or((0, trace.end_ns));
        let (from_ns, to_ns) = (from_ns.min(trace.end_ns), to_ns.min(trace.end_ns));
        let path = match of.to {
            // If the task waits at the end of the range, the end of that wait shows what it waits for.
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

    /// The steps of a task, ordered by time.
    pub fn steps_of(&self, task: TaskIx) -> impl ExactSizeIterator<Item = &PathStep> + Clone {
        let of = |place: &u32| self.path.steps[*place as usize].task;
        let first = self.by_task.partition_point(|place| of(place) < task);
        let after = self.by_task.partition_point(|place| of(place) <= task);
        self.by_task[first..after].iter().map(|place| &self.path.steps[*place as usize])
    }

    /// Its steps that end after a time.
    pub fn steps_from(&self, task: TaskIx, at_ns: u64) -> impl Iterator<Item = &PathStep> {
        let of = |place: &u32| &self.path.steps[*place as usize];
        let first = self.by_task.partition_point(|place| (of(place).task, of(place).to_ns) < (task, at_ns));
        self.by_task[first..].iter().map(of).take_while(move |step| step.task == task)
    }
}
