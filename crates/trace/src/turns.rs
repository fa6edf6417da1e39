//! Turns that tasks give themselves.
//!
//! A task that calls its own waker while it is polled keeps its worker busy in
//! order to wait. But not every wake within a task's own poll is that. Tokio lets a
//! poll get through 128 operations and then puts the task behind the others: the
//! task is *out of budget*. And a library that polls many futures gives the task
//! another turn after some of them, so that all get theirs. Neither is the program's doing.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::Trace;
use super::lookup::NumberHasher;
use super::task::{TaskIx, Waker};
use super::waits::SiteIx;
use facts::event::{SiteId, TaskId};

/// Whose doing it is that a task needs another turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Tokio's: it is out of budget.
    Budget,
    /// The schedule's, which cut the poll.
    Schedule,
    /// The program's, at this place.
    Own(SiteIx),
    /// A library's, that is fair to all its futures; or it is not known.
    Other,
}

/// What is known of the turns of those tasks that gave themselves some.
#[derive(Debug, Default)]
pub(super) struct Turns(HashMap<TaskIx, Told, BuildHasherDefault<NumberHasher>>);

/// What is known of the turns of a task.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    /// How often it was out of budget.
    pub(super) spent: u32,
    /// Where the program called its waker last.
    pub(super) own: Option<SiteIx>,
}

impl Turns {
    pub(super) fn of(&self, task: TaskIx) -> Told {
        self.0.get(&task).copied().unwrap_or_default()
    }
}

impl Trace {
    /// Within its poll a task comes to need another turn.
    pub(super) fn needs_turn(&mut self, at_ns: u64, task: TaskId, site: SiteId, spent: bool) -> bool {
        let Some(task) = self.known(task) else { return false };
        let turn = match self.known_site(site) {
            _ if spent && self.life(task).limit.is_some() => Turn::Schedule,
            _ if spent => Turn::Budget,
            Some(site) if self.site(site).is_own_wake() => Turn::Own(site),
            _ => Turn::Other,
        };
        self.life_mut(task).turn = Some(turn);
        if spent {
            self.leaf_is_put_off(at_ns, task, site);
        }
        true
    }

    /// Who called the waker of a task in its own poll.
    pub(super) fn own_waker(&self, task: TaskIx) -> Waker {
        match self.life(task).turn {
            Some(Turn::Budget) => Waker::Budget,
            Some(Turn::Schedule) => Waker::Schedule,
            _ => Waker::Task(task),
        }
    }

    /// A task was woken, and not for the second time.
    pub(super) fn count_turn(&mut self, task: TaskIx, by: Waker) {
        match (by, self.life(task).turn) {
            (Waker::Budget, _) => {
                let told = self.turns.0.entry(task).or_default();
                told.spent = told.spent.saturating_add(1);
            }
            (Waker::Task(by), Some(Turn::Own(site))) if by == task => {
                let woken = &mut self.tasks[task as usize];
                woken.self_wakes = woken.self_wakes.saturating_add(1);
                self.turns.0.entry(task).or_default().own = Some(site);
            }
            _ => {}
        }
    }
}
