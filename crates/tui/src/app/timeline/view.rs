//! The view of the timeline as plain data: place, zoom, selection, groups, kinds of lanes.

use trace::TaskIx;

/// The view of the timeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timeline {
    /// The time at the left edge of the lanes, in nanoseconds.
    pub left_ns: u64,
    /// The time that a cell covers, in nanoseconds. Never 0.
    pub cell_ns: u64,
    /// Whether the view moves to keep the cursor visible.
    pub follow: bool,
    /// The first visible lane.
    pub top: usize,
    /// The selected task.
    pub selected: Option<TaskIx>,
    /// How lanes are grouped.
    pub grouping: Grouping,
    /// What a lane is, and what is shown below the lanes.
    pub lanes: LaneView,
}

impl Timeline {
    /// Whether each row is a task, not a group or another kind of lane.
    pub fn shows_tasks(&self) -> bool {
        self.lanes.kind == LaneKind::Tasks && !self.grouping.shows_groups()
    }
}

/// Who chose the timeline's zoom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zoom {
    /// Nobody yet: when the run is over, it is fitted into the width; until then, a cell's time doubles when
    /// necessary.
    Fit,
    /// It was fitted once. A longer run of the same scenario doubles it; a shorter one leaves it alone, so that the
    /// difference is visible.
    Grow,
    /// The user, so it stays.
    Chosen,
}

/// How lanes are grouped, if there are more of them than rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grouping {
    /// The criterion; `None` is a lane per task.
    pub by: Option<GroupBy>,
    /// The selected group.
    pub row: usize,
    /// Whether the lanes of that group are shown instead of groups.
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
    /// Their names, apart from the numbers in them.
    Name,
    /// What they do.
    State,
}

/// What the timeline shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneView {
    /// What a lane is.
    pub kind: LaneKind,
    /// The selected row, except for tasks.
    pub row: usize,
    /// Whether counters are shown below the lanes; `None` shows them if there is room.
    pub counters: Option<bool>,
    /// Whether the lanes of tasks' futures are hidden even if there is room.
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
    /// A resource that tasks had to wait for: who holds it, how many wait.
    Resources,
    /// A source line at which tasks wait: how many.
    Lines,
}

impl LaneKind {
    /// All kinds, in the order of the command.
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

/// The fewest rows of a timeline, with its border, that shows counters.
pub const COUNTERS_NEED: u16 = 9;
