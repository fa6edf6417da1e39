//! Resources: who holds them and who waits for them, at any time.
//!
//! A resource keeps its history and occasional snapshots of its holders, so any moment
//! can be rebuilt from a short stretch. The waiters are kept separately in a
//! [wait queue](super::wait_queue), and what is taken and not yet given back in
//! [guards](super::guard). What is learned about a guard later also corrects earlier
//! moments.
//!
//! An acquire is *queued*, then *granted* (its permits are set aside and its task has
//! been woken), then *held*.
//!
//! Tokio does not report `try_acquire`, `forget` and `forget_permits` of a semaphore.
//! They show later: a task waits although permits seem free, a task ends without
//! giving back a permit, or somebody gives back permits that nobody was seen to take.
//! From then on the counts that cannot be known are left out for the whole run.

use smallvec::SmallVec;

use super::findings::Hold;
use super::guard::{Guard, GuardIx};
use super::hands::{Hands, Step};
use super::stages::Counts;
use super::task::{TaskIx, push};
use super::wait_queue::{Place, WaitQueue, Waiter};
use super::waits::SiteIx;
use facts::event::ResourceKind;

/// The index of a resource in [`Trace::resources`](super::Trace).
pub type ResourceIx = u32;

/// A lock, a semaphore or a channel.
#[derive(Debug)]
pub struct Resource {
    /// Its kind.
    pub kind: ResourceKind,
    /// When it was created, in nanoseconds since the run began.
    pub made_ns: u64,
    /// The site at which it was created, if known.
    pub made_at: Option<SiteIx>,
    /// Its number among the resources of its kind created at the same place, from 1.
    pub number: u32,
    pub(super) now: Hands,
    pub(super) line: WaitQueue,
    pub(super) guards: Vec<Guard>,
    /// Permits that were given back although nobody was seen to take them.
    pub(super) unseen: Vec<Unseen>,
    /// What was given back last, and by whom. It may turn out to be the grant of a cancelled acquire.
    given: (Option<TaskIx>, Vec<(GuardIx, u32)>),
    /// Whether the counts of free and of all permits are reliable.
    pub(super) exact: bool,
    /// Whether there ever was a free permit, which somebody may have taken unseen.
    was_free: bool,
    /// How many permits are known to have been taken unseen, and since when.
    untold: (u32, u64),
    /// Of a channel: the tasks that have received messages, each with the time of its first.
    pub(super) receivers: Vec<(TaskIx, u64)>,
    /// Of a channel: messages that were sent and not yet received.
    unread: u32,
    /// The finished hold that kept others waiting longest.
    pub(super) worst: Option<Hold>,
    /// The numbers of holders and waiters over time; none before the first wait.
    pub(super) counts: Option<Box<Counts>>,
    pub(super) steps: Vec<(u64, Step)>,
    /// Snapshots: a number of steps, the holders after them, and the first waiter in the queue.
    kept: Vec<(usize, Hands, Place)>,
}

/// How many waiters in the queue are searched for a task.
const IN_LINE: usize = 1_024;

/// The minimum number of steps between two snapshots; more if there are many holders to copy.
const EVERY: usize = 128;

/// The state of a resource at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings {
    /// Free permits; none if unknown.
    pub free: Option<u32>,
    /// All permits; none if unknown.
    pub permits: Option<u32>,
    /// The holders, longest first.
    pub holders: Vec<Holder>,
    /// The number of waiters.
    pub waiting: u32,
    /// The waiters in order, up to the requested number.
    pub waiters: Vec<Waiter>,
    /// Whether any holder is inferred.
    pub inferred: bool,
}

/// Permits that a task gave back without having been seen to take them, counted as held from the first wait they caused.
#[derive(Debug)]
pub(super) struct Unseen {
    pub(super) task: Option<TaskIx>,
    pub(super) from_ns: u64,
    pub(super) to_ns: u64,
    pub(super) permits: u32,
}

/// A holder of a resource, or of some of its permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The task. None means a thread outside all tasks or, if inferred, an unknown holder.
    pub task: Option<TaskIx>,
    /// Since when, in nanoseconds since the run began.
    pub since_ns: u64,
    /// The number of permits; 1 for a lock.
    pub permits: u32,
    /// Whether the hold is exclusive.
    pub exclusive: bool,
    /// Where it was taken, if known.
    pub site: Option<SiteIx>,
    /// Whether the holder is inferred: see the module `guard`.
    pub inferred: bool,
}

