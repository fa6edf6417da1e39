//! A finished run, told as text or as JSON.
//!
//! Both are made from the same three things: what was asked for (the spec), what
//! was observed (the trace), and how it ended (the engine's report). What is
//! printed for people may change from one version to the next; the JSON is a
//! contract.

mod escape;
mod findings;
mod json;
mod text;
mod timeline;
mod units;
mod waits;

pub use json::json;
pub use text::{ending, text};

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns of a line.
    pub width: usize,
    /// Unicode marks, or ASCII only.
    pub unicode: bool,
}

impl Look {
    /// What stands for the rest of a text that was cut.
    fn more(self) -> &'static str {
        self.pick("…", "...")
    }

    /// One of two marks, by what can be shown.
    fn pick<T>(self, unicode: T, ascii: T) -> T {
        if self.unicode { unicode } else { ascii }
    }
}
