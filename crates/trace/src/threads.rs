//! What each thread did: its polls, one after another.
//!
//! A task's segments name the thread of each poll. Drawing a thread needs the reverse,
//! for any stretch of time and without looking at tasks. So each thread keeps the
//! numbers and lengths of its polls, and the sum of all lengths before each 32nd poll:
//! eight bytes per poll, and a crowded stretch is the difference of two sums.
//!
//! A thread makes one poll at a time. If the end of a poll was lost, the poll ends when
//! the thread begins the next one.

use super::Trace;
use super::polls::PollStarts;
use super::task::TaskIx;

/// Polls between two sums.
const EVERY: usize = 32;
/// A stretch with at most this many polls is walked through.
const EXACT: usize = 32;
/// Marks a length that does not fit and is kept separately.
const LONGER: u32 = u32::MAX;

/// The polls of each thread, by its index.
#[derive(Debug, Default)]
pub(super) struct Threads(Vec<Thread>);

/// The polls of one thread, in the order in which they began.
#[derive(Debug, Default)]
struct Thread {
    /// Their numbers among all polls of the run.
    numbers: Vec<u32>,
    /// The lengths of all finished polls, in nanoseconds.
    lengths: Vec<u32>,
    /// The lengths of four seconds or more, by index.
    longer: Vec<(usize, u64)>,
    /// The total length of all polls before each [`EVERY`]th.
    sums: Vec<u64>,
    /// The total length of all finished polls.
    busy_ns: u64,
    /// Whether it is known to be a worker of the runtime.
    worker: bool,
}

impl Threads {
    /// The number of the newest poll of a thread.
    pub(super) fn last(&self, thread: u16) -> Option<u32> {
        self.0.get(usize::from(thread))?.numbers.last().copied()
    }

    /// Whether the newest poll of a thread is in progress.
    pub(super) fn is_busy(&self, thread: u16) -> bool {
        self.0.get(usize::from(thread)).is_some_and(|thread| thread.lengths.len() < thread.numbers.len())
    }

    /// A poll begins on a thread. `since_ns` is the time since the previous poll began.
    pub(super) fn begin(&mut self, thread: u16, number: u32, since_last_ns: u64) {
        self.end(thread, since_last_ns);
        let thread = self.of(thread);
        if thread.numbers.len().is_multiple_of(EVERY) {
            thread.sums.push(thread.busy_ns);
        }
        thread.numbers.push(number);
    }

    /// A thread reports that it is a worker of the runtime.
    pub(super) fn know_worker(&mut self, thread: u16) {
        self.of(thread).worker = true;
    }

    fn of(&mut self, thread: u16) -> &mut Thread {
        let known = self.0.len().max(usize::from(thread) + 1);
        self.0.resize_with(known, Thread::default);
        &mut self.0[usize::from(thread)]
    }

    /// Ends the newest poll of a thread, if it is in progress.
    pub(super) fn end(&mut self, thread: u16, lasted_ns: u64) {
        let Some(thread) = self.0.get_mut(usize::from(thread)) else { return };
        if thread.lengths.len() == thread.numbers.len() {
            return;
        }
        let length = u32::try_from(lasted_ns).unwrap_or(LONGER);
        if length == LONGER {
            thread.longer.push((thread.lengths.len(), lasted_ns));
        }
        thread.lengths.push(length);
        thread.busy_ns = thread.busy_ns.saturating_add(lasted_ns);
    }
}

impl Thread {
    /// The length of a poll; none while it is in progress.
    fn length(&self, place: usize) -> Option<u64> {
        let length = *self.lengths.get(place)?;
        if length != LONGER {
            return Some(length.into());
        }
        let known = self.longer.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        Some(self.longer[known].1)
    }
}

/// A poll on a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadPoll {
    /// When it began, in nanoseconds since the run began.
    pub start_ns: u64,
    /// When it ended; none while it is in progress.
    pub end_ns: Option<u64>,
    /// The task.
    pub task: TaskIx,
}

/// What a thread did in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// The index of the first poll that overlaps the stretch, among the polls of the thread.
    pub first: usize,
    /// How many polls overlap it.
    pub polls: usize,
    /// The time in polls, in nanoseconds.
    pub busy_ns: u64,
    /// The index of the poll with the largest share; the last one if there are too many.
    pub main: Option<usize>,
}

