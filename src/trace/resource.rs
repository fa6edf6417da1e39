//! Resources: who holds them, and who waits for them, at any time.
//!
//! A resource keeps what happened to it, and now and then who held it, so that
//! any moment can be rebuilt from a short stretch of its history. Who waits is
//! kept apart, in its [line](super::line).
//!
//! An acquire is *queued*, then *granted* (its permits are set aside, and the
//! task has been woken), then *held*. Tokio tells who takes and who gives back,
//! as the task in whose poll it happens. A guard may have moved to another task
//! meanwhile: then the task that took it is still shown, and from the moment
//! that another one gives it back, who holds the rest is inferred, until nobody
//! holds anything. Of a semaphore's permits those from `try_acquire` are never
//! told, so its holders are a lower bound.

use super::findings::Hold;
use super::line::{Line, Place, Waiter};
use super::stages::Counts;
use super::task::{TaskIx, push};
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
    pub(super) line: Line,
    /// The hold that is over and has kept others waiting for longest.
    pub(super) worst: Option<Hold>,
    /// How many have held it and waited for it, from when somebody first had to wait.
    pub(super) counts: Option<Box<Counts>>,
    pub(super) steps: Vec<(u64, Step)>,
    /// How things stood after so many steps, now and then, and the first that was in line then.
    kept: Vec<(usize, Hands, Place)>,
}

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
    /// Whether who holds it is inferred: somebody has given back what another one had taken.
    pub inferred: bool,
}

/// In whose hands a resource is, and how long was waited for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Hands {
    free: Option<u32>,
    permits: Option<u32>,
    pub(super) holders: Vec<Holder>,
    pub(super) inferred: bool,
    /// What was given back last, and by whom: it may turn out to be what a cancelled acquire had been granted.
    given_back: Vec<Holder>,
    /// The task that gave it back.
    given_by: Option<TaskIx>,
    /// What `inferred` was before that.
    was_inferred: bool,
    /// How many wait.
    pub(super) waiting: u32,
    /// The sum of the times since which they do, in nanoseconds.
    since_ns: u128,
    /// How long those have waited together that wait no more, in nanoseconds.
    waited_ns: u64,
}

/// Who holds a resource, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The task that took it; none for a thread outside all tasks.
    pub task: Option<TaskIx>,
    /// Since when, in nanoseconds since the run began.
    pub since_ns: u64,
    /// How many permits; 1 for a lock.
    pub permits: u32,
    /// Whether nobody else can hold it meanwhile.
    pub exclusive: bool,
    /// Where it was taken, if that is known.
    pub site: Option<SiteIx>,
}

/// What can happen to a resource.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Its free permits are set, and with them all.
    Set(u32),
    /// Permits become free.
    Free(u32),
    /// Free permits are taken.
    Take(u32),
    /// Somebody takes it, or a part of it, from now on.
    Hold { task: Known, permits: u32, site: Known, exclusive: bool },
    Release {
        task: Known,
        permits: u32,
        exclusive: bool,
        /// Whether something was set aside for that task here.
        granted: bool,
    },
    /// A waiter has come.
    Join,
    /// Something was set aside for a waiter.
    Grant,
    /// A waiter is gone.
    Leave {
        /// Its place in the line.
        place: Place,
        /// The permits that were set aside for it and that it gives back unused.
        unused: u32,
    },
}

const _: () = assert!(size_of::<Step>() == 16, "there are several steps for each acquire");

/// A number that may be unknown, in no more room than the number itself takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known(u32);

impl From<Option<u32>> for Known {
    fn from(number: Option<u32>) -> Self {
        Self(number.unwrap_or(u32::MAX))
    }
}

impl From<Known> for Option<u32> {
    fn from(number: Known) -> Self {
        (number.0 != u32::MAX).then_some(number.0)
    }
}

impl Step {
    /// Somebody takes it. Since when is the time of the step.
    pub(super) fn hold(Holder { task, permits, exclusive, site, .. }: Holder) -> Self {
        Self::Hold { task: task.into(), permits, site: site.into(), exclusive }
    }
}

impl Resource {
    pub(super) fn new(kind: ResourceKind, made_ns: u64, made_at: Option<SiteIx>, number: u32) -> Self {
        let (now, line) = (Hands::default(), Line::default());
        Self { kind, made_ns, made_at, number, now, line, worst: None, counts: None, steps: Vec::new(), kept: Vec::new() }
    }

    /// How things stood at a time, after all that happened at it.
    pub fn at(&self, at_ns: u64) -> Holdings {
        self.at_with(at_ns, usize::MAX)
    }

