//! In whose hands a resource is, step by step.
//!
//! A step is small and says little: it names a guard or a place in the line, and
//! what there is to know of those is kept with them. So any moment is rebuilt by
//! applying steps to the hands of an earlier one.

use super::guard::GuardIx;
use super::wait_queue::{Place, WaitQueue, Waiter};

/// In whose hands a resource is, and how long was waited for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Hands {
    pub(super) free: Option<u32>,
    pub(super) permits: Option<u32>,
    /// The guards that are out, each with its permits.
    pub(super) held: Vec<(GuardIx, u32)>,
    /// How many wait.
    pub(super) waiting: u32,
    /// The sum of the times since which they do, in nanoseconds.
    pub(super) since_ns: u128,
    /// How long those have waited together that wait no more, in nanoseconds.
    pub(super) waited_ns: u64,
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
    /// Permits are there that nobody had before.
    Add(u32),
    /// A guard is taken, with so many permits.
    Hold { guard: GuardIx, permits: u32 },
    /// So many permits of a guard are given back.
    Release { guard: GuardIx, permits: u32 },
    /// The same was no giving back.
    Back { guard: GuardIx, permits: u32 },
    /// The permits of a guard are gone for good.
    Forget { guard: GuardIx, permits: u32 },
    /// A waiter has come.
    Join,
    /// Something was set aside for a waiter.
    Grant,
    /// A waiter is gone.
    Leave(Place),
}

const _: () = assert!(size_of::<Step>() == 12, "there are several steps for each acquire");

impl Hands {
    pub(super) fn apply(&mut self, at_ns: u64, step: Step, line: &WaitQueue) {
        match step {
            Step::Set(permits) => (self.free, self.permits) = (Some(permits), Some(permits)),
            Step::Free(permits) => self.free = self.free.map(|free| free.saturating_add(permits)),
            Step::Take(permits) => self.free = self.free.map(|free| free.saturating_sub(permits)),
            Step::Add(permits) => self.permits = self.permits.map(|all| all.saturating_add(permits)),
            Step::Hold { guard, permits } | Step::Back { guard, permits } => self.hold(guard, permits),
            Step::Release { guard, permits } => self.let_go(guard, permits),
            Step::Forget { guard, permits } => {
                self.let_go(guard, permits);
                self.permits = self.permits.map(|all| all.saturating_sub(permits));
            }
            Step::Join => {
                self.waiting += 1;
                self.since_ns += u128::from(at_ns);
            }
            Step::Grant => {}
            Step::Leave(place) => {
                let Waiter { since_ns, .. } = line.waiter(place);
                self.waiting -= 1;
                self.since_ns -= u128::from(since_ns);
                self.waited_ns = self.waited_ns.saturating_add(at_ns - since_ns);
            }
        }
    }

    fn hold(&mut self, guard: GuardIx, permits: u32) {
        match self.held.iter_mut().find(|(held, _)| *held == guard) {
            Some((_, known)) => *known = known.saturating_add(permits),
            None => self.held.push((guard, permits)),
        }
    }

    fn let_go(&mut self, guard: GuardIx, permits: u32) {
        let Some(place) = self.held.iter().position(|(held, _)| *held == guard) else { return };
        let left = &mut self.held[place].1;
        *left = left.saturating_sub(permits);
        if *left == 0 {
            self.held.remove(place);
        }
    }
}