/// The polls of one thread.
#[derive(Debug, Clone, Copy)]
pub struct ThreadPolls<'a> {
    starts: &'a PollStarts,
    thread: &'a Thread,
}

impl Trace {
    /// The polls of a thread, by its index in [`Trace::threads`]; none if it has made none.
    pub fn polls_on(&self, thread: u16) -> Option<ThreadPolls<'_>> {
        let starts = &self.poll_starts;
        let thread = starts.threads.0.get(usize::from(thread)).filter(|thread| !thread.numbers.is_empty())?;
        Some(ThreadPolls { starts, thread })
    }

    /// The indices of all threads that have made polls, and of all workers.
    pub fn polling_threads(&self) -> impl Iterator<Item = u16> {
        self.threads_that(|thread| thread.worker || !thread.numbers.is_empty())
    }

    /// The workers of a multi-thread runtime.
    pub(super) fn workers(&self) -> impl Iterator<Item = u16> {
        self.threads_that(|thread| thread.worker)
    }

    pub(super) fn is_worker(&self, thread: u16) -> bool {
        self.poll_starts.threads.0.get(usize::from(thread)).is_some_and(|thread| thread.worker)
    }

    fn threads_that(&self, holds: impl Fn(&Thread) -> bool) -> impl Iterator<Item = u16> {
        (0..=u16::MAX).zip(&self.poll_starts.threads.0).filter(move |(_, thread)| holds(thread)).map(|(index, _)| index)
    }
}

