//! The menu that arranges the lanes: one row per setting, with its current value.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::app::model::Model;
use crate::app::overlay::arrange::Item;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;

/// The greatest width.
const WIDEST: u16 = 48;
/// The width of the names.
const NAMES: usize = 10;

/// Draws it at the bottom right, so that most lanes stay visible.
pub(crate) fn render(buf: &mut Buffer, look: Look, screen: Rect, model: &Model, row: usize) {
    let width = screen.width.saturating_sub(2).min(WIDEST);
    let height = screen.height.saturating_sub(2).min(Item::ALL.len() as u16 + 2);
    let (x, y) = (screen.right().saturating_sub(width + 1), screen.bottom().saturating_sub(height + 1));
    let area = Rect { x, y, width, height };
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    chrome::title(buf, look, area, true, "Arrange", "");
    let inside = chrome::inside(area);
    let top = (row + 1).saturating_sub(usize::from(inside.height));
    for (y, (at, item)) in (0..inside.height).zip(Item::ALL.into_iter().enumerate().skip(top)) {
        let style = if at == row { look.selected(true) } else { look.text() };
        let mut pen = Pen::new(buf, look, inside, y);
        pen.left(if at == row { look.glyphs.pointer } else { "" }, 1, look.strong()).space(1);
        pen.left(item.title(), NAMES, style).space(1);
        let value = item.value(model);
        let room = pen.room();
        pen.put(&format::fit(look, &value, room), look.strong());
    }
}
