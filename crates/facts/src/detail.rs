//! How much of a program is recorded.
//!
//! It is among the facts because a trace has to know what cannot be in it: without wakes, a task that is ready looks like one
//! that waits.

/// How much to record. It does not change what tasks do, or when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// Spawns, polls and ends. Between two polls it is not known when a task became ready.
    Polls,
    /// Also every wake and every wait: its cause, its line, its resource and that resource's holders.
    #[default]
    Waits,
}

impl Detail {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Polls, Self::Waits];

    /// Its name on the command line and in recordings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polls => "polls",
            Self::Waits => "waits",
        }
    }

    /// The detail of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|detail| detail.name() == name)
    }
}
