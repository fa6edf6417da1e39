//! Undo history for views of the timeline.
//!
//! It remembers views, never runs. A series of zooms, pans or steps between lanes counts as one change: nobody wants
//! to undo each notch of the wheel.

use crate::app::timeline::view::{Timeline, Zoom};

/// How many changes can be undone.
const CHANGES: usize = 100;

/// A view of the timeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Zoom, place and selection.
    pub timeline: Timeline,
    /// Who chose the zoom.
    pub zoom: Zoom,
    /// The time of the cursor, if a jump moved it; `None` if it was left alone.
    pub at_ns: Option<u64>,
}

/// The kind of a change. Consecutive changes of one kind are one change, except for [`Change::Jump`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Zoomed in and out.
    Zoom,
    /// Panned along the time.
    Pan,
    /// Moved between lanes.
    Lanes,
    /// Moved somewhere at once.
    Jump,
}

/// The views to go back to, and forward to again.
#[derive(Debug, Default)]
pub struct History {
    undo: Vec<View>,
    redo: Vec<View>,
    /// The kind of the newest change, while another change of that kind can join it.
    last: Option<Change>,
}

impl History {
    /// Records a change: keeps the view from before, unless the change joins the previous one.
    pub fn changed(&mut self, change: Change, before: View) {
        if change == Change::Jump || self.last != Some(change) {
            let first = (self.undo.len() + 1).saturating_sub(CHANGES);
            self.undo.drain(..first);
            self.undo.push(before);
        }
        self.redo.clear();
        self.last = Some(change);
    }

    /// Something else was done: the next change does not join the previous one.
    pub fn interrupt(&mut self) {
        self.last = None;
    }

    /// Whether there is a view to go back to.
    pub fn has_earlier(&self) -> bool {
        !self.undo.is_empty()
    }

    /// The view to go back to. The current one becomes the view to go forward to.
    pub fn back(&mut self, now: View) -> Option<View> {
        self.last = None;
        let to = self.undo.pop()?;
        self.redo.push(View { at_ns: to.at_ns.and(now.at_ns), ..now });
        Some(to)
    }

    /// The view to go forward to. The current one becomes the view to go back to.
    pub fn forward(&mut self, now: View) -> Option<View> {
        self.last = None;
        let to = self.redo.pop()?;
        self.undo.push(View { at_ns: to.at_ns.and(now.at_ns), ..now });
        Some(to)
    }
}
