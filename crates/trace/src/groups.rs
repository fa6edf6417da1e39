//! Groups of tasks: spawned on the same line, or named alike.
//!
//! When there are more tasks than rows, the screen shows groups. Each group stores
//! its tasks and what they did over time. There are at most [`MOST`] groups of each
//! kind, and the last one takes in all further tasks, so memory stays bounded
//! whatever a program names its tasks.

use super::Trace;
use super::census::Shift;
use super::course::{Activity, Course, Stretch};
use super::task::TaskIx;
use facts::event::CallLine;

/// Maximum number of groups of a kind, including the one for all others.
const MOST: usize = 48;
/// The name of the group for all others.
const OTHERS: &str = "others";

/// How tasks are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// By the source line that spawned them.
    Place,
    /// By name, ignoring numbers.
    Name,
}

/// A group of tasks.
#[derive(Debug, Default)]
pub struct Group {
    /// What they have in common: `scenarios/semaphore.rs:57`, `request #`.
    pub name: String,
    /// The line that spawned them, if they are grouped by it; otherwise 0.
    line: u32,
    /// The tasks, in spawn order.
    pub tasks: Vec<TaskIx>,
    /// The indices of the parts that make up the group.
    parts: Vec<u16>,
    alive: Alive,
}

/// How many tasks are alive now, and how many were alive at most.
#[derive(Debug, Clone, Copy, Default)]
struct Alive {
    now: u32,
    most: u32,
}

/// What the tasks that share both groups did over time. A change of state is counted once, in one part, and a group is the
/// sum of its parts. Most groups have only one part.
#[derive(Debug)]
struct Part {
    place: u8,
    name: u8,
    course: Course,
}

/// The index of the part that a task belongs to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Member(u16);

/// All groups, and the course of all tasks.
#[derive(Debug, Default)]
pub(super) struct Groups {
    parts: Vec<Part>,
    alive: Alive,
    places: Vec<Group>,
    names: Vec<Group>,
    scratch: String,
}

/// What a group of tasks did over time.
#[derive(Debug, Clone, Copy)]
pub struct Courses<'a> {
    all: &'a [Part],
    /// The parts to include; all if `None`.
    of: Option<&'a [u16]>,
    most_alive: u32,
}

impl Courses<'_> {
    /// How many of the tasks were alive at once at most.
    pub fn most_alive(&self) -> u32 {
        self.most_alive
    }

    /// What the tasks did in each of `count` stretches of equal length: see [`Course::stretches`].
    pub fn stretches(&self, left_ns: u64, length_ns: u64, count: usize, until_ns: u64) -> Vec<Stretch> {
        let stretches = |course: &Course| course.stretches(left_ns, length_ns, count, until_ns);
        let parts: &mut dyn Iterator<Item = &Part> = match self.of {
            None => &mut self.all.iter(),
            Some(of) => &mut of.iter().map(|part| &self.all[usize::from(*part)]),
        };
        let Some(mut sum) = parts.next().map(|part| stretches(&part.course)) else { return stretches(&Course::default()) };
        for part in parts {
            sum.iter_mut().zip(stretches(&part.course)).for_each(|(sum, stretch)| sum.add(&stretch));
        }
        sum
    }
}

impl Groups {
    /// How many parts get courses of full detail. Further parts get coarse ones, which limits the memory.
    const FINE: usize = 64;

    /// Adds a new task to its groups.
    pub(super) fn join(&mut self, task: TaskIx, at: &CallLine, name: &str) -> Member {
        let (file, line) = (at.file(), at.line());
        let place = place_in(&mut self.places, line, |known| known == file, || file.to_owned());
        let mut pattern = std::mem::take(&mut self.scratch);
        write_pattern(&mut pattern, name);
        let name = place_in(&mut self.names, 0, |known| known == pattern, || pattern.clone());
        self.scratch = pattern;
        let part = self.part(place, name);
        for group in [&mut self.places[usize::from(place)], &mut self.names[usize::from(name)]] {
            group.tasks.push(task);
            group.alive.more();
        }
        self.alive.more();
        Member(part)
    }

    /// The part for tasks in these two groups; creates it if necessary.
    fn part(&mut self, place: u8, name: u8) -> u16 {
        if let Some(known) = self.parts.iter().rposition(|part| (part.place, part.name) == (place, name)) {
            return known as u16;
        }
        let part = self.parts.len() as u16;
        let course = if self.parts.len() < Self::FINE { Course::default() } else { Course::coarse() };
        self.parts.push(Part { place, name, course });
        self.places[usize::from(place)].parts.push(part);
        self.names[usize::from(name)].parts.push(part);
        part
    }

    /// Counts a task's change of state.
    pub(super) fn shift(&mut self, member: Member, at_ns: u64, shift: Shift) {
        let part = &mut self.parts[usize::from(member.0)];
        part.course.shift(at_ns, shift.from, shift.to);
        if shift.to == Activity::Ended {
            let (place, name) = (usize::from(part.place), usize::from(part.name));
            for alive in [&mut self.alive, &mut self.places[place].alive, &mut self.names[name].alive] {
                alive.now = alive.now.saturating_sub(1);
            }
        }
    }
}

