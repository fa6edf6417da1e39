//! The frame of the layer that explains the run: its tabs, and where it lies.
//!
//! It covers the lower part of the screen, so that the lanes that it speaks of are in sight, and it is as high on each tab, so
//! that nothing jumps when the tab is changed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::app::panes::ExplainTab;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;

/// The widest that it is made.
const WIDEST: u16 = 120;
/// The least rows that it has, if the screen has them.
const LEAST: u16 = 10;

/// Where the layer lies. The footer keeps its row: it has the keys.
pub(super) fn place(screen: Rect) -> Rect {
    let width = screen.width.saturating_sub(2).min(WIDEST);
    let height = (screen.height / 2).max(LEAST).min(screen.height.saturating_sub(2));
    Rect { x: screen.x + (screen.width - width) / 2, y: screen.bottom().saturating_sub(height + 1), width, height }
}

/// Draws the empty frame with that tab in front, and a remark at the right end of its title.
pub(super) fn frame(buf: &mut Buffer, look: Look, area: Rect, open: ExplainTab, remark: &str) {
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    let tabs = ExplainTab::ALL.map(|tab| (tab.title(), tab == open));
    chrome::tabs(buf, look, area, &tabs, remark);
}
