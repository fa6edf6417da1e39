//! Explains why nothing can ever run again.
//!
//! A cycle of locks is sufficient, whatever else waits. Without a cycle the reason
//! starts from main: what main waits for, which task could provide it, what that task
//! waits for, and so on. Other waiting tasks, such as a daemon that waits for a
//! shutdown request, are not part of the reason and are listed last.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::Trace;
use super::deadlock::Edges;
use super::resource::ResourceIx;
use super::task::{Task, TaskIx};
use super::waits::Leaf;
use super::why::Blocker;
use facts::event::{LaneOf, ResourceKind};
use facts::site::{Cause, Place};

/// At most this many tasks are described in words; the others are counted.
const TOLD: usize = 32;
/// At most this many held resources of a task are described in words.
const HELD: usize = 8;
/// At most this many held resources are reported in all: a recording of some hundred bytes can have millions of locks.
const HELD_BY_ALL: usize = 10_000;

/// How many tasks are followed from each task that another one may wait for.
const LOOKED_AT: usize = 64;

/// The most tasks that are named as the likely source of one wait.
const NAMED: usize = 3;

/// Why nothing can ever run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// Its kind.
    pub kind: StallKind,
    /// The tasks in it. In a cycle each waits for what the next one holds, and the last for what the first holds. Otherwise
    /// each waits for what the next one may provide, and the first is main, if main waits.
    pub tasks: Vec<Stalled>,
    /// Whether any link between two tasks is inferred.
    pub inferred: bool,
    /// The reason in words.
    pub text: String,
}

/// The kinds of stall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallKind {
    /// Tasks wait for each other: for locks, or for room in channels.
    Cycle,
    /// A task waits for a message or a signal that nobody can send. Its likely senders are inferred.
    Channel,
    /// Something else.
    Unknown,
}

impl StallKind {
    /// Its name in reports and JSON.
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
    /// Where the task took it.
    pub place: Option<Place>,
}

/// What a task in a stall waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StalledWait {
    /// The cause of the wait.
    pub cause: Cause,
    /// Where.
    pub place: Option<Place>,
    /// The resource, if known.
    pub resource: Option<ResourceIx>,
}

/// A task in the reason of a stall, and the tasks that may end its wait.
struct Step {
    task: TaskIx,
    givers: Vec<Blocker>,
}

impl Trace {
    /// Why nothing could run any more at a time. Call this only for a run that is known to have stalled.
    pub fn stall_at(&self, at_ns: u64) -> Stall {
        self.deadlock_at(at_ns).unwrap_or_else(|| self.stall_from_main(at_ns))
    }

    /// The first cycle of locks that still exists at a time.
    pub fn deadlock_at(&self, at_ns: u64) -> Option<Stall> {
        let lasts = |circle: &[TaskIx]| self.is_circle(circle, at_ns, Edges::Observed);
        let (_, circle) = self.deadlocks.iter().find(|(formed_ns, circle)| *formed_ns <= at_ns && lasts(circle))?;
        Some(self.cycle(circle, at_ns, false))
    }

    fn cycle(&self, circle: &[TaskIx], at_ns: u64, inferred: bool) -> Stall {
        let tasks = self.stalled(circle.iter().copied(), at_ns);
        let mut text = if inferred { "possible deadlock: " } else { "" }.to_owned();
        for (i, stalled) in tasks.iter().enumerate().take(TOLD) {
            let next = circle[(i + 1) % circle.len()];
            let has = |blocker: &Blocker| blocker.task == next;
            let known = self.givers(stalled.task, at_ns).into_iter().find(has);
            let giver = known.unwrap_or(Blocker { task: next, since_ns: None, inferred: true, ahead: false });
            // If the holder is observed, its own sentence says what it holds.
            let told = giver.inferred.then(|| self.probably(&Step { task: stalled.task, givers: vec![giver] }, stalled));
            text += if i > 0 { "; " } else { "" };
            text += &self.sentence(stalled, at_ns);
            text += &told.unwrap_or_default();
        }
        text += &others(tasks.len());
        Stall { kind: StallKind::Cycle, tasks, inferred, text }
    }

    /// The possible deadlocks at a time: cycles with an inferred link.
    pub(super) fn possible_deadlocks(&self, at_ns: u64) -> impl Iterator<Item = Stall> {
        self.possible_circles(at_ns).into_iter().map(move |circle| self.cycle(&circle, at_ns, true))
    }

