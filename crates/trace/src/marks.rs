//! Lane marks, shared by the screen and the text report.

use crate::{End, Family, Fill};

/// One mark for each task state. Each mark is one cell wide.
#[derive(Debug)]
pub struct Marks {
    /// A poll that fills its cell.
    pub running: &'static str,
    /// A poll that fills part of its cell: up to two eighths, then three to seven.
    pub running_part: [&'static str; 6],
    /// Several short polls in one cell.
    pub several: &'static str,
    /// Woken, not yet polled.
    pub ready: &'static str,
    /// Waiting, by family, in the order of [`Family::ALL`].
    pub waits: [&'static str; Family::ALL.len()],
    /// Waiting while holding a lock or permit: first for something else, then for another lock or permit.
    pub holding: [&'static str; 2],
    /// The task will never end.
    pub forever: &'static str,
    /// Ends: completed, failed, cancelled, panicked.
    pub ends: [&'static str; 4],
}

/// For terminals that show all of Unicode.
pub const UNICODE: Marks = Marks {
    running: "█",
    running_part: ["▎", "▍", "▌", "▋", "▊", "▉"],
    several: "║",
    ready: "▒",
    waits: ["─", "░", "┄", "·", "≈", "▁"],
    holding: ["━", "╍"],
    forever: "∞",
    ends: ["✓", "✗", "⊘", "‼"],
};

/// Heavy Unicode marks, readable from the back of a room. Marks without a heavier form come from [`UNICODE`].
pub const HEAVY: Marks =
    Marks { several: "▚", waits: ["━", "░", "┅", "•", "≋", "▂"], holding: ["▄", "▖"], ..UNICODE };

/// For terminals that show only ASCII.
pub const ASCII: Marks = Marks {
    running: "#",
    running_part: ["+", "+", "+", "#", "#", "#"],
    several: "%",
    ready: "r",
    waits: ["-", ":", "~", ".", ",", "_"],
    holding: ["=", ";"],
    forever: "8",
    ends: ["v", "x", "o", "!"],
};

impl Marks {
    /// The mark of a poll that fills this many eighths of its cell.
    pub fn poll(&self, eighths: u8) -> &'static str {
        match usize::from(eighths) {
            8.. => self.running,
            eighths => self.running_part[eighths.saturating_sub(2)],
        }
    }

    /// The mark of a wait, given its family and whether the task holds something.
    pub fn wait(&self, family: Family, holds: bool) -> &'static str {
        match (holds, family) {
            (false, _) => self.waits[family as usize],
            (true, Family::Lock) => self.holding[1],
            (true, _) => self.holding[0],
        }
    }

    /// Whether the mark shows a wait.
    pub fn is_idle(&self, mark: &str) -> bool {
        self.waits.contains(&mark) || self.holding.contains(&mark)
    }

    /// The mark of a lane cell; empty for an empty cell.
    pub fn cell(&self, fill: Fill) -> &'static str {
        match fill {
            Fill::Empty => "",
            Fill::Running { eighths, several } if several && eighths < 3 => self.several,
            Fill::Running { eighths, .. } => self.poll(eighths),
            Fill::Ready => self.ready,
            Fill::Waiting { family, holds } => self.wait(family, holds),
            Fill::End(how, _) => self.end(how),
            Fill::Forever => self.forever,
        }
    }

    /// The mark of a task's end; empty if the task was alive when the recording stopped.
    pub fn end(&self, how: End) -> &'static str {
        let [completed, failed, cancelled, panicked] = self.ends;
        match how {
            End::Completed => completed,
            End::Failed => failed,
            End::Cancelled => cancelled,
            End::Panicked => panicked,
            End::Dropped => "",
            End::Unknown => "?",
        }
    }
}
