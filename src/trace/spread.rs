//! How a time spreads over many polls: its median, its tail, its shape.
//!
//! A mean hides what hurts: one poll in a hundred that keeps its worker for
//! 50 ms makes everybody wait and moves the mean by half a millisecond. So the
//! times are counted in a histogram, with two digits, as `HdrHistogram` does it.
//!
//! The screen shows the trace at a cursor, so the histogram is needed as it was
//! at any time. It is kept as it stood before each of at most
//! [`Spread::MOST`] moments; when a run outgrows them, every second one goes and
//! the stretch between them doubles. What is asked for a time is thus known to
//! the last kept moment before it, a sixteenth of the run away at the most, and
//! exactly for the end.

use hdrhistogram::Histogram;

/// How a time spreads, at any moment of the run.
#[derive(Debug)]
pub struct Spread {
    now: Histogram<u32>,
    /// How it stood before these moments, in nanoseconds, in order.
    kept: Vec<(u64, Histogram<u32>)>,
    /// The next moment at which it is kept.
    next_ns: u64,
    /// The least time between two of those. A power of two.
    grain_ns: u64,
    newest_ns: u64,
}

/// A time at three places of its spread, and how often it was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// How many values there are.
    pub count: u64,
    /// Half of them are at most this, in nanoseconds; with two digits, as all of these.
    pub p50_ns: u64,
    /// 99 of 100 are at most this, in nanoseconds.
    pub p99_ns: u64,
    /// The largest one, in nanoseconds.
    pub max_ns: u64,
}

impl Default for Spread {
    fn default() -> Self {
        let now = Histogram::new(2).expect("two digits are within what it allows");
        Self { now, kept: Vec::new(), next_ns: Self::FIRST_GRAIN_NS, grain_ns: Self::FIRST_GRAIN_NS, newest_ns: 0 }
    }
}

impl Spread {
    /// The most moments for which it is kept, at some kilobytes each.
    pub const MOST: usize = 32;
    /// About a millisecond, the finest step of Tokio's timer.
    const FIRST_GRAIN_NS: u64 = 1 << 20;

    /// Median, tail and maximum of all values that came before a time, as far as that is kept; see the module.
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

    /// How many values fall between neighbouring bounds, which are in nanoseconds and rise: the first bound belongs to
    /// the first count, the last one to none. As far as that is kept.
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

    /// Counts a value. One that comes late counts from the newest moment on.
    pub(super) fn add(&mut self, at_ns: u64, value_ns: u64) {
        if at_ns >= self.next_ns {
            self.keep(at_ns);
        }
        self.newest_ns = self.newest_ns.max(at_ns);
        // It grows with the values; that fails for none that a `u64` holds.
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
