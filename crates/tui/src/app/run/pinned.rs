//! The pinned run, as plain data.

use crate::app::run::view::RunView;
use engine::compare::Lanes;
use trace::TaskIx;

/// A pinned run.
#[derive(Debug, Default)]
pub struct Pin {
    /// The run; `None` while it is the run on screen.
    pub run: Option<Box<RunView>>,
    /// The lanes of the run on screen, compared with those of the pinned one.
    pub lanes: Lanes,
    /// The number of tasks that were compared, and whether the run was over.
    pub(super) of: Option<(usize, bool)>,
}

impl Pin {
    /// The task of the pinned run that a task of the run on screen is compared with.
    pub fn counterpart(&self, task: TaskIx) -> Option<TaskIx> {
        let known = self.run.as_ref().map_or(0, |run| run.trace.tasks.len());
        self.lanes
            .of
            .get(task as usize)
            .copied()
            .unwrap_or((self.lanes.of.is_empty()).then_some(task))
            .filter(|task| (*task as usize) < known)
    }

    /// Whether the lane of a task of the run on screen differs by a time.
    pub fn differs(&self, task: TaskIx, at_ns: u64) -> bool {
        self.lanes.since_ns.get(task as usize).copied().flatten().is_some_and(|since_ns| since_ns <= at_ns)
    }
}
