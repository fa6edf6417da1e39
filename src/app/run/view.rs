//! The run on screen as plain data: what was run, how far it is, and where in it we look.

use scenarios::Clock;

use crate::app::run::compare::Before;
use crate::app::run::found::Found;
use crate::engine::{Ending, Phase, Report, Spec};
use crate::trace::{self, Stall, Trace};

/// The run on screen, and where in it we look.
#[derive(Debug)]
pub struct RunView {
    /// What was run.
    pub spec: Spec,
    /// All that is known of it.
    pub trace: Trace,
    /// Where the run itself stands.
    pub phase: Phase,
    /// How it ended.
    pub report: Option<Report>,
    /// The circle of locks that closed first, or else why the run stalled, and since when, in nanoseconds.
    /// It is kept, since to find it out takes a look at every task and every resource: too much for a frame.
    pub stall: Option<(u64, Stall)>,
    /// What is wrong with it, kept for the same reason.
    pub found: Found,
    /// Where in the trace we look.
    pub cursor: Cursor,
    /// Whether the gate holds the run: its tasks are not polled until it is let go.
    pub held: bool,
    /// The recorder's own cost for a poll, in nanoseconds, measured when the program started; none before.
    pub cost_ns: Option<f64>,
    /// Whether a run that was stopped went on beside it, so that its wall times are not its own.
    pub disturbed: bool,
    /// The run of the same scenario that this one replaced, to compare with.
    pub before: Option<Before>,
}

impl RunView {
    /// Whether the run happens in time that passes for whoever watches it, and
    /// is not simulated as fast as it goes: on the real clock, or paced.
    pub fn is_live(&self) -> bool {
        self.spec.clock == Clock::Real || self.spec.pace.is_some()
    }

    /// Whether it is under way in time that passes, and we look at an earlier moment of it.
    pub fn is_behind(&self) -> bool {
        self.is_live() && !self.trace.closed && !self.cursor.live
    }

    /// Of so many cells of a lane those that show what lasts for ever, behind the end of a run that has stalled.
    pub fn tail(&self, cells: usize) -> usize {
        let stalled = self.report.as_ref().is_some_and(|report| report.ending == Ending::Stalled);
        if stalled { trace::tail(cells) } else { 0 }
    }

    /// The poll that was stepped to, by its number; of a live run that is held, the one that was let through last.
    pub fn poll(&self) -> Option<u64> {
        let last = || self.trace.polls_by(self.trace.end_ns).checked_sub(1);
        self.cursor.poll.or_else(|| if self.held && self.cursor.live { last() } else { None })
    }
}

/// Where in the trace we look: everything on screen is the trace at this time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cursor {
    /// Nanoseconds since the run began.
    pub at_ns: u64,
    /// Whether it moves.
    pub playing: bool,
    /// Run time per wall time; infinite is as fast as it goes.
    pub speed: f64,
    /// Whether it sticks to the newest event, and does not play back.
    pub live: bool,
    /// The poll that a step came to, by its number: several may begin at one time. None after any other movement.
    pub poll: Option<u64>,
}

/// What the run is waiting for that was asked for and is not on screen, once that takes so long that somebody wonders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pending {
    /// There is no such run, or it has only just been asked for.
    #[default]
    Nothing,
    /// It is simulated out of sight, or starts when the run before it has ended.
    Computing,
    /// Runs that were told to stop go on, so another one must not be started.
    Blocked,
}
