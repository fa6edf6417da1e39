//! In which poll something happened.
//!
//! On the virtual clock a time says too little: a task may be polled several times in one moment. Each poll of the run has a
//! number, and what a task did, was woken by or logged belongs to one of them. The trace knows which if it was not the first poll
//! of that moment.

use trace::{Happening, LaneOf, State, TaskIx, Trace};

/// The polls of each task.
#[derive(Debug)]
pub(super) struct Polls<'a> {
    trace: &'a Trace,
    /// Of each task: the number of each of its polls among all of the run, from 1, and the segment that it is.
    of: Vec<Vec<(u32, u32)>>,
}

impl<'a> Polls<'a> {
    pub(super) fn new(trace: &'a Trace) -> Self {
        let running = |task: &trace::Task| {
            let segments = (0..).zip(&task.segments);
            let polls = segments.filter(|(_, segment)| matches!(segment.state, State::Running(_)));
            polls.map(|(segment, _)| (0, segment)).collect::<Vec<_>>()
        };
        let mut of: Vec<Vec<(u32, u32)>> = trace.tasks.iter().map(running).collect();
        let mut seen = vec![0; of.len()];
        for number in 0.. {
            let Some(poll) = trace.poll(u64::from(number)) else { break };
            let task = poll.task as usize;
            if let Some((known, _)) = of[task].get_mut(seen[task]) {
                *known = number + 1;
            }
            seen[task] += 1;
        }
        Self { trace, of }
    }

    /// The number of a task's poll, by its place among those of the task.
    pub(super) fn number(&self, task: TaskIx, place: usize) -> u64 {
        self.of.get(task as usize).and_then(|polls| polls.get(place)).map_or(0, |(number, _)| u64::from(*number))
    }

    /// The poll of a task that was in progress at a time, and is later than another poll; 0 if there is none.
    pub(super) fn during(&self, task: TaskIx, at_ns: u64, later_than: u64) -> u64 {
        let Some(of) = self.trace.tasks.get(task as usize) else { return 0 };
        let polls = &self.of[task as usize];
        let start = |segment: u32| of.segments[segment as usize].start_ns;
        let end = |segment: u32| {
            let next = of.segments.get(segment as usize + 1).map(|next| next.start_ns);
            next.or(of.ended.map(|ended| ended.at_ns)).unwrap_or(u64::MAX)
        };
        let first = polls.partition_point(|(_, segment)| end(*segment) < at_ns);
        let after = polls.partition_point(|(_, segment)| start(*segment) <= at_ns);
        let Some(known) = polls.get(first..after).filter(|known| !known.is_empty()) else { return 0 };
        let later = known.partition_point(|(number, _)| u64::from(*number) <= later_than);
        known.get(later).or(known.last()).map_or(0, |(number, _)| u64::from(*number))
    }

    /// The poll of a task in which something happened at a time, later than another poll; 0 if there is none.
    pub(super) fn of(&self, happening: Happening, task: TaskIx, at_ns: u64, later_than: u64) -> u64 {
        self.trace.poll_of(happening).map_or_else(|| self.during(task, at_ns, later_than), |poll| poll + 1)
    }

    /// The polls of the runtime's tasks, which a schedule counts, in order: the number of each among all polls.
    pub(super) fn of_tasks(&self) -> Vec<u64> {
        let all = (0..).map_while(|number| self.trace.poll(number).map(|poll| (number + 1, poll.task)));
        all.filter(|(_, task)| self.trace.tasks[*task as usize].of == LaneOf::Task).map(|(number, _)| number).collect()
    }
}