    /// The same with at most so many of the waiters. A line may be long, and this costs no more for it.
    pub fn at_with(&self, at_ns: u64, waiters: usize) -> Holdings {
        let (hands, line) = self.look(at_ns);
        let waiters = line.take(waiters.min(hands.waiting as usize)).collect();
        let Hands { free, permits, holders, inferred, waiting, .. } = hands;
        Holdings { free, permits, holders, waiting, waiters, inferred }
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
        Some((first.since_ns, hands.holders))
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

    /// A task comes to wait for so many permits. Returns its place in the line.
    pub(super) fn join(&mut self, at_ns: u64, task: TaskIx, asks: u32) -> Place {
        let since_ns = self.in_order(at_ns);
        let place = self.line.join(self.steps.len() as u32, Waiter { task, since_ns, asks, granted: 0 });
        self.step(since_ns, Step::Join);
        place
    }

    /// Permits are set aside for a waiter.
    pub(super) fn grant(&mut self, at_ns: u64, place: Place, permits: u32) {
        self.line.grant(self.steps.len() as u32, place, permits);
        self.step(at_ns, Step::Grant);
    }

    /// A waiter is gone, with what it asked for or without: then it `returns` what was set aside for it.
    pub(super) fn leave(&mut self, at_ns: u64, place: Place, returns: bool) {
        let Waiter { granted, .. } = self.line.leave(self.steps.len() as u32, place);
        self.step(at_ns, Step::Leave { place, unused: if returns { granted } else { 0 } });
    }

    /// Permits or a lock are given back by a task.
    pub(super) fn release(&mut self, at_ns: u64, task: Option<TaskIx>, permits: u32, exclusive: bool) {
        if !self.now.holders.is_empty() {
            // Permits of a semaphore are there to be held.
            let over = self.holds(at_ns).find(|hold| Some(hold.task) == task && self.kind != ResourceKind::Semaphore);
            self.worst = over.filter(|over| self.worst.is_none_or(|worst| over.length_ns() > worst.length_ns())).or(self.worst);
            // Only a task that has been granted something here can be about to give that up.
            let granted = self.line.granted().any(|waiter| Some(waiter.task) == task && waiter.granted > 0);
            self.step(at_ns, Step::Release { task: task.into(), permits, exclusive, granted });
        }
    }

    /// The holds that last at a time after all that is known, and keep others waiting.
    pub(super) fn holds(&self, at_ns: u64) -> impl Iterator<Item = Hold> {
        let waited_for = self.now.waiting > 0;
        let first = waited_for.then(|| self.line.before(self.steps.len() as u32, self.line.first()).next()).flatten();
        let kept = first.into_iter().flat_map(|first| self.now.holders.iter().map(move |holder| (first, holder)));
        kept.filter_map(move |(first, holder)| {
            let from_ns = holder.since_ns.max(first.since_ns);
            let (to_ns, waiting) = (at_ns.max(from_ns), self.now.waiting);
            Some(Hold { task: holder.task?, site: holder.site, from_ns, to_ns, waiting })
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
        push(&mut self.steps, (at_ns, step));
        match &mut self.counts {
            Some(counts) => counts.set(at_ns, &self.now),
            None if self.now.waiting > 0 => self.counts = Some(self.counted().into()),
            None => {}
        }
        let (steps, last) = (self.steps.len(), self.kept.last().map_or(0, |(steps, ..)| *steps));
        if steps - last >= EVERY.max(2 * (self.now.holders.len() + self.now.given_back.len())) {
            push(&mut self.kept, (steps, self.now.clone(), self.line.first()));
        }
    }

    fn in_order(&self, at_ns: u64) -> u64 {
        self.steps.last().map_or(at_ns, |(last, _)| at_ns.max(*last))
    }
}

impl Hands {
    pub(super) fn apply(&mut self, at_ns: u64, step: Step, line: &Line) {
        match step {
            Step::Set(permits) => (self.free, self.permits) = (Some(permits), Some(permits)),
            Step::Free(permits) => {
                self.free = self.free.map(|free| free.saturating_add(permits));
                self.permits = self.permits.max(self.free);
            }
            Step::Take(permits) => self.free = self.free.map(|free| free.saturating_sub(permits)),
            Step::Hold { task, permits, site, exclusive } => {
                self.hold(Holder { task: task.into(), since_ns: at_ns, permits, exclusive, site: site.into() });
            }
            Step::Release { task, permits, exclusive, granted } => self.release(task.into(), permits, exclusive, granted),
            Step::Join => {
                self.waiting += 1;
                self.since_ns += u128::from(at_ns);
            }
            Step::Grant => {}
            Step::Leave { place, unused } => {
                let Waiter { task, since_ns, .. } = line.waiter(place);
                self.waiting -= 1;
                self.since_ns -= u128::from(since_ns);
                self.waited_ns = self.waited_ns.saturating_add(at_ns - since_ns);
                self.leave(task, unused);
            }
        }
    }

    fn hold(&mut self, holder: Holder) {
        let same = |known: &&mut Holder| known.task == holder.task && known.exclusive == holder.exclusive;
        match self.holders.iter_mut().find(same) {
            Some(known) => known.permits = known.permits.saturating_add(holder.permits),
            None => self.holders.push(holder),
        }
    }

    fn release(&mut self, task: Option<TaskIx>, permits: u32, exclusive: bool, granted: bool) {
        if !granted || self.given_by != task {
            self.given_back.clear();
        }
        self.given_by = task.filter(|_| granted);
        if self.given_back.is_empty() {
            self.was_inferred = self.inferred;
        }
        let mut left = permits;
        while left > 0 {
            let own = self.holders.iter().position(|holder| holder.task == task && holder.exclusive == exclusive);
            let place = own.or_else(|| self.holders.iter().position(|holder| holder.exclusive == exclusive));
            let Some(place) = place else { break };
            self.inferred |= own.is_none();
            let holder = &mut self.holders[place];
            let given = left.min(holder.permits);
            holder.permits -= given;
            left -= given;
            self.given_back.push(Holder { permits: given, ..*holder });
            if holder.permits == 0 {
                self.holders.remove(place);
            }
        }
        self.inferred &= !self.holders.is_empty();
    }

    /// A cancelled acquire gives back what it was granted, which its task never held.
    fn leave(&mut self, task: TaskIx, unused: u32) {
        let mut unused = if self.given_by == Some(task) { unused } else { 0 };
        while unused > 0 {
            let Some(mut holder) = self.given_back.pop() else { break };
            let back = unused.min(holder.permits);
            unused -= back;
            holder.permits = back;
            self.hold(holder);
            if self.given_back.is_empty() {
                self.inferred = self.was_inferred;
            }
        }
        self.given_back.clear();
    }
}
