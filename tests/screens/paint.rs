//! Frames without a terminal, and frames as text.

use std::cell::RefCell;
use std::fmt::Write as _;

use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use tui::app::model::{Areas, Model};
use tui::ui::{self, Cache};

/// Draws until nothing is pending, and returns the last frame.
pub(crate) fn frame(model: &Model, width: u16, height: u16) -> (Buffer, Areas) {
    thread_local! {
        /// Highlight colours are built once per thread, not per frame: that takes far longer than a frame.
        static CACHE: RefCell<Cache> = RefCell::default();
    }
    CACHE.with_borrow_mut(|cache| drawn(width, height, cache, |frame, cache| ui::draw(frame, model, cache)))
}

pub(crate) fn drawn(
    width: u16,
    height: u16,
    cache: &mut Cache,
    draw: impl Fn(&mut Frame<'_>, &mut Cache) -> Areas,
) -> (Buffer, Areas) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test backend does not fail");
    loop {
        let mut areas = Areas::default();
        terminal.draw(|frame| areas = draw(frame, cache)).expect("a test backend does not fail");
        if !cache.unfinished() {
            return (terminal.backend().buffer().clone(), areas);
        }
    }
}

pub(crate) fn text(buf: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buf.area.height {
        let row: String = (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// The frame as text, with each change of style written before it.
pub(crate) fn styled(buf: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buf.area.height {
        let mut last = None;
        for x in 0..buf.area.width {
            let cell = &buf[(x, y)];
            let style = (cell.fg, cell.bg, cell.modifier);
            if last != Some(style) {
                let _ = write!(text, "{{{:?} {:?}}}", cell.fg, cell.modifier);
                last = Some(style);
            }
            text.push_str(cell.symbol());
        }
        text.push('\n');
    }
    text
}
