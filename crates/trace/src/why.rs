//! Who waits for whom: from a task to what it waits for, to who holds that, and on.
//!
//! A lock has holders, observed or inferred. For a message, for room in a
//! channel or for the end of a task there are only candidates as long as the
//! wait lasts: the tasks that have woken this one so far, those that have taken
//! messages out of the channel, the living children. They are inferred, and
//! marked so. Once the wait has ended it is known who ended it.

use super::Trace;
use super::resource::{Resource, ResourceIx};
use super::task::{State, TaskIx, Wake, Waker};
use super::wait_queue::Waiter;
use super::waits::Leaf;
use facts::event::ResourceKind;
use facts::site::Cause;

/// Those for whom a resource is set aside are the first in line: no more are looked at.
const SERVED: usize = 64;

/// So many wakes of a task are looked at for who may send to it again.
const LATELY: usize = 1_000;

/// A task that another one waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocker {
    /// The task.
    pub task: TaskIx,
    /// Since when it holds what is waited for, in nanoseconds since the run began; none for a candidate.
    pub since_ns: Option<u64>,
    /// Whether it is inferred and not observed.
    pub inferred: bool,
    /// Whether it holds nothing, and is ahead in the wait queue.
    pub ahead: bool,
}

impl Blocker {
    /// One that holds nothing: a candidate, or the one that has ended the wait.
    fn who(task: TaskIx, inferred: bool) -> Self {
        Self { task, since_ns: None, inferred, ahead: false }
    }
}

/// One step on the way from a wait to its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The task.
    pub task: TaskIx,
    /// What it waits on, if it waits. Of several futures, the first that a known task holds up.
    pub leaf: Option<Leaf>,
    /// The tasks that hold it up. The next link is the first of them.
    pub blockers: Vec<Blocker>,
}

/// Why a task waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why {
    /// From the task to the last one that is known.
    pub links: Vec<Link>,
    /// The link that the last one waits for in its turn, if it is a circle.
    pub cycle: Option<usize>,
}

impl Trace {
    /// Why a task waits at a time: from task to blocker, until one that is not held up by a known task.
    pub fn why(&self, task: TaskIx, at_ns: u64) -> Why {
        let mut why = Why::default();
        let mut next = Some(task);
        while let Some(task) = next {
            why.cycle = why.links.iter().position(|link| link.task == task);
            if why.cycle.is_some() {
                break;
            }
            let link = self.link(task, at_ns);
            next = link.blockers.first().map(|blocker| blocker.task);
            why.links.push(link);
        }
        why
    }

    /// The tasks that hold up what this leaf of a task waits for, at a time. The longest first.
    pub fn blockers(&self, task: TaskIx, leaf: Leaf, at_ns: u64) -> Vec<Blocker> {
        let cause = self.site(leaf.site).cause;
        if let Some(lock) = self.lock_of(&leaf) {
            let resource = &self.resources[lock as usize];
            return blockers_of(resource, at_ns, task);
        }
        let keep_room = self.keep_room(task, leaf, at_ns);
        if !keep_room.is_empty() {
            return keep_room;
        }
        let ended_by = self.ended_by(task, leaf, at_ns);
        if ended_by.is_some() {
            return ended_by.into_iter().collect();
        }
        let candidates = match cause {
            Cause::Join => self.children_waited_for(task, at_ns),
            Cause::MpscSend => self.receivers_of(task, leaf, at_ns),
            cause if cause.is_channel() => self.wakers_of(task, at_ns),
            _ => Vec::new(),
        };
        candidates.into_iter().map(|task| Blocker::who(task, true)).collect()
    }

    /// Whether a leaf waits for room in a channel of which there is a record.
    pub(super) fn is_room(&self, leaf: &Leaf) -> bool {
        let channel = |resource: ResourceIx| self.resources[resource as usize].kind == ResourceKind::Channel;
        self.site(leaf.site).cause == Cause::MpscSend && leaf.resource.is_some_and(channel)
    }

    /// Those who have the room in a channel that a task waits for and do not fill it: a future for which it is set aside,
    /// maybe of the task itself, or a task that has reserved it.
    fn keep_room(&self, task: TaskIx, leaf: Leaf, at_ns: u64) -> Vec<Blocker> {
        let Some(channel) = leaf.resource.filter(|_| self.is_room(&leaf)) else { return Vec::new() };
        let holdings = self.resources[channel as usize].at_with(at_ns, SERVED);
        let granted =
            holdings.waiters.iter().filter(|waiter| waiter.is_granted()).map(|waiter| (waiter.task, waiter.since_ns, false));
        let held = holdings.holders.iter().filter_map(|holder| Some((holder.task?, holder.since_ns, true)));
        let all = granted.chain(held.filter(|(holder, ..)| *holder != task));
        all.map(|(task, since_ns, inferred)| Blocker { since_ns: Some(since_ns), ..Blocker::who(task, inferred) }).collect()
    }

    /// The task that ended a wait, where it is known that it ended what this leaf waited for.
    fn ended_by(&self, task: TaskIx, leaf: Leaf, at_ns: u64) -> Option<Blocker> {
        let wait = self.wait_at(task, at_ns)?;
        let Wake { at_ns: woken_ns, by: Waker::Task(by) } = wait.wake? else { return None };
        let cause = self.site(leaf.site).cause;
        let gives = match cause {
            Cause::Join => self.tasks[by as usize].end().is_some_and(|ended| ended.at_ns == woken_ns),
            cause => cause.is_channel() && wait.leaves.len() == 1,
        };
        (gives && by != task).then(|| Blocker::who(by, false))
    }

