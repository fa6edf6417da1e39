//! A resource over time: who held it, and how many tasks waited for it.
//!
//! Any moment of a resource can be rebuilt, but doing so for each cell of a screen would
//! take about a hundred steps per cell. So this module walks through the history once,
//! from the left edge. If too much happened within a stretch, it reports only the numbers
//! of holders and waiters, which are counted at a bounded cost from the first wait on.

use super::hands::{Hands, Step};
use super::resource::Resource;
use super::task::TaskIx;
use super::track::Track;

/// A stretch with at most this many steps is walked through.
const EXACT: usize = 16;

/// Who holds a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grip {
    /// Nobody.
    Free,
    /// One task; none for a thread outside all tasks.
    One(Option<TaskIx>),
    /// This many holders.
    Many(u32),
}

/// The state of a resource in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Who held it for most of the time; none if too much happened.
    pub grip: Option<Grip>,
    /// Whether the last holder is inferred.
    pub inferred: bool,
    /// How often it was taken; 0 if too much happened.
    pub taken: u32,
    /// The most simultaneous holders.
    pub holders: u32,
    /// The most simultaneous waiters.
    pub waiting: u32,
}

/// The numbers of holders and waiters of a resource over time.
#[derive(Debug, Default)]
pub(super) struct Counts {
    holders: Track,
    waiting: Track,
}

impl Counts {
    pub(super) fn set(&mut self, at_ns: u64, hands: &Hands) {
        self.holders.set(at_ns, hands.held.len() as u32);
        self.waiting.set(at_ns, hands.waiting);
    }
}

impl Resource {
    /// Who holds it from a time on, and whether that is inferred.
    fn grip(&self, hands: &Hands, at_ns: u64) -> (Grip, bool) {
        match hands.held[..] {
            [] => (Grip::Free, false),
            [(guard, permits)] => {
                let holder = self.guards[guard as usize].holder(at_ns, permits);
                (Grip::One(holder.task), holder.inferred)
            }
            _ => (Grip::Many(hands.held.len() as u32), false),
        }
    }

    /// The length of its wait queue from each of these times on, in nanoseconds since the run began; empty if nobody ever had to
    /// wait. After some thousand changes the times are rounded.
    pub fn queue_lengths(&self) -> &[(u64, u32)] {
        self.counts.as_ref().map_or(&[], |counts| counts.waiting.moments())
    }

    /// The most simultaneous holders and waiters ever; zeros if nobody ever had to wait.
    pub fn most(&self) -> (u32, u32) {
        self.counts.as_ref().map_or((0, 0), |counts| (counts.holders.most(), counts.waiting.most()))
    }

    /// The state in each of `count` consecutive stretches of equal length; empty if nobody ever had to wait.
    ///
    /// The stretch that contains `until_ns` is cut off after it; later stretches are left out.
    pub fn stages(&self, left_ns: u64, length_ns: u64, count: usize, until_ns: u64) -> Vec<Stage> {
        let length_ns = length_ns.max(1);
        let Some(counts) = &self.counts else { return Vec::new() };
        let holders = counts.holders.peaks(left_ns, length_ns, count, until_ns);
        let waiting = counts.waiting.peaks(left_ns, length_ns, count, until_ns);
        let mut walk = Walk { resource: self, done: self.steps.partition_point(|(at, _)| *at < left_ns), hands: None };
        let mut from_ns = left_ns;
        let mut stages = Vec::with_capacity(holders.len());
        for (holders, waiting) in holders.into_iter().zip(waiting) {
            let to_ns = from_ns.saturating_add(length_ns).min(until_ns.saturating_add(1));
            let stage = Stage { grip: None, inferred: false, taken: 0, holders, waiting };
            stages.push(walk.next(stage, from_ns, to_ns));
            from_ns = to_ns;
        }
        stages
    }

    /// Counts the history so far.
    pub(super) fn counted(&self) -> Counts {
        let mut counts = Counts::default();
        let mut hands = Hands::default();
        for (at_ns, step) in &self.steps {
            hands.apply(*at_ns, *step, &self.line);
            counts.set(*at_ns, &hands);
        }
        counts
    }
}

/// A walk through the history of a resource.
struct Walk<'a> {
    resource: &'a Resource,
    /// The number of steps already walked through.
    done: usize,
    /// The holders after them; none if a stretch was skipped.
    hands: Option<Hands>,
}

impl Walk<'_> {
    /// Walks through the next stretch.
    fn next(&mut self, mut stage: Stage, from_ns: u64, to_ns: u64) -> Stage {
        let steps = &self.resource.steps;
        let first = self.done;
        self.done = begun_before(steps, first, to_ns);
        if self.done - first > EXACT {
            self.hands = None;
            return stage;
        }
        let hands = self.hands.get_or_insert_with(|| self.resource.hands_after(first));
        let mut times: Vec<(Grip, u64)> = Vec::with_capacity(2);
        let mut add = |grip: Grip, ns: u64| match times.iter_mut().find(|(known, _)| *known == grip) {
            Some((_, sum)) => *sum += ns,
            None => times.push((grip, ns)),
        };
        let mut since_ns = from_ns;
        for (at_ns, step) in &steps[first..self.done] {
            add(self.resource.grip(hands, since_ns).0, at_ns - since_ns);
            hands.apply(*at_ns, *step, &self.resource.line);
            since_ns = *at_ns;
            stage.taken += u32::from(matches!(step, Step::Hold { .. }));
        }
        let (grip, inferred) = self.resource.grip(hands, since_ns);
        add(grip, to_ns.saturating_sub(since_ns));
        // If two are equally long, the later one wins.
        stage.grip = times.into_iter().max_by_key(|(_, ns)| *ns).map(|(grip, _)| grip);
        stage.inferred = inferred;
        stage
    }
}

