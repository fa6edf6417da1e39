//! What many tasks did over time, at bounded cost: the level-of-detail data.
//!
//! Drawing a stretch of time from the lives of a hundred thousand tasks would mean
//! visiting every one of them. Instead, the total *time that tasks have spent* in
//! each activity is summed up as events arrive, and the sums are stored from time
//! to time. The average number of tasks in an activity between two moments is the
//! difference of two sums divided by the time between them: two lookups, whether a
//! cell covers a microsecond or an hour.
//!
//! Between two stored moments the sums are interpolated linearly. This is exact as
//! long as every moment of change is stored. When a run outgrows [`Course::MOST`]
//! moments, only the first in each grain of time is kept, and the grain doubles as
//! needed.

use super::family::Family;
use super::task::State;
use facts::site::Cause;

/// What a task is counted as doing. The variants are in the order in which charts stack them: running first, ended last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activity {
    /// Being polled.
    Running,
    /// Spawned or woken, and not polled yet.
    Ready,
    /// Waiting for something of [`Family::Lock`].
    Lock,
    /// Waiting for something of [`Family::Channel`].
    Channel,
    /// Waiting for something of [`Family::Io`].
    Io,
    /// Waiting for something of [`Family::Join`].
    Join,
    /// Waiting for something of [`Family::Time`].
    Time,
    /// Waiting for something of [`Family::Other`].
    Other,
    /// Ended.
    Ended,
}

/// The activity of a wait for each cause, in the order of [`Cause::ALL`]. A lookup table, because tasks change state millions
/// of times and a `match` would take an unpredictable branch each time.
const BY_CAUSE: [Activity; Cause::ALL.len()] = {
    let mut by = [Activity::Other; Cause::ALL.len()];
    let mut cause = 0;
    while cause < by.len() {
        by[cause] = Activity::waiting(Family::of(Cause::ALL[cause]));
        cause += 1;
    }
    by
};

impl Activity {
    /// All activities, in order.
    pub const ALL: [Self; 9] =
        [Self::Running, Self::Ready, Self::Lock, Self::Channel, Self::Io, Self::Join, Self::Time, Self::Other, Self::Ended];

    /// Its place in [`Activity::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The activity of waiting for something of a family.
    pub const fn waiting(family: Family) -> Self {
        match family {
            Family::Lock => Self::Lock,
            Family::Channel => Self::Channel,
            Family::Io => Self::Io,
            Family::Join => Self::Join,
            Family::Time => Self::Time,
            Family::Other => Self::Other,
        }
    }

    /// The family that the activity waits for; `None` if it does not wait.
    pub fn family(self) -> Option<Family> {
        Family::ALL.into_iter().find(|family| Self::waiting(*family) == self)
    }
}

impl From<State> for Activity {
    fn from(state: State) -> Self {
        match state {
            State::Running(_) => Self::Running,
            State::Ready => Self::Ready,
            State::Waiting(cause) => BY_CAUSE[cause as usize],
        }
    }
}

/// One value per activity, in the order of [`Activity::ALL`].
type Each<T> = [T; Activity::ALL.len()];

/// What the tasks did in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stretch {
    /// The average number of tasks in each activity, in the order of [`Activity::ALL`].
    pub counts: Each<f64>,
    /// The number of polls that began.
    pub polls: u64,
}

impl Stretch {
    /// Adds what other tasks did in the same stretch.
    pub(super) fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, other)| *count += other);
        self.polls += other.polls;
    }

    /// The average number of tasks alive.
    pub fn alive(&self) -> f64 {
        self.counts[..Activity::Ended.index()].iter().sum()
    }
}

/// What a set of tasks did over time.
#[derive(Debug)]
pub struct Course {
    /// Only the first moment in each grain of time is kept. A power of two.
    grain_ns: u64,
    /// The next moment to keep is at or after this time.
    next_ns: u64,
    newest_ns: u64,
    now: Each<u32>,
    /// The time spent in each activity is `now` times the current time, minus this. A change of activity adds or subtracts
    /// its own time here, so nothing has to be multiplied. Wraps below zero.
    before_ns: Each<u128>,
    polls: u64,
    kept: Vec<Kept>,
    /// Maximum number of kept moments.
    most: usize,
}

/// The sums at a moment, before the changes at that moment.
#[derive(Debug, Clone, Copy)]
struct Kept {
    at_ns: u64,
    sums: Each<u64>,
    polls: u64,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            grain_ns: 1,
            next_ns: 0,
            newest_ns: 0,
            now: Each::default(),
            before_ns: Each::default(),
            polls: 0,
            kept: Vec::new(),
            most: Self::MOST,
        }
    }
}

