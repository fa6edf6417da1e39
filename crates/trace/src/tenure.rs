//! The whole history of a resource: who had it from when to when, and the numbers that changed.
//!
//! A screen asks for one moment or for a stretch in cells. An export needs everything, so this module walks through the steps of
//! a resource once.

use super::guard::Guard;
use super::hands::{Hands, Step};
use super::resource::{Holder, Resource};
use super::task::TaskIx;
use super::waits::SiteIx;

/// One holder of a resource, for as long as it had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenure {
    /// The task. None means a thread outside all tasks or, if inferred, an unknown holder.
    pub task: Option<TaskIx>,
    /// When it got the resource, in nanoseconds since the run began.
    pub from_ns: u64,
    /// When it gave the resource back or passed it on; none if it still has it.
    pub to_ns: Option<u64>,
    /// The number of permits that it took; 1 for a lock.
    pub permits: u32,
    /// Whether the hold is exclusive.
    pub exclusive: bool,
    /// Where it was taken, if known.
    pub site: Option<SiteIx>,
    /// Whether it is inferred, at least for the end of the time, that this task had it.
    pub inferred: bool,
}

/// The numbers of a resource after everything that happened at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels {
    /// The time, in nanoseconds since the run began.
    pub at_ns: u64,
    /// The permits that are held; for a lock, its guards.
    pub held: u32,
    /// The tasks that wait.
    pub waiting: u32,
    /// The free permits, or the room in a channel; none if unknown.
    pub free: Option<u32>,
}

/// A guard on the walk: what was taken, what is left of it, and when nothing was.
#[derive(Debug, Default, Clone, Copy)]
struct Walked {
    permits: u32,
    left: u32,
    end_ns: Option<u64>,
}

impl Resource {
    /// Everybody who ever had it, in the order of their times. Agrees with [`Resource::at`] at every moment.
    pub fn tenures(&self) -> Vec<Tenure> {
        let mut guards = vec![Walked::default(); self.guards.len()];
        for (at_ns, step) in &self.steps {
            match *step {
                Step::Hold { guard, permits } | Step::Back { guard, permits } => {
                    let walked = &mut guards[guard as usize];
                    walked.left = walked.left.saturating_add(permits);
                    (walked.permits, walked.end_ns) = (walked.permits.max(walked.left), None);
                }
                Step::Release { guard, permits } | Step::Forget { guard, permits } => {
                    let walked = &mut guards[guard as usize];
                    walked.left = walked.left.saturating_sub(permits);
                    if walked.left == 0 {
                        walked.end_ns.get_or_insert(*at_ns);
                    }
                }
                _ => {}
            }
        }
        let mut tenures: Vec<Tenure> =
            self.guards.iter().zip(guards).flat_map(|(guard, walked)| self.pieces(guard, walked)).collect();
        tenures.extend(self.taken_unseen());
        tenures.sort_by_key(|tenure| tenure.from_ns);
        tenures
    }

    /// The taker's part of a guard's time, and the part of the task that it moved to.
    fn pieces(&self, guard: &Guard, walked: Walked) -> impl Iterator<Item = Tenure> {
        let since_ns = guard.since_ns();
        let moved_ns = guard.moved_at().filter(|moved| walked.end_ns.is_none_or(|end_ns| *moved < end_ns));
        let first_ends = moved_ns.or(walked.end_ns);
        let unsure = self.is_unsure(guard) || guard.is_loose_before(first_ends.unwrap_or(u64::MAX));
        let tenure = |from_ns, to_ns, inferred| {
            let Holder { task, permits, exclusive, site, .. } = guard.holder(from_ns, walked.permits);
            Tenure { task, from_ns, to_ns, permits, exclusive, site, inferred }
        };
        let first = moved_ns.is_none_or(|moved| moved > since_ns).then(|| tenure(since_ns, first_ends, unsure));
        let second = moved_ns.map(|moved| tenure(moved, walked.end_ns, true));
        first.into_iter().chain(second)
    }

    /// Permits that were taken unseen: see the module `resource`.
    fn taken_unseen(&self) -> impl Iterator<Item = Tenure> {
        self.unseen.iter().map(|unseen| Tenure {
            task: unseen.task,
            from_ns: unseen.from_ns,
            to_ns: Some(unseen.to_ns),
            permits: unseen.permits,
            exclusive: false,
            site: None,
            inferred: true,
        })
    }

    /// The numbers whenever one of them changed, in order of time, with one entry for each time.
    pub fn levels(&self) -> Vec<Levels> {
        let (mut hands, mut levels) = (Hands::default(), Vec::<Levels>::new());
        for (at_ns, step) in &self.steps {
            hands.apply(*at_ns, *step, &self.line);
            let held = hands.held.iter().fold(0_u32, |sum, (_, permits)| sum.saturating_add(*permits));
            let now = Levels { at_ns: *at_ns, held, waiting: hands.waiting, free: hands.free.filter(|_| self.exact) };
            match levels.last_mut() {
                Some(last) if last.at_ns == *at_ns => *last = now,
                Some(last) if Levels { at_ns: *at_ns, ..*last } == now => {}
                _ => levels.push(now),
            }
        }
        levels
    }
}
