//! The critical path: the chain of runs and waits that decided how long something took.
//!
//! The walk goes backwards from the end. What a task did just before is on the
//! path. A wait that another task ended is not: the walk continues with what that
//! task did until the wake. Likewise it continues from the start of a task to the
//! task that spawned it. A wait ended by a timer, by something outside the
//! runtime or by nothing is itself on the path, because nothing else explains it.
//! Shortening any step of the path shortens the whole, until another chain becomes
//! the longest; shortening anything else changes nothing.
//!
//! A late timer does not explain a wait: the task slept until the deadline, and
//! from then on a poll blocked the worker that should have fired the timer. The
//! walk continues with that poll.
//!
//! Many things happen at one virtual moment, and their times do not order them;
//! the order in which polls began does. The walk goes from a task to a poll of its
//! waker that began before the task was polled again, so it never loops. Real
//! clocks leave occasional gaps: if the waker cannot be found, it is not guessed,
//! and the wait stays on the path.

use super::Trace;
use super::task::{State, TaskIx, Waker};
use super::waits::SiteIx;
use facts::site::Cause;

/// Maximum number of steps. The walk stops there and reports how much it leaves out.
const MOST_STEPS: usize = 100_000;
/// Maximum number of segments that the walk visits.
const MOST_MOVES: usize = 4_000_000;
/// Maximum number of polls at one moment that are put in order.
const MOST_AT_ONCE: u64 = 1 << 20;

/// At a moment with more polls than that, how many segments of a task are searched.
const AT_ONCE: usize = 8;

/// The chain of runs and waits that decided how long a stretch of time took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CriticalPath {
    /// The task whose end, or state at the end of the stretch, the path leads to.
    pub task: TaskIx,
    /// The start of the stretch, in nanoseconds since the run began.
    pub from_ns: u64,
    /// The end of the stretch.
    pub to_ns: u64,
    /// How much is left out at the beginning because there are too many steps, in nanoseconds.
    pub untold_ns: u64,
    /// The steps in order of time. Each begins where the previous one ends; the last one ends with the stretch.
    pub steps: Vec<PathStep>,
}

/// A step of the critical path: what one task did for a while. A task that the path
/// passes through in no time has one zero-length step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathStep {
    /// The task.
    pub task: TaskIx,
    /// When it began, in nanoseconds since the run began.
    pub from_ns: u64,
    /// When it ended.
    pub to_ns: u64,
    /// What the task did.
    pub doing: Doing,
    /// How the step began.
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
    /// It is spawned or woken, but not polled yet.
    Ready,
    /// It waits for something that no other task ended.
    Waiting {
        /// What for. If there are several causes, the one that is drawn.
        cause: Cause,
        /// Where; `None` if it was not recorded.
        site: Option<SiteIx>,
    },
    /// It does not exist yet, and no task spawned it.
    Unborn,
}

/// How a step of the critical path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover {
    /// It is the first step, at the start of the stretch or of the recorded part.
    Begins,
    /// The task continues by itself.
    GoesOn,
    /// Something ended its wait. If that was another task and its poll was found, the previous step is that task's.
    Wakes(Waker),
    /// This task spawned it.
    Spawns(TaskIx),
    /// Its timer was late because a poll blocked the worker. The previous step is that poll.
    Late {
        /// The task whose poll blocked the worker.
        by: TaskIx,
        /// The time from the deadline to the wake, in nanoseconds.
        late_ns: u64,
    },
}

impl Trace {
    /// The task and time at which the critical path from a given time on ends: the end of *main* if it ends by itself after
    /// that time; otherwise the last such end of any task; otherwise *main* at the end of the trace. Times are in nanoseconds
    /// since the run began.
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

    /// The critical path of a stretch of time, as part of the path that leads to the task's state at `until_ns`, which is
    /// the end of the stretch or later. If the task has ended before that, the stretch is cut off at its end.
    ///
    /// Costs a few searches per step, plus a visit to each poll at moments where the order of polls matters.
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
    /// Whether the walk starts after the end of the stretch.
    beyond: bool,
    /// The steps so far, last step first.
    steps: Vec<PathStep>,
    /// The index in `steps` at which the steps of the current task begin.
    visit: usize,
    moves: usize,
    instant: Instant,
}

/// The polls that began at one moment, sorted by task and order.
#[derive(Default)]
struct Instant {
    at_ns: Option<u64>,
    polls: Vec<Poll>,
}

/// One of several polls that began at one moment.
struct Poll {
    task: TaskIx,
    /// Its number in the run.
    number: u64,
    /// Its index in the segments of its task.
    segment: usize,
    /// How many times the task becomes ready after this poll at the same moment.
    ready_later: usize,
}

