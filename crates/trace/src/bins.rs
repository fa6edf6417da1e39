//! Counts per short stretch of time: the data behind charts and rates.
//!
//! There are never more than [`Bins::MOST`] bins. When the run outgrows them,
//! neighbours merge and the bin width doubles, so an hour's run costs as much as
//! a second's. Each bin stores the number of tasks in each state at its end, even
//! if nothing happened in it, so a chart reads one bin per column and no tasks.
//! Facts may arrive late: then the bin they belong to is corrected, along with
//! the state counts of all later bins.

use std::ops::Range;

use super::census::{Census, Counts, Shift};

/// Counts over time, in bins of equal width.
#[derive(Debug)]
pub struct Bins {
    /// The width of a bin, in nanoseconds.
    pub width_ns: u64,
    /// The bins, from time 0 on.
    pub bins: Vec<Bin>,
    /// The time that the last bin covers. Nearly all events fall into it.
    newest_ns: Range<u64>,
}

/// What happened in one stretch of time, and the task states at its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// Polls that ended in the bin.
    pub polls: u32,
    /// Their total time, in nanoseconds.
    pub poll_ns: u64,
    /// The longest poll, in nanoseconds.
    pub longest_poll_ns: u64,
    /// Polls of ready tasks that began in the bin: the number of delays in `delay_ns`.
    pub delays: u32,
    /// The sum of the delays between becoming ready and the poll, in
    /// nanoseconds. A task that is woken during a poll becomes ready when that poll ends.
    pub delay_ns: u64,
    /// The number of tasks in each state at the end of the bin.
    standing: Counts,
}

impl Default for Bins {
    fn default() -> Self {
        Self { width_ns: Self::FIRST_WIDTH_NS, bins: Vec::new(), newest_ns: 0..0 }
    }
}

impl Bins {
    /// Maximum number of bins.
    pub const MOST: usize = 4096;
    /// The initial width of a bin: one millisecond, the resolution of Tokio's timer.
    pub const FIRST_WIDTH_NS: u64 = 1_000_000;

    /// The bins that overlap a stretch of time (both ends included), each with
    /// its start time in nanoseconds.
    pub fn range(&self, from_ns: u64, to_ns: u64) -> impl DoubleEndedIterator<Item = (u64, &Bin)> {
        let end = self.bins.len().min(self.index(to_ns).saturating_add(1));
        let first = self.index(from_ns).min(end);
        let width = self.width_ns;
        self.bins[first..end].iter().enumerate().map(move |(i, bin)| ((first + i) as u64 * width, bin))
    }

    /// The sum of all bins that overlap a stretch of time (both ends included).
    pub fn total(&self, from_ns: u64, to_ns: u64) -> Bin {
        self.range(from_ns, to_ns).fold(Bin::default(), |sum, (_, bin)| sum.merged(bin))
    }

    /// Polls in the second up to this time. Whole bins count, including the one
    /// that covers this time; time before the run has no polls.
    pub fn polls_per_second_at(&self, at_ns: u64) -> f64 {
        let (total, over_ns) = self.last_second(at_ns);
        f64::from(total.polls) * Self::SECOND_NS as f64 / over_ns as f64
    }

    /// Mean duration of the polls that ended in the second before this time, in
    /// nanoseconds; `None` if no poll did.
    pub fn mean_poll_ns_at(&self, at_ns: u64) -> Option<u64> {
        let (total, _) = self.last_second(at_ns);
        total.poll_ns.checked_div(u64::from(total.polls))
    }

    /// Mean delay between becoming ready and being polled, for the polls that
    /// began in the second before this time, in nanoseconds; `None` if no poll did.
    pub fn mean_delay_ns_at(&self, at_ns: u64) -> Option<u64> {
        let (total, _) = self.last_second(at_ns);
        total.delay_ns.checked_div(u64::from(total.delays))
    }

    const SECOND_NS: u64 = 1_000_000_000;

    /// The sum of the bins of the second up to this time, and their total width.
    fn last_second(&self, at_ns: u64) -> (Bin, u64) {
        let over_ns = Self::SECOND_NS.div_ceil(self.width_ns) * self.width_ns;
        let past_end = (at_ns / self.width_ns + 1).saturating_mul(self.width_ns);
        (self.total(past_end.saturating_sub(over_ns), at_ns), over_ns)
    }

    /// Counts a poll that has ended.
    pub(super) fn add_poll(&mut self, end_ns: u64, poll_ns: u64) {
        let bin = self.bin(end_ns);
        bin.polls = bin.polls.saturating_add(1);
        bin.poll_ns = bin.poll_ns.saturating_add(poll_ns);
        bin.longest_poll_ns = bin.longest_poll_ns.max(poll_ns);
    }

    /// Counts how long a task was ready before a poll that begins now.
    pub(super) fn add_delay(&mut self, at_ns: u64, delay_ns: u64) {
        let bin = self.bin(at_ns);
        bin.delays = bin.delays.saturating_add(1);
        bin.delay_ns = bin.delay_ns.saturating_add(delay_ns);
    }

    /// Counts a task's change of state.
    #[inline]
    pub(super) fn shift(&mut self, at_ns: u64, shift: Shift) {
        let first = self.cover(at_ns);
        for bin in &mut self.bins[first..] {
            shift.apply(&mut bin.standing);
        }
    }

    /// Extends the bins to a time; new bins copy the state counts of the last one. Returns the index of the bin at that time.
    #[inline]
    pub(super) fn cover(&mut self, at_ns: u64) -> usize {
        if self.newest_ns.contains(&at_ns) {
            return self.bins.len() - 1;
        }
        self.reach(at_ns)
    }

