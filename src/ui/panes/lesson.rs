//! The lesson below the lanes and the code, where a scenario is shown to others.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::ui::pen::Pen;
use crate::ui::prose;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;

/// Draws as much of it as there is room for: the code pane has it whole.
pub(crate) fn render(buf: &mut Buffer, look: Look, model: &Model, area: Rect) {
    if area.is_empty() {
        return;
    }
    chrome::border(buf, look, area, false);
    chrome::title(buf, look, area, false, model.form.scenario.title, "");
    let inside = chrome::inside(area);
    let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let lines = prose::layout(&model.form.scenario.text(), usize::from(text.width));
    for (row, line) in (0..text.height).zip(&lines) {
        prose::draw(buf, look, text, row, line);
    }
    if lines.len() > usize::from(text.height) {
        let end = Rect { x: text.right(), width: 1, ..text };
        Pen::new(buf, look, end, text.height.saturating_sub(1)).put(look.glyphs.more, look.dim());
    }
}
