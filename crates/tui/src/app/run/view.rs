//! The run on screen as plain data: what was run, its progress, and the cursor.

use scenario::{Clock, Figure};

use crate::app::run::found::Found;
use engine::story::Told;
use engine::{Ending, Phase, Report, Spec};
use trace::{self, Stall, TaskIx, Trace};

/// The run on screen, with its cursor.
#[derive(Debug)]
pub struct RunView {
    /// What was run.
    pub spec: Spec,
    /// Everything that is known about it.
    pub trace: Trace,
    /// The run's own progress.
    pub phase: Phase,
    /// How it ended.
    pub report: Option<Report>,
    /// The deadlock cycle that closed first, or else why the run stalled, and since when, in nanoseconds. Kept,
    /// because finding it means looking at every task and every resource: too much for a frame.
    pub stall: Option<(u64, Stall)>,
    /// The findings, kept for the same reason.
    pub found: Found,
    /// The time of the trace that is shown.
    pub cursor: Cursor,
    /// Whether the gate holds the run: its tasks are not polled until it is released.
    pub held: bool,
    /// The recorder's own cost per poll in nanoseconds, measured when the program started; `None` until then.
    pub cost_ns: Option<f64>,
    /// Whether a stopped run continued beside it, so that its wall times are disturbed.
    pub disturbed: bool,
    /// The run of the same scenario that this one replaced, to compare with.
    pub before: Option<Before>,
}

/// What is kept of a run that another one has replaced: its settings and results, but not its trace, which may be large.
#[derive(Debug, Clone)]
pub struct Before {
    /// What was run.
    pub spec: Spec,
    /// Its length, in nanoseconds.
    pub length_ns: u64,
    /// The figures of its outcome.
    pub figures: Vec<Figure>,
    /// The number of its findings.
    pub findings: usize,
    /// Whether it stalled.
    pub stalled: bool,
}

impl RunView {
    /// Whether the run happens in real time, on the real clock or paced, and is not simulated as fast as possible.
    pub fn is_live(&self) -> bool {
        self.spec.clock == Clock::Real || self.spec.pace.is_some()
    }

    /// Whether it runs in real time, and the cursor is at an earlier moment.
    pub fn is_behind(&self) -> bool {
        self.is_live() && !self.trace.closed && !self.cursor.live
    }

    /// Whether a task can never continue, at the cursor.
    pub fn is_stuck(&self, task: TaskIx) -> bool {
        let stall = self.stall.as_ref().filter(|(since_ns, _)| *since_ns <= self.cursor.at_ns);
        stall.is_some_and(|(_, stall)| stall.tasks.iter().any(|stuck| stuck.task == task))
    }

    /// How many of a lane's cells show what lasts for ever, after the end of a stalled run.
    pub fn tail(&self, cells: usize) -> usize {
        let stalled = self.report.as_ref().is_some_and(|report| report.ending == Ending::Stalled);
        if stalled { trace::tail(cells) } else { 0 }
    }

    /// The number of the poll that was stepped to; for a held live run, the last poll that was let through.
    pub fn poll(&self) -> Option<u64> {
        let last = || self.trace.polls_by(self.trace.end_ns).checked_sub(1);
        self.cursor.poll.or_else(|| if self.held && self.cursor.live { last() } else { None })
    }
}

/// The story on screen.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryView {
    /// Its stops in this run; never empty.
    pub stops: Vec<Told>,
    /// The index of the current stop.
    pub at: usize,
}

impl StoryView {
    /// The current stop.
    pub fn stop(&self) -> &Told {
        &self.stops[self.at]
    }

    /// The source line of the current stop, while the cursor is there.
    pub fn line(&self, run: &RunView) -> Option<u32> {
        self.stop().line.filter(|_| run.cursor.at_ns == self.stop().at_ns && !run.cursor.playing)
    }
}

/// The cursor: everything on screen is the trace at this time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cursor {
    /// Nanoseconds since the run began.
    pub at_ns: u64,
    /// Whether it moves.
    pub playing: bool,
    /// Run time per wall time; infinite means as fast as possible.
    pub speed: f64,
    /// Whether it follows the newest event instead of playing back.
    pub live: bool,
    /// The number of the poll that a step reached, since several polls may begin at one time. `None` after any other
    /// movement.
    pub poll: Option<u64>,
}

/// What delays a requested run that is not on screen yet, once the delay is noticeable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pending {
    /// No run is requested, or it was requested just now.
    #[default]
    Nothing,
    /// It is simulated off screen, or starts when the previous run has ended.
    Computing,
    /// Stopped runs do not end, so no other run may start.
    Blocked,
}
