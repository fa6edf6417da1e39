//! How a run is read: a stretch of it that is measured, its critical path, and which lanes are shown in which order.
//!
//! What takes a walk over the run is worked out when it is asked for, and kept
//! here with what it was worked out from; a frame only reads it.

use std::cmp::Reverse;
use std::time::Duration;

use super::model::{Density, Mode, Model, Overlay};
use super::query::Query;
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

impl Reading {
    /// Whether the critical path is on screen, on the lanes or as a list.
    pub fn shows_path(model: &Model) -> bool {
        model.reading.path || matches!(model.mode, Mode::Overlay(Overlay::Range { .. }))
    }
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
    pub(super) of: Asked,
    /// How long ago that was, in wall time.
    pub(super) age: Duration,
}

/// What is measured: if any of it is another one, it is measured again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    /// The range; none is the whole run.
    pub(super) range: Option<(u64, u64)>,
    pub(super) to: Option<TaskIx>,
    /// How far the trace had come, and whether it was whole.
    pub(super) trace: (u64, bool),
}

impl Measured {
    pub(super) fn new(trace: &Trace, of: Asked) -> Self {
        let (from_ns, to_ns) = of.range.unwrap_or((0, trace.end_ns));
        let (from_ns, to_ns) = (from_ns.min(trace.end_ns), to_ns.min(trace.end_ns));
        let path = match of.to {
            // What it waits for at the end of the stretch is told by what ended that wait.
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

/// How lanes are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// In the order of spawning.
    #[default]
    Spawn,
    /// The task that has lived longest at the cursor first.
    Duration,
    /// The one that has had the longest wait by then first.
    LongestWait,
    /// The one that has been polled most often by then first.
    Polls,
    /// Each task before those that it spawned, and they before whoever was spawned beside it.
    Tree,
}

impl Order {
    /// The next one, and after the last the first.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Spawn => Self::Duration,
            Self::Duration => Self::LongestWait,
            Self::LongestWait => Self::Polls,
            Self::Polls => Self::Tree,
            Self::Tree => Self::Spawn,
        }
    }

    /// What they are sorted by, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spawn => "by spawn",
            Self::Tree => "by spawn tree",
            Self::Duration => "by duration",
            Self::LongestWait => "by longest wait",
            Self::Polls => "by polls",
        }
    }

    /// Puts tasks, which are in the order of spawning, into this one.
    pub(super) fn sort(self, trace: &Trace, tasks: &mut [TaskIx], at_ns: u64) {
        match self {
            Self::Spawn => {}
            Self::Tree => {
                let ranks = tree(trace);
                tasks.sort_by_key(|task| ranks.get(*task as usize));
            }
            _ => tasks.sort_by_cached_key(|task| Reverse(self.figure(trace, *task, at_ns))),
        }
    }

    /// What counts of a task at a time: the most comes first.
    fn figure(self, trace: &Trace, task: TaskIx, at_ns: u64) -> u64 {
        let Some(of) = trace.tasks.get(task as usize) else { return 0 };
        match self {
            Self::Spawn | Self::Tree => 0,
            Self::Duration => of.duration(at_ns),
            Self::Polls => of.polls_at(at_ns),
            Self::LongestWait => {
                let begun = &of.segments[..of.segments.partition_point(|segment| segment.start_ns <= at_ns)];
                let last_ns = of.ended.map_or(at_ns, |end| end.at_ns.min(at_ns));
                let ends = begun.iter().skip(1).map(|next| next.start_ns).chain([last_ns]);
                let waits = begun.iter().zip(ends).filter(|(segment, _)| segment.state.is_waiting());
                waits.map(|(segment, end_ns)| end_ns.saturating_sub(segment.start_ns)).max().unwrap_or(0)
            }
        }
    }
}

/// The place of each task in the spawn tree, depth first.
fn tree(trace: &Trace) -> Vec<u32> {
    let mut ranks = vec![0; trace.tasks.len()];
    let mut coming: Vec<TaskIx> = trace.roots().iter().rev().copied().collect();
    let mut rank = 0;
    while let Some(task) = coming.pop() {
        ranks[task as usize] = rank;
        rank += 1;
        coming.extend(trace.tasks[task as usize].children.iter().rev());
    }
    ranks
}

/// Which lanes there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// As it was typed.
    pub text: String,
    /// As it was understood; of a text that cannot be read, the one before.
    pub query: Query,
    /// The text from before it was typed anew.
    pub(super) before: String,
}

/// The lanes in their order.
#[derive(Debug, Default)]
pub struct Listed {
    /// The tasks; none is all of them, or all of the open group, in the order of spawning.
    pub list: Option<Vec<TaskIx>>,
    /// Whether they stand in the order of spawning.
    pub by_spawn: bool,
    /// What it was made from.
    pub(super) of: Option<Sorted>,
    /// How long ago, in wall time.
    pub(super) age: Duration,
}

/// What a list of lanes depends on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sorted {
    pub(super) order: Order,
    pub(super) query: Query,
    pub(super) group: Density,
    /// What is folded away.
    pub(super) folds: u64,
    pub(super) tasks: usize,
    pub(super) closed: bool,
    /// The cursor, if it matters.
    pub(super) at_ns: Option<u64>,
}
