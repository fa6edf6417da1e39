//! The marks of lanes, the same on the screen and in the text report.

use crate::trace::{End, Family, Fill};

/// The mark of each state of a task, one cell wide.
#[derive(Debug)]
pub(crate) struct Marks {
    /// A poll that fills its cell.
    pub(crate) running: &'static str,
    /// A poll that takes part of its cell: up to two eighths, three, and so on to seven.
    pub(crate) running_part: [&'static str; 6],
    /// Several short polls in one cell.
    pub(crate) several: &'static str,
    /// Woken and not polled yet.
    pub(crate) ready: &'static str,
    /// Waiting, by family in the order of [`Family::ALL`].
    pub(crate) waits: [&'static str; Family::ALL.len()],
    /// Waiting while holding a lock or a permit: for something else, and for another lock or permit.
    pub(crate) holding: [&'static str; 2],
    /// The task will never end.
    pub(crate) forever: &'static str,
    /// Ends: completed, failed, cancelled, panicked.
    pub(crate) ends: [&'static str; 4],
}

/// For terminals that show all of Unicode.
pub(crate) const UNICODE: Marks = Marks {
    running: "█",
    running_part: ["▎", "▍", "▌", "▋", "▊", "▉"],
    several: "║",
    ready: "▒",
    waits: ["─", "░", "┄", "·", "≈", "▁"],
    holding: ["━", "╍"],
    forever: "∞",
    ends: ["✓", "✗", "⊘", "‼"],
};

/// Heavy Unicode marks, visible from the back of a room. Marks without a heavier form are from [`UNICODE`].
pub(crate) const HEAVY: Marks =
    Marks { several: "▚", waits: ["━", "░", "┅", "•", "≋", "▂"], holding: ["▄", "▖"], ..UNICODE };

/// For terminals that show only ASCII.
pub(crate) const ASCII: Marks = Marks {
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
    /// The mark of a poll that takes this many eighths of its cell.
    pub(crate) fn poll(&self, eighths: u8) -> &'static str {
        match usize::from(eighths) {
            8.. => self.running,
            eighths => self.running_part[eighths.saturating_sub(2)],
        }
    }

    /// The mark of a wait, by its family and whether the task holds something.
    pub(crate) fn wait(&self, family: Family, holds: bool) -> &'static str {
        match (holds, family) {
            (false, _) => self.waits[family as usize],
            (true, Family::Lock) => self.holding[1],
            (true, _) => self.holding[0],
        }
    }

    /// Whether this is the mark of a wait.
    pub(crate) fn is_idle(&self, mark: &str) -> bool {
        self.waits.contains(&mark) || self.holding.contains(&mark)
    }

    /// The mark of a cell of a lane; empty for an empty cell.
    pub(crate) fn cell(&self, fill: Fill) -> &'static str {
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
    pub(crate) fn end(&self, how: End) -> &'static str {
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
