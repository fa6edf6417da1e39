//! What the pointer is over: the piece of a task's life that a cell of the lanes stands for, or a column of a group.
//!
//! A tip of a lane names the piece and not the cell, so that a pointer that moves along it changes nothing, and nothing is
//! drawn for it. What it says is worked out when it is drawn.

use crate::trace::{State, TaskIx};

/// What the pointer is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tip {
    /// A piece of a task's life.
    Piece(Piece),
    /// A column of a group of tasks.
    Column(Column),
}

impl Tip {
    /// Since when that is, in nanoseconds.
    pub fn from_ns(self) -> u64 {
        match self {
            Self::Piece(piece) => piece.from_ns,
            Self::Column(column) => column.from_ns,
        }
    }
}

/// A piece of a task's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The task.
    pub task: TaskIx,
    /// What it does.
    pub state: State,
    /// Since when, in nanoseconds.
    pub from_ns: u64,
    /// Until when, in nanoseconds; none while it lasts.
    pub to_ns: Option<u64>,
    /// How many pieces of its life there are in the cell, this one with them.
    pub pieces: usize,
}

/// A column of a group of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The group, by its place.
    pub row: usize,
    /// Where its time begins, in nanoseconds.
    pub from_ns: u64,
    /// Its last nanosecond, or that of the cursor.
    pub to_ns: u64,
}
