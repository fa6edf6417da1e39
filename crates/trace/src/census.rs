//! The number of tasks in each state, at any time.
//!
//! Counting the tasks for each frame would take time proportional to their
//! number, so the counts are stored for each moment at which a state changes.
//! A small trace keeps every moment. A large one keeps at most
//! [`Changes::MOST`]: moments are rounded down to a grain that doubles as
//! needed. Memory and query time stay bounded, and an answer is off by less
//! than one grain of time.

use super::course::Activity;
use super::moments;

/// The number of tasks in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Being polled.
    pub running: u32,
    /// Woken, not yet polled.
    pub ready: u32,
    /// Waiting.
    pub waiting: u32,
    /// Ended.
    pub ended: u32,
}

impl Census {
    /// The number of tasks that have been spawned and have not ended.
    pub fn alive(self) -> u32 {
        self.running + self.ready + self.waiting
    }
}

/// The four counts of a census as an array, indexed through [`COUNTED`] without branching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts([u32; 4]);

/// The index in [`Counts`] of each activity, in the order of [`Activity::ALL`].
const COUNTED: [usize; Activity::ALL.len()] = [0, 1, 2, 2, 2, 2, 2, 2, 3];

impl From<Counts> for Census {
    fn from(Counts([running, ready, waiting, ended]): Counts) -> Self {
        Self { running, ready, waiting, ended }
    }
}

/// A task's change from one activity to another; `from` is `None` when it is spawned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shift {
    pub(super) from: Option<Activity>,
    pub(super) to: Activity,
}

impl Shift {
    pub(super) fn apply(self, Counts(counts): &mut Counts) {
        if let Some(from) = self.from {
            counts[COUNTED[from.index()]] -= 1;
        }
        counts[COUNTED[self.to.index()]] += 1;
    }
}

/// The census after each moment at which a state changed.
#[derive(Debug)]
pub(super) struct Changes {
    /// Moments are rounded down to a multiple of this, a power of two.
    grain_ns: u64,
    /// The counts after each moment, in order of time.
    moments: Vec<(u64, Counts)>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { grain_ns: 1, moments: Vec::new() }
    }
}

impl Changes {
    /// Maximum number of moments: 1.5 MB.
    const MOST: usize = 65_536;

    /// Counts a task's change of state. The time may be in the past, but not
    /// before the same task's previous change.
    #[inline]
    pub(super) fn shift(&mut self, at_ns: u64, shift: Shift) {
        let at_ns = self.rounded(at_ns);
        match self.moments.last_mut() {
            Some((last, counts)) if *last == at_ns => shift.apply(counts),
            _ => self.shift_elsewhere(at_ns, shift),
        }
    }

    /// [`Changes::shift`] at a moment other than the newest.
    #[cold]
    fn shift_elsewhere(&mut self, at_ns: u64, shift: Shift) {
        let place = match self.moments.last() {
            Some((last, _)) if *last > at_ns => self.moments.partition_point(|(at, _)| *at < at_ns),
            _ => self.moments.len(),
        };
        if self.moments.get(place).is_none_or(|(at, _)| *at != at_ns) {
            let before = place.checked_sub(1).map_or_else(Counts::default, |i| self.moments[i].1);
            self.moments.insert(place, (at_ns, before));
        }
        for (_, census) in &mut self.moments[place..] {
            shift.apply(census);
        }
        if self.moments.len() > Self::MOST {
            self.grain_ns = moments::coarsen(&mut self.moments, self.grain_ns, Self::MOST / 2);
        }
    }

    /// The census at a time, after everything that happened at it.
    pub(super) fn at(&self, at_ns: u64) -> Census {
        self.upto(at_ns).checked_sub(1).map_or_else(Census::default, |i| self.moments[i].1.into())
    }

    fn upto(&self, at_ns: u64) -> usize {
        self.moments.partition_point(|(at, _)| *at <= at_ns)
    }

    fn rounded(&self, at_ns: u64) -> u64 {
        at_ns & !(self.grain_ns - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAWN: Shift = Shift { from: None, to: Activity::Ready };

    #[test]
    fn it_tells_each_moment_from_the_one_before() {
        let mut changes = Changes::default();
        changes.shift(10, SPAWN);
        changes.shift(10, SPAWN);
        changes.shift(20, Shift { from: Some(Activity::Ready), to: Activity::Ended });
        assert_eq!(changes.at(9), Census::default());
        assert_eq!(changes.at(10), Census { ready: 2, ..Census::default() });
        assert_eq!(changes.at(19), changes.at(10));
        assert_eq!(changes.at(u64::MAX), Census { ready: 1, ended: 1, ..Census::default() });
    }

    #[test]
    fn a_change_in_the_past_counts_from_then_on() {
        let mut changes = Changes::default();
        changes.shift(10, SPAWN);
        changes.shift(30, SPAWN);
        changes.shift(20, SPAWN);
        assert_eq!([9, 10, 20, 30].map(|at| changes.at(at).ready), [0, 1, 2, 3]);
    }

    #[test]
    fn too_many_moments_are_rounded_and_not_lost() {
        let mut changes = Changes::default();
        let count = 3 * Changes::MOST as u64;
        for i in 0..count {
            changes.shift(i * 1_000, SPAWN);
        }
        assert!(changes.moments.len() <= Changes::MOST);
        assert_eq!(u64::from(changes.at(u64::MAX).ready), count);
        for at_ns in [0, 5_000, 77_777_777, count * 999] {
            let exact = at_ns / 1_000 + 1;
            let off = u64::from(changes.at(at_ns).ready) - exact;
            assert!(off * 1_000 <= changes.grain_ns, "at {at_ns}: off by {off}, grain {}", changes.grain_ns);
        }
    }
}
