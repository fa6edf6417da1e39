//! The matches of a search in the code pane, and which of them is current.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Model, Pane};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;

/// The rows that match, from the top.
#[derive(Debug, Default)]
pub(super) struct Matches {
    rows: Vec<usize>,
    /// The row of the current match.
    shown: Option<usize>,
    /// Whether a search in the code is on.
    on: bool,
}

impl Matches {
    /// The matches among these rows; none if no search is on.
    pub(super) fn of(model: &Model, rows: impl Iterator<Item = String>) -> Self {
        let Some(search) = model.search.as_ref().filter(|search| search.pane == Pane::Code) else { return Self::default() };
        let rows: Vec<usize> = rows.enumerate().filter(|(_, text)| search.is_in(text)).map(|(at, _)| at).collect();
        let shown = search.place(rows.len()).map(|place| rows[place]);
        Self { rows, shown, on: true }
    }

    /// The row to open at: the current match in the upper third, or else the usual row.
    pub(super) fn open(&self, usual: usize, height: u16) -> usize {
        self.shown.map_or(usual, |row| row.saturating_sub(usize::from(height) / 3))
    }

    /// Highlights a row that matches; the current one stands out.
    pub(super) fn mark(&self, buf: &mut Buffer, look: Look, inside: Rect, y: u16, row: usize) {
        let line = Rect { y: inside.y + y, height: 1, ..inside };
        if self.shown == Some(row) {
            Pen::new(buf, look, line, 0).paint(look.selected(true));
        } else if self.rows.binary_search(&row).is_ok() {
            Pen::new(buf, look, line, 0).paint(look.found());
        }
    }

    /// Shows the number of the current match, and of all matches, on the lower border.
    pub(super) fn tell(&self, buf: &mut Buffer, look: Look, area: Rect) {
        if !self.on || area.height < 2 {
            return;
        }
        let place = self.shown.and_then(|shown| self.rows.binary_search(&shown).ok());
        let text = place.map_or(" no match ".to_owned(), |place| format!(" match {} of {} ", place + 1, self.rows.len()));
        let row = Rect { x: area.x + 1, y: area.bottom() - 1, width: area.width.saturating_sub(2), height: 1 };
        Pen::new(buf, look, row, 0).at_end(&text, look.strong());
    }
}
