//! The spawn tree, folded: whose descendants have no lanes.
//!
//! A run may have a hundred thousand tasks, and a frame must not look at each.
//! So what is left of the lanes is kept as a list, made when somebody folds or
//! unfolds, and added to as tasks come. Lanes stay in the order of spawning: a
//! lane keeps its place while others come, and those spawned by a time are
//! always the first.
//!
//! A run that takes the place of another has other numbers for its tasks. What
//! was folded goes on by name.

use std::collections::{BTreeMap, HashSet};

use crate::trace::{TaskIx, Trace};

/// Whose descendants are folded away.
#[derive(Debug, Clone, Default)]
pub struct Folds {
    /// Those that are folded, each with all that descend from it, in the order of spawning.
    folded: BTreeMap<TaskIx, Vec<TaskIx>>,
    /// The names of those that are to be folded as soon as they are there.
    coming: Vec<String>,
    hidden: HashSet<TaskIx>,
    /// The tasks that have lanes, in the order of spawning; empty while nothing is folded.
    rows: Vec<TaskIx>,
    /// How many tasks of the run are taken into account.
    known: usize,
    /// Goes up when somebody folds or unfolds.
    version: u64,
}

impl Folds {
    /// The tasks that have lanes, in the order of spawning; none while all have.
    pub fn rows(&self) -> Option<&[TaskIx]> {
        (!self.folded.is_empty()).then_some(&self.rows[..])
    }

    /// All that descend from a task that is folded, in the order of spawning; none of one that is not.
    pub fn below(&self, task: TaskIx) -> Option<&[TaskIx]> {
        self.folded.get(&task).map(Vec::as_slice)
    }

    /// Another number whenever somebody has folded or unfolded.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Folds a task, or unfolds it.
    pub fn toggle(&mut self, trace: &Trace, task: TaskIx) {
        if self.folded.remove(&task).is_none() {
            self.folded.insert(task, Vec::new());
        }
        self.rebuild(trace);
    }

    /// Unfolds whatever hides a task.
    pub fn show(&mut self, trace: &Trace, task: TaskIx) {
        if !self.hidden.contains(&task) {
            return;
        }
        for ancestor in ancestors(trace, task) {
            self.folded.remove(&ancestor);
        }
        self.rebuild(trace);
    }

    /// Takes in the tasks that have come.
    pub fn grow(&mut self, trace: &Trace) {
        if self.folded.is_empty() && self.coming.is_empty() {
            self.known = trace.tasks.len();
            return;
        }
        if trace.tasks.len() < self.known {
            // It is another run.
            self.rebuild(trace);
        }
        for (ix, task) in (0..).zip(&trace.tasks).skip(self.known) {
            if let Some(place) = self.coming.iter().position(|name| *name == task.name) {
                self.coming.swap_remove(place);
                if self.folded.is_empty() {
                    self.rows = (0..ix).collect();
                }
                self.folded.insert(ix, Vec::new());
            }
            self.take(trace, ix);
        }
        self.known = trace.tasks.len();
    }

    /// Another run of the same scenario follows: what was folded in this one is to be folded there.
    pub fn carry(&mut self, from: &Trace) {
        let name = |task: &TaskIx| from.tasks.get(*task as usize).map(|task| task.name.clone());
        let coming = self.folded.keys().filter_map(name).chain(std::mem::take(&mut self.coming)).collect();
        *self = Self { coming, version: self.version + 1, ..Self::default() };
    }

    fn rebuild(&mut self, trace: &Trace) {
        self.version += 1;
        self.hidden.clear();
        self.rows.clear();
        self.folded.values_mut().for_each(Vec::clear);
        self.folded.retain(|task, _| (*task as usize) < trace.tasks.len());
        self.known = trace.tasks.len();
        if self.folded.is_empty() {
            return;
        }
        for task in 0..self.known as TaskIx {
            self.take(trace, task);
        }
    }

    /// Takes in the next task: it has a lane, or it is under one that is folded. Parents come before their children.
    fn take(&mut self, trace: &Trace, task: TaskIx) {
        if self.folded.is_empty() {
            return;
        }
        let parent = trace.tasks[task as usize].parent;
        let under = parent.is_some_and(|parent| self.folded.contains_key(&parent) || self.hidden.contains(&parent));
        if !under {
            self.rows.push(task);
            return;
        }
        self.hidden.insert(task);
        for ancestor in ancestors(trace, task) {
            if let Some(below) = self.folded.get_mut(&ancestor) {
                below.push(task);
            }
        }
    }
}

/// Those that spawned a task, from its parent on.
fn ancestors(trace: &Trace, task: TaskIx) -> impl Iterator<Item = TaskIx> {
    let parent = |task: TaskIx| trace.tasks.get(task as usize).and_then(|task| task.parent);
    std::iter::successors(parent(task), move |task| parent(*task))
}
