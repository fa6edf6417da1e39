//! Resources: who holds them, and who waits for them, at any time.
//!
//! A resource keeps what happened to it, and now and then who held it, so that
//! any moment can be rebuilt from a short stretch of its history. Who waits is
//! kept apart, in its [line](super::wait_queue), and so is what was taken and not given
//! back yet, as [guards](super::guard): what is learned later of a guard corrects
//! who held it earlier.
//!
//! An acquire is *queued*, then *granted* (its permits are set aside, and the
//! task has been woken), then *held*.
//!
//! Tokio does not report `try_acquire`, `forget` and `forget_permits` of a
//! semaphore. They show later: a task has to wait although permits seem to be
//! free, a task ends with a permit that it never gave back, somebody gives back
//! what nobody was seen to take. From then on the numbers that cannot be known
//! are not told, at any time of the run.

use smallvec::SmallVec;

use super::findings::Hold;
use super::guard::{Guard, GuardIx};
use super::hands::{Hands, Step};
use super::stages::Counts;
use super::task::{TaskIx, push};
use super::wait_queue::{Place, WaitQueue, Waiter};
use super::waits::SiteIx;
use crate::record::event::ResourceKind;

/// The place of a resource in [`Trace::resources`](super::Trace).
pub type ResourceIx = u32;

/// A lock, a semaphore, a channel.
#[derive(Debug)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// When it was made, in nanoseconds since the run began.
    pub made_ns: u64,
    /// Where it was made, if that is known: the place of this site.
    pub made_at: Option<SiteIx>,
    /// Which it is of those of its kind that were made at the same place, from 1.
    pub number: u32,
    pub(super) now: Hands,
    pub(super) line: WaitQueue,
    pub(super) guards: Vec<Guard>,
    /// Permits that were given back and that nobody was seen to take.
    unseen: Vec<Unseen>,
    /// What was given back last, and by whom: it may turn out to be what a cancelled acquire had been granted.
    given: (Option<TaskIx>, Vec<(GuardIx, u32)>),
    /// Whether the numbers of free and of all permits can be relied on.
    exact: bool,
    /// Whether there may have been a free permit that somebody took unseen.
    was_free: bool,
    /// Permits that somebody has taken unseen, as far as that has shown, and since when.
    untold: (u32, u64),
    /// Of a channel: the tasks that have taken messages out, each with the time of its first.
    pub(super) receivers: Vec<(TaskIx, u64)>,
    /// Of a channel: messages that were sent and not received yet.
    unread: u32,
    /// The hold that is over and has kept others waiting for longest.
    pub(super) worst: Option<Hold>,
    /// How many have held it and waited for it, from when somebody first had to wait.
    pub(super) counts: Option<Box<Counts>>,
    pub(super) steps: Vec<(u64, Step)>,
    /// How things stood after so many steps, now and then, and the first that was in line then.
    kept: Vec<(usize, Hands, Place)>,
}

/// So many in line are looked at for a task.
const IN_LINE: usize = 1_024;

/// Steps between two [`Hands`] that are kept, at least: more when there are many holders to copy.
const EVERY: usize = 128;

/// How things stand with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings {
    /// Permits that are free; none where Tokio does not tell.
    pub free: Option<u32>,
    /// All its permits; none where Tokio does not tell.
    pub permits: Option<u32>,
    /// Who holds it, the longest first.
    pub holders: Vec<Holder>,
    /// How many wait for it.
    pub waiting: u32,
    /// Who waits for it, in order: as many as were asked for.
    pub waiters: Vec<Waiter>,
    /// Whether it is inferred of any of its holders that it is the holder.
    pub inferred: bool,
}

/// Permits that a task gave back and that it was not seen to take, since a task first had to wait because of them.
#[derive(Debug)]
struct Unseen {
    task: Option<TaskIx>,
    from_ns: u64,
    to_ns: u64,
    permits: u32,
}

