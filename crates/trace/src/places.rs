//! The lines at which tasks wait, each with its number of tasks over time.
//!
//! The counts are kept as waits begin and end; this module returns them for the
//! stretches that cells of the screen cover. It returns the *maximum* within a stretch
//! and not the mean: ten tasks that queued for a moment count as ten.

use super::Trace;
use super::track::Track;
use facts::site::{Cause, Place};

/// How many tasks were at a line within a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Peak {
    /// The most tasks that waited there at once.
    pub waiting: u32,
    /// The most tasks polled at once whose last wait was there.
    pub running: u32,
}

/// One line at which tasks wait for one cause.
#[derive(Debug, Clone, Copy)]
pub struct Await<'a> {
    /// The cause of the waits.
    pub cause: Cause,
    /// The line; none if no line of the program's own is known.
    pub place: Option<&'a Place>,
    pub(super) waiting: &'a Track,
    pub(super) running: &'a Track,
}

impl Await<'_> {
    /// How many tasks wait there at a time, and how many are being polled whose last wait was there. Exact up to a few
    /// thousand moments with changes.
    pub fn at(&self, at_ns: u64) -> Peak {
        Peak { waiting: self.waiting.at(at_ns), running: self.running.at(at_ns) }
    }

    /// The maxima over the whole run.
    pub fn most(&self) -> Peak {
        Peak { waiting: self.waiting.most(), running: self.running.most() }
    }

    /// The maxima in each of `count` consecutive stretches of equal length.
    ///
    /// The stretch that contains `until_ns` is cut off after it; later stretches are left out.
    pub fn peaks(&self, left_ns: u64, length_ns: u64, count: usize, until_ns: u64) -> Vec<Peak> {
        let waiting = self.waiting.peaks(left_ns, length_ns, count, until_ns);
        let running = self.running.peaks(left_ns, length_ns, count, until_ns);
        waiting.into_iter().zip(running).map(|(waiting, running)| Peak { waiting, running }).collect()
    }
}

impl Trace {
    /// The lines at which tasks have waited, in source order; waits without a known line come last.
    pub fn awaits(&self) -> Vec<Await<'_>> {
        let mut all: Vec<Await<'_>> = self.waits.sets.awaits().collect();
        all.sort_by_key(|line| (line.place.is_none(), line.place, line.cause));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::super::{State, TaskIx};
    use super::*;
    use facts::site::Cause;

    /// Twelve tasks that wait at three lines in turn, for different times.
    fn turns() -> Trace {
        let mut told = Told::default();
        told.site(1, Cause::Time).site(2, Cause::Semaphore).site(3, Cause::MpscRecv);
        let mut events = Vec::new();
        for task in 1..=12_u64 {
            told.spawn(0, task, None);
            let mut at_ns = task;
            for turn in 0..40_u64 {
                let long_ns = if turn % 3 == 0 { 0 } else { task % 4 };
                events.push((at_ns, at_ns + long_ns, task, 1 + ((task + turn) % 3) as u32));
                at_ns += long_ns + 5 + (task * 7 + turn * 11) % 23;
            }
        }
        let mut facts = Vec::new();
        for (from_ns, to_ns, task, site) in events {
            facts.push((from_ns, 0, task, site));
            facts.push((to_ns, 1, task, site));
        }
        facts.sort_unstable();
        for (at_ns, what, task, site) in facts {
            if what == 0 {
                told.wake(at_ns, task, None).start(at_ns, task);
            } else {
                told.pend(at_ns, task, site).stop(at_ns, task);
            }
        }
        told.0
    }

    /// How many tasks wait at a line at a time, counted task by task.
    fn waiting(trace: &Trace, line: u32, at_ns: u64) -> u32 {
        let waits = |task: TaskIx| {
            let wait = trace.wait_at(task, at_ns);
            wait.is_some_and(|wait| {
                wait.leaves.iter().any(|leaf| trace.site(leaf.site).place.as_ref().is_some_and(|place| place.line == line))
            })
        };
        (0..trace.tasks.len() as TaskIx).filter(|task| waits(*task)).count() as u32
    }

    #[test]
    fn a_line_counts_the_tasks_that_wait_there() {
        let trace = turns();
        let awaits = trace.awaits();
        let lines: Vec<u32> = awaits.iter().filter_map(|line| Some(line.place?.line)).collect();
        assert_eq!(lines, [1, 2, 3], "in the order of the source");
        for (line, number) in awaits.iter().zip(1..) {
            for at_ns in 0..trace.end_ns {
                assert_eq!(line.at(at_ns).waiting, waiting(&trace, number, at_ns), "line {number} at {at_ns}");
            }
        }
    }

    #[test]
    fn a_stretch_tells_the_most_that_waited_in_it() {
        let trace = turns();
        let until_ns = trace.end_ns - 30;
        for line in trace.awaits() {
            for (left_ns, length_ns) in [(0, 1), (3, 7), (100, 50)] {
                let peaks = line.peaks(left_ns, length_ns, 60, until_ns);
                for (i, peak) in (0..).zip(&peaks) {
                    let from_ns = left_ns + i * length_ns;
                    let times = from_ns..(from_ns + length_ns).min(until_ns + 1);
                    assert_eq!(Some(peak.waiting), times.clone().map(|at_ns| line.at(at_ns).waiting).max());
                    assert_eq!(Some(peak.running), times.map(|at_ns| line.at(at_ns).running).max());
                }
            }
            let every = 0..=trace.end_ns;
            assert_eq!(Some(line.most().waiting), every.map(|at_ns| line.at(at_ns).waiting).max());
        }
        assert!(trace.tasks.iter().any(|task| task.segments.iter().any(|segment| matches!(segment.state, State::Running(_)))));
    }
}
