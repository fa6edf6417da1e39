//! The frame of the overlay that explains the run: its tabs and its area.
//!
//! It covers the lower part of the screen, so that the lanes that it explains stay visible, and has the same height
//! on each tab, so that nothing moves when the tab changes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::app::panes::ExplainTab;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;

/// The greatest width.
const WIDEST: u16 = 120;
/// The fewest rows, if the screen has them.
const LEAST: u16 = 10;

/// The area of the overlay. The footer stays visible, because it shows the keys.
pub(super) fn place(screen: Rect) -> Rect {
    let width = screen.width.min(WIDEST);
    let height = (screen.height / 2).max(LEAST).min(screen.height.saturating_sub(2));
    Rect { x: screen.x + (screen.width - width) / 2, y: screen.bottom().saturating_sub(height + 1), width, height }
}

/// Draws the empty frame with a tab in front, and a remark at the right end of its title.
pub(super) fn frame(buf: &mut Buffer, look: Look, area: Rect, open: ExplainTab, remark: &str) {
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    let tabs = ExplainTab::ALL.map(|tab| (tab.title(), tab == open));
    chrome::tabs(buf, look, area, &tabs, remark);
}
