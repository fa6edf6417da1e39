//! The report of a finished run, as text or as JSON.
//!
//! Both use the same three inputs: what was requested (the spec), what was observed
//! (the trace), and how the run ended (the engine's report). The text may change
//! between versions; the JSON is a contract.

mod chart;
mod compare;
mod findings;
mod hunt;
mod json;
mod sweep;
mod table;
mod text;
mod timeline;
mod units;
mod values;
mod waits;

pub use compare::{Ran, compare_json, compare_text};
pub use hunt::{hunt_json, hunt_progress, hunt_text};
pub use json::{json, program_json};
pub use sweep::{sweep_csv, sweep_json, sweep_progress, sweep_text};
pub use text::{ending, program_text, text};
pub use tui::json::to_string as escaped_json;

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The width of a line, in columns.
    pub width: usize,
    /// Unicode marks, or ASCII only.
    pub unicode: bool,
}

impl Look {
    /// The ellipsis that ends a cut text.
    fn more(self) -> &'static str {
        self.pick("…", "...")
    }

    /// Picks the Unicode or the ASCII variant.
    fn pick<T>(self, unicode: T, ascii: T) -> T {
        if self.unicode { unicode } else { ascii }
    }
}
