//! The folded spawn tree: which tasks' descendants have no lanes.
//!
//! A run may have a hundred thousand tasks, and a frame must not look at each. So the remaining lanes are kept as a
//! list, which is rebuilt on every fold and unfold, and extended as tasks come. Lanes stay in spawn order: a lane
//! keeps its place as others come, and the lanes spawned by a time are always the first ones.
//!
//! A new run numbers its tasks differently, so folds carry over by name.

use std::collections::{BTreeMap, HashSet};

use trace::{TaskIx, Trace};

/// The tasks whose descendants are folded away.
#[derive(Debug, Clone, Default)]
pub struct Folds {
    /// The folded tasks, each with all its descendants in spawn order.
    folded: BTreeMap<TaskIx, Vec<TaskIx>>,
    /// The names of tasks to fold as soon as they exist.
    coming: Vec<String>,
    hidden: HashSet<TaskIx>,
    /// The tasks with lanes, in spawn order; empty while nothing is folded.
    rows: Vec<TaskIx>,
    /// How many tasks of the run have been processed.
    known: usize,
    /// Increases with every fold and unfold.
    version: u64,
}

impl Folds {
    /// The tasks with lanes, in spawn order; `None` while all have lanes.
    pub fn rows(&self) -> Option<&[TaskIx]> {
        (!self.folded.is_empty()).then_some(&self.rows[..])
    }

    /// All descendants of a folded task, in spawn order; `None` if the task is not folded.
    pub fn below(&self, task: TaskIx) -> Option<&[TaskIx]> {
        self.folded.get(&task).map(Vec::as_slice)
    }

    /// A number that changes with every fold and unfold.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Folds or unfolds a task.
    pub fn toggle(&mut self, trace: &Trace, task: TaskIx) {
        if self.folded.remove(&task).is_none() {
            self.folded.insert(task, Vec::new());
        }
        self.rebuild(trace);
    }

    /// Unfolds every ancestor that hides a task.
    pub fn show(&mut self, trace: &Trace, task: TaskIx) {
        if !self.hidden.contains(&task) {
            return;
        }
        for ancestor in ancestors(trace, task) {
            self.folded.remove(&ancestor);
        }
        self.rebuild(trace);
    }

    /// Processes the tasks that have come.
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

    /// Prepares for another run of the same scenario: the same tasks are to be folded there.
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

    /// Processes the next task: it gets a lane, or is hidden below a folded task. Parents come before their children.
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

/// A task's ancestors, starting with its parent.
fn ancestors(trace: &Trace, task: TaskIx) -> impl Iterator<Item = TaskIx> {
    let parent = |task: TaskIx| trace.tasks.get(task as usize).and_then(|task| task.parent);
    std::iter::successors(parent(task), move |task| parent(*task))
}
