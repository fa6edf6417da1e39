//! Where things were last drawn, for hit tests of the pointer.

use ratatui::layout::Rect;

use crate::app::panes::{CodeTab, Pane};
use trace::TaskIx;

/// Where the panes were last drawn. The drawing code fills it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Areas {
    /// The whole screen.
    pub screen: Rect,
    /// Each pane on screen, with its border.
    pub panes: Vec<(Pane, Rect)>,
    /// The names of panes that are out of sight, beside the titles of others.
    pub beside: Vec<(Pane, Rect)>,
    /// The rows of the list: the catalogue index of each scenario, and its area.
    pub list_rows: Vec<(usize, Rect)>,
    /// The rows of the form: the field's index, and its area.
    pub form_rows: Vec<(usize, Rect)>,
    /// How many rows the list of threads has, visible or not.
    pub threads: usize,
    /// The lanes of the timeline without names, borders and ruler: one row per task, one cell per
    /// [`Timeline::cell_ns`](super::timeline::view::Timeline::cell_ns).
    pub lanes: Rect,
    /// The lanes before another pane filled the screen.
    pub lanes_before: Rect,
    /// The map of the whole run; empty if there is no room for it.
    pub map: Rect,
    /// The time at the map's left edge, and the time per column, in nanoseconds.
    pub map_scale: (u64, u64),
    /// Each group of tasks, or each row of another kind of lanes: its index, and its rows including the name.
    pub group_rows: Vec<(usize, Rect)>,
    /// How many counters are drawn under the lanes.
    pub counters: usize,
    /// Each drawn lane: the task, and its row including the name.
    pub lane_rows: Vec<(TaskIx, Rect)>,
    /// The tabs of the code pane.
    pub tabs: Vec<(CodeTab, Rect)>,
    /// How many rows the current tab of the code pane has, visible or not: the limit of scrolling.
    pub code_rows: usize,
    /// The row that is at the top of that tab before any scrolling: the rows above it are seldom read.
    pub code_open: usize,
    /// How many figures the metrics have, visible or not.
    pub figures: usize,
    /// The source line at the top of that tab, from 1.
    pub code_line: u32,
    /// Whether that line belongs to the twin's file, in the tab that shows the tests of both.
    pub code_second: bool,
    /// How many rows the overlay has, visible or not.
    pub overlay_rows: usize,
    /// How many rows of the overlay are visible.
    pub overlay_height: u16,
}

impl Areas {
    /// The lanes as they were drawn last, even if another pane fills the screen now.
    pub fn lanes_shown(&self) -> Rect {
        if self.lanes.width == 0 { self.lanes_before } else { self.lanes }
    }

    /// The area of a pane; empty if the pane is not on screen.
    pub fn pane(&self, pane: Pane) -> Rect {
        self.panes.iter().find(|(p, _)| *p == pane).map_or(Rect::ZERO, |(_, area)| *area)
    }
}
