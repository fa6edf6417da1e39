//! Why nothing can ever run again.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::Trace;
use super::resource::ResourceIx;
use super::task::TaskIx;
use super::waits::Leaf;
use crate::record::site::{Cause, Place};

/// At most so many tasks are told of in words; the others are counted.
const TOLD: usize = 32;

/// Why nothing can ever run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// What kind of knot it is.
    pub kind: StallKind,
    /// The tasks in it: of a circle each waits for what the next one holds; of a
    /// channel the first waits for what the others, which have woken it before, might send.
    pub tasks: Vec<Stalled>,
    /// The same in words.
    pub text: String,
}

/// What kind of knot a stall is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallKind {
    /// Tasks that wait for each other's locks.
    Cycle,
    /// Tasks that wait for a message or a signal that nobody can send. Its likely senders are inferred.
    Channel,
    /// Something else.
    Unknown,
}

impl StallKind {
    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cycle => "cycle",
            Self::Channel => "channel",
            Self::Unknown => "unknown",
        }
    }
}

/// A task in a stall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stalled {
    /// The task.
    pub task: TaskIx,
    /// What it holds.
    pub holds: Vec<Held>,
    /// What it waits for; none if that was not recorded.
    pub waits: Option<StalledWait>,
}

/// What a task in a stall holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The resource.
    pub resource: ResourceIx,
    /// Where it took it.
    pub place: Option<Place>,
}

/// What a task in a stall waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StalledWait {
    /// What it waits for.
    pub cause: Cause,
    /// Where.
    pub place: Option<Place>,
    /// The resource, if that is known.
    pub resource: Option<ResourceIx>,
}

impl Trace {
    /// Why nothing could run any more at a time. To be asked of a run that is known to have stalled then.
    pub fn stall_at(&self, at_ns: u64) -> Stall {
        if let Some((_, circle)) =
            self.deadlocks.iter().find(|(formed_ns, circle)| *formed_ns <= at_ns && self.stuck_at(circle, at_ns))
        {
            let tasks = self.stalled(circle.iter().copied(), at_ns);
            let text = self.sentences(&tasks);
            return Stall { kind: StallKind::Cycle, tasks, text };
        }
        let waiting = (0..self.tasks.len() as TaskIx).filter(|task| self.wait_at(*task, at_ns).is_some());
        let waiting = self.stalled(waiting, at_ns);
        let starved = |task: &&Stalled| task.waits.as_ref().is_some_and(|waits| waits.cause.is_channel());
        let Some(first) = waiting.iter().find(starved) else {
            let text = self.sentences(&waiting);
            return Stall { kind: StallKind::Unknown, tasks: waiting, text };
        };
        let senders = self.stalled(self.wakers_of(first.task, at_ns).into_iter(), at_ns);
        let mut text = self.sentence(first);
        for sender in senders.iter().take(TOLD) {
            _ = write!(text, "; it was woken before by {}", self.sentence(sender));
        }
        text += &others(senders.len());
        if senders.is_empty() {
            text += "; no living task has ever woken it";
        }
        let tasks = std::iter::once(first.clone()).chain(senders).collect();
        Stall { kind: StallKind::Channel, tasks, text }
    }

    /// Whether there are living tasks, and each of them waits for what only
    /// another task can give: a lock, a message, a signal, an end. Then none of
    /// them can ever go on, unless somebody outside all tasks gives it. Never
    /// told of a trace that has lost events, or of waits whose cause is not known.
    pub fn all_wait_for_others(&self) -> bool {
        let needs_another = |cause: Cause| cause.is_lock() || cause.is_channel() || cause == Cause::Join;
        let mut living = self.tasks.iter().filter(|task| task.ended.is_none()).peekable();
        self.lost == 0
            && living.peek().is_some()
            && living.all(|task| {
                let leaves = self.leaves_now(task);
                !leaves.is_empty() && leaves.iter().all(|leaf| needs_another(self.site(leaf.site).cause))
            })
    }

    fn stuck_at(&self, circle: &[TaskIx], at_ns: u64) -> bool {
        circle.iter().all(|task| self.wait_at(*task, at_ns).is_some())
    }

    /// What each of these tasks holds and waits for. Looks at each resource once.
    fn stalled(&self, tasks: impl Iterator<Item = TaskIx>, at_ns: u64) -> Vec<Stalled> {
        let place = |site: Option<_>| site.and_then(|site| self.site(site).place.clone());
        let mut held: HashMap<TaskIx, Vec<Held>> = HashMap::new();
        for resource in 0..self.resources.len() as ResourceIx {
            for holder in self.resources[resource as usize].at_with(at_ns, 0).holders {
                let Some(task) = holder.task else { continue };
                held.entry(task).or_default().push(Held { resource, place: place(holder.site) });
            }
        }
        let stalled = |task| {
            let leaves = self.wait_at(task, at_ns).map_or(&[][..], |wait| wait.leaves);
            let waits = leaves.first().map(|Leaf { site, resource, .. }| StalledWait {
                cause: self.site(*site).cause,
                place: place(Some(*site)),
                resource: *resource,
            });
            Stalled { task, holds: held.remove(&task).unwrap_or_default(), waits }
        };
        tasks.map(stalled).collect()
    }

    /// The first of them in words, and how many more there are.
    fn sentences(&self, stalled: &[Stalled]) -> String {
        let told: Vec<_> = stalled.iter().take(TOLD).map(|task| self.sentence(task)).collect();
        told.join("; ") + &others(stalled.len())
    }

    fn sentence(&self, stalled: &Stalled) -> String {
        let at = |place: Option<&Place>| place.map_or_else(String::new, |place| format!(" at {place}"));
        let mut text = self.tasks[stalled.task as usize].name.clone();
        for (i, held) in stalled.holds.iter().enumerate() {
            let and = if i == 0 { " holds" } else { " and" };
            _ = write!(text, "{and} {}, taken{}", self.resource_name(held.resource), at(held.place.as_ref()));
        }
        if let Some(waits) = &stalled.waits {
            let what = waits.resource.map_or_else(|| waits.cause.to_string(), |resource| self.resource_name(resource));
            let and = if stalled.holds.is_empty() { "" } else { ", and" };
            _ = write!(text, "{and} waits for {what}{}", at(waits.place.as_ref()));
        } else if stalled.holds.is_empty() {
            text += " waits, and for what was not recorded";
        }
        text
    }
}

/// How many of so many tasks are not told of in words.
fn others(all: usize) -> String {
    match all.saturating_sub(TOLD) {
        0 => String::new(),
        1 => "; and 1 task more".to_owned(),
        more => format!("; and {more} tasks more"),
    }
}
