//! Counts for each short stretch of time: what charts and rates are drawn from.
//!
//! There are never more than [`Bins::MOST`] bins: when the run outgrows them,
//! neighbours merge and the stretch doubles, so a run of an hour costs what a
//! run of a second does.

/// Counts over time, in stretches of equal length.
#[derive(Debug, Default)]
pub struct Bins {
    /// The length of a stretch, in nanoseconds.
    pub width_ns: u64,
    /// The stretches, from time 0 on.
    pub bins: Vec<Bin>,
}

/// What happened within one stretch, and how things stood at its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// Polls that ended within.
    pub polls: u32,
    /// Their time, in nanoseconds.
    pub poll_ns: u64,
    /// The longest of them, in nanoseconds.
    pub longest_poll_ns: u64,
    /// Polls that followed a wake or a spawn: how many have their delay counted.
    pub delays: u32,
    /// The sum of the delays between the wake and the poll, in nanoseconds.
    pub delay_ns: u64,
    /// How many tasks were in which state at the end of the stretch.
    pub census: Census,
}

/// How many tasks are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Being polled.
    pub running: u32,
    /// Woken and not polled yet.
    pub ready: u32,
    /// Waiting.
    pub waiting: u32,
    /// Ended.
    pub ended: u32,
}

impl Census {
    /// Tasks that have been spawned and have not ended.
    pub fn alive(self) -> u32 {
        self.running + self.ready + self.waiting
    }
}

impl Bins {
    /// The most stretches that are kept.
    pub const MOST: usize = 4096;
    /// The length of a stretch at first: a millisecond, the finest step of Tokio's timer.
    pub const FIRST_WIDTH_NS: u64 = 1_000_000;
}
