//! What many tasks did over time, at a bounded cost: the levels of detail.
//!
//! To draw a stretch of time from the lives of a hundred thousand tasks would
//! take a look at each of them. So, as events come, the *time that tasks have
//! spent* in each activity is added up, and now and then the sums are kept. How
//! many tasks did what between two moments, on average, is the difference of two
//! sums over the time between them: the same two looks for a cell that stands for
//! a microsecond as for one that stands for an hour.
//!
//! Between two kept moments the sums are taken to grow evenly. While every moment
//! at which something changed is kept, that is exact; when a run outgrows
//! [`Course::MOST`] of them, only the first of each grain of time is kept, and the
//! grain doubles as needed.

use super::family::Family;
use super::task::State;
use crate::record::site::Cause;

/// What a task does, as tasks are counted. In the order in which they are stacked: what happens first, what is over last.
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

/// What waits for each cause count as, in the order of [`Cause::ALL`]. Tasks go over to something else millions of times: it is
/// looked up, since to work it out takes a jump that no processor foresees.
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
    /// All of them, in order.
    pub const ALL: [Self; 9] =
        [Self::Running, Self::Ready, Self::Lock, Self::Channel, Self::Io, Self::Join, Self::Time, Self::Other, Self::Ended];

    /// Its place in [`Activity::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// To wait for something of a family.
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

    /// The family of what is waited for; none where it is not waited.
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

/// Something for each activity, in the order of [`Activity::ALL`].
type Each<T> = [T; Activity::ALL.len()];

/// What tasks did in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stretch {
    /// How many did what on average, in the order of [`Activity::ALL`].
    pub counts: Each<f64>,
    /// How many polls began.
    pub polls: u64,
}

impl Stretch {
    /// Takes in what other tasks did in the same stretch.
    pub(super) fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, other)| *count += other);
        self.polls += other.polls;
    }

    /// How many tasks there were that had not ended, on average.
    pub fn alive(&self) -> f64 {
        self.counts[..Activity::Ended.index()].iter().sum()
    }
}

/// What tasks did over time.
#[derive(Debug)]
pub struct Course {
    /// Of the moments within one multiple of this the first is kept. A power of two.
    grain_ns: u64,
    /// The next moment that is kept is not before this.
    next_ns: u64,
    newest_ns: u64,
    now: Each<u32>,
    /// What `now` times the time has to be lowered by, so that it is how much time tasks have spent in each activity: a change
    /// adds the time of the change or takes it away, and nothing has to be multiplied. Below zero it wraps.
    before_ns: Each<u128>,
    polls: u64,
    kept: Vec<Kept>,
    /// The most moments that are kept.
    most: usize,
}

/// How the sums stood at a moment, before what happened at it.
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
    /// The most moments that are kept: 180 KB.
    const MOST: usize = 2048;
    /// As many where there are very many courses: 6 KB.
    const FEWEST: usize = 64;

    /// One of very many, which keeps few moments.
    pub(super) fn coarse() -> Self {
        Self { most: Self::FEWEST, ..Self::default() }
    }

    /// What the tasks did in each of so many stretches of equal length, one after the other.
    ///
    /// The last one that `until_ns` (included) touches is cut off there; those behind it are left out.
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
                break; // The end of all time.
            }
            (from_ns, from) = (to_ns, to);
        }
        stretches
    }

    /// A task goes over to something else, from nothing when it is spawned. What comes late happens at the newest moment.
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

    /// Leaves half of the moments at the most.
    fn coarsen(&mut self) {
        while self.kept.len() > self.most / 2 {
            self.grain_ns *= 2;
            let mask = !(self.grain_ns - 1);
            self.kept.dedup_by_key(|kept| kept.at_ns & mask);
        }
    }

    /// How the sums stood at a moment, before what happened at it.
    fn sums_at(&self, at_ns: u64) -> Kept {
        let after = self.kept.partition_point(|kept| kept.at_ns <= at_ns);
        let Some(left) = after.checked_sub(1).map(|last| self.kept[last]) else {
            return Kept { at_ns, sums: Each::default(), polls: 0 };
        };
        // The polls of a stretch belong to its first moment: on the virtual clock they have no other.
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

    /// The sums at the newest moment, or later if nothing changes until then.
    fn live(&self, at_ns: u64) -> Each<u64> {
        let spent = |activity: usize| {
            let ns = (u128::from(at_ns) * u128::from(self.now[activity])).wrapping_sub(self.before_ns[activity]);
            u64::try_from(ns).unwrap_or(u64::MAX)
        };
        std::array::from_fn(spent)
    }
}

/// Lets sums grow towards later ones, by the part of the time between the two that has passed.
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

    /// Two tasks: ready from 0 on, one polled from 10 to 30, and then it waits.
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
            // Always so long in one as in the other.
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
