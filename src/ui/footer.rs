//! The row at the bottom: the keys that matter now, or one line for the user.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::format;
use super::pen::Pen;
use super::theme::Look;
use crate::app::keymap::hints;
use crate::app::model::Model;

/// Draws the notice if there is one, else as many hints as there is room for.
pub(crate) fn render(buf: &mut Buffer, look: Look, area: Rect, model: &Model) {
    let mut pen = Pen::new(buf, look, area, 0);
    pen.space(1);
    if let Some(notice) = &model.notice {
        let style = if notice.error { look.error() } else { look.strong() };
        if notice.error {
            pen.put(look.glyphs.lane.ends[1], style).space(1);
        }
        pen.put(&notice.text, style);
        return;
    }
    for (keys, text) in hints(model) {
        // Half a hint helps nobody.
        if format::width(&keys) + 1 + format::width(text) > pen.room() {
            break;
        }
        pen.put(&keys, look.key()).space(1).put(text, look.text()).space(3);
    }
}