    fn stall_from_main(&self, at_ns: u64) -> Stall {
        let (steps, closes) = self.reason_from_main(at_ns);
        if let Some(first) = closes
            && steps[first..].iter().all(|step| self.waits_for_what_is_had(step.task, at_ns))
            && (steps.len() - first > 1 || !self.waits_for_room(steps[first].task, at_ns))
        {
            let circle: Vec<TaskIx> = steps[first..].iter().map(|step| step.task).collect();
            let mut stall = self.cycle(&circle, at_ns, true);
            stall.text += &self.also_waiting(&steps, at_ns);
            return stall;
        }
        let tasks = self.stalled(steps.iter().map(|step| step.task), at_ns);
        let channel = |task: &Stalled| task.waits.as_ref().is_some_and(|waits| waits.cause.is_channel());
        let kind = if tasks.iter().any(channel) { StallKind::Channel } else { StallKind::Unknown };
        let inferred = steps.iter().any(|step| step.givers.iter().any(|giver| giver.inferred));
        let mut text = String::new();
        for (step, stalled) in steps.iter().zip(&tasks).take(TOLD) {
            text += if text.is_empty() { "" } else { "; " };
            text += &self.sentence(stalled, at_ns);
            text += &self.probably(step, stalled);
        }
        text += &others(tasks.len());
        text += &self.also_waiting(&steps, at_ns);
        Stall { kind, tasks, inferred, text }
    }

    /// Follows waits from main, or from the first waiting task. Also returns the step at which a cycle starts, if there is one.
    fn reason_from_main(&self, at_ns: u64) -> (Vec<Step>, Option<usize>) {
        let mut waiting = (0..self.tasks.len() as TaskIx).filter(|task| self.wait_at(*task, at_ns).is_some());
        let (mut steps, mut seen): (Vec<Step>, HashMap<TaskIx, usize>) = (Vec::new(), HashMap::new());
        let mut next = waiting.next();
        while let Some(task) = next {
            if let Some(first) = seen.insert(task, steps.len()) {
                return (steps, Some(first));
            }
            let mut givers = self.givers(task, at_ns);
            self.likely_first(&mut givers, &seen, at_ns);
            // If causes of waits are not recorded, list all waiting tasks.
            let next_of_all = if self.waits.sites.is_empty() { waiting.find(|task| !seen.contains_key(task)) } else { None };
            next = givers.first().map(|giver| giver.task).filter(|giver| self.wait_at(*giver, at_ns).is_some()).or(next_of_all);
            steps.push(Step { task, givers });
        }
        (steps, None)
    }

    /// Sorts inferred givers: first those that lead into a cycle, last those that wait for a signal with no known sender, such
    /// as a daemon that waits for a shutdown request.
    fn likely_first(&self, givers: &mut [Blocker], seen: &HashMap<TaskIx, usize>, at_ns: u64) {
        if givers.len() < 2 || givers.iter().any(|giver| !giver.inferred) {
            return;
        }
        givers.sort_by_cached_key(|giver| {
            let (mut next, mut path) = (Some(giver.task), HashSet::new());
            while let Some(task) = next.filter(|_| path.len() < LOOKED_AT) {
                if !path.insert(task) || seen.contains_key(&task) {
                    return 0;
                }
                next = self.givers(task, at_ns).first().map(|giver| giver.task);
            }
            let signal = |leaf: &Leaf| self.site(leaf.site).cause.is_channel();
            let wait = self.wait_at(giver.task, at_ns);
            let idle = path.len() == 1 && wait.is_some_and(|wait| wait.leaves.iter().all(signal));
            if idle { 2 } else { 1 }
        });
    }

    /// The tasks that may end a task's wait. If nobody has ever received from a channel, its receiver must belong to a task
    /// that was spawned after the channel was created and does not wait for room in it.
    fn givers(&self, task: TaskIx, at_ns: u64) -> Vec<Blocker> {
        let leaves = self.wait_at(task, at_ns).map_or(&[][..], |wait| wait.leaves);
        let known = leaves.iter().map(|leaf| self.blockers(task, *leaf, at_ns)).find(|blockers| !blockers.is_empty());
        known.unwrap_or_else(|| {
            let channel = leaves.iter().find(|leaf| self.is_room(leaf)).and_then(|leaf| leaf.resource);
            channel.map_or_else(Vec::new, |channel| self.likely_receivers(channel, at_ns))
        })
    }