    /// The children whose end a task may wait for, alive at a time: those first that it spawned in the poll before the wait.
    fn children_waited_for(&self, task: TaskIx, at_ns: u64) -> Vec<TaskIx> {
        let of = &self.tasks[task as usize];
        let waits_since = of.segments.partition_point(|segment| segment.start_ns <= at_ns);
        let polls = of.segments[..waits_since].iter().rev();
        let polled_ns = polls.filter(|segment| matches!(segment.state, State::Running(_))).map(|segment| segment.start_ns).next();
        let alive = |child: &TaskIx| {
            let child = &self.tasks[*child as usize];
            child.spawned_ns <= at_ns && child.end_at(at_ns).is_none()
        };
        let alive: Vec<TaskIx> = self.children_of(task).iter().copied().filter(alive).collect();
        let late = |child: &TaskIx| polled_ns.is_some_and(|polled_ns| self.tasks[*child as usize].spawned_ns >= polled_ns);
        let (mut first, rest): (Vec<TaskIx>, Vec<TaskIx>) = alive.into_iter().partition(late);
        first.extend(rest);
        first
    }

    /// The tasks that have taken messages out of the channel in which a task waits for room, alive at a time.
    fn receivers_of(&self, task: TaskIx, leaf: Leaf, at_ns: u64) -> Vec<TaskIx> {
        let Some(channel) = leaf.resource.filter(|_| self.is_room(&leaf)) else { return self.wakers_of(task, at_ns) };
        let receivers = self.resources[channel as usize].receivers.iter().rev();
        let alive = |by: TaskIx| by != task && self.tasks[by as usize].end_at(at_ns).is_none();
        receivers.filter(|(by, since_ns)| *since_ns <= at_ns && alive(*by)).map(|(by, _)| *by).collect()
    }

    /// The task that has held something others wait for since the longest waiter came, what it holds, and since when that one waits.
    pub fn longest_blocker_at(&self, at_ns: u64) -> Option<(TaskIx, ResourceIx, u64)> {
        let worst = |ix: ResourceIx| {
            let since_ns = self.resources[ix as usize].waited_since(at_ns)?;
            let holdings = self.resources[ix as usize].at_with(at_ns, 0);
            let holder = holdings.holders.iter().find_map(|holder| holder.task)?;
            Some((holder, ix, since_ns))
        };
        self.contended().filter_map(worst).min_by_key(|(_, _, since_ns)| *since_ns)
    }

    /// The other tasks that have woken this one lately, by a time, and are alive then, the last one first.
    pub(super) fn wakers_of(&self, task: TaskIx, at_ns: u64) -> Vec<TaskIx> {
        let all = &self.tasks[task as usize].wakes;
        let past = &all[..all.partition_point(|wake| wake.at_ns <= at_ns)];
        let mut wakers = Vec::new();
        for wake in past.iter().rev().take(LATELY) {
            if let Waker::Task(by) = wake.by
                && by != task
                && !wakers.contains(&by)
                && self.tasks[by as usize].end_at(at_ns).is_none()
            {
                wakers.push(by);
            }
        }
        wakers
    }

    fn link(&self, task: TaskIx, at_ns: u64) -> Link {
        let leaves = self.wait_at(task, at_ns).map_or(&[][..], |wait| wait.leaves);
        let held_up = leaves.iter().find_map(|leaf| {
            let blockers = self.blockers(task, *leaf, at_ns);
            (!blockers.is_empty()).then_some((*leaf, blockers))
        });
        match held_up {
            Some((leaf, blockers)) => Link { task, leaf: Some(leaf), blockers },
            None => Link { task, leaf: leaves.first().copied(), blockers: Vec::new() },
        }
    }
}

/// Those who keep a waiter from a lock: who holds it, or those for whom it is set aside; where all that hold it only read, as
/// the waiter wants to, the one in line before it. A task can hold up itself.
fn blockers_of(resource: &Resource, at_ns: u64, waiter: TaskIx) -> Vec<Blocker> {
    let holdings = resource.at_with(at_ns, SERVED);
    let in_line = if resource.kind == ResourceKind::RwLock { resource.in_line(at_ns, waiter) } else { None };
    let reads = in_line.is_some_and(|(own, _)| !own.writes());
    let mut blockers: Vec<Blocker> = Vec::new();
    for holder in holdings.holders.iter().filter(|holder| holder.exclusive || !reads) {
        let Some(task) = holder.task else { continue };
        if blockers.iter().all(|known| known.task != task) {
            blockers.push(Blocker { task, since_ns: Some(holder.since_ns), inferred: holder.inferred, ahead: false });
        }
    }
    let granted = holdings.waiters.iter().filter(|other| other.is_granted() && other.task != waiter);
    let set_aside = |other: &Waiter| Blocker { task: other.task, since_ns: Some(other.since_ns), inferred: false, ahead: false };
    blockers.extend(granted.map(set_aside));
    if blockers.is_empty() {
        let ahead = in_line.and_then(|(_, ahead)| ahead);
        blockers.extend(ahead.map(|other| Blocker { ahead: true, ..set_aside(&other) }));
    }
    blockers
}

impl State {
    /// The cause to draw, if it waits.
    pub fn cause(self) -> Option<Cause> {
        match self {
            Self::Waiting(cause) => Some(cause),
            Self::Running(_) | Self::Ready => None,
        }
    }
}
