//! Where things were drawn last, so that the pointer finds them.

use ratatui::layout::Rect;

use crate::app::panes::{CodeTab, Pane};
use crate::trace::TaskIx;

/// Where the panes were drawn last. Filled by the drawing code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Areas {
    /// The whole screen.
    pub screen: Rect,
    /// Each pane that is on screen, with its border.
    pub panes: Vec<(Pane, Rect)>,
    /// The names of panes that are out of sight, beside the titles of others.
    pub beside: Vec<(Pane, Rect)>,
    /// The rows of the list: the index of the scenario in the catalogue, and where it stands.
    pub list_rows: Vec<(usize, Rect)>,
    /// The rows of the form: the index of the field, and where it stands.
    pub form_rows: Vec<(usize, Rect)>,
    /// The lanes of the timeline without names, borders and ruler: one row a task, one cell [`Timeline::cell_ns`](super::timeline::view::Timeline::cell_ns).
    pub lanes: Rect,
    /// The map of the whole run, and the nanoseconds of each of its columns; empty where there is no room for one.
    pub map: (Rect, u64),
    /// Each group of tasks, each row of the other kinds of lanes: its place, and its rows with the name.
    pub group_rows: Vec<(usize, Rect)>,
    /// How many counters are drawn under the lanes.
    pub counters: usize,
    /// Each drawn lane: the task, and its row with the name.
    pub lane_rows: Vec<(TaskIx, Rect)>,
    /// The tabs of the code pane.
    pub tabs: Vec<(CodeTab, Rect)>,
    /// How many rows the shown tab of the code pane has, in sight or not: how far it scrolls.
    pub code_rows: usize,
    /// The row of that tab that is at the top when nothing is scrolled: the rows before it are seldom read.
    pub code_open: usize,
    /// How many figures the metrics have, in sight or not.
    pub figures: usize,
    /// The line of its file that is at the top of that tab, from 1.
    pub code_line: u32,
    /// How many rows the overlay has, in sight or not.
    pub overlay_rows: usize,
    /// How many rows of the overlay are in sight.
    pub overlay_height: u16,
}

impl Areas {
    /// Where a pane was drawn; empty when it is not on screen.
    pub fn pane(&self, pane: Pane) -> Rect {
        self.panes.iter().find(|(p, _)| *p == pane).map_or(Rect::ZERO, |(_, area)| *area)
    }
}