impl<'a> Walk<'a> {
    fn new(trace: &'a Trace, from_ns: u64, to_ns: u64, until_ns: u64) -> Self {
        let (steps, instant) = (Vec::new(), Instant::default());
        Self { trace, from_ns, to_ns, beyond: until_ns > to_ns, steps, visit: 0, moves: 0, instant }
    }

    /// Walks back from a segment of a task that is left at `at_ns`.
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

    /// Adds a step if it is within the stretch.
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

    /// The first site at which a segment waits for a cause.
    fn site(&self, task: TaskIx, segment: usize, cause: Cause) -> Option<SiteIx> {
        let wait = self.trace.tasks[task as usize].segments.get(segment)?;
        let mut sites = self.trace.leaves(*wait).iter().map(|leaf| leaf.site);
        sites.find(|site| self.trace.site(*site).cause == cause)
    }

    /// How a segment began, and the task to continue with if it is another one.
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

    /// Who ended the wait before a segment. If there are several wakes at that time, each belongs to one of the segments that
    /// begin then.
    fn waker(&mut self, task: TaskIx, segment: usize) -> Option<Waker> {
        let trace = self.trace;
        let of = &trace.tasks[task as usize];
        let at_ns = of.segments[segment].start_ns;
        let last = of.wakes.partition_point(|wake| wake.at_ns <= at_ns).checked_sub(1)?;
        let then = |place: usize| Some(of.wakes[place]).filter(|wake| wake.at_ns == at_ns);
        let several = last.checked_sub(1).and_then(then).is_some();
        let later = if several { self.next_poll(task, segment, at_ns).map_or(0, |poll| poll.ready_later) } else { 0 };
        // A wake during a longer poll belongs to a later segment: then the wake of this segment is the one before it.
        last.checked_sub(later).and_then(then).or_else(|| then(last)).map(|wake| wake.by)
    }

    /// The segment of `waker` in which it woke or spawned `task`, whose `segment` begins at that time.
    fn found(&mut self, waker: TaskIx, task: TaskIx, segment: usize, at_ns: u64) -> Option<usize> {
        let trace = self.trace;
        let of = &trace.tasks[waker as usize];
        let first = of.segments.partition_point(|segment| segment.start_ns < at_ns);
        let polls = |place: &usize| of.segments.get(*place).is_some_and(|segment| matches!(segment.state, State::Running(_)));
        // A poll that began at that very moment, before the task was polled again.
        if of.segments.get(first).is_some_and(|segment| segment.start_ns == at_ns) {
            if !self.instant.learn(trace, at_ns) {
                // What led to the first poll came earlier, so a walk that goes there does not loop.
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
        // A poll that began earlier and is still under way.
        first.checked_sub(1).filter(polls).filter(|_| of.end().is_none_or(|end| end.at_ns >= at_ns))
    }

    /// The task's next poll after a segment, if it began at the same time.
    fn next_poll(&mut self, task: TaskIx, segment: usize, at_ns: u64) -> Option<&Poll> {
        let next = self.trace.tasks[task as usize].segments.get(segment + 1)?;
        if next.start_ns != at_ns || !self.instant.learn(self.trace, at_ns) {
            return None;
        }
        let polls = self.instant.of(task);
        polls.get(polls.partition_point(|poll| poll.segment <= segment))
    }

    /// Adds a step for the time before a task that no task spawned.
    fn unborn(&mut self, task: TaskIx, at_ns: u64) {
        let to_ns = at_ns.min(self.to_ns);
        if to_ns > self.from_ns {
            let by = Handover::Begins;
            self.steps.push(PathStep { task, from_ns: self.from_ns, to_ns, doing: Doing::Unborn, by });
        }
    }

    /// Leaves the current task. Zero-length steps are dropped, except one if the path passes through the task in no time.
    fn leave(&mut self) {
        let visit = self.visit;
        let all_short = self.steps[visit..].iter().all(|step| step.lasted_ns() == 0);
        let by = self.steps[visit..].last().map(|first| first.by);
        let mut kept = visit;
        // Steps are stored last first. A dropped step passes on how it began to the step after it.
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
    /// Loads the polls that began at a time. Returns false if there are none or too many.
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
            // A poll that was reported late has a number from a different time than its segment.
            self.polls.retain(|poll| poll.segment > 0);
        }
        !self.polls.is_empty()
    }

    /// The polls of a task, in order.
    fn of(&self, task: TaskIx) -> &[Poll] {
        let first = self.polls.partition_point(|poll| poll.task < task);
        let after = self.polls.partition_point(|poll| poll.task <= task);
        &self.polls[first..after]
    }
}

/// Finds the segments of all polls of one task at a moment, last poll first.
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