impl Course {
    /// Maximum number of kept moments: 180 KB.
    const MOST: usize = 2048;
    /// The same limit when there are very many courses: 6 KB.
    const FEWEST: usize = 64;

    /// A course that keeps few moments, for when there are very many courses.
    pub(super) fn coarse() -> Self {
        Self { most: Self::FEWEST, ..Self::default() }
    }

    /// What the tasks did in each of `count` consecutive stretches of equal length.
    ///
    /// The stretch that contains `until_ns` ends there (inclusive); later stretches are omitted.
    pub fn stretches(&self, left_ns: u64, length_ns: u64, count: usize, until_ns: u64) -> Vec<Stretch> {
        let length_ns = length_ns.max(1);
        let mut stretches = Vec::with_capacity(count);
        let (mut from_ns, mut from) = (left_ns, self.sums_at(left_ns));
        while stretches.len() < count && from_ns <= until_ns {
            let to_ns = from_ns.saturating_add(length_ns).min(until_ns.saturating_add(1));
            let to = self.sums_at(to_ns);
            let ns = (to_ns - from_ns).max(1) as f64;
            let mut stretch = Stretch { polls: to.polls.saturating_sub(from.polls), ..Stretch::default() };
            for (count, (to, from)) in stretch.counts.iter_mut().zip(to.sums.iter().zip(&from.sums)) {
                *count = to.saturating_sub(*from) as f64 / ns;
            }
            stretches.push(stretch);
            if to_ns == from_ns {
                break; // The end of time.
            }
            (from_ns, from) = (to_ns, to);
        }
        stretches
    }

    /// Counts a task's change of activity; `from` is `None` when it is spawned. A late change counts at the newest moment.
    #[inline]
    pub(super) fn shift(&mut self, at_ns: u64, from: Option<Activity>, to: Activity) {
        let at_ns = at_ns.max(self.newest_ns);
        if at_ns >= self.next_ns {
            self.keep(at_ns);
        }
        self.newest_ns = at_ns;
        if let Some(from) = from {
            let from = from.index();
            self.now[from] -= 1;
            self.before_ns[from] = self.before_ns[from].wrapping_sub(at_ns.into());
        }
        let to = to.index();
        self.now[to] += 1;
        self.before_ns[to] = self.before_ns[to].wrapping_add(at_ns.into());
        self.polls += u64::from(to == Activity::Running.index());
    }

    #[cold]
    fn keep(&mut self, at_ns: u64) {
        self.kept.push(Kept { at_ns, sums: self.live(at_ns), polls: self.polls });
        if self.kept.len() > self.most {
            self.coarsen();
        }
        self.next_ns = (at_ns & !(self.grain_ns - 1)).saturating_add(self.grain_ns);
    }

    /// Drops moments until at most half of the maximum are left.
    fn coarsen(&mut self) {
        while self.kept.len() > self.most / 2 {
            self.grain_ns *= 2;
            let mask = !(self.grain_ns - 1);
            self.kept.dedup_by_key(|kept| kept.at_ns & mask);
        }
    }

    /// The sums at a moment, before the changes at that moment.
    fn sums_at(&self, at_ns: u64) -> Kept {
        let after = self.kept.partition_point(|kept| kept.at_ns <= at_ns);
        let Some(left) = after.checked_sub(1).map(|last| self.kept[last]) else {
            return Kept { at_ns, sums: Each::default(), polls: 0 };
        };
        // Polls between two kept moments count at the first: on the virtual clock they all began at it.
        let polls = if left.at_ns == at_ns { left.polls } else { self.kept.get(after).map_or(self.polls, |next| next.polls) };
        let mut sums = left.sums;
        match self.kept.get(after) {
            Some(right) => grow(&mut sums, &right.sums, at_ns - left.at_ns, right.at_ns - left.at_ns),
            None if at_ns < self.newest_ns => {
                grow(&mut sums, &self.live(self.newest_ns), at_ns - left.at_ns, self.newest_ns - left.at_ns);
            }
            None => sums = self.live(at_ns),
        }
        Kept { at_ns, sums, polls }
    }

    /// The sums at the newest moment, or at a later time if nothing changes until then.
    fn live(&self, at_ns: u64) -> Each<u64> {
        let spent = |activity: usize| {
            let ns = (u128::from(at_ns) * u128::from(self.now[activity])).wrapping_sub(self.before_ns[activity]);
            u64::try_from(ns).unwrap_or(u64::MAX)
        };
        std::array::from_fn(spent)
    }
}

