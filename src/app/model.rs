//! The model: everything that the screen shows, as plain data.
//!
//! It holds no terminal, no thread and no runtime. [`update`](super::update) is
//! the only thing that changes it, the panes only read it, so each screen can
//! be made in a test by setting fields, and each behaviour tested by a table.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use scenarios::{Clock, Scenario};

pub use super::areas::Areas;
use super::bindings::Bindings;
pub use super::colors::Theme;
use super::findings::Found;
pub use super::form::{Field, FieldError, Form, List};
pub use super::laneview::{COUNTERS_NEED, LaneKind, LaneView};
pub use super::mode::{Mode, Overlay, Prompt, Wanted};
use super::reading::Reading;
use super::session::Session;
use super::tip::Tip;
use crate::engine::{Phase, Report, Spec};
use crate::record::event::Level;
use crate::trace::{Stall, TaskIx, Trace};

/// Everything that the screen shows.
#[derive(Debug)]
pub struct Model {
    /// What can be picked.
    pub catalogue: &'static [Scenario],
    /// What was decided when the program was started.
    pub options: Options,
    /// Which key does what.
    pub bindings: Bindings,
    /// The pane that keys go to.
    pub focus: Pane,
    /// The pane that fills the screen.
    pub full: Option<Pane>,
    /// What has the keys.
    pub mode: Mode,
    /// The list of scenarios.
    pub list: List,
    /// The parameters of the picked scenario.
    pub form: Form,
    /// The run on screen.
    pub run: Option<RunView>,
    /// How the timeline is looked at. Survives a new run of the same scenario.
    pub timeline: Timeline,
    /// How the log is looked at.
    pub log: LogView,
    /// How the code is looked at.
    pub code: CodeView,
    /// How the pane of the selected task is looked at.
    pub task: TaskView,
    /// How the metrics are looked at.
    pub metrics: MetricsView,
    /// Moments to come back to, in nanoseconds, in order. They survive a new run of the same scenario.
    pub bookmarks: Vec<u64>,
    /// How the run is read: measured, sorted, filtered.
    pub reading: Reading,
    /// One line for the user, shown in the footer's place until the next key.
    pub notice: Option<Notice>,
    /// What the pointer is over, told in the footer's place until something else is done.
    pub tip: Option<Tip>,
    /// Where the panes were drawn last: for mouse hits and for page sizes.
    pub areas: Areas,
    /// What is remembered between actions and never drawn.
    pub session: Session,
    /// Whether the run on screen comes from a recording, and there is none to be made.
    pub replay: bool,
    /// The ids of the scenarios that were run on screen, in this session or before.
    pub seen: BTreeSet<&'static str>,
    /// What the run is waiting for that the form describes.
    pub pending: Pending,
    /// Set when the program should end.
    pub quit: bool,
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

/// What was decided when the program was started.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Which marks and colours are drawn.
    pub theme: Theme,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether nothing moves smoothly by itself.
    pub reduced_motion: bool,
    /// Where tokio-console can attach.
    pub console: Option<SocketAddr>,
    /// When endless runs stop, on their own clock.
    pub limit: Duration,
}

/// A part of the screen that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The list of scenarios.
    Scenarios,
    /// The form.
    Parameters,
    /// The lanes.
    Timeline,
    /// Charts of the run's figures.
    Metrics,
    /// The scenario's own events.
    Log,
    /// The source, the twin, the lesson.
    Code,
    /// The selected task.
    Task,
}

impl Pane {
    /// All of them, in the order of Tab and of the digit keys.
    pub const ALL: [Pane; 7] =
        [Pane::Scenarios, Pane::Parameters, Pane::Timeline, Pane::Metrics, Pane::Log, Pane::Code, Pane::Task];

    /// Its name on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Pane::Scenarios => "Scenarios",
            Pane::Parameters => "Parameters",
            Pane::Timeline => "Timeline",
            Pane::Metrics => "Metrics",
            Pane::Log => "Log",
            Pane::Code => "Code",
            Pane::Task => "Selected task",
        }
    }
}

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

/// How the timeline is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timeline {
    /// The time at the left edge of the lanes, in nanoseconds.
    pub left_ns: u64,
    /// The time that one cell stands for, in nanoseconds. Never 0.
    pub cell_ns: u64,
    /// Whether the view moves along so that the cursor stays in sight.
    pub follow: bool,
    /// The first lane that is drawn.
    pub top: usize,
    /// The task under the selection.
    pub selected: Option<TaskIx>,
    /// Whether lanes are put together.
    pub density: Density,
    /// What a lane is, and what is shown below the lanes.
    pub lanes: LaneView,
}

/// How lanes are put together when there are more of them than rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Density {
    /// By what; none is a lane for each task.
    pub by: Option<Together>,
    /// The group under the selection.
    pub row: usize,
    /// Whether the lanes of that group are shown, and no groups.
    pub open: bool,
}

impl Density {
    /// Whether each row is a group.
    pub fn shows_groups(self) -> bool {
        self.by.is_some() && !self.open
    }
}

/// What tasks are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// The line that spawned them.
    Place,
    /// Their names, but for the numbers in them.
    Name,
    /// What they do.
    State,
}

/// How the log is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogView {
    /// Lines below this level are left out.
    pub level: Level,
    /// Lines scrolled back from the newest one; 0 follows.
    pub back: usize,
}

/// What the pane of the selected task shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskView {
    /// The run's resources, and not the selected task.
    pub resources: bool,
}

/// How the metrics are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MetricsView {
    /// The figure under the selection, by its place.
    pub row: usize,
}

/// How the code is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeView {
    /// What is shown.
    pub tab: CodeTab,
    /// Rows scrolled down from the row that the tab opens at; negative is above it.
    pub top: isize,
}

/// What the code pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeTab {
    /// The lesson.
    Lesson,
    /// The scenario's own source.
    Rust,
    /// Its asyncio twin.
    Asyncio,
    /// The tests of the scenario's own source, on paused time: they prove the lesson, and show how async code is tested.
    Test,
}

impl CodeTab {
    /// All of them, in the order in which they stand.
    pub const ALL: [CodeTab; 4] = [CodeTab::Lesson, CodeTab::Rust, CodeTab::Asyncio, CodeTab::Test];

    /// Its name on screen.
    pub const fn title(self) -> &'static str {
        match self {
            CodeTab::Lesson => "Lesson",
            CodeTab::Rust => "Rust",
            CodeTab::Asyncio => "asyncio",
            CodeTab::Test => "Test",
        }
    }
}

/// One line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The line.
    pub text: String,
    /// Whether something went wrong.
    pub error: bool,
}