    fn likely_receivers(&self, channel: ResourceIx, at_ns: u64) -> Vec<Blocker> {
        let of = &self.resources[channel as usize];
        let senders: HashSet<TaskIx> = of.at(at_ns).waiters.iter().map(|waiter| waiter.task).collect();
        let mut likely: Vec<TaskIx> = (0..self.tasks.len() as TaskIx)
            .filter(|task| self.wait_at(*task, at_ns).is_some() && !senders.contains(task))
            .filter(|task| self.tasks[*task as usize].spawned_ns >= of.made_ns)
            .collect();
        // Tasks that wait for a lock or for other room come first: a channel fills up when its receiver is stuck.
        likely.sort_by_key(|task| (!self.waits_for_what_is_had(*task, at_ns), *task == 0, *task));
        likely.into_iter().take(NAMED).map(|task| Blocker { task, since_ns: None, inferred: true, ahead: false }).collect()
    }

    /// Whether a task waits only for what others hold: locks, or room in channels.
    fn waits_for_what_is_had(&self, task: TaskIx, at_ns: u64) -> bool {
        let leaves = self.wait_at(task, at_ns).map_or(&[][..], |wait| wait.leaves);
        !leaves.is_empty() && leaves.iter().all(|leaf| self.lock_of(leaf).is_some() || self.is_room(leaf))
    }

    /// Whether a task waits for room in a channel.
    fn waits_for_room(&self, task: TaskIx, at_ns: u64) -> bool {
        self.wait_at(task, at_ns).is_some_and(|wait| wait.leaves.iter().any(|leaf| self.is_room(leaf)))
    }

