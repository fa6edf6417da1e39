//! How many tasks of a group do what at the cursor, in words.
//!
//! A bare number beside a pile does not say what it counts. So the words name the states ("8 waiting, 3 ended"), and
//! together they cover all tasks of the group.

use crate::ui::format;
use trace::{Activity, Family, Stretch};

/// The states of tasks, live ones first.
const STATES: [&str; 5] = ["running", "ready", "waiting", "ended", "to come"];

/// The states if wakes were not recorded.
const WITHOUT_WAKES: [&str; 5] = ["running", "not polled yet", Family::UNKNOWN, "ended", "to come"];

/// The tasks of a group by what they do, in the order of the states, and the words for these.
pub(super) struct Tally([u64; STATES.len()], [&'static str; STATES.len()]);

impl Tally {
    /// Counts the tasks of a group at one moment.
    pub(super) fn new(now: Stretch, tasks: usize, knows_ready: bool) -> Self {
        let count = |activity: Activity| now.counts[activity.index()].round() as u64;
        let alive = now.alive().round() as u64;
        let (running, ready, ended) = (count(Activity::Running), count(Activity::Ready), count(Activity::Ended));
        let waiting = alive.saturating_sub(running + ready);
        let counts = [running, ready, waiting, ended, (tasks as u64).saturating_sub(alive + ended)];
        Self(counts, if knows_ready { STATES } else { WITHOUT_WAKES })
    }

    /// The states that occur, with the number of tasks in each.
    fn parts(&self) -> impl Iterator<Item = (u64, &'static str)> {
        self.0.into_iter().zip(self.1).filter(|(count, _)| *count > 0)
    }

    fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The state of most tasks; of equals, the first.
    fn most(&self) -> Option<(u64, &'static str)> {
        self.parts().reduce(|best, part| if part.0 > best.0 { part } else { best })
    }

    /// The number of tasks in the most common state, with and without the state's name.
    pub(super) fn short(&self) -> [String; 2] {
        match self.most() {
            Some((_, state)) if self.all() == 1 => [state.to_owned(), String::new()],
            Some((count, state)) => [format!("{} {state}", format::count(count)), format::count(count)],
            None => Default::default(),
        }
    }

    /// All states in `lines` lines of `cells` cells; if they do not fit, the most common state.
    pub(super) fn lines(&self, cells: usize, lines: usize) -> Vec<String> {
        let Some((count, state)) = self.most() else { return Vec::new() };
        if count == self.all() {
            return vec![match count {
                1 => state.to_owned(),
                2 => format!("both {state}"),
                count => format!("all {} {state}", format::count(count)),
            }];
        }
        let mut told: Vec<String> = Vec::new();
        for (count, state) in self.parts() {
            let part = format!("{} {state}", format::count(count));
            match told.last_mut() {
                // A comma may follow.
                Some(line) if format::width(line) + format::width(&part) + 3 <= cells => *line = format!("{line}, {part}"),
                Some(line) => {
                    line.push(',');
                    told.push(part);
                }
                None => told.push(part),
            }
        }
        if told.len() <= lines && told.iter().all(|line| format::width(line) <= cells) {
            return told;
        }
        vec![format!("{} of {} {state}", format::count(count), format::count(self.all()))]
    }

    /// The cells of its longest single line at any time of the run.
    pub(super) fn width(tasks: usize) -> usize {
        let all = format::width(&format::count(tasks as u64));
        format::width(" of  waiting") + 2 * all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: Tally = Tally([1, 0, 221, 178, 0], STATES);

    #[test]
    fn tasks_that_do_the_same_are_said_at_once() {
        let told = |tally: [u64; 5]| Tally(tally, STATES).lines(20, 1).join("/");
        assert_eq!(told([0, 0, 12, 0, 0]), "all 12 waiting");
        assert_eq!(told([0, 0, 0, 2, 0]), "both ended");
        assert_eq!(told([1, 0, 0, 0, 0]), "running");
        assert_eq!(told([0, 0, 0, 0, 1_000]), "all 1,000 to come");
        assert_eq!(told([0; 5]), "");
    }

    #[test]
    fn each_state_has_its_number_where_there_is_room_and_no_line_is_too_long() {
        assert_eq!(MIXED.lines(60, 1), ["1 running, 221 waiting, 178 ended"]);
        assert_eq!(MIXED.lines(24, 2), ["1 running, 221 waiting,", "178 ended"]);
        assert_eq!(MIXED.lines(12, 3), ["1 running,", "221 waiting,", "178 ended"]);
        for cells in 12..40 {
            assert!(MIXED.lines(cells, 3).iter().all(|line| format::width(line) <= cells), "{cells}");
        }
    }

    #[test]
    fn without_room_the_state_of_most_tasks_is_said_and_of_how_many() {
        assert_eq!(MIXED.lines(24, 1), ["221 of 400 waiting"]);
        assert_eq!(MIXED.short(), ["221 waiting", "221"]);
        assert!(format::width(&MIXED.lines(18, 1)[0]) <= Tally::width(400));
    }

    #[test]
    fn every_task_is_in_one_state() {
        let mut now = Stretch::default();
        now.counts[Activity::Running.index()] = 1.0;
        now.counts[Activity::Lock.index()] = 7.0;
        now.counts[Activity::Ended.index()] = 3.0;
        assert_eq!(Tally::new(now, 20, true).lines(60, 1), ["1 running, 7 waiting, 3 ended, 9 to come"]);
        assert_eq!(Tally::new(now, 20, false).lines(60, 1), ["1 running, 7 between polls, 3 ended, 9 to come"]);
    }
}
