//! A count over time, at a bounded cost.
//!
//! As with the census, a small trace keeps every moment, and a large one rounds
//! moments down to a grain that doubles as needed.

use super::moments;

/// How many there are of something, at any time.
#[derive(Debug)]
pub(super) struct Track {
    grain_ns: u64,
    now: u32,
    most: u32,
    /// In order of time: the count from then on.
    moments: Vec<(u64, u32)>,
}

impl Default for Track {
    fn default() -> Self {
        Self { grain_ns: 1, now: 0, most: 0, moments: Vec::new() }
    }
}

impl Track {
    /// The most moments that are kept.
    const MOST: usize = 8192;

    pub(super) fn more(&mut self, at_ns: u64) {
        self.now += 1;
        self.note(at_ns);
    }

    pub(super) fn fewer(&mut self, at_ns: u64) {
        self.now = self.now.saturating_sub(1);
        self.note(at_ns);
    }

    /// There are so many from now on.
    pub(super) fn set(&mut self, at_ns: u64, count: u32) {
        if count != self.now {
            self.now = count;
            self.note(at_ns);
        }
    }

    /// The count from each of these times on.
    pub(super) fn moments(&self) -> &[(u64, u32)] {
        &self.moments
    }

    /// The most there ever were for any time.
    pub(super) fn most(&self) -> u32 {
        self.most.max(self.now)
    }

    /// The most there were in each of so many stretches of equal length, one after the other. The last one that `until_ns`
    /// (included) touches is cut off there; those behind it are left out.
    pub(super) fn peaks(&self, left_ns: u64, length_ns: u64, count: usize, until_ns: u64) -> Vec<u32> {
        let length_ns = length_ns.max(1);
        let mut peaks = Vec::with_capacity(count);
        let mut from_ns = left_ns;
        let begun = self.moments.partition_point(|(at, _)| *at <= left_ns);
        let mut now = begun.checked_sub(1).map_or(0, |last| self.moments[last].1);
        let mut coming = self.moments[begun..].iter().peekable();
        while peaks.len() < count && from_ns <= until_ns {
            let last_ns = from_ns.saturating_add(length_ns - 1).min(until_ns);
            // What happens at the first moment of a stretch is over before it.
            while let Some((_, count)) = coming.next_if(|(at, _)| *at <= from_ns) {
                now = *count;
            }
            let mut most = now;
            while let Some((_, count)) = coming.next_if(|(at, _)| *at <= last_ns) {
                now = *count;
                most = most.max(now);
            }
            peaks.push(most);
            let Some(next_ns) = from_ns.checked_add(length_ns) else { break };
            from_ns = next_ns;
        }
        peaks
    }

    /// The count at a time, after all that happened at it.
    pub(super) fn at(&self, at_ns: u64) -> u32 {
        let after = self.moments.partition_point(|(at, _)| *at <= at_ns);
        after.checked_sub(1).map_or(0, |i| self.moments[i].1)
    }

    #[inline]
    fn note(&mut self, at_ns: u64) {
        let at_ns = at_ns & !(self.grain_ns - 1);
        match self.moments.last_mut() {
            // What comes late counts from the newest moment on.
            Some((last, count)) if *last >= at_ns => *count = self.now,
            _ => self.note_anew(at_ns),
        }
    }

    /// At a moment that is later than all others.
    #[cold]
    fn note_anew(&mut self, at_ns: u64) {
        // Only what stood for some time counts: at one moment a count may go up and down again.
        self.most = self.most.max(self.moments.last().map_or(0, |(_, count)| *count));
        self.moments.push((at_ns, self.now));
        if self.moments.len() > Self::MOST {
            self.grain_ns = moments::coarsen(&mut self.moments, self.grain_ns, Self::MOST / 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_up_and_down() {
        let mut track = Track::default();
        track.more(10);
        track.more(20);
        track.fewer(30);
        assert_eq!([9, 10, 25, 30, 99].map(|at| track.at(at)), [0, 1, 2, 1, 1]);
    }

    #[test]
    fn too_many_moments_are_rounded() {
        let mut track = Track::default();
        let count = 3 * Track::MOST as u64;
        (0..count).for_each(|i| track.more(i * 100));
        assert!(track.moments.len() <= Track::MOST);
        assert_eq!(u64::from(track.at(u64::MAX)), count);
        let off = u64::from(track.at(count * 50)).abs_diff(count / 2);
        assert!((off - 1) * 100 <= track.grain_ns, "off by {off}");
    }
}
