//! The critical path: the chain of runs and waits that decided how long something took.
//!
//! It is walked backwards from the end. What a task did just before is on the
//! path; a wait that another task ended is not: what counts is what that other
//! task did until it did so, and the walk goes on there. So it does from a
//! task's beginning to the task that spawned it. A wait that a timer, the world
//! outside or nobody ended is itself on the path: nothing else explains it. To
//! make any step of the path shorter makes the whole shorter, until another
//! chain is the longest; to make anything else shorter changes nothing.
//!
//! A timer that is late explains nothing: until its deadline the task slept, and
//! from then on a poll kept the worker that would have looked at the timer. The
//! walk goes on with that poll.
//!
//! At one virtual moment many things happen, and the times do not say in which
//! order; the order in which polls began does. A walk goes from a task to a poll
//! of the waker that began before the woken one was polled again, and so never
//! in a circle. Real clocks leave gaps here and there: a waker that cannot be
//! found is not guessed, and the wait stays on the path.

use super::Trace;
use super::task::{State, TaskIx, Waker};
use super::waits::SiteIx;
use crate::record::site::Cause;

/// At most so many steps are kept: the walk ends there, and says how much it leaves out.
const MOST_STEPS: usize = 100_000;
/// At most so many states are walked over.
const MOST_MOVES: usize = 4_000_000;
/// A moment at which more polls began than that is not put in order.
const MOST_AT_ONCE: u64 = 1 << 20;

/// Of such a moment so many segments of a task are looked at.
const AT_ONCE: usize = 8;

/// The chain of runs and waits that decided how long a stretch of time took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CriticalPath {
    /// The task whose end, or whose state at the end of the stretch, it leads to.
    pub task: TaskIx,
    /// When the stretch begins, in nanoseconds since the run began.
    pub from_ns: u64,
    /// When it ends.
    pub to_ns: u64,
    /// What was left out at the beginning, because it has too many steps, in nanoseconds.
    pub untold_ns: u64,
    /// The steps in order of time: each begins where the one before ends, the last one ends with the stretch.
    pub steps: Vec<PathStep>,
}

/// A step of the critical path: what one task did for a while. A task through which it
/// passes in no time has one step without length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathStep {
    /// The task.
    pub task: TaskIx,
    /// From when, in nanoseconds since the run began.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
    /// What it did.
    pub doing: Doing,
    /// How it came to that.
    pub by: Handover,
}

impl PathStep {
    /// How long it took, in nanoseconds.
    pub fn lasted_ns(&self) -> u64 {
        self.to_ns - self.from_ns
    }
}

/// What a task does on the critical path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It is polled.
    Running,
    /// It is spawned or woken, and no worker polls it yet.
    Ready,
    /// It waits for something that no other task ended.
    Waiting {
        /// For what; of several causes the one that is drawn.
        cause: Cause,
        /// Where; none when that was not recorded.
        site: Option<SiteIx>,
    },
    /// It is not there yet, and no task spawned it.
    Unborn,
}

/// How a step of the critical path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover {
    /// With the stretch, or as far back as is told.
    Begins,
    /// The task goes on by itself.
    GoesOn,
    /// Its wait is over: who ended it. If it was another task, the step before is that task's, where it was found.
    Wakes(Waker),
    /// That task spawned it.
    Spawns(TaskIx),
    /// Its timer was late by so many nanoseconds, since a poll of that task kept the worker. The step before is that poll.
    Late {
        /// The task that kept the worker.
        by: TaskIx,
        /// From the deadline to the wake.
        late_ns: u64,
    },
}

impl Trace {
    /// Where the critical path of what comes after a time ends: with *main*, when it came to an end of its own after that;
    /// else with the task that did so last; else with *main* as it stands. Both times in nanoseconds since the run began.
    pub fn critical_end(&self, from_ns: u64) -> Option<(TaskIx, u64)> {
        let own_end = |task: TaskIx| Some(self.tasks.get(task as usize)?.end()?.at_ns).filter(|end| *end >= from_ns);
        let main = 0;
        self.tasks.first()?;
        let last = || (0..self.tasks.len() as TaskIx).filter_map(|task| Some((own_end(task)?, task))).max();
        match own_end(main) {
            Some(at_ns) => Some((main, at_ns)),
            None => last().map(|(at_ns, task)| (task, at_ns)).or(Some((main, self.end_ns))),
        }
    }

