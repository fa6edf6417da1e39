//! Which lanes are shown, and in which order: what was asked for, and the list that was made from it.

use std::cmp::Reverse;
use std::time::Duration;

use crate::app::timeline::query::Query;
use crate::app::timeline::view::Grouping;
use crate::trace::{TaskIx, Trace};

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
    /// Each task before those that it spawned, and these before its next sibling.
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
    pub(in crate::app) before: String,
}

/// The lanes in their order.
#[derive(Debug, Default)]
pub struct Listed {
    /// The tasks; none is all of them, or all of the open group, in the order of spawning.
    pub list: Option<Vec<TaskIx>>,
    /// Whether they are in the order of spawning.
    pub by_spawn: bool,
    /// What it was made from.
    pub(in crate::app) of: Option<Sorted>,
    /// How long ago, in wall time.
    pub(in crate::app) age: Duration,
}

/// What a list of lanes depends on.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) struct Sorted {
    pub(in crate::app) order: Order,
    pub(in crate::app) query: Query,
    pub(in crate::app) group: Grouping,
    /// What is folded away.
    pub(in crate::app) folds: u64,
    pub(in crate::app) tasks: usize,
    pub(in crate::app) closed: bool,
    /// The cursor, if it matters.
    pub(in crate::app) at_ns: Option<u64>,
}
