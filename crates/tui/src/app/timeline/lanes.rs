//! Which lanes there are: one per task that is not folded away, or per task of the open group, filtered and in the
//! chosen order.
//!
//! Code that draws, scrolls or selects asks here, and only for the visible rows: a run may have a hundred thousand
//! lanes.

use crate::app::model::Model;
use crate::app::run::view::RunView;
use crate::app::timeline::view::{GroupBy, Timeline};
use trace::{Activity, Group, Grouping, TaskIx, Trace};

/// The lanes of the timeline, from top to bottom.
#[derive(Debug, Clone, Copy)]
pub struct Lanes<'a> {
    trace: &'a Trace,
    /// The tasks with lanes; `None` means every task.
    members: Option<&'a [TaskIx]>,
    /// Whether they are in spawn order.
    by_spawn: bool,
}

impl<'a> Lanes<'a> {
    /// The lanes of the run on screen; `None` without a run.
    pub fn of(model: &'a Model) -> Option<Self> {
        let run = model.run.as_ref()?;
        let listed = &model.reading.listed;
        if let Some(list) = &listed.list {
            return Some(Self { trace: &run.trace, members: Some(list), by_spawn: listed.by_spawn });
        }
        let view = model.timeline.grouping;
        let members = view.by.filter(|_| view.open).map_or(model.session.folds.rows(), |by| {
            Some(match by {
                GroupBy::Place | GroupBy::Name => group(run, &model.timeline).map_or(&[][..], |group| &group.tasks),
                GroupBy::State => &model.session.opened[..],
            })
        });
        Some(Self { trace: &run.trace, members, by_spawn: true })
    }

    /// How many lanes the whole run has.
    pub fn len(&self) -> usize {
        self.members.map_or(self.trace.tasks.len(), <[TaskIx]>::len)
    }

    /// Whether there are no lanes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many lanes have been spawned by a time; these are the first ones. A sorted list contains only spawned
    /// tasks.
    pub fn spawned(&self, at_ns: u64) -> usize {
        let by = |task: &TaskIx| self.trace.tasks.get(*task as usize).is_some_and(|task| task.spawned_ns <= at_ns);
        match self.members {
            Some(members) if !self.by_spawn => members.len(),
            Some(members) => members.partition_point(by),
            None => self.trace.tasks.partition_point(|task| task.spawned_ns <= at_ns),
        }
    }

    /// The task of a lane.
    pub fn task(&self, row: usize) -> Option<TaskIx> {
        match self.members {
            Some(members) => members.get(row).copied(),
            None => (row < self.trace.tasks.len()).then_some(row as TaskIx),
        }
    }

    /// The lane of a task; `None` if it is outside the open group or folded away.
    pub fn row(&self, task: TaskIx) -> Option<usize> {
        match self.members {
            Some(members) if !self.by_spawn => members.iter().position(|other| *other == task),
            Some(members) => members.binary_search(&task).ok(),
            None => ((task as usize) < self.trace.tasks.len()).then_some(task as usize),
        }
    }
}

/// The selected group, if tasks are grouped by line or name.
pub fn group<'a>(run: &'a RunView, view: &Timeline) -> Option<&'a Group> {
    let by = match view.grouping.by? {
        GroupBy::Place => Grouping::Place,
        GroupBy::Name => Grouping::Name,
        GroupBy::State => return None,
    };
    run.trace.groups(by).get(view.grouping.row)
}

/// The activities that have a row each: those that occur in the run.
pub fn activities(trace: &Trace) -> Vec<Activity> {
    let waits: Vec<Activity> = trace.families().map(Activity::waiting).collect();
    let known = |activity: &Activity| activity.family().is_none() || waits.contains(activity);
    Activity::ALL.into_iter().filter(known).collect()
}

/// How many groups there are.
pub fn groups(run: &RunView, by: GroupBy) -> usize {
    match by {
        GroupBy::Place => run.trace.groups(Grouping::Place).len(),
        GroupBy::Name => run.trace.groups(Grouping::Name).len(),
        GroupBy::State => activities(&run.trace).len(),
    }
}

/// The tasks that do this at a time, in spawn order. It looks at every task.
pub fn doing(trace: &Trace, activity: Activity, at_ns: u64) -> Vec<TaskIx> {
    let does = |task: &trace::Task| match task.segment_at(at_ns) {
        Some(segment) => Activity::from(segment.state) == activity,
        None => activity == Activity::Ended && task.end_at(at_ns).is_some(),
    };
    (0..).zip(&trace.tasks).filter(|(_, task)| does(task)).map(|(ix, _)| ix).collect()
}