    /// The critical path of a stretch of time, as part of the one that leads to what a task was at `until_ns`, which is
    /// the end of the stretch or later. A stretch that goes on when the task has ended is cut off there.
    ///
    /// It costs a few searches a step, and a look at each poll that began at a moment at which the order matters.
    pub fn critical_path(&self, task: TaskIx, from_ns: u64, to_ns: u64, until_ns: u64) -> CriticalPath {
        let Some(of) = self.tasks.get(task as usize).filter(|of| !of.segments.is_empty()) else {
            return CriticalPath { task, from_ns, to_ns: from_ns, ..CriticalPath::default() };
        };
        let until_ns = of.end().map_or(until_ns, |end| end.at_ns.min(until_ns)).max(of.spawned_ns);
        let to_ns = to_ns.min(until_ns).max(from_ns);
        let mut walk = Walk::new(self, from_ns, to_ns, until_ns);
        let begun = of.segments.partition_point(|segment| segment.start_ns <= until_ns);
        walk.go(task, begun.saturating_sub(1), until_ns);
        let mut steps = walk.steps;
        let told_from = steps.last().map_or(to_ns, |first: &PathStep| first.from_ns);
        steps.reverse();
        if let Some(first) = steps.first_mut() {
            first.by = Handover::Begins;
        }
        CriticalPath { task, from_ns, to_ns, untold_ns: told_from - from_ns, steps }
    }
}

/// A walk from the end to the beginning.
struct Walk<'a> {
    trace: &'a Trace,
    from_ns: u64,
    to_ns: u64,
    /// Whether it begins behind the stretch.
    beyond: bool,
    /// What was walked over, the last step first.
    steps: Vec<PathStep>,
    /// Where the steps of the task that is walked through begin among them.
    visit: usize,
    moves: usize,
    instant: Instant,
}

/// The polls that began at one moment, by task and in order.
#[derive(Default)]
struct Instant {
    at_ns: Option<u64>,
    polls: Vec<Poll>,
}

/// One of several polls that began at one moment.
struct Poll {
    task: TaskIx,
    /// Its number among all polls of the run.
    number: u64,
    /// Its place among the segments of its task.
    segment: usize,
    /// How many times the task becomes ready after it at the same moment.
    ready_later: usize,
}

impl<'a> Walk<'a> {
    fn new(trace: &'a Trace, from_ns: u64, to_ns: u64, until_ns: u64) -> Self {
        let (steps, instant) = (Vec::new(), Instant::default());
        Self { trace, from_ns, to_ns, beyond: until_ns > to_ns, steps, visit: 0, moves: 0, instant }
    }

    /// Walks from that segment of a task on, which is left at that time.
    fn go(&mut self, mut task: TaskIx, mut segment: usize, mut at_ns: u64) {
        loop {
            self.moves += 1;
            let state = self.trace.tasks[task as usize].segments[segment];
            let start_ns = state.start_ns.min(at_ns);
            self.add(task, segment, start_ns, at_ns);
            if start_ns < self.from_ns || self.steps.len() >= MOST_STEPS || self.moves >= MOST_MOVES {
                break;
            }
            at_ns = start_ns;
            let (by, waker) = self.before(task, segment);
            if let Some(kept) = self.trace.kept_by(task, at_ns).filter(|_| by == Handover::Wakes(Waker::Timer)) {
                if let Some(last) = self.steps[self.visit..].last_mut() {
                    last.by = Handover::Late { by: kept.task, late_ns: kept.late_ns };
                }
                self.leave();
                (task, segment) = (kept.task, kept.segment);
                continue;
            }
            if let Some(last) = self.steps[self.visit..].last_mut() {
                last.by = by;
            }
            match waker.and_then(|waker| Some((waker, self.found(waker, task, segment, at_ns)?))) {
                Some((waker, place)) => {
                    self.leave();
                    (task, segment) = (waker, place);
                }
                None if segment > 0 => segment -= 1,
                None => {
                    self.unborn(task, at_ns);
                    break;
                }
            }
        }
        self.leave();
    }

