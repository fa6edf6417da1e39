//! A pen that writes rows of text within an area, never outside it.
//!
//! Panes are drawn at any size, down to nothing. All text goes through here, so that only this file has to handle
//! edges.

use super::format::{self, fit};
use super::theme::Look;
use crate::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Whether a cell is between two letters: then it joins the words of a label, so it is neither a mark nor free.
pub(crate) fn joins_words(buf: &Buffer, (x, y): (u16, u16)) -> bool {
    let is_letter = |x: u16| buf.cell((x, y)).is_some_and(|cell| cell.symbol().starts_with(char::is_alphanumeric));
    x > 0 && is_letter(x - 1) && is_letter(x + 1)
}

/// One row of an area, written from left to right.
pub(crate) struct Pen<'a> {
    buf: &'a mut Buffer,
    look: Look,
    x: u16,
    y: u16,
    right: u16,
    /// Whether text was cut; nothing more is written then.
    full: bool,
}

impl<'a> Pen<'a> {
    /// A pen at the left end of a row of the area; outside the area it writes nothing.
    pub(crate) fn new(buf: &'a mut Buffer, look: Look, area: Rect, row: u16) -> Self {
        let area = area.intersection(buf.area);
        let full = row >= area.height || area.width == 0;
        Self { buf, look, x: area.x, y: area.y.saturating_add(row), right: area.right(), full }
    }

    /// The remaining cells.
    pub(crate) fn room(&self) -> usize {
        if self.full { 0 } else { usize::from(self.right.saturating_sub(self.x)) }
    }

    /// Where the next text goes.
    pub(crate) fn x(&self) -> u16 {
        self.x
    }

    /// Writes a text; if it does not fit, it is cut and marked.
    pub(crate) fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let room = self.room();
        if format::width_within(text, room) <= room {
            self.raw(text, style);
        } else if room > 0 {
            let cut = fit(self.look, text, room);
            self.raw(&cut, style);
            self.full = true;
        }
        self
    }

    /// Writes a text in exactly `cells` cells, left-aligned.
    pub(crate) fn left(&mut self, text: &str, cells: usize, style: Style) -> &mut Self {
        let text = fit(self.look, text, cells);
        self.put(&text, style);
        self.space(cells - format::width(&text).min(cells))
    }

    /// Writes a name in exactly `cells` cells, left-aligned; the number at its end is kept.
    pub(crate) fn name(&mut self, name: &str, cells: usize, style: Style) -> &mut Self {
        let name = format::fit_name(self.look, name, cells);
        self.left(&name, cells, style)
    }

    /// Writes a text in exactly `cells` cells, right-aligned.
    pub(crate) fn right(&mut self, text: &str, cells: usize, style: Style) -> &mut Self {
        let text = fit(self.look, text, cells);
        self.space(cells - format::width(&text).min(cells));
        self.put(&text, style)
    }

    /// Skips cells.
    pub(crate) fn space(&mut self, cells: usize) -> &mut Self {
        self.x = self.x.saturating_add(cells.min(usize::from(u16::MAX)) as u16).min(self.right);
        self
    }

    /// Writes a text at the right end of the row, if it fits with a gap.
    pub(crate) fn at_end(&mut self, text: &str, style: Style) -> &mut Self {
        let cells = format::width_within(text, self.room());
        if cells < self.room() {
            self.x = self.right - cells as u16;
            self.raw(text, style);
        }
        self
    }

    /// Styles the rest of the row.
    pub(crate) fn paint(&mut self, style: Style) -> &mut Self {
        if !self.full {
            self.buf.set_style(Rect { x: self.x, y: self.y, width: self.right - self.x, height: 1 }, style);
        }
        self
    }

    fn raw(&mut self, text: &str, style: Style) {
        // What was drawn here before (a border under its title) must not show through.
        let style = Style::reset().patch(style);
        for (c, cells) in text::chars(text) {
            let cells = cells as u16;
            // A cell holds one character: a combining mark would widen it on some terminals.
            if cells == 0 || self.x + cells > self.right {
                continue;
            }
            self.buf[(self.x, self.y)].set_char(c).set_style(style);
            for extra in 1..cells {
                self.buf[(self.x + extra, self.y)].set_symbol(" ").set_style(style);
            }
            self.x += cells;
        }
    }
}
