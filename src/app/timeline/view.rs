//! How the timeline is looked at, as plain data: place, zoom, selection, groups, kinds of lanes.

use crate::trace::TaskIx;

/// How the timeline is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timeline {
    /// The time at the left edge of the lanes, in nanoseconds.
    pub left_ns: u64,
    /// How much time a cell covers, in nanoseconds. Never 0.
    pub cell_ns: u64,
    /// Whether the view moves along so that the cursor stays in sight.
    pub follow: bool,
    /// The first lane that is drawn.
    pub top: usize,
    /// The task under the selection.
    pub selected: Option<TaskIx>,
    /// How lanes are grouped.
    pub grouping: Grouping,
    /// What a lane is, and what is shown below the lanes.
    pub lanes: LaneView,
}

impl Timeline {
    /// Whether each row is a task: and neither a group of tasks nor something else.
    pub fn shows_tasks(&self) -> bool {
        self.lanes.kind == LaneKind::Tasks && !self.grouping.shows_groups()
    }
}

/// Who chose the timeline's zoom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zoom {
    /// Nobody yet: when the run is over, it is fitted into the width; until then a cell's time doubles when it must.
    Fit,
    /// It was fitted once. A longer run of the same scenario doubles it, a
    /// shorter one leaves it alone, so that the difference can be seen.
    Grow,
    /// The user: it stays.
    Chosen,
}

/// How lanes are grouped when there are more of them than rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grouping {
    /// By what; none is a lane for each task.
    pub by: Option<GroupBy>,
    /// The group under the selection.
    pub row: usize,
    /// Whether the lanes of that group are shown, and no groups.
    pub open: bool,
}

impl Grouping {
    /// Whether each row is a group.
    pub fn shows_groups(self) -> bool {
        self.by.is_some() && !self.open
    }
}

/// What the tasks of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// The line that spawned them.
    Place,
    /// Their names, but for the numbers in them.
    Name,
    /// What they do.
    State,
}

/// What the timeline shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneView {
    /// What a lane is.
    pub kind: LaneKind,
    /// The row under the selection, but for tasks.
    pub row: usize,
    /// Whether counters are shown under the lanes; none is where there is room.
    pub counters: Option<bool>,
    /// Whether the lanes of tasks' futures are hidden, also where there is room for them.
    pub branches_closed: bool,
}

/// What a lane of the timeline is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum LaneKind {
    /// A task: what it does.
    #[default]
    Tasks,
    /// A thread: which tasks it polls.
    Threads,
    /// A resource that tasks have had to wait for: who holds it, how many wait.
    Resources,
    /// A line of the source at which tasks wait: how many.
    Lines,
}

impl LaneKind {
    /// All of them, in the order of the key.
    pub const ALL: [Self; 4] = [Self::Tasks, Self::Threads, Self::Resources, Self::Lines];

    /// The title of the timeline.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tasks => "Timeline",
            Self::Threads => "Timeline by thread",
            Self::Resources => "Timeline by resource",
            Self::Lines => "Timeline by source line",
        }
    }
}

/// The rows of a timeline, with its border, below which no counters are shown.
pub const COUNTERS_NEED: u16 = 9;
