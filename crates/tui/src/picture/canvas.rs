//! Draws frames in memory.

use std::convert::Infallible;
use std::mem;

use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};

use super::Size;
use crate::app::model::{Areas, Model};
use crate::app::timeline::viewport;
use crate::ui::Cache;

/// What draws a model.
pub(super) type Paint = fn(&mut Frame<'_>, &Model, &mut Cache) -> Areas;

/// A screen in memory.
pub(super) struct Canvas {
    terminal: Terminal<TestBackend>,
    area: Rect,
    cache: Cache,
}

impl Canvas {
    pub(super) fn new((columns, rows): Size) -> Self {
        // ratatui's backend for tests is the one that has a size and no terminal.
        let made: Result<_, Infallible> = Terminal::new(TestBackend::new(columns, rows));
        let Ok(terminal) = made;
        Self { terminal, area: Rect::new(0, 0, columns, rows), cache: Cache::default() }
    }

    /// Draws until nothing is pending, such as the colours of the code.
    pub(super) fn draw(&mut self, model: &Model, paint: Paint) -> (Buffer, Areas) {
        loop {
            let areas = paint(&mut self.terminal.get_frame(), model, &mut self.cache);
            let drawn = mem::replace(self.terminal.current_buffer_mut(), Buffer::empty(self.area));
            if !self.cache.unfinished() {
                return (drawn, areas);
            }
        }
    }

    /// Fits the view into this size, and draws it.
    pub(super) fn fit(&mut self, model: &mut Model, paint: Paint) -> Buffer {
        loop {
            let (drawn, areas) = self.draw(model, paint);
            if !viewport::laid_out(model, areas) {
                return drawn;
            }
        }
    }
}
