//! What the timeline shows: which kind of lanes, and whether counters under them.

use super::model::Timeline;

/// What the timeline shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneView {
    /// What a lane is.
    pub kind: LaneKind,
    /// The row under the selection, but for tasks.
    pub row: usize,
    /// Whether counters are shown under the lanes; none is where there is room.
    pub counters: Option<bool>,
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

impl Timeline {
    /// Whether each row is a task: and neither a group of tasks nor something else.
    pub fn shows_tasks(&self) -> bool {
        self.lanes.kind == LaneKind::Tasks && !self.density.shows_groups()
    }
}