impl Alive {
    fn more(&mut self) {
        self.now += 1;
        self.most = self.most.max(self.now);
    }
}

/// The index of a group; creates the group if necessary.
fn place_in(groups: &mut Vec<Group>, line: u32, is: impl Fn(&str) -> bool, name: impl Fn() -> String) -> u8 {
    let known = groups.iter().rposition(|group| group.line == line && is(&group.name));
    let place = known.unwrap_or_else(|| {
        if groups.len() + 1 < MOST {
            groups.push(Group { name: name(), line, ..Group::default() });
        } else if groups.len() < MOST {
            groups.push(Group { name: OTHERS.to_owned(), ..Group::default() });
        }
        groups.len() - 1
    });
    place as u8
}

/// Writes a name with each number replaced by `#`.
fn write_pattern(pattern: &mut String, name: &str) {
    pattern.clear();
    let mut number = false;
    for c in name.chars() {
        if !c.is_ascii_digit() {
            pattern.push(c);
        } else if !number {
            pattern.push('#');
        }
        number = c.is_ascii_digit();
    }
}

impl Group {
    /// The source line that spawned its tasks, if they are grouped by it.
    pub fn line(&self) -> Option<u32> {
        Some(self.line).filter(|line| *line > 0)
    }
}

impl Trace {
    /// The groups of tasks, in the order in which their first tasks were spawned.
    pub fn groups(&self, by: Grouping) -> &[Group] {
        match by {
            Grouping::Place => &self.groups.places,
            Grouping::Name => &self.groups.names,
        }
    }

    /// What all tasks did over time.
    pub fn course(&self) -> Courses<'_> {
        Courses { all: &self.groups.parts, of: None, most_alive: self.groups.alive.most }
    }

    /// What the tasks of a group did over time.
    pub fn course_of<'a>(&'a self, group: &'a Group) -> Courses<'a> {
        Courses { all: &self.groups.parts, of: Some(&group.parts), most_alive: group.alive.most }
    }
}

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;

    fn names(trace: &Trace, by: Grouping) -> Vec<(&str, usize)> {
        trace.groups(by).iter().map(|group| (group.name.as_str(), group.tasks.len())).collect()
    }

    #[test]
    fn names_that_differ_in_numbers_only_are_one_group() {
        let mut told = Told::default();
        for (task, name) in [(5, "main"), (6, "request 1"), (7, "request 27"), (8, "pair 3-44 of 5"), (9, "")] {
            told.name(task, name).spawn(0, task, None);
        }
        let found = names(&told.0, Grouping::Name);
        assert_eq!(found, [("main", 1), ("request #", 2), ("pair #-# of #", 1), ("task #", 1)]);
        assert_eq!(told.0.groups(Grouping::Name)[1].tasks, [1, 2]);
    }

    #[test]
    fn tasks_of_one_line_are_one_group() {
        let mut told = Told::default();
        told.spawn(0, 5, None);
        for task in 6..9 {
            told.spawn(0, task, Some(5));
        }
        let sizes: Vec<usize> = told.0.groups(Grouping::Place).iter().map(|group| group.tasks.len()).collect();
        assert_eq!(sizes, [1, 3]);
        assert!(told.0.groups(Grouping::Place).iter().all(|group| group.line().is_some()));
    }

    #[test]
    fn what_is_beyond_the_bound_is_one_group() {
        let mut told = Told::default();
        let letter = |n: u64| char::from_u32('a' as u32 + n as u32).map(String::from).unwrap_or_default();
        for task in 1..=100 {
            told.name(task, &letter(task)).spawn(0, task, None);
        }
        let found = names(&told.0, Grouping::Name);
        assert_eq!(found.len(), MOST);
        assert_eq!(found.last(), Some(&(OTHERS, 100 - (MOST - 1))));
    }

    #[test]
    fn a_group_knows_what_its_tasks_did_and_all_of_them_add_up() {
        let mut told = Told::default();
        told.name(5, "a 1").spawn(0, 5, None).name(6, "b").spawn(0, 6, None);
        told.start(10, 5).stop(30, 5).start(30, 6).stop(40, 6);
        let polls = |course: Courses| course.stretches(0, 50, 1, 100)[0];
        let groups: Vec<_> = told.0.groups(Grouping::Name).iter().map(|group| polls(told.0.course_of(group))).collect();
        let running: Vec<f64> = groups.iter().map(|stretch| stretch.counts[0]).collect();
        assert_eq!(running, [0.4, 0.2]);
        let all = polls(told.0.course());
        assert!((all.counts[0] - 0.6).abs() < 1e-9, "{all:?}");
        assert_eq!(all.polls, 2);
    }
}