    /// Says in words who may end a task's wait.
    fn probably(&self, step: &Step, stalled: &Stalled) -> String {
        let Some(waits) = &stalled.waits else { return String::new() };
        let name = |giver: &Blocker| {
            let own = giver.task == step.task;
            if own { "a future of its own that it does not poll" } else { &self.tasks[giver.task as usize].name }.to_owned()
        };
        let names: Vec<String> = step.givers.iter().take(NAMED).map(name).collect();
        let certain = step.givers.iter().take(NAMED).all(|giver| !giver.inferred);
        let names = match names.split_last() {
            None if waits.cause.is_channel() => return ", and no task that is alive has ever woken it".to_owned(),
            None => return String::new(),
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} or {last}", first.join(", ")),
        };
        let what = match waits.cause {
            Cause::Join => "that of",
            cause if cause.is_lock() && step.givers[0].ahead => "behind",
            cause if cause.is_lock() => "held by",
            Cause::MpscSend if step.givers[0].since_ns.is_some() => "taken by",
            Cause::MpscSend => "received by",
            _ => "from",
        };
        format!(", {}{what} {names}", if certain { "" } else { "probably " })
    }

    /// Lists the waiting tasks that are not part of the reason.
    fn also_waiting(&self, steps: &[Step], at_ns: u64) -> String {
        let among: HashSet<TaskIx> = steps.iter().map(|step| step.task).collect();
        let waiting = |task: &TaskIx| !among.contains(task) && self.wait_at(*task, at_ns).is_some();
        let all: Vec<TaskIx> = (0..self.tasks.len() as TaskIx).filter(waiting).collect();
        if all.is_empty() {
            return String::new();
        }
        let names: Vec<&str> = all.iter().take(NAMED).map(|task| self.tasks[*task as usize].name.as_str()).collect();
        let more = all.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("; also waiting: {}{more}", names.join(", "))
    }

    /// Whether some tasks are alive and each of them waits for something that only another
    /// task can provide: a lock, a message, a signal or an end. Then none of them can ever
    /// continue, unless something outside all tasks intervenes. Always false if events were
    /// lost or the cause of a wait is unknown.
    pub fn all_wait_for_others(&self) -> bool {
        let needs_another = |cause: Cause| cause.is_lock() || cause.is_channel() || cause == Cause::Join;
        // What wakes a root is unknown, and a local task that nothing drives does nothing.
        let counts = |task: &&Task| match task.of {
            LaneOf::Task | LaneOf::Blocking => true,
            LaneOf::Local => task.polls > 0,
            LaneOf::Root => false,
        };
        let mut living = self.tasks.iter().filter(|task| task.ended.is_none()).filter(counts).peekable();
        self.lost == 0
            && living.peek().is_some()
            && living.all(|task| {
                let leaves = self.leaves_now(task);
                !leaves.is_empty() && leaves.iter().all(|leaf| needs_another(self.site(leaf.site).cause))
            })
    }

    /// What each of the tasks holds and waits for. Looks at each resource once.
    fn stalled(&self, tasks: impl Iterator<Item = TaskIx>, at_ns: u64) -> Vec<Stalled> {
        let place = |site: Option<_>| site.and_then(|site| self.site(site).place.clone());
        let mut held: HashMap<TaskIx, Vec<Held>> = HashMap::new();
        let holders = |resource: ResourceIx| {
            let holders = self.resources[resource as usize].at_with(at_ns, 0).holders.into_iter();
            holders.filter_map(move |holder| Some((holder.task?, Held { resource, place: place(holder.site) })))
        };
        for (task, what) in (0..self.resources.len() as ResourceIx).flat_map(holders).take(HELD_BY_ALL) {
            held.entry(task).or_default().push(what);
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

    fn sentence(&self, stalled: &Stalled, at_ns: u64) -> String {
        let at = |place: Option<&Place>| place.map_or_else(String::new, |place| format!(" at {place}"));
        let mut text = self.tasks[stalled.task as usize].name.clone();
        for (i, held) in stalled.holds.iter().take(HELD).enumerate() {
            let and = if i == 0 { " holds" } else { " and" };
            let how = self.how_held(stalled.task, held.resource, at_ns);
            _ = write!(text, "{and} {}{how}, taken{}", self.resource_name(held.resource), at(held.place.as_ref()));
        }
        if let Some(more) = stalled.holds.len().checked_sub(HELD).filter(|more| *more > 0) {
            _ = write!(text, " and {more} more");
        }
        if let Some(waits) = &stalled.waits {
            let what = waits.resource.map_or_else(|| waits.cause.to_string(), |resource| self.resource_name(resource));
            let what = match waits.cause {
                Cause::MpscSend => format!("room in {what}"),
                Cause::Join => "the end of a task".to_owned(),
                _ => what,
            };
            let and = if stalled.holds.is_empty() { "" } else { ", and" };
            let (how, behind) =
                waits.resource.map_or_else(|| ("for ", String::new()), |resource| self.how_waited(stalled.task, resource, at_ns));
            _ = write!(text, "{and} waits {how}{what}{}{behind}", at(waits.place.as_ref()));
        } else if stalled.holds.is_empty() {
            let recorded = !self.waits.sites.is_empty();
            text +=
                if recorded { " waits, but no waker is left that could wake it" } else { " waits (the cause was not recorded)" };
        }
        text
    }

    /// How a task holds a read-write lock: to read or to write.
    fn how_held(&self, task: TaskIx, resource: ResourceIx, at_ns: u64) -> &'static str {
        let of = &self.resources[resource as usize];
        let holders = of.at_with(at_ns, 0).holders;
        match holders.iter().find(|holder| holder.task == Some(task)) {
            Some(holder) if of.kind == ResourceKind::RwLock && holder.exclusive => " to write",
            Some(_) if of.kind == ResourceKind::RwLock => " to read",
            _ => "",
        }
    }

    /// What a task wants from a resource, and the queued waiter ahead that blocks it, if any.
    fn how_waited(&self, task: TaskIx, resource: ResourceIx, at_ns: u64) -> (&'static str, String) {
        let of = &self.resources[resource as usize];
        let in_line = if of.kind == ResourceKind::RwLock { of.in_line(at_ns, task) } else { None };
        let Some((own, ahead)) = in_line else { return ("for ", String::new()) };
        if own.writes() {
            return ("to write ", String::new());
        }
        let behind = ahead.filter(|_| of.at_with(at_ns, 0).holders.iter().all(|holder| !holder.exclusive)).map(|ahead| {
            let place = ahead.site.and_then(|site| self.site(site).place.clone());
            let at = place.map_or_else(String::new, |place| format!(" at {place}"));
            format!(", behind the write of {}{at}", self.tasks[ahead.task as usize].name)
        });
        ("to read ", behind.unwrap_or_default())
    }
}

/// Says how many tasks are not described in words.
fn others(all: usize) -> String {
    match all.saturating_sub(TOLD) {
        0 => String::new(),
        1 => "; and 1 more task".to_owned(),
        more => format!("; and {more} more tasks"),
    }
}
