//! What the pointer is over: a segment of a task's life, or a column of a group.
//!
//! A tip for a lane identifies the segment and not the cell, so that moving along a segment changes nothing and
//! redraws nothing. Its text is computed when it is drawn.

use trace::{State, TaskIx};

/// What the pointer is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tip {
    /// A segment of a task's life.
    Piece(Piece),
    /// A column of a group of tasks.
    Column(Column),
}

impl Tip {
    /// The start, in nanoseconds.
    pub fn from_ns(self) -> u64 {
        match self {
            Self::Piece(piece) => piece.from_ns,
            Self::Column(column) => column.from_ns,
        }
    }
}

/// A segment of a task's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The task.
    pub task: TaskIx,
    /// What it does.
    pub state: State,
    /// The start, in nanoseconds.
    pub from_ns: u64,
    /// The end, in nanoseconds; `None` while it lasts.
    pub to_ns: Option<u64>,
    /// How many segments share the cell, including this one.
    pub pieces: usize,
}

/// A column of a group of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The group, by its index.
    pub row: usize,
    /// The start of the column's time, in nanoseconds.
    pub from_ns: u64,
    /// The end of the column's time, or the cursor's time if that is earlier.
    pub to_ns: u64,
}
