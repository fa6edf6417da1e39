//! Which lanes are shown, and in which order: the request, and the list built from it.

use std::cmp::Reverse;
use std::time::Duration;

use crate::app::timeline::query::Query;
use crate::app::timeline::view::Grouping;
use trace::{TaskIx, Trace};

/// How lanes are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// In spawn order.
    #[default]
    Spawn,
    /// Longest life so far first.
    Duration,
    /// Longest wait so far first.
    LongestWait,
    /// Most polls so far first.
    Polls,
    /// Each task before its children, and these before its next sibling.
    Tree,
}

impl Order {
    /// The next order; after the last, the first.
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

    /// The criterion, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spawn => "by spawn",
            Self::Tree => "by spawn tree",
            Self::Duration => "by duration",
            Self::LongestWait => "by longest wait",
            Self::Polls => "by polls",
        }
    }

    /// Sorts tasks, which are in spawn order.
    pub(in crate::app) fn sort(self, trace: &Trace, tasks: &mut [TaskIx], at_ns: u64) {
        match self {
            Self::Spawn => {}
            Self::Tree => {
                let ranks = tree(trace);
                tasks.sort_by_key(|task| ranks.get(*task as usize));
            }
            _ => tasks.sort_by_cached_key(|task| Reverse(self.figure(trace, *task, at_ns))),
        }
    }

    /// The figure to sort a task by at a time: the largest comes first.
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

/// The position of each task in the spawn tree, depth first.
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

/// The filter of the lanes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The text as typed.
    pub text: String,
    /// The parsed query; if the text is invalid, the last valid query.
    pub query: Query,
    /// The text before typing began.
    pub(in crate::app) before: String,
}

/// The lanes in their order.
#[derive(Debug, Default)]
pub struct Listed {
    /// The tasks; `None` means all of them, or all of the open group, in spawn order.
    pub list: Option<Vec<TaskIx>>,
    /// Whether they are in spawn order.
    pub by_spawn: bool,
    /// What the list was built from.
    pub(in crate::app) of: Option<Sorted>,
    /// Its age in wall time.
    pub(in crate::app) age: Duration,
}

/// The inputs of a list of lanes.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) struct Sorted {
    pub(in crate::app) order: Order,
    pub(in crate::app) query: Query,
    pub(in crate::app) group: Grouping,
    /// The version of the folds.
    pub(in crate::app) folds: u64,
    pub(in crate::app) tasks: usize,
    pub(in crate::app) closed: bool,
    /// The time of the cursor, if it matters.
    pub(in crate::app) at_ns: Option<u64>,
}
