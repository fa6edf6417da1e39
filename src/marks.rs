//! The marks of lanes: one picture on the screen and in the timeline as text.

use crate::trace::{End, Family, Fill};

/// How each state of a task is drawn, in one cell each.
#[derive(Debug)]
pub(crate) struct Marks {
    /// A poll that fills its cell.
    pub(crate) running: &'static str,
    /// A poll that takes a part of its cell: up to two eighths, to three, and so on to seven.
    pub(crate) running_part: [&'static str; 6],
    /// Several polls in one cell that take little of it.
    pub(crate) several: &'static str,
    /// Woken and not polled yet.
    pub(crate) ready: &'static str,
    /// Waiting, by family in the order of [`Family::ALL`].
    pub(crate) waits: [&'static str; Family::ALL.len()],
    /// Waiting with a lock or a permit in hand: for anything, and in line for another one.
    pub(crate) holding: [&'static str; 2],
    /// In place of an end: it will never come.
    pub(crate) forever: &'static str,
    /// Ends: completed, failed, cancelled, panicked.
    pub(crate) ends: [&'static str; 4],
}

/// Where all of Unicode can be shown.
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

/// Heavy Unicode marks, which a room sees from far away. A mark without a heavier form is that of [`UNICODE`].
pub(crate) const HEAVY: Marks =
    Marks { several: "▚", waits: ["━", "░", "┅", "•", "≋", "▂"], holding: ["▄", "▖"], ..UNICODE };

/// Where ASCII alone can.
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
    /// A poll that takes so many eighths of its cell.
    pub(crate) fn poll(&self, eighths: u8) -> &'static str {
        match usize::from(eighths) {
            8.. => self.running,
            eighths => self.running_part[eighths.saturating_sub(2)],
        }
    }

    /// A wait, by what it is for and whether something is held meanwhile.
    pub(crate) fn wait(&self, family: Family, holds: bool) -> &'static str {
        match (holds, family) {
            (false, _) => self.waits[family as usize],
            (true, Family::Lock) => self.holding[1],
            (true, _) => self.holding[0],
        }
    }

    /// Whether that is the mark of a wait.
    pub(crate) fn is_idle(&self, mark: &str) -> bool {
        self.waits.contains(&mark) || self.holding.contains(&mark)
    }

    /// A cell of a lane; nothing where there is nothing.
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

    /// The end of a task; none where it was alive when the recording stopped, which is no end.
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
