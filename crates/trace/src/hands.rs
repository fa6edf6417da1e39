//! Who holds a resource, step by step.
//!
//! A step is small: it names a guard or a place in the wait queue, which store the
//! details. Applying steps to the hands of an earlier moment yields the hands of
//! any later moment.

use super::guard::GuardIx;
use super::wait_queue::{Place, WaitQueue, Waiter};

/// Who holds a resource, and how long tasks have waited for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Hands {
    /// Free permits, if known.
    pub(super) free: Option<u32>,
    /// All permits, if known.
    pub(super) permits: Option<u32>,
    /// The guards not yet given back, each with its permits.
    pub(super) held: Vec<(GuardIx, u32)>,
    /// How many tasks wait.
    pub(super) waiting: u32,
    /// The sum of the times at which they began to wait, in nanoseconds.
    pub(super) since_ns: u128,
    /// The total duration of all waits that are over, in nanoseconds.
    pub(super) waited_ns: u64,
}

/// A change to a resource.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Sets the free permits and the total to the same number.
    Set(u32),
    /// Makes permits free.
    Free(u32),
    /// Takes free permits.
    Take(u32),
    /// Adds new permits to the total.
    Add(u32),
    /// Takes a guard with this many permits.
    Hold { guard: GuardIx, permits: u32 },
    /// Gives back permits of a guard.
    Release { guard: GuardIx, permits: u32 },
    /// Undoes a release.
    Back { guard: GuardIx, permits: u32 },
    /// Loses permits of a guard for good.
    Forget { guard: GuardIx, permits: u32 },
    /// A waiter joins the queue.
    Join,
    /// A waiter is granted something.
    Grant,
    /// A waiter leaves the queue.
    Leave(Place),
}

const _: () = assert!(size_of::<Step>() == 12, "steps must be small: each acquire takes several");

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
