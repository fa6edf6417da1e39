//! Schedules: which polls of a run are cut, and after how many of Tokio's operations.
//!
//! Tokio gives each poll a budget of 128 operations and makes the task yield at the next one. A schedule spends part of the
//! budget before the poll begins, so the poll is cut earlier: a *preemption*. Tokio then puts the task behind all that are ready.
//! So every schedule is one that stock Tokio could have produced, and a run under a schedule shows what Tokio's own order hides.
//!
//! What schedules cover: a switch to any other ready task at any operation on a timer, a lock, a semaphore, a channel or a
//! `JoinHandle`. What they do not: a task's first poll up to its first operation, code between two operations, and `Notify`,
//! which takes nothing from the budget.
//!
//! A number stands for a schedule so that a search can count through them. Most concurrency bugs need one or two preemptions at
//! the right place (Musuvathi and Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs", PLDI
//! 2007), so the first numbers are all single preemptions of the first polls, in order. The others are drawn at random: half of
//! them with two or three preemptions, as in probabilistic concurrency testing (Burckhardt and others, "A Randomized Scheduler
//! with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010), from which the small depth is taken and not the priorities; the
//! other half with many, because a run of thousands of polls hides some bugs from any few.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use scenario::draw;

/// The operations after which a drawn preemption cuts a poll: 0 to one less than this.
const OPERATIONS: u64 = 4;
/// How many numbers are single preemptions, in order.
const SINGLES: u64 = 64 * OPERATIONS;
/// The drawn preemptions of a schedule with few are among the first 2 to the power of these.
const REACH: std::ops::RangeInclusive<u64> = 3..=9;
/// At most this many preemptions are listed.
const MOST: usize = 4_096;

/// Which polls of a run are cut. The default is Tokio's own order: none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// Drawn from the number; 0 is Tokio's own order.
    Number(u64),
    /// These preemptions, in the order of their polls.
    List(Arc<[Preemption]>),
}

/// One poll that is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Preemption {
    /// Which poll of the run, counted from 1 in the order in which they begin.
    pub poll: u64,
    /// How many of Tokio's operations it makes before it is cut.
    pub operations: u8,
}

impl Preemption {
    /// The most operations that a preemption can let through: one less than Tokio's budget.
    pub const MOST_OPERATIONS: u8 = 127;
}

impl Schedule {
    /// A schedule of these preemptions. Of two for the same poll, the last wins.
    pub fn list(preemptions: impl IntoIterator<Item = Preemption>) -> Self {
        let by_poll: std::collections::BTreeMap<_, _> = preemptions.into_iter().map(|cut| (cut.poll, cut)).collect();
        if by_poll.is_empty() { Self::default() } else { Self::List(by_poll.into_values().collect()) }
    }

    /// Whether this is Tokio's own order.
    pub fn is_tokios(&self) -> bool {
        *self == Self::default()
    }

    /// The schedule in at most so many characters: a longer list is counted.
    pub fn short(&self, most: usize) -> String {
        match self {
            Self::List(list) if self.to_string().len() > most => format!("{} cuts", list.len()),
            _ => self.to_string(),
        }
    }

    /// The limits of a run's polls.
    pub(crate) fn limits(&self) -> Limits {
        match self {
            Self::Number(0) => Limits::None,
            Self::Number(number) => Limits::drawn(*number),
            Self::List(list) => Limits::Listed(list.clone()),
        }
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Number(0)
    }
}

/// Which polls may make how many operations: a limit for each preemption, which cuts the poll only if it asks for more.
#[derive(Debug, Clone)]
pub(crate) enum Limits {
    None,
    Listed(Arc<[Preemption]>),
    /// One poll in so many.
    Often(u64, u64),
}

impl Limits {
    /// The limits of a number above 0.
    fn drawn(number: u64) -> Self {
        if number <= SINGLES {
            let (poll, operations) = ((number - 1) / OPERATIONS + 1, ((number - 1) % OPERATIONS) as u8);
            return Self::Listed([Preemption { poll, operations }].into());
        }
        let kind = draw::within(number, "schedule", 0, &(0..=3));
        if kind > 1 {
            return Self::Often(number, 1 << draw::within(number, "one in", 0, &(0..=2)));
        }
        let reach = 1 << draw::within(number, "reach", 0, &REACH);
        let cuts = (0..kind + 2)
            .map(|cut| Preemption { poll: draw::within(number, "poll", cut, &(1..=reach)), operations: operations(number, cut) });
        Schedule::list(cuts).limits()
    }