impl ThreadPolls<'_> {
    /// A poll, by its index.
    pub fn get(&self, place: usize) -> Option<ThreadPoll> {
        let number = *self.thread.numbers.get(place)? as usize;
        let start_ns = self.starts.at_ns[number];
        let end_ns = self.thread.length(place).map(|ns| start_ns.saturating_add(ns));
        Some(ThreadPoll { start_ns, end_ns, task: self.starts.tasks[number] })
    }

    /// The number of a poll among all polls of the run, by its index: see [`Trace::poll`].
    pub fn number(&self, place: usize) -> Option<u64> {
        self.thread.numbers.get(place).map(|number| u64::from(*number))
    }

    /// How many polls had begun up to and including a time.
    pub fn begun_by(&self, at_ns: u64) -> usize {
        self.thread.numbers.partition_point(|number| self.start(*number) <= at_ns)
    }

    /// How long the thread had been in polls by a time, in nanoseconds.
    pub fn busy_by(&self, at_ns: u64) -> u64 {
        self.busy(self.begun_by(at_ns), at_ns)
    }

    /// What the thread did in each of `count` consecutive stretches of equal length.
    ///
    /// The stretch that contains `until_ns` is cut off after it; later stretches are left out.
    pub fn turns(&self, left_ns: u64, length_ns: u64, count: usize, until_ns: u64) -> Vec<Turn> {
        let length_ns = length_ns.max(1);
        let mut turns = Vec::with_capacity(count);
        let mut from_ns = left_ns;
        let mut begun = self.thread.numbers.partition_point(|number| self.start(*number) < left_ns);
        while turns.len() < count && from_ns <= until_ns {
            let next_ns = from_ns.saturating_add(length_ns);
            let to_ns = next_ns.min(until_ns.saturating_add(1));
            let first = begun;
            begun = self.begun_before(first, to_ns);
            turns.push(self.turn(first, begun, from_ns, to_ns));
            if next_ns == from_ns {
                break; // The end of representable time.
            }
            from_ns = next_ns;
        }
        turns
    }

    fn start(&self, number: u32) -> u64 {
        self.starts.at_ns[number as usize]
    }

    /// How many polls had begun before a time. The first `known` are known to have, so the search starts after them.
    fn begun_before(&self, known: usize, to_ns: u64) -> usize {
        let numbers = &self.thread.numbers;
        let (mut low, mut step) = (known, 1);
        while numbers.get(low + step - 1).is_some_and(|number| self.start(*number) < to_ns) {
            low += step;
            step *= 2;
        }
        let high = (low + step - 1).min(numbers.len());
        low + numbers[low..high].partition_point(|number| self.start(*number) < to_ns)
    }

    /// The time by `at_ns` in the first `begun` polls, all of which had begun.
    fn busy(&self, begun: usize, at_ns: u64) -> u64 {
        let Some(last) = begun.checked_sub(1) else { return 0 };
        let kept = last / EVERY;
        let over = kept * EVERY..last;
        let sum: u64 = over.filter_map(|place| self.thread.length(place)).sum();
        let since_ns = at_ns.saturating_sub(self.start(self.thread.numbers[last]));
        let lasted_ns = self.thread.length(last).map_or(since_ns, |ns| ns.min(since_ns));
        self.thread.sums[kept] + sum + lasted_ns
    }

    /// What was done from one time until before another, between which so many had begun and have.
    fn turn(&self, first: usize, begun: usize, from_ns: u64, to_ns: u64) -> Turn {
        if begun - first > EXACT {
            let busy_ns = self.busy(begun, to_ns).saturating_sub(self.busy(first, from_ns));
            return Turn { first, polls: begun - first, busy_ns, main: Some(begun - 1) };
        }
        let mut turn = Turn::default();
        let mut most_ns = 0;
        // A poll in progress when the stretch begins is part of it.
        for place in first.saturating_sub(1)..begun {
            let Some(poll) = self.get(place) else { break };
            let ns = poll.end_ns.unwrap_or(u64::MAX).min(to_ns).saturating_sub(poll.start_ns.max(from_ns));
            if ns == 0 && poll.start_ns < from_ns {
                continue;
            }
            if turn.polls == 0 {
                turn.first = place;
            }
            turn.polls += 1;
            turn.busy_ns += ns;
            if turn.main.is_none() || ns > most_ns {
                (turn.main, most_ns) = (Some(place), ns);
            }
        }
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::super::told::{Told, id};
    use super::*;
    use facts::event::What;

    fn begin(told: &mut Told, thread: u16, at_ns: u64, task: u64) {
        told.tell(thread, at_ns, What::PollStart(id(task)));
    }

    fn end(told: &mut Told, thread: u16, at_ns: u64, task: u64) {
        told.tell(thread, at_ns, What::PollEnd(id(task)));
    }

    /// Three threads and twenty tasks, with polls and gaps of pseudo-random lengths.
    fn busy() -> Told {
        let mut told = Told::default();
        for task in 1..=20 {
            told.spawn(0, task, None);
        }
        let mut events = Vec::new();
        let mut seed = 7_u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for thread in 0..3_u64 {
            let mut at_ns = thread;
            for _ in 0..700 {
                // No two threads share a task, so no task is polled twice at once.
                let task = 1 + thread + 3 * draw(6);
                let to_ns = at_ns + draw(4) * draw(40);
                events.push((at_ns, thread as u16, What::PollStart(id(task))));
                events.push((to_ns, thread as u16, What::PollEnd(id(task))));
                at_ns = to_ns + draw(3) * draw(60);
            }
        }
        events.sort_by_key(|(at_ns, thread, _)| (*at_ns, *thread));
        for (at_ns, thread, what) in events {
            told.tell(thread, at_ns, what);
        }
        told
    }

    /// The polls on a thread, computed from the tasks' segments: start, end, task.
    fn from_tasks(trace: &Trace, thread: u16) -> Vec<(u64, u64, TaskIx)> {
        let mut polls = Vec::new();
        for (ix, task) in (0..).zip(&trace.tasks) {
            for pair in task.segments.windows(2).filter(|pair| pair[0].state == State::Running(thread)) {
                polls.push((pair[0].start_ns, pair[1].start_ns, ix));
            }
        }
        polls.sort_unstable();
        polls
    }

    #[test]
    fn a_thread_is_busy_as_long_as_tasks_were_polled_on_it() {
        let trace = busy().0;
        for thread in 0..3 {
            let (polls, known) = (from_tasks(&trace, thread), trace.polls_on(thread).expect("it has polled"));
            assert_eq!(polls.len(), 700);
            for at_ns in (0..trace.end_ns + 50).step_by(97) {
                let busy: u64 = polls.iter().map(|(from, to, _)| (*to).min(at_ns).saturating_sub(*from)).sum();
                assert_eq!(known.busy_by(at_ns), busy, "thread {thread} at {at_ns}");
                assert_eq!(known.begun_by(at_ns), polls.iter().filter(|poll| poll.0 <= at_ns).count());
            }
        }
        assert_eq!(trace.polling_threads().collect::<Vec<_>>(), [0, 1, 2]);
        assert!(trace.polls_on(3).is_none());
    }

    #[test]
    fn turns_tell_what_the_tasks_tell_at_any_zoom() {
        let trace = busy().0;
        for (thread, length_ns, left_ns) in [(0, 1, 100), (1, 13, 0), (2, 200, 40), (0, 4_000, 0), (1, 9_999, 7)] {
            let (polls, until_ns) = (from_tasks(&trace, thread), trace.end_ns - 500);
            let turns = trace.polls_on(thread).expect("it has polled").turns(left_ns, length_ns, 300, until_ns);
            for (i, turn) in (0..).zip(&turns) {
                let from_ns = left_ns + i * length_ns;
                let to_ns = (from_ns + length_ns).min(until_ns + 1);
                let overlap = |poll: &(u64, u64, TaskIx)| poll.1.min(to_ns).saturating_sub(poll.0.max(from_ns));
                let busy_ns: u64 = polls.iter().map(overlap).sum();
                assert_eq!(turn.busy_ns, busy_ns, "thread {thread}, from {from_ns} to {to_ns}");
                let begun = polls.iter().filter(|poll| (from_ns..to_ns).contains(&poll.0)).count();
                let before = polls.iter().any(|poll| poll.0 < from_ns && overlap(poll) > 0);
                let all = begun + usize::from(before && begun <= EXACT);
                assert_eq!(turn.polls, all, "thread {thread}, from {from_ns} to {to_ns}");
                assert_eq!(turn.main.is_some(), all > 0);
                if let Some(main) = turn.main.filter(|_| begun <= EXACT) {
                    let most = polls.iter().filter(|poll| poll.0 < to_ns).map(overlap).max();
                    assert_eq!(Some(overlap(&polls[main])), most);
                }
            }
        }
    }

    #[test]
    fn a_poll_that_lasts_has_no_end_and_one_whose_end_is_lost_is_over_with_the_next() {
        let mut told = Told::default();
        told.spawn(0, 1, None).spawn(0, 2, None);
        begin(&mut told, 0, 10, 1);
        let get = |told: &Told, place| told.0.polls_on(0).and_then(|polls| polls.get(place));
        assert_eq!(get(&told, 0), Some(ThreadPoll { start_ns: 10, end_ns: None, task: 0 }));
        assert_eq!(told.0.polls_on(0).map(|polls| polls.busy_by(25)), Some(15));
        begin(&mut told, 0, 40, 2);
        assert_eq!(get(&told, 0).and_then(|poll| poll.end_ns), Some(40));
        end(&mut told, 0, 60, 2);
        // The end of the first poll arrives after all; it was already counted.
        end(&mut told, 0, 70, 1);
        assert_eq!(get(&told, 1).and_then(|poll| poll.end_ns), Some(60));
        assert_eq!(told.0.polls_on(0).map(|polls| polls.busy_by(100)), Some(50));
    }

    #[test]
    fn a_poll_of_minutes_is_as_long_as_it_was() {
        let mut told = Told::default();
        told.spawn(0, 1, None);
        let minute = 60_000_000_000;
        begin(&mut told, 0, 5, 1);
        end(&mut told, 0, 5 + minute, 1);
        begin(&mut told, 0, 7 + minute, 1);
        let polls = told.0.polls_on(0).expect("it has polled");
        assert_eq!(polls.get(0).and_then(|poll| poll.end_ns), Some(5 + minute));
        assert_eq!(polls.busy_by(5 + 2 * minute), 2 * minute - 2);
        assert!(polls.turns(u64::MAX - 1, u64::MAX, 4, u64::MAX).len() <= 2, "the end of all time is no fault");
    }
}
