//! A program that is attached to: its facts, in a trace of bounded memory.
//!
//! A program runs for days, and a trace grows with every poll. So when the trace has reached its budget, a second trace is begun
//! at the next keyframe and both are fed. The second one takes the place of the first when it is half as large, so that there is
//! always some history to look back at. At most twice the budget is in use.

use std::cell::Cell;
use std::mem;
use std::time::{Duration, Instant};

use recording::{Fact, LATEST_NS};
use trace::Trace;

use crate::attach::{Feed, Over};
use crate::intake::Intake;
use crate::{Detail, Ending, Phase, Report, program, told};

/// The memory of a trace at which its successor is begun, in bytes, estimated. It is about eight million events.
const BUDGET: u64 = 384 << 20;
/// A trace that has no successor at this multiple of its budget ends: the program sends no keyframes.
const MOST_BUDGETS: u64 = 4;
/// How long one drain may go on while more facts come.
const SLICE: Duration = Duration::from_millis(8);
/// How many facts to take in between two looks at the clock.
const AT_ONCE: usize = 1024;
/// The step in which the present advances while nothing happens, in nanoseconds.
const STEP_NS: u64 = 50_000_000;
/// How long after an event it may arrive, in nanoseconds: a program sends what it has about every 100 ms, and a server of samples
/// about every second. The picture is complete only up to then: a task must not seem to wait because its next poll has not arrived.
const LAG_NS: u64 = 200_000_000;
const SAMPLED_LAG_NS: u64 = 1_500_000_000;
/// How many tasks to close in one drain, before the screen can draw again.
const TASKS_AT_ONCE: usize = 16_384;

/// See the module.
#[derive(Debug)]
pub struct Attached {
    /// Gone when the viewer leaves.
    feed: Option<Feed>,
    /// The rest of the batch that is taken in.
    batch: std::vec::IntoIter<Fact>,
    intake: Intake,
    detail: Detail,
    /// The trace that will take the place of the present one.
    next: Option<(Intake, Trace)>,
    /// The trace whose place was taken, until it is fetched.
    old: Option<Trace>,
    clock: Clock,
    phase: Phase,
    report: Option<Report>,
    /// How it ended and when the trace is to be closed, while the trace is being closed.
    closing: Option<(Report, u64)>,
    fault: Option<String>,
    budget: u64,
    /// Whether time passes although nothing happens.
    timed: bool,
    /// Whether the program is held, so that the user can study a still screen.
    held: Cell<bool>,
}

/// Estimates the program's clock: it was at some event's time when that event arrived, or later.
#[derive(Debug, Default)]
struct Clock(Option<(u64, Instant)>);

impl Clock {
    fn heard(&mut self, at_ns: u64) {
        if self.now_ns().is_none_or(|now_ns| at_ns > now_ns) {
            self.0 = Some((at_ns, Instant::now()));
        }
    }

    fn now_ns(&self) -> Option<u64> {
        let (at_ns, since) = self.0?;
        Some(at_ns.saturating_add(since.elapsed().as_nanos() as u64).min(LATEST_NS))
    }
}

impl Attached {
    /// Follows a program.
    pub fn new(feed: Feed) -> Self {
        Self::with_budget(feed, BUDGET)
    }

    /// Follows a program, with this estimated memory in bytes before the trace is shortened.
    pub fn with_budget(feed: Feed, budget: u64) -> Self {
        Self {
            detail: program::detail(&feed.program),
            feed: Some(feed),
            batch: Vec::new().into_iter(),
            intake: Intake::default(),
            next: None,
            old: None,
            clock: Clock::default(),
            phase: Phase::Running,
            report: None,
            closing: None,
            fault: None,
            budget,
            timed: true,
            held: Cell::new(false),
        }
    }

    /// Follows a run of a scenario in another process, on this clock.
    pub(crate) fn of_run(feed: Feed, clock: scenario::Clock) -> Self {
        Self { timed: clock == scenario::Clock::Real, ..Self::new(feed) }
    }

    /// Says that the run is held now, or no longer.
    pub(crate) fn hold(&self, held: bool) {
        self.held.set(held);
    }