/// The number of steps before a time. The first `known` steps are known to be, so the search starts after them.
fn begun_before(steps: &[(u64, Step)], known: usize, to_ns: u64) -> usize {
    let (mut low, mut step) = (known, 1);
    while steps.get(low + step - 1).is_some_and(|(at, _)| *at < to_ns) {
        low += step;
        step *= 2;
    }
    let high = (low + step - 1).min(steps.len());
    low + steps[low..high].partition_point(|(at, _)| *at < to_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Holder;
    use crate::wait_queue::Waiter;
    use facts::event::ResourceKind;

    /// A lock that five tasks take in turn, some of them several times.
    fn lock() -> Resource {
        let mut lock = Resource::new(ResourceKind::Mutex, 0, None, 1);
        let hold = |lock: &mut Resource, since_ns, task| {
            lock.take(Holder { task: Some(task), since_ns, permits: 1, exclusive: true, site: None, inferred: false }, false, 0)
        };
        let first = hold(&mut lock, 3, 9);
        lock.release(5, Some(9), first, 1);
        let mut at_ns = 10;
        let mut line: Vec<(TaskIx, u32)> = Vec::new();
        for turn in 0..400_u64 {
            let task = (turn % 5) as TaskIx;
            line.push((task, lock.join(at_ns, Waiter { task, since_ns: at_ns, asks: 1, granted: 0, site: None })));
            if turn % 3 == 2 {
                for (task, place) in line.drain(..) {
                    lock.grant(at_ns, place, 1);
                    lock.leave(at_ns, place, false);
                    let guard = hold(&mut lock, at_ns, task);
                    at_ns += u64::from(task) * 3;
                    lock.release(at_ns, Some(task), guard, 1);
                }
            }
            at_ns += turn % 7;
        }
        lock
    }

    #[test]
    fn stages_tell_what_each_moment_tells() {
        let lock = lock();
        let end_ns = lock.steps.last().map_or(0, |(at, _)| *at);
        for (left_ns, length_ns) in [(0, 1), (7, 4), (300, 9), (0, 40)] {
            let stages = lock.stages(left_ns, length_ns, 200, end_ns - 100);
            assert_eq!(stages.len(), 200.min((end_ns - 100 - left_ns) as usize / length_ns as usize + 1));
            for (i, stage) in (0..).zip(&stages) {
                let from_ns = left_ns + i * length_ns;
                let to_ns = (from_ns + length_ns).min(end_ns - 99);
                let moments: Vec<_> = (from_ns..to_ns).map(|at_ns| lock.at(at_ns)).collect();
                assert_eq!(Some(stage.holders), moments.iter().map(|now| now.holders.len() as u32).max());
                assert_eq!(Some(stage.waiting), moments.iter().map(|now| now.waiting).max());
                let Some(grip) = stage.grip else { continue };
                let held = |task| moments.iter().filter(|now| now.holders.iter().any(|held| held.task == task)).count();
                let free = moments.iter().filter(|now| now.holders.is_empty()).count();
                let longest = (0..10).map(|task| held(Some(task))).chain([free]).max();
                let told = match grip {
                    Grip::Free => free,
                    Grip::One(task) => held(task),
                    Grip::Many(_) => unreachable!("a lock has one holder"),
                };
                assert_eq!(Some(told), longest, "from {from_ns} to {to_ns}: {stage:?}");
            }
            assert!(length_ns > 4 || stages.iter().filter(|stage| stage.grip.is_some()).count() > 150, "{length_ns}");
        }
    }

    #[test]
    fn where_too_much_happens_the_counts_are_told() {
        let lock = lock();
        let stages = lock.stages(0, 600, 3, u64::MAX);
        assert!(stages.iter().all(|stage| stage.grip.is_none() && stage.holders == 1 && stage.waiting >= 2), "{stages:?}");
        assert_eq!(lock.most(), (1, stages.iter().map(|stage| stage.waiting).max().unwrap_or(0)));
    }

    #[test]
    fn what_was_held_before_anybody_waited_is_told_too() {
        let lock = lock();
        let taken: Vec<Option<Grip>> = lock.stages(0, 1, 8, u64::MAX).iter().map(|stage| stage.grip).collect();
        let (free, held) = (Some(Grip::Free), Some(Grip::One(Some(9))));
        assert_eq!(taken, [free, free, free, held, held, free, free, free]);
        assert!(Resource::new(ResourceKind::Mutex, 0, None, 1).stages(0, 1, 8, 9).is_empty());
    }
}
