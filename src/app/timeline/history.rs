//! Views of the timeline to go back to, as an editor goes back to what was typed.
//!
//! What is remembered is where one looked, and never what was run. A row of
//! zooms, of movements along the time or of steps from lane to lane is one
//! change: nobody wants to take back each notch of the wheel.

use crate::app::timeline::view::{Timeline, Zoom};

/// At most so many changes can be taken back.
const CHANGES: usize = 100;

/// Where the timeline was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Zoom, place and selection.
    pub timeline: Timeline,
    /// Who chose the zoom.
    pub zoom: Zoom,
    /// The time of the cursor, where a jump moved it; none where it was left alone.
    pub at_ns: Option<u64>,
}

/// What a change of the view is: neighbours of one kind are one change, unless the kind is [`Change::Jump`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Zoomed in and out.
    Zoom,
    /// Moved along the time.
    Pan,
    /// Went from lane to lane.
    Lanes,
    /// Anything that goes somewhere at once.
    Jump,
}

/// The views that can be gone back to, and forward to again.
#[derive(Debug, Default)]
pub struct History {
    undo: Vec<View>,
    redo: Vec<View>,
    /// What the newest change is, while another one of its kind belongs to it.
    last: Option<Change>,
}

impl History {
    /// The view is changed: keeps the one from before, unless the change belongs to the one before it.
    pub fn changed(&mut self, change: Change, before: View) {
        if change == Change::Jump || self.last != Some(change) {
            let first = (self.undo.len() + 1).saturating_sub(CHANGES);
            self.undo.drain(..first);
            self.undo.push(before);
        }
        self.redo.clear();
        self.last = Some(change);
    }

    /// Something else was done: the next change is one of its own.
    pub fn interrupt(&mut self) {
        self.last = None;
    }

    /// Whether there is a view to go back to.
    pub fn has_earlier(&self) -> bool {
        !self.undo.is_empty()
    }

    /// The view to go back to. The one of now can be gone forward to.
    pub fn back(&mut self, now: View) -> Option<View> {
        self.last = None;
        let to = self.undo.pop()?;
        self.redo.push(View { at_ns: to.at_ns.and(now.at_ns), ..now });
        Some(to)
    }

    /// The view to go forward to. The one of now can be gone back to.
    pub fn forward(&mut self, now: View) -> Option<View> {
        self.last = None;
        let to = self.redo.pop()?;
        self.undo.push(View { at_ns: to.at_ns.and(now.at_ns), ..now });
        Some(to)
    }
}