    /// [`Bins::cover`] for a time outside the newest bin.
    #[cold]
    fn reach(&mut self, at_ns: u64) -> usize {
        while self.index(at_ns) >= Self::MOST {
            self.double();
        }
        let index = self.index(at_ns);
        if index >= self.bins.len() {
            let standing = self.bins.last().map_or_else(Counts::default, |bin| bin.standing);
            self.bins.resize(index + 1, Bin { standing, ..Bin::default() });
        }
        let last_ns = (self.bins.len() as u64 - 1).saturating_mul(self.width_ns);
        self.newest_ns = last_ns..last_ns.saturating_add(self.width_ns);
        index
    }

    fn bin(&mut self, at_ns: u64) -> &mut Bin {
        let index = self.cover(at_ns);
        &mut self.bins[index]
    }

    fn index(&self, at_ns: u64) -> usize {
        usize::try_from(at_ns / self.width_ns).unwrap_or(usize::MAX)
    }

    fn double(&mut self) {
        self.width_ns *= 2;
        self.bins = self.bins.chunks(2).map(|pair| pair[1..].iter().fold(pair[0], Bin::merged)).collect();
    }
}

impl Bin {
    /// The number of tasks in each state at the end of the bin.
    pub fn census(&self) -> Census {
        self.standing.into()
    }

    /// Merges this bin with the next one.
    fn merged(self, next: &Self) -> Self {
        Self {
            polls: self.polls.saturating_add(next.polls),
            poll_ns: self.poll_ns.saturating_add(next.poll_ns),
            longest_poll_ns: self.longest_poll_ns.max(next.longest_poll_ns),
            delays: self.delays.saturating_add(next.delays),
            delay_ns: self.delay_ns.saturating_add(next.delay_ns),
            standing: next.standing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::course::Activity;
    use super::*;

    const MS: u64 = 1_000_000;
    const SPAWN: Shift = Shift { from: None, to: Activity::Ready };
    const RUN: Shift = Shift { from: Some(Activity::Ready), to: Activity::Running };

    #[test]
    fn a_gap_stands_as_what_came_before_it() {
        let mut bins = Bins::default();
        bins.shift(0, SPAWN);
        bins.shift(3 * MS, RUN);
        let ready: Vec<u32> = bins.bins.iter().map(|bin| bin.census().ready).collect();
        let running: Vec<u32> = bins.bins.iter().map(|bin| bin.census().running).collect();
        assert_eq!((ready, running), (vec![1, 1, 1, 0], vec![0, 0, 0, 1]));
    }

    #[test]
    fn a_late_change_corrects_all_bins_after_it() {
        let mut bins = Bins::default();
        bins.shift(0, SPAWN);
        bins.cover(4 * MS);
        bins.shift(2 * MS, RUN);
        let running: Vec<u32> = bins.bins.iter().map(|bin| bin.census().running).collect();
        assert_eq!(running, [0, 0, 1, 1, 1]);
    }

    #[test]
    fn outgrown_bins_merge_in_pairs_and_lose_nothing() {
        let mut bins = Bins::default();
        bins.shift(0, SPAWN);
        bins.add_poll(MS / 2, 100);
        bins.add_poll(MS, 300);
        bins.add_delay(MS, 7);
        bins.shift(MS, RUN);
        bins.add_poll(Bins::MOST as u64 * MS, 5);
        assert_eq!(bins.width_ns, 2 * MS);
        assert_eq!(bins.bins.len(), Bins::MOST / 2 + 1);
        let first = bins.bins[0];
        assert_eq!((first.polls, first.poll_ns, first.longest_poll_ns), (2, 400, 300));
        assert_eq!((first.delays, first.delay_ns, first.census().running), (1, 7, 1));
        assert_eq!(bins.total(0, u64::MAX).polls, 3);
    }

    #[test]
    fn the_last_moment_there_is_has_a_bin() {
        let mut bins = Bins::default();
        bins.add_poll(u64::MAX, 1);
        assert!(bins.bins.len() <= Bins::MOST);
        assert_eq!(bins.range(u64::MAX, u64::MAX).map(|(_, bin)| bin.polls).collect::<Vec<_>>(), [1]);
        assert!(bins.polls_per_second_at(u64::MAX) > 0.0);
    }

    #[test]
    fn a_range_has_the_bins_that_it_touches_with_their_starts() {
        let mut bins = Bins::default();
        bins.cover(9 * MS);
        let starts = |from, to| bins.range(from, to).map(|(start, _)| start / MS).collect::<Vec<_>>();
        assert_eq!(starts(2 * MS + 1, 4 * MS), [2, 3, 4]);
        assert_eq!(starts(8 * MS, 90 * MS), [8, 9]);
        assert!(starts(50 * MS, 90 * MS).is_empty());
        assert!(starts(5 * MS, 2 * MS).is_empty());
    }

    #[test]
    fn rates_are_those_of_the_second_before() {
        let mut bins = Bins::default();
        for at_ms in [500, 1_499, 1_500, 1_600] {
            bins.add_poll(at_ms * MS, at_ms);
            bins.add_delay(at_ms * MS, 10 * at_ms);
        }
        assert!((bins.polls_per_second_at(1_499 * MS) - 2.0).abs() < 1e-9);
        assert!((bins.polls_per_second_at(1_500 * MS) - 2.0).abs() < 1e-9, "the poll at 500 ms is a second old");
        assert_eq!(bins.mean_poll_ns_at(1_500 * MS), Some(1_499));
        assert_eq!(bins.mean_delay_ns_at(1_600 * MS), Some(10 * (1_499 + 1_500 + 1_600) / 3));
        assert_eq!(bins.mean_poll_ns_at(499 * MS), None);
        assert_eq!(bins.mean_delay_ns_at(9_000 * MS), None);
        assert!(bins.polls_per_second_at(9_000 * MS).abs() < 1e-9);
    }
}
