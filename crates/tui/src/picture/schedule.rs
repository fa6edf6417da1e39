//! When a film has its frames.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The time between two frames: whole milliseconds, and at most thirty frames a second.
const FRAME: Duration = Duration::from_millis(34);
/// A film has no more frames, so that a run of hours has a reasonable size: five minutes at the full rate.
const MOST: u32 = 9_000;

/// A frame of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// When it is shown, since the film began.
    pub(super) shown: Duration,
    /// The time of the run that it shows, in nanoseconds.
    pub(super) at_ns: u64,
}

/// The frames of a film: the first, the last and those at `stops` have their exact time, and the others are evenly spread
/// between them.
pub(super) fn moments(range_ns: &RangeInclusive<u64>, speed: f64, stops: &[u64]) -> Vec<Moment> {
    let (from_ns, to_ns) = (*range_ns.start(), *range_ns.end());
    let shown = |at_ns: u64| Duration::from_nanos(((at_ns - from_ns) as f64 / speed).round() as u64);
    let every = FRAME.max(shown(to_ns) / MOST);
    let fixed = stops.iter().copied().filter(|at_ns| range_ns.contains(at_ns)).chain([to_ns]);
    let mut all = vec![Moment { shown: Duration::ZERO, at_ns: from_ns }];
    for at_ns in fixed {
        let next = Moment { shown: shown(at_ns), at_ns };
        let Some(last) = all.last().copied() else { break };
        let mut between = last.shown + every;
        // No frame comes just before a fixed one.
        while between + every <= next.shown {
            let at_ns = from_ns + (between.as_nanos() as f64 * speed).round() as u64;
            all.push(Moment { shown: between, at_ns: at_ns.min(next.at_ns) });
            between += every;
        }
        if next != last {
            all.push(next);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_run_of_a_second_has_thirty_frames_and_its_stops() {
        let all = moments(&(0..=SECOND), 1.0, &[0, SECOND / 3]);
        assert!((28..=31).contains(&all.len()), "{}", all.len());
        assert_eq!(all[0], Moment { shown: Duration::ZERO, at_ns: 0 });
        assert_eq!(all.last().map(|last| last.at_ns), Some(SECOND));
        assert!(all.contains(&Moment { shown: Duration::from_nanos(SECOND / 3), at_ns: SECOND / 3 }));
        assert_eq!(all.iter().filter(|moment| moment.at_ns == 0).count(), 1);
    }

    #[test]
    fn a_run_of_a_day_has_not_more_frames_than_one_of_minutes() {
        let all = moments(&(0..=86_400 * SECOND), 1.0, &[]);
        assert!(all.len() <= MOST as usize + 1, "{}", all.len());
        assert_eq!(all.last().map(|last| last.shown), Some(Duration::from_secs(86_400)));
    }

    proptest! {
        #[test]
        fn each_frame_shows_its_time_and_they_keep_their_distance(
            from_ns in 0..SECOND, length_ns in 0..20 * SECOND, speed in 0.05..50.0, stop in 0..21 * SECOND,
        ) {
            let all = moments(&(from_ns..=from_ns + length_ns), speed, &[stop]);
            for moment in &all {
                let expected = from_ns as f64 + moment.shown.as_nanos() as f64 * speed;
                // Half a nanosecond of the film.
                prop_assert!((moment.at_ns as f64 - expected).abs() <= speed.max(1.0), "{moment:?} {expected}");
            }
            let is_fixed = |at_ns: u64| at_ns == stop || at_ns == from_ns + length_ns;
            for pair in all.windows(2) {
                prop_assert!(pair[0].at_ns <= pair[1].at_ns);
                prop_assert!(pair[1].shown >= pair[0].shown + FRAME || is_fixed(pair[1].at_ns), "{pair:?}");
            }
        }
    }
}