/// Interpolates the sums towards later ones: `passed_ns` of `of_ns` have passed between the two.
fn grow(sums: &mut Each<u64>, later: &Each<u64>, passed_ns: u64, of_ns: u64) {
    for (sum, later) in sums.iter_mut().zip(later) {
        let by = u128::from(later.saturating_sub(*sum)) * u128::from(passed_ns) / u128::from(of_ns.max(1));
        *sum = sum.saturating_add(by as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: usize = 0;
    const READY: usize = 1;
    const TIME: usize = 6;

    /// Two tasks, ready from 0 on. One is polled from 10 to 30, then waits.
    fn two() -> Course {
        let mut course = Course::default();
        course.shift(0, None, Activity::Ready);
        course.shift(0, None, Activity::Ready);
        course.shift(10, Some(Activity::Ready), Activity::Running);
        course.shift(30, Some(Activity::Running), Activity::Time);
        course
    }

    #[test]
    fn the_activities_stand_where_they_say() {
        for (place, activity) in Activity::ALL.into_iter().enumerate() {
            assert_eq!(activity.index(), place);
        }
        for family in Family::ALL {
            assert_eq!(Activity::waiting(family).family(), Some(family));
        }
        for cause in Cause::ALL {
            assert_eq!(Activity::from(State::Waiting(cause)).family(), Some(Family::of(cause)));
        }
        assert!([Activity::Running, Activity::Ready, Activity::Ended].iter().all(|activity| activity.family().is_none()));
    }

    #[test]
    fn a_stretch_tells_how_many_did_what_on_average() {
        let stretches = two().stretches(0, 20, 3, 1_000);
        let of = |activity: usize| stretches.iter().map(|stretch| stretch.counts[activity]).collect::<Vec<_>>();
        assert_eq!((of(RUNNING), of(READY), of(TIME)), (vec![0.5, 0.5, 0.0], vec![1.5, 1.0, 1.0], vec![0.0, 0.5, 1.0]));
        assert_eq!(stretches.iter().map(|stretch| stretch.polls).collect::<Vec<_>>(), [1, 0, 0]);
        assert!(stretches.iter().all(|stretch| (stretch.alive() - 2.0).abs() < 1e-9));
    }

    #[test]
    fn nothing_after_the_cursor_counts() {
        let stretches = two().stretches(0, 20, 3, 24);
        assert_eq!(stretches.len(), 2);
        assert!((stretches[1].counts[RUNNING] - 1.0).abs() < 1e-9, "{stretches:?}");
        assert!(two().stretches(40, 20, 3, 24).is_empty());
    }

    #[test]
    fn polls_without_length_are_counted_where_they_began() {
        let mut course = Course::default();
        course.shift(0, None, Activity::Ready);
        for at in [5, 5, 25] {
            course.shift(at, Some(Activity::Ready), Activity::Running);
            course.shift(at, Some(Activity::Running), Activity::Ready);
        }
        course.shift(90, Some(Activity::Ready), Activity::Ended);
        let polls = |left| course.stretches(left, 10, 4, 1_000).iter().map(|stretch| stretch.polls).collect::<Vec<_>>();
        assert_eq!((polls(0), polls(5), polls(6)), (vec![2, 0, 1, 0], vec![2, 0, 1, 0], vec![0, 1, 0, 0]));
    }

    #[test]
    fn a_long_course_stays_small_and_loses_no_time() {
        let mut course = Course::default();
        course.shift(0, None, Activity::Ready);
        let changes = 10 * Course::MOST as u64;
        for i in 1..changes {
            // Equal time in each activity.
            let (from, to) = if i % 2 == 1 { (Activity::Ready, Activity::Running) } else { (Activity::Running, Activity::Ready) };
            course.shift(i * 1_000, Some(from), to);
        }
        assert!(course.kept.len() <= Course::MOST);
        let whole = course.stretches(0, changes * 1_000, 1, u64::MAX)[0];
        assert!((whole.counts[RUNNING] - 0.5).abs() < 1e-9 && (whole.counts[READY] - 0.5).abs() < 1e-9, "{whole:?}");
        assert_eq!(whole.polls, changes / 2);
        for stretch in course.stretches(0, changes * 10, 100, u64::MAX) {
            // Sums are whole nanoseconds.
            assert!((stretch.alive() - 1.0).abs() < 1e-4, "{stretch:?}");
        }
    }

    #[test]
    fn what_comes_late_counts_from_the_newest_moment_on() {
        let mut course = two();
        course.shift(12, Some(Activity::Ready), Activity::Running);
        let after = course.stretches(30, 10, 1, 1_000)[0];
        assert!((after.counts[RUNNING] - 1.0).abs() < 1e-9 && after.counts[READY].abs() < 1e-9, "{after:?}");
    }

    #[test]
    fn the_end_of_all_time_is_no_fault() {
        let mut course = two();
        course.shift(u64::MAX, Some(Activity::Ready), Activity::Ended);
        assert!(!course.stretches(u64::MAX - 5, u64::MAX, 4, u64::MAX).is_empty());
    }
}