impl Resource {
    pub(super) fn new(kind: ResourceKind, made_ns: u64, made_at: Option<SiteIx>, number: u32) -> Self {
        Self {
            kind,
            made_ns,
            made_at,
            number,
            now: Hands::default(),
            line: WaitQueue::default(),
            guards: Vec::new(),
            unseen: Vec::new(),
            given: (None, Vec::new()),
            exact: true,
            was_free: false,
            untold: (0, 0),
            receivers: Vec::new(),
            unread: 0,
            worst: None,
            counts: None,
            steps: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// The state at a time, after everything that happened at that time.
    pub fn at(&self, at_ns: u64) -> Holdings {
        self.at_with(at_ns, usize::MAX)
    }

    /// The state at a time with at most `waiters` waiters. The cost does not depend on the length of the queue.
    pub fn at_with(&self, at_ns: u64, waiters: usize) -> Holdings {
        let (hands, line) = self.look(at_ns);
        let mut line = line.take(hands.waiting as usize).peekable();
        let waited_for = line.peek().is_some();
        let waiters = line.take(waiters).collect();
        let holders = self.holders(&hands, at_ns);
        // If somebody has to wait, no permit is free.
        let free = hands.free.filter(|_| self.exact).or(hands.free.filter(|_| waited_for).map(|_| 0));
        let permits = hands.permits.filter(|_| self.exact);
        let inferred = holders.iter().any(|holder| holder.inferred);
        Holdings { free, permits, holders, waiting: hands.waiting, waiters, inferred }
    }

    /// The holders, longest first. Each task appears once unless it has inferred guards.
    fn holders(&self, hands: &Hands, at_ns: u64) -> Vec<Holder> {
        let mut holders: Vec<Holder> = Vec::with_capacity(hands.held.len());
        for (ix, permits) in &hands.held {
            let guard = &self.guards[*ix as usize];
            let mut holder = guard.holder(at_ns, *permits);
            holder.inferred |= self.is_unsure(guard);
            let same = |known: &&mut Holder| known.task == holder.task && known.exclusive == holder.exclusive && !known.inferred;
            match holders.iter_mut().find(same).filter(|_| !holder.inferred) {
                Some(known) => known.permits = known.permits.saturating_add(holder.permits),
                None => holders.push(holder),
            }
        }
        let unseen = self.unseen.iter().filter(|unseen| (unseen.from_ns..unseen.to_ns).contains(&at_ns));
        holders.extend(unseen.map(|unseen| Holder {
            task: unseen.task,
            since_ns: unseen.from_ns,
            permits: unseen.permits,
            exclusive: false,
            site: None,
            inferred: true,
        }));
        holders
    }

    /// A task's ungranted place in the queue at a time, and the last waiter ahead of it that asks for more, and so waits for
    /// other holders than the task itself.
    pub(super) fn in_line(&self, at_ns: u64, task: TaskIx) -> Option<(Waiter, Option<Waiter>)> {
        let (hands, line) = self.look(at_ns);
        let waiting: SmallVec<[Waiter; 8]> =
            line.take((hands.waiting as usize).min(IN_LINE)).filter(|waiter| !waiter.is_granted()).collect();
        let own = waiting.iter().rposition(|waiter| waiter.task == task)?;
        let asks = waiting[own].asks;
        let ahead = waiting[..own].iter().rev().find(|other| other.task != task && other.asks > asks);
        Some((waiting[own], ahead.copied()))
    }

    /// Since when the first ungranted waiter has been waiting at a time, in nanoseconds since the run began.
    pub fn waited_since(&self, at_ns: u64) -> Option<u64> {
        let (hands, line) = self.look(at_ns);
        line.take(hands.waiting as usize).find(|waiter| !waiter.is_granted()).map(|waiter| waiter.since_ns)
    }

    /// Combines [`Self::waited_since`] and the holders in one lookup; none if nobody waits.
    pub fn pressed(&self, at_ns: u64) -> Option<(u64, Vec<Holder>)> {
        let (hands, line) = self.look(at_ns);
        let first = line.take(hands.waiting as usize).find(|waiter| !waiter.is_granted())?;
        Some((first.since_ns, self.holders(&hands, at_ns)))
    }

    /// Whether a task ever had to wait for it.
    pub fn was_contended(&self) -> bool {
        !self.line.is_unused()
    }

    /// Its contention: the total time that tasks have waited for it by a time, in nanoseconds.
    pub fn contention_ns(&self, at_ns: u64) -> u64 {
        let (hands, _) = self.look(at_ns);
        let lasting_ns = (u128::from(at_ns) * u128::from(hands.waiting)).saturating_sub(hands.since_ns);
        hands.waited_ns.saturating_add(u64::try_from(lasting_ns).unwrap_or(u64::MAX))
    }

    /// The holders and the queue after everything up to and including a time.
    fn look(&self, at_ns: u64) -> (Hands, impl Iterator<Item = Waiter>) {
        let after = self.steps.partition_point(|(at, _)| *at <= at_ns);
        if after == self.steps.len() {
            return (self.now.clone(), self.line.before(after as u32, self.line.first()));
        }
        let (hands, first) = self.rebuilt(after);
        (hands, self.line.before(after as u32, first))
    }

    /// The holders after a number of steps.
    pub(super) fn hands_after(&self, steps: usize) -> Hands {
        if steps == self.steps.len() { self.now.clone() } else { self.rebuilt(steps).0 }
    }

    /// Rebuilds the holders after a number of steps, with the first waiter of the last snapshot.
    fn rebuilt(&self, after: usize) -> (Hands, Place) {
        let kept = self.kept.partition_point(|(steps, ..)| *steps <= after);
        let (from, mut hands, first) = kept.checked_sub(1).map_or_else(Default::default, |last| self.kept[last].clone());
        for (at_ns, step) in &self.steps[from..after] {
            hands.apply(*at_ns, *step, &self.line);
        }
        (hands, first)
    }

    /// A task starts to wait. Returns its place in the queue.
    pub(super) fn join(&mut self, at_ns: u64, mut waiter: Waiter) -> Place {
        waiter.since_ns = self.in_order(at_ns);
        let place = self.line.join(self.steps.len() as u32, waiter);
        self.step(waiter.since_ns, Step::Join);
        place
    }

    /// Permits are set aside for a waiter.
    pub(super) fn grant(&mut self, at_ns: u64, place: Place, permits: u32) {
        self.line.grant(self.steps.len() as u32, place, permits);
        self.step(at_ns, Step::Grant);
    }

    /// A waiter queues without getting all it asks for. It took every free permit, so any that seem left were taken unseen.
    pub(super) fn falls_short(&mut self, at_ns: u64) {
        if let Some(left) = self.now.free.filter(|left| *left > 0) {
            self.untold = (self.untold.0.saturating_add(left), if self.untold.0 == 0 { at_ns } else { self.untold.1 });
            self.exact = false;
            self.step(at_ns, Step::Take(left));
        }
    }

    /// A waiter leaves the queue. If it did not take what it asked for, it may give back what was set aside for it.
    pub(super) fn leave(&mut self, at_ns: u64, place: Place, returns: bool) {
        let Waiter { task, granted, .. } = self.line.leave(self.steps.len() as u32, place);
        self.step(at_ns, Step::Leave(place));
        let (by, mut given) = std::mem::take(&mut self.given);
        let mut unused = if returns && by == Some(task) { granted } else { 0 };
        // A cancelled acquire gives back its grant, which its task never held.
        while let Some((guard, permits)) = given.pop().filter(|_| unused > 0) {
            let permits = permits.min(unused);
            unused -= permits;
            self.step(at_ns, Step::Back { guard, permits });
            self.guards[guard as usize].not_freed();
        }
    }

    /// A task takes the resource or some of its permits. `tasks` is the number of tasks.
    pub(super) fn take(&mut self, mut holder: Holder, owned: bool, tasks: usize) -> GuardIx {
        holder.since_ns = self.in_order(holder.since_ns);
        let guard = self.guards.len() as GuardIx;
        push(&mut self.guards, Guard::new(&holder, owned, tasks));
        self.step(holder.since_ns, Step::Hold { guard, permits: holder.permits });
        guard
    }

    /// A task gives back permits of a guard.
    pub(super) fn release(&mut self, at_ns: u64, by: Option<TaskIx>, guard: GuardIx, permits: u32) {
        // Semaphore permits are meant to be held.
        let over = self.holds(at_ns).find(|hold| Some(hold.task) == by && self.kind != ResourceKind::Semaphore);
        self.worst = over.filter(|over| self.worst.is_none_or(|worst| over.length_ns() > worst.length_ns())).or(self.worst);
        // Only a task with an untaken grant can be giving that grant up.
        let granted = by.is_some() && self.is_granted_to(by);
        if !granted || self.given.0 != by {
            self.given = (by.filter(|_| granted), Vec::new());
        }
        if granted {
            self.given.1.push((guard, permits));
        }
        self.step(at_ns, Step::Release { guard, permits });
        self.is_out(at_ns, guard);
    }

    /// Ends a guard once all its permits have been given back.
    fn is_out(&mut self, at_ns: u64, guard: GuardIx) {
        if !self.now.held.iter().any(|(held, _)| *held == guard) {
            self.guards[guard as usize].freed(at_ns);
        }
    }

    /// Whether a task has a grant that it has not taken.
    pub(super) fn is_granted_to(&self, task: Option<TaskIx>) -> bool {
        self.line.granted().any(|waiter| Some(waiter.task) == task && waiter.granted > 0)
    }

    /// Whether the holder of a guard is uncertain: somebody took permits unseen, and may have given those back instead of the
    /// guard.
    pub(super) fn is_unsure(&self, guard: &Guard) -> bool {
        guard.owned && !self.exact && self.kind == ResourceKind::Semaphore
    }

    /// How many permits were taken unseen and are still out.
    pub(super) fn untold(&self) -> u32 {
        self.untold.0
    }

    /// Marks a guard that will never be given back, because its task has ended and could not move it.
    pub(super) fn forget(&mut self, at_ns: u64, guard: GuardIx) {
        if let Some((_, permits)) = self.now.held.iter().find(|(held, _)| *held == guard).copied() {
            self.step(at_ns, Step::Forget { guard, permits });
            self.is_out(at_ns, guard);
        }
    }

    /// A task gives back permits that it was not seen to take: it took them unseen, or they are new.
    pub(super) fn add(&mut self, at_ns: u64, by: Option<TaskIx>, permits: u32) {
        let (untold, from_ns) = self.untold;
        let known = permits.min(untold);
        if known > 0 {
            self.untold.0 -= known;
            self.unseen.push(Unseen { task: by, from_ns, to_ns: at_ns, permits: known });
        }
        let new = permits - known;
        if new > 0 && self.was_free {
            // They may be new, or may have been taken unseen earlier and so were not free in between.
            self.exact = false;
            self.step(at_ns, Step::Take(new));
        } else if new > 0 {
            // If no permit was ever free, nobody can have taken one unseen.
            self.step(at_ns, Step::Add(new));
        }
    }

    /// Of a channel: a message was sent.
    pub(super) fn sent(&mut self) {
        self.unread = self.unread.saturating_add(1);
    }

    /// Of a channel: a task made room. Without a message to receive, the oldest reservations are released.
    pub(super) fn received(&mut self, at_ns: u64, by: Option<TaskIx>, permits: u32) {
        if let Some(by) = by.filter(|by| self.receivers.iter().all(|(known, _)| known != by)) {
            self.receivers.push((by, at_ns));
        }
        let reserved = permits.saturating_sub(self.unread);
        self.unread = self.unread.saturating_sub(permits);
        for _ in 0..reserved {
            let Some((guard, permits)) = self.now.held.first().copied() else { break };
            self.step(at_ns, Step::Release { guard, permits });
        }
    }

    /// The current holds that keep others waiting, extended to a time.
    pub(super) fn holds(&self, at_ns: u64) -> impl Iterator<Item = Hold> {
        let waited_for = self.now.waiting > 0;
        let first = waited_for.then(|| self.line.before(self.steps.len() as u32, self.line.first()).next()).flatten();
        let held = first.into_iter().flat_map(|first| self.now.held.iter().map(move |held| (first, *held)));
        held.filter_map(move |(first, (guard, permits))| {
            let holder = self.guards[guard as usize].holder(at_ns, permits);
            let from_ns = holder.since_ns.max(first.since_ns);
            let (to_ns, waiting) = (at_ns.max(from_ns), self.now.waiting);
            Some(Hold { task: holder.task?, site: holder.site, from_ns, to_ns, waiting, exclusive: holder.exclusive })
        })
    }

    /// The waiters with a complete untaken grant, each with the time of the grant.
    pub(super) fn untaken(&self) -> impl Iterator<Item = (Waiter, u64)> {
        self.line.untaken().filter_map(|(waiter, step)| Some((waiter, self.steps.get(step as usize)?.0)))
    }

    /// Adds a step. A late step gets the time of the newest one.
    pub(super) fn step(&mut self, at_ns: u64, step: Step) {
        let at_ns = self.in_order(at_ns);
        self.now.apply(at_ns, step, &self.line);
        self.was_free |= self.now.free.is_some_and(|free| free > 0);
        self.exact &= self.kind == ResourceKind::Semaphore || self.now.free <= self.now.permits;
        push(&mut self.steps, (at_ns, step));
        match &mut self.counts {
            Some(counts) => counts.set(at_ns, &self.now),
            None if self.now.waiting > 0 => self.counts = Some(self.counted().into()),
            None => {}
        }
        let (steps, last) = (self.steps.len(), self.kept.last().map_or(0, |(steps, ..)| *steps));
        if steps - last >= EVERY.max(2 * self.now.held.len()) {
            push(&mut self.kept, (steps, self.now.clone(), self.line.first()));
        }
    }

    fn in_order(&self, at_ns: u64) -> u64 {
        self.steps.last().map_or(at_ns, |(last, _)| at_ns.max(*last))
    }
}