    /// A step, if it is of the stretch.
    fn add(&mut self, task: TaskIx, segment: usize, start_ns: u64, end_ns: u64) {
        let (from_ns, to_ns) = (start_ns.max(self.from_ns), end_ns.min(self.to_ns));
        if from_ns > to_ns || (self.beyond && from_ns >= self.to_ns) {
            return;
        }
        let doing = match self.trace.tasks[task as usize].segments[segment].state {
            State::Running(_) => Doing::Running,
            State::Ready => Doing::Ready,
            State::Waiting(cause) => Doing::Waiting { cause, site: self.site(task, segment, cause) },
        };
        self.steps.push(PathStep { task, from_ns, to_ns, doing, by: Handover::GoesOn });
    }

    /// Where a task waited for this; of several places the first.
    fn site(&self, task: TaskIx, segment: usize, cause: Cause) -> Option<SiteIx> {
        let wait = self.trace.tasks[task as usize].segments.get(segment)?;
        let mut sites = self.trace.leaves(*wait).iter().map(|leaf| leaf.site);
        sites.find(|site| self.trace.site(*site).cause == cause)
    }

    /// How a segment came about, and the task at which to go on, if it is another one.
    fn before(&mut self, task: TaskIx, segment: usize) -> (Handover, Option<TaskIx>) {
        let trace = self.trace;
        let of = &trace.tasks[task as usize];
        let Some(before) = segment.checked_sub(1).map(|before| of.segments[before]) else {
            return of.parent.map_or((Handover::GoesOn, None), |parent| (Handover::Spawns(parent), Some(parent)));
        };
        if !before.state.is_waiting() || of.segments[segment].state != State::Ready {
            return (Handover::GoesOn, None);
        }
        let Some(by) = self.waker(task, segment) else { return (Handover::GoesOn, None) };
        let other = match by {
            Waker::Task(other) if other != task => Some(other),
            _ => None,
        };
        (Handover::Wakes(by), other)
    }

    /// Who ended the wait before a segment. Of several wakes at one time each belongs to one of the segments that begin then.
    fn waker(&mut self, task: TaskIx, segment: usize) -> Option<Waker> {
        let trace = self.trace;
        let of = &trace.tasks[task as usize];
        let at_ns = of.segments[segment].start_ns;
        let last = of.wakes.partition_point(|wake| wake.at_ns <= at_ns).checked_sub(1)?;
        let then = |place: usize| Some(of.wakes[place]).filter(|wake| wake.at_ns == at_ns);
        let several = last.checked_sub(1).and_then(then).is_some();
        let later = if several { self.next_poll(task, segment, at_ns).map_or(0, |poll| poll.ready_later) } else { 0 };
        // A wake within a poll that lasts is of a later segment: then the one that is looked for stands before it.
        last.checked_sub(later).and_then(then).or_else(|| then(last)).map(|wake| wake.by)
    }

    /// The segment of `waker` in which it woke or spawned `task`, whose `segment` begins then.
    fn found(&mut self, waker: TaskIx, task: TaskIx, segment: usize, at_ns: u64) -> Option<usize> {
        let trace = self.trace;
        let of = &trace.tasks[waker as usize];
        let first = of.segments.partition_point(|segment| segment.start_ns < at_ns);
        let polls = |place: &usize| of.segments.get(*place).is_some_and(|segment| matches!(segment.state, State::Running(_)));
        // One that began at that very moment, and before the task was polled again.
        if of.segments.get(first).is_some_and(|segment| segment.start_ns == at_ns) {
            if !self.instant.learn(trace, at_ns) {
                // What led to the first one came before: a walk that goes there does not go in a circle.
                let here = (first..of.segments.len()).take_while(|place| of.segments[*place].start_ns == at_ns);
                return here.take(AT_ONCE).find(polls).or_else(|| first.checked_sub(1).filter(polls));
            }
            let before = self.next_poll(task, segment, at_ns).map_or(u64::MAX, |poll| poll.number);
            let here = self.instant.of(waker);
            let last = here.partition_point(|poll| poll.number < before).checked_sub(1);
            if let Some(last) = last {
                return Some(here[last].segment);
            }
        }
        // One that began before, and lasts.
        first.checked_sub(1).filter(polls).filter(|_| of.end().is_none_or(|end| end.at_ns >= at_ns))
    }

