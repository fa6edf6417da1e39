//! The distribution of durations over many polls: median, tail and shape.
//!
//! A mean hides what hurts: if one poll in a hundred blocks its worker for 50 ms,
//! every task waits, but the mean grows by only half a millisecond. So durations are
//! counted in an `HdrHistogram` with two digits.
//!
//! The screen shows the trace at a cursor, so the histogram is needed at any time.
//! Snapshots are kept for at most [`Spread::MOST`] moments; when a run outgrows them,
//! every second snapshot is dropped and their distance doubles. A query uses the last
//! snapshot before its time, at most a sixteenth of the run earlier; at the end of the
//! run it is exact.

use hdrhistogram::Histogram;

/// The distribution of durations at any moment of the run.
#[derive(Debug)]
pub struct Spread {
    now: Histogram<u32>,
    /// Snapshots, each taken just before a moment in nanoseconds, in order.
    kept: Vec<(u64, Histogram<u32>)>,
    /// The time of the next snapshot.
    next_ns: u64,
    /// The minimum time between two snapshots. A power of two.
    grain_ns: u64,
    newest_ns: u64,
}

/// Three quantiles of a distribution, and its number of values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// The number of values.
    pub count: u64,
    /// The median, in nanoseconds. All quantiles have two digits.
    pub p50_ns: u64,
    /// The 99th percentile, in nanoseconds.
    pub p99_ns: u64,
    /// The maximum, in nanoseconds.
    pub max_ns: u64,
}

impl Default for Spread {
    fn default() -> Self {
        let now = Histogram::new(2).expect("two digits are allowed");
        Self { now, kept: Vec::new(), next_ns: Self::FIRST_GRAIN_NS, grain_ns: Self::FIRST_GRAIN_NS, newest_ns: 0 }
    }
}

impl Spread {
    /// The maximum number of snapshots, of some kilobytes each.
    pub const MOST: usize = 32;
    /// About a millisecond, the resolution of Tokio's timer.
    const FIRST_GRAIN_NS: u64 = 1 << 20;

    /// Median, tail and maximum of all values before a time, as precisely as snapshots allow (see the module).
    pub fn at(&self, at_ns: u64) -> Quantiles {
        let told = self.standing(at_ns);
        let Some(told) = told.filter(|told| !told.is_empty()) else { return Quantiles::default() };
        Quantiles {
            count: told.len(),
            p50_ns: told.value_at_quantile(0.5),
            p99_ns: told.value_at_quantile(0.99),
            max_ns: told.max(),
        }
    }

    /// The number of values between each two neighbouring bounds, in ascending nanoseconds. Lower bounds are inclusive, upper
    /// bounds exclusive. As precise as snapshots allow.
    pub fn counts(&self, at_ns: u64, bounds_ns: &[u64]) -> Vec<u64> {
        let Some(told) = self.standing(at_ns) else { return vec![0; bounds_ns.len().saturating_sub(1)] };
        bounds_ns.windows(2).map(|pair| if pair[1] > pair[0] { told.count_between(pair[0], pair[1] - 1) } else { 0 }).collect()
    }

    fn standing(&self, at_ns: u64) -> Option<&Histogram<u32>> {
        if at_ns >= self.newest_ns {
            return Some(&self.now);
        }
        let after = self.kept.partition_point(|(before_ns, _)| *before_ns <= at_ns);
        after.checked_sub(1).map(|last| &self.kept[last].1)
    }

    /// Counts a value. A late value counts from the newest moment on.
    pub(super) fn add(&mut self, at_ns: u64, value_ns: u64) {
        if at_ns >= self.next_ns {
            self.keep(at_ns);
        }
        self.newest_ns = self.newest_ns.max(at_ns);
        // The histogram resizes itself, so this succeeds for every `u64`.
        let _ = self.now.record(value_ns);
    }

    #[cold]
    fn keep(&mut self, at_ns: u64) {
        if self.kept.len() == Self::MOST {
            let mut kept = 0;
            self.kept.retain(|_| {
                kept += 1;
                kept % 2 == 0
            });
            self.grain_ns = self.grain_ns.saturating_mul(2);
        }
        self.kept.push((at_ns, self.now.clone()));
        self.next_ns = (at_ns & !(self.grain_ns - 1)).saturating_add(self.grain_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn it_tells_median_tail_and_maximum() {
        let mut spread = Spread::default();
        assert_eq!(spread.at(0), Quantiles::default());
        (1..=1_000).for_each(|i| spread.add(i, i * 100));
        let told = spread.at(1_000);
        assert_eq!(told.count, 1_000);
        for (is, should) in [(told.p50_ns, 50_000), (told.p99_ns, 99_000), (told.max_ns, 100_000)] {
            assert!(is.abs_diff(should) * 100 <= should, "{is} is not {should} with two digits");
        }
    }

    #[test]
    fn it_is_known_as_it_was() {
        let mut spread = Spread::default();
        let all = 10_000_u64;
        (0..all).for_each(|i| spread.add(i * MS, i + 1));
        assert!(spread.kept.len() <= Spread::MOST);
        for at in [0, 1, all / 3, all / 2, all - 2, all - 1, all * 9] {
            let truly = (at + 1).min(all);
            let told = spread.at(at * MS).count;
            assert!(told <= truly && truly - told <= all / 16 + 1, "{told} of {truly} at {at} ms");
        }
        assert_eq!(spread.at(u64::MAX).count, all);
    }

    #[test]
    fn every_value_is_in_one_of_the_counts() {
        let mut spread = Spread::default();
        for value in [0, 1, 5, 1_000, 2_000_000, u64::MAX] {
            spread.add(7, value);
        }
        let bounds: Vec<u64> = [0].into_iter().chain((0..64).map(|bit| 1 << bit)).chain([u64::MAX]).collect();
        let counts = spread.counts(7, &bounds);
        assert_eq!((counts.iter().sum::<u64>(), counts[0], counts[1]), (6, 1, 1));
        assert!(spread.counts(6, &bounds).iter().all(|count| *count == 0), "nothing was known then");
    }
}