    /// How many operations a poll may make; `None` if there is no limit besides Tokio's.
    pub(crate) fn of(&self, poll: u64) -> Option<u8> {
        match self {
            Self::None => None,
            Self::Listed(list) => list.binary_search_by_key(&poll, |cut| cut.poll).ok().map(|place| list[place].operations),
            Self::Often(number, one_in) => {
                (draw::within(*number, "cut", poll, &(1..=*one_in)) == 1).then(|| operations(*number, poll))
            }
        }
    }
}

/// A drawn number of operations: most polls make few, so each number is half as likely as the one before.
fn operations(number: u64, index: u64) -> u8 {
    draw::bits(number, "operations", index).trailing_ones().min(OPERATIONS as u32 - 1) as u8
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::List(list) => {
                for (place, cut) in list.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    write!(f, "{comma}{cut}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Preemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.poll, self.operations)
    }
}

/// The reason why a text is no schedule, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleError(String);

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ScheduleError {}

impl FromStr for Schedule {
    type Err = ScheduleError;

    /// Reads a number, or a list `POLL:OPERATIONS,…`.
    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim();
        if !text.contains(':') {
            let wanted = "expected a whole number, or preemptions as POLL:OPERATIONS,… such as 7:2,12:0";
            return text.parse().map(Self::Number).map_err(|_| ScheduleError(wanted.to_owned()));
        }
        let list = text.split(',').map(preemption).collect::<Result<Vec<_>, _>>()?;
        if list.len() > MOST {
            return Err(ScheduleError(format!("{} preemptions are too many: at most {MOST}", list.len())));
        }
        let mut polls: Vec<_> = list.iter().map(|cut| cut.poll).collect();
        polls.sort_unstable();
        match polls.windows(2).find(|two| two[0] == two[1]) {
            Some(two) => Err(ScheduleError(format!("poll {} is in the list twice; give it once", two[0]))),
            None => Ok(Self::list(list)),
        }
    }
}

fn preemption(text: &str) -> Result<Preemption, ScheduleError> {
    let parts = text.split_once(':').map(|(poll, operations)| (poll.trim().parse(), operations.trim().parse()));
    match parts {
        Some((Ok(poll), Ok(operations))) if poll >= 1 && operations <= Preemption::MOST_OPERATIONS => {
            Ok(Preemption { poll, operations })
        }
        _ => {
            let most = Preemption::MOST_OPERATIONS;
            let wanted = format!("each preemption is POLL:OPERATIONS, a poll from 1 and 0 to {most} operations, such as 7:2");
            Err(ScheduleError(wanted))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_reads_back_as_it_is_written() {
        for text in ["0", "17", "18446744073709551615", "7:2", "7:2,12:0", "1:127,4096:3"] {
            assert_eq!(text.parse::<Schedule>().map(|schedule| schedule.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("12:0, 7:2".parse::<Schedule>(), "7:2,12:0".parse());
        for wrong in ["", "-1", "x", "1.5", "7:", ":2", "0:1", "7:128", "7:2,", "7:2,7:1", "7:2:1", "18446744073709551616"] {
            assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_long_list_is_counted_where_there_is_little_room() {
        let list: Schedule = "7:2,12:0,15:1".parse().expect("it is a list");
        assert_eq!((list.short(13), list.short(12)), ("7:2,12:0,15:1".to_owned(), "3 cuts".to_owned()));
        assert_eq!(Schedule::Number(u64::MAX).short(3), u64::MAX.to_string());
    }

    #[test]
    fn the_first_numbers_are_the_single_preemptions_of_the_first_polls() {
        let seen: std::collections::BTreeSet<_> = (1..=SINGLES)
            .map(|number| match Schedule::Number(number).limits() {
                Limits::Listed(list) if list.len() == 1 => list[0],
                other => panic!("{number}: {other:?}"),
            })
            .collect();
        let polls = SINGLES / OPERATIONS;
        assert_eq!(seen.len() as u64, SINGLES);
        assert!(seen.iter().all(|cut| (1..=polls).contains(&cut.poll) && u64::from(cut.operations) < OPERATIONS));
    }

    #[test]
    fn about_half_of_the_drawn_schedules_have_few_preemptions() {
        let few = |number: &u64| matches!(Schedule::Number(*number).limits(), Limits::Listed(_));
        let drawn = SINGLES + 1..SINGLES + 2_001;
        let count = drawn.filter(few).count();
        assert!((800..1_200).contains(&count), "{count} of 2000");
    }
}