    /// The first poll of a task after a segment, if it began at the same time.
    fn next_poll(&mut self, task: TaskIx, segment: usize, at_ns: u64) -> Option<&Poll> {
        let next = self.trace.tasks[task as usize].segments.get(segment + 1)?;
        if next.start_ns != at_ns || !self.instant.learn(self.trace, at_ns) {
            return None;
        }
        let polls = self.instant.of(task);
        polls.get(polls.partition_point(|poll| poll.segment <= segment))
    }

    /// No task spawned this one: what comes before it is nobody's.
    fn unborn(&mut self, task: TaskIx, at_ns: u64) {
        let to_ns = at_ns.min(self.to_ns);
        if to_ns > self.from_ns {
            let by = Handover::Begins;
            self.steps.push(PathStep { task, from_ns: self.from_ns, to_ns, doing: Doing::Unborn, by });
        }
    }

    /// A task is left: of what took no time only that the path passes through it is kept.
    fn leave(&mut self) {
        let visit = self.visit;
        let all_short = self.steps[visit..].iter().all(|step| step.lasted_ns() == 0);
        let by = self.steps[visit..].last().map(|first| first.by);
        let mut kept = visit;
        // From the last step to the first, as they stand. How a step without length came about goes over to the one after it.
        for place in visit..self.steps.len() {
            let step = self.steps[place];
            if step.lasted_ns() > 0 || (all_short && place == visit) {
                self.steps[kept] = step;
                kept += 1;
            } else if kept > visit && self.steps[kept - 1].by == Handover::GoesOn {
                self.steps[kept - 1].by = step.by;
            }
        }
        self.steps.truncate(kept);
        if let (Some(first), Some(by)) = (self.steps[visit..].last_mut(), by) {
            first.by = by;
        }
        self.visit = kept;
    }
}

impl Instant {
    /// Takes a look at the polls that began at a time. Returns whether there are few enough.
    fn learn(&mut self, trace: &Trace, at_ns: u64) -> bool {
        if self.at_ns == Some(at_ns) {
            return !self.polls.is_empty();
        }
        let (first, after) = (trace.polls_before(at_ns), trace.polls_by(at_ns));
        self.at_ns = Some(at_ns);
        self.polls.clear();
        if after - first <= MOST_AT_ONCE {
            let polls = (first..after).filter_map(|number| Some((trace.poll(number)?.task, number)));
            let poll = |(task, number)| Poll { task, number, segment: 0, ready_later: 0 };
            self.polls.extend(polls.map(poll));
            self.polls.sort_by_key(|poll| (poll.task, poll.number));
            self.polls.chunk_by_mut(|a, b| a.task == b.task).for_each(|polls| place(trace, at_ns, polls));
            // Of a poll that came late the number is of another time than the segment.
            self.polls.retain(|poll| poll.segment > 0);
        }
        !self.polls.is_empty()
    }

    /// Those of a task, in order.
    fn of(&self, task: TaskIx) -> &[Poll] {
        let first = self.polls.partition_point(|poll| poll.task < task);
        let after = self.polls.partition_point(|poll| poll.task <= task);
        &self.polls[first..after]
    }
}

/// Finds the segments of all polls of one task at a moment, the last one first.
fn place(trace: &Trace, at_ns: u64, polls: &mut [Poll]) {
    let Some(of) = polls.first().and_then(|poll| trace.tasks.get(poll.task as usize)) else { return };
    let after = of.segments.partition_point(|segment| segment.start_ns <= at_ns);
    let here = (0..after).rev().map(|place| (place, of.segments[place])).take_while(|(_, segment)| segment.start_ns == at_ns);
    let (mut unplaced, mut ready) = (polls.iter_mut().rev(), 0);
    for (place, segment) in here {
        match segment.state {
            State::Ready => ready += 1,
            State::Waiting(_) => {}
            State::Running(_) => {
                let Some(poll) = unplaced.next() else { return };
                (poll.segment, poll.ready_later) = (place, ready);
            }
        }
    }
}

#[cfg(test)]
#[path = "critical_tests.rs"]
mod tests;