    /// Moves facts that have arrived into the trace, and closes the trace when there will be no more. Returns early if there are
    /// very many, so that the screen can draw. Returns whether anything was added or time has passed.
    pub fn drain(&mut self, trace: &mut Trace) -> bool {
        if self.phase == Phase::Over {
            return false;
        }
        if self.closing.is_some() {
            self.go_on_closing(trace);
            return true;
        }
        trace.detail = self.detail;
        // Ask this before taking facts: there may be more of them until then.
        let over = self.feed.as_ref().and_then(|feed| feed.over().cloned());
        let (mut taken, began) = (0_usize, Instant::now());
        let mut all = false;
        while !(taken.is_multiple_of(AT_ONCE) && taken > 0 && began.elapsed() > SLICE) {
            let Some(fact) = self.fact() else {
                all = true;
                break;
            };
            self.take(trace, fact);
            taken += 1;
        }
        self.intake.finish(trace);
        if let Some((intake, next)) = &mut self.next {
            intake.finish(next);
        }
        self.shorten(trace);
        if self.intake.memory > self.budget.saturating_mul(MOST_BUDGETS) {
            self.end(trace, Over::Failed("its history grows without a keyframe to begin anew at".to_owned()));
        } else if let Some(over) = over.filter(|_| all) {
            self.end(trace, over);
        }
        let passed = all && self.phase == Phase::Running && self.closing.is_none() && self.pass_time(trace);
        passed || taken > 0 || self.phase == Phase::Over
    }

    /// The next fact that has arrived.
    fn fact(&mut self) -> Option<Fact> {
        loop {
            if let Some(fact) = self.batch.next() {
                return Some(fact);
            }
            self.batch = self.feed.as_ref()?.next()?.into_iter();
        }
    }

    fn take(&mut self, trace: &mut Trace, fact: Fact) {
        if let Fact::Event(_, event) = &fact {
            self.clock.heard(event.at_ns);
        }
        if self.next.is_none() && self.intake.memory >= self.budget && matches!(fact, Fact::Keyframe(_)) {
            self.next = Some((Intake::default(), Trace::new(self.detail)));
        }
        if let Some((intake, next)) = &mut self.next {
            intake.take(next, fact.clone());
        }
        self.intake.take(trace, fact);
    }

    /// Puts the next trace in the place of the present one, once it is large enough.
    fn shorten(&mut self, trace: &mut Trace) {
        let Some((intake, mut next)) = self.next.take_if(|(intake, _)| intake.memory >= self.budget / 2) else { return };
        next.lost = trace.lost;
        for names in trace.names() {
            next.add_names(names.clone());
        }
        self.intake = intake;
        self.old = Some(mem::replace(trace, next));
    }

    /// Takes the trace whose place another one has taken.
    pub fn take_old(&mut self) -> Option<Trace> {
        self.old.take()
    }

    /// Advances the end of the trace, since time passes in the program even if nothing happens. Returns whether it advanced.
    fn pass_time(&self, trace: &mut Trace) -> bool {
        if !self.timed || self.held.get() {
            return false;
        }
        let lag_ns = if self.feed.as_ref().is_some_and(|feed| feed.sampled) { SAMPLED_LAG_NS } else { LAG_NS };
        let arrived_ns = self.clock.now_ns().map(|now_ns| now_ns.saturating_sub(lag_ns));
        let Some(arrived_ns) = arrived_ns.filter(|at_ns| *at_ns >= trace.end_ns.saturating_add(STEP_NS)) else {
            return false;
        };
        trace.pass(arrived_ns);
        true
    }

    fn end(&mut self, trace: &mut Trace, over: Over) {
        let unknown = |ending| Report { ending, elapsed_ns: trace.end_ns, runtime_polls: None };
        let (report, at_ns) = match over {
            Over::Ended(footer) => {
                let closed_ns = footer.closed_ns.min(LATEST_NS);
                (told::report(footer).unwrap_or_else(|| unknown(Ending::CutOff)), closed_ns)
            }
            Over::Cut(flaw) => {
                self.fault = Some(flaw.to_string());
                (unknown(Ending::CutOff), trace.end_ns)
            }
            Over::Failed(reason) => (unknown(Ending::Lost(reason)), trace.end_ns),
        };
        // Nothing more will be taken, so the source can end.
        (self.feed, self.batch, self.next) = (None, Vec::new().into_iter(), None);
        self.closing = Some((report, at_ns));
        self.go_on_closing(trace);
    }

    /// Closes the trace; with very many tasks, this takes several drains.
    fn go_on_closing(&mut self, trace: &mut Trace) {
        let Some((report, _)) = self.closing.take_if(|(_, at_ns)| trace.close_some(*at_ns, TASKS_AT_ONCE)) else { return };
        self.report = Some(report);
        self.phase = Phase::Over;
    }

    /// Blocks until there is something to drain or the time is up.
    pub fn wait(&mut self, at_most: Duration) {
        if self.batch.len() == 0
            && let Some(batch) = self.feed.as_ref().filter(|feed| feed.over().is_none()).and_then(|feed| feed.wait(at_most))
        {
            self.batch = batch.into_iter();
        }
    }

    /// The phase as of the last [`drain`](Self::drain).
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// How the program ended, as far as that is known.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// Takes what went wrong, in one line.
    pub fn take_fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    /// Takes nothing more. The program goes on.
    pub fn leave(&mut self) {
        self.feed = None;
        self.phase = Phase::Over;
    }
}

#[cfg(test)]
mod tests;