/// Who holds a resource, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The task that has it. Without one: a thread outside all tasks, or, if that is inferred, nobody who can be named.
    pub task: Option<TaskIx>,
    /// Since when, in nanoseconds since the run began.
    pub since_ns: u64,
    /// How many permits; 1 for a lock.
    pub permits: u32,
    /// Whether nobody else can hold it meanwhile.
    pub exclusive: bool,
    /// Where it was taken, if that is known.
    pub site: Option<SiteIx>,
    /// Whether it is inferred and not observed who has it: see the module `guard`.
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

    /// How things stood at a time, after all that happened at it.
    pub fn at(&self, at_ns: u64) -> Holdings {
        self.at_with(at_ns, usize::MAX)
    }

    /// The same with at most so many of the waiters. A line may be long, and this costs no more for it.
    pub fn at_with(&self, at_ns: u64, waiters: usize) -> Holdings {
        let (hands, line) = self.look(at_ns);
        let mut line = line.take(hands.waiting as usize).peekable();
        let waited_for = line.peek().is_some();
        let waiters = line.take(waiters).collect();
        let holders = self.holders(&hands, at_ns);
        // Who has to wait has taken all that was free.
        let free = hands.free.filter(|_| self.exact).or(hands.free.filter(|_| waited_for).map(|_| 0));
        let permits = hands.permits.filter(|_| self.exact);
        let inferred = holders.iter().any(|holder| holder.inferred);
        Holdings { free, permits, holders, waiting: hands.waiting, waiters, inferred }
    }

    /// Who had it in these hands, each task once unless it has owned guards, the longest first.
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

    /// A task in line at a time that has not been served, and the last one before it that asks for more, and so waits for
    /// others than those that the task itself waits for.
    pub(super) fn in_line(&self, at_ns: u64, task: TaskIx) -> Option<(Waiter, Option<Waiter>)> {
        let (hands, line) = self.look(at_ns);
        let waiting: SmallVec<[Waiter; 8]> =
            line.take((hands.waiting as usize).min(IN_LINE)).filter(|waiter| !waiter.is_granted()).collect();
        let own = waiting.iter().rposition(|waiter| waiter.task == task)?;
        let asks = waiting[own].asks;
        let ahead = waiting[..own].iter().rev().find(|other| other.task != task && other.asks > asks);
        Some((waiting[own], ahead.copied()))
    }

    /// Since when the first in line has waited that still has to, at a time; in nanoseconds since the run began.
    pub fn waited_since(&self, at_ns: u64) -> Option<u64> {
        let (hands, line) = self.look(at_ns);
        line.take(hands.waiting as usize).find(|waiter| !waiter.is_granted()).map(|waiter| waiter.since_ns)
    }

    /// Who holds it at a time while somebody waits, and since when the first in line does that still has to: one look for both.
    pub fn pressed(&self, at_ns: u64) -> Option<(u64, Vec<Holder>)> {
        let (hands, line) = self.look(at_ns);
        let first = line.take(hands.waiting as usize).find(|waiter| !waiter.is_granted())?;
        Some((first.since_ns, self.holders(&hands, at_ns)))
    }

    /// Whether a task ever had to wait for it: a channel that nobody waited for is of no interest.
    pub fn was_contended(&self) -> bool {
        !self.line.is_unused()
    }

    /// How long tasks have waited for it together by a time, in nanoseconds: its contention.
    pub fn contention_ns(&self, at_ns: u64) -> u64 {
        let (hands, _) = self.look(at_ns);
        let lasting_ns = (u128::from(at_ns) * u128::from(hands.waiting)).saturating_sub(hands.since_ns);
        hands.waited_ns.saturating_add(u64::try_from(lasting_ns).unwrap_or(u64::MAX))
    }

    /// In whose hands it was after all that happened by a time, and who was in line.
    fn look(&self, at_ns: u64) -> (Hands, impl Iterator<Item = Waiter>) {
        let after = self.steps.partition_point(|(at, _)| *at <= at_ns);
        if after == self.steps.len() {
            return (self.now.clone(), self.line.before(after as u32, self.line.first()));
        }
        let (hands, first) = self.rebuilt(after);
        (hands, self.line.before(after as u32, first))
    }

    /// In whose hands it was after so many steps.
    pub(super) fn hands_after(&self, steps: usize) -> Hands {
        if steps == self.steps.len() { self.now.clone() } else { self.rebuilt(steps).0 }
    }

    /// The same, with the first that was in line when it was last kept.
    fn rebuilt(&self, after: usize) -> (Hands, Place) {
        let kept = self.kept.partition_point(|(steps, ..)| *steps <= after);
        let (from, mut hands, first) = kept.checked_sub(1).map_or_else(Default::default, |last| self.kept[last].clone());
        for (at_ns, step) in &self.steps[from..after] {
            hands.apply(*at_ns, *step, &self.line);
        }
        (hands, first)
    }

    /// A task comes to wait. Returns its place in the line.
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

    /// A waiter is in line without all that it asks for: it took all that was free, so what seems to be left was taken unseen.
    pub(super) fn falls_short(&mut self, at_ns: u64) {
        if let Some(left) = self.now.free.filter(|left| *left > 0) {
            self.untold = (self.untold.0.saturating_add(left), if self.untold.0 == 0 { at_ns } else { self.untold.1 });
            self.exact = false;
            self.step(at_ns, Step::Take(left));
        }
    }

    /// A waiter is gone, with what it asked for or without: then it may give back what was set aside for it.
    pub(super) fn leave(&mut self, at_ns: u64, place: Place, returns: bool) {
        let Waiter { task, granted, .. } = self.line.leave(self.steps.len() as u32, place);
        self.step(at_ns, Step::Leave(place));
        let (by, mut given) = std::mem::take(&mut self.given);
        let mut unused = if returns && by == Some(task) { granted } else { 0 };
        // A cancelled acquire gives back what it was granted, which its task never held.
        while let Some((guard, permits)) = given.pop().filter(|_| unused > 0) {
            let permits = permits.min(unused);
            unused -= permits;
            self.step(at_ns, Step::Back { guard, permits });
            self.guards[guard as usize].not_freed();
        }
    }

    /// A task takes it, or a part of it. `tasks` is how many tasks there are.
    pub(super) fn take(&mut self, mut holder: Holder, owned: bool, tasks: usize) -> GuardIx {
        holder.since_ns = self.in_order(holder.since_ns);
        let guard = self.guards.len() as GuardIx;
        push(&mut self.guards, Guard::new(&holder, owned, tasks));
        self.step(holder.since_ns, Step::Hold { guard, permits: holder.permits });
        guard
    }

    /// So many permits of a guard are given back by a task.
    pub(super) fn release(&mut self, at_ns: u64, by: Option<TaskIx>, guard: GuardIx, permits: u32) {
        // Permits of a semaphore are there to be held.
        let over = self.holds(at_ns).find(|hold| Some(hold.task) == by && self.kind != ResourceKind::Semaphore);
        self.worst = over.filter(|over| self.worst.is_none_or(|worst| over.length_ns() > worst.length_ns())).or(self.worst);
        // Only a task that has been granted something here can be about to give that up.
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

    /// Some of a guard's permits were given back: of all of them that is its end.
    fn is_out(&mut self, at_ns: u64, guard: GuardIx) {
        if !self.now.held.iter().any(|(held, _)| *held == guard) {
            self.guards[guard as usize].freed(at_ns);
        }
    }

    /// Whether something is set aside for a task that has not taken it.
    pub(super) fn is_granted_to(&self, task: Option<TaskIx>) -> bool {
        self.line.granted().any(|waiter| Some(waiter.task) == task && waiter.granted > 0)
    }

    /// Whether it cannot be observed who has a guard: somebody took permits unseen, and could have given those back in place
    /// of the guard.
    pub(super) fn is_unsure(&self, guard: &Guard) -> bool {
        guard.owned && !self.exact && self.kind == ResourceKind::Semaphore
    }

    /// How many permits are out that nobody was seen to take.
    pub(super) fn untold(&self) -> u32 {
        self.untold.0
    }

    /// A guard will never be given back, since its task has ended and could not give it away.
    pub(super) fn forget(&mut self, at_ns: u64, guard: GuardIx) {
        if let Some((_, permits)) = self.now.held.iter().find(|(held, _)| *held == guard).copied() {
            self.step(at_ns, Step::Forget { guard, permits });
            self.is_out(at_ns, guard);
        }
    }

    /// Permits come from a task that was not seen to have them: it took them unseen, or they are new.
    pub(super) fn add(&mut self, at_ns: u64, by: Option<TaskIx>, permits: u32) {
        let (untold, from_ns) = self.untold;
        let known = permits.min(untold);
        if known > 0 {
            self.untold.0 -= known;
            self.unseen.push(Unseen { task: by, from_ns, to_ns: at_ns, permits: known });
        }
        let new = permits - known;
        if new > 0 && self.was_free {
            // They may be new, or have been taken unseen before: then they were not free all the while.
            self.exact = false;
            self.step(at_ns, Step::Take(new));
        } else if new > 0 {
            // Where there was never a free permit nobody can have taken one unseen.
            self.step(at_ns, Step::Add(new));
        }
    }

    /// Of a channel: a message is in it.
    pub(super) fn sent(&mut self) {
        self.unread = self.unread.saturating_add(1);
    }

    /// Of a channel: a task has made room. If there was no message in it, the room that was reserved longest is no longer.
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

    /// The holds that last at a time after all that is known, and keep others waiting.
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

    /// Those for whom all that they ask for is set aside, each with the time from which on it is.
    pub(super) fn untaken(&self) -> impl Iterator<Item = (Waiter, u64)> {
        self.line.untaken().filter_map(|(waiter, step)| Some((waiter, self.steps.get(step as usize)?.0)))
    }

    /// Something happened. What comes late happened at the time of the newest step.
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
