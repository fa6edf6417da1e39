//! The row at the bottom: the keys that matter now, one line for the user, or what is typed there.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::format;
use super::pen::Pen;
use super::theme::Look;
use crate::app::keymap::hints;
use crate::app::model::{Model, Prompt, Wanted};

/// Draws what is typed or the notice, if there is one, else as many hints as there is room for.
pub(crate) fn render(frame: &mut Frame<'_>, look: Look, area: Rect, model: &Model) {
    if let Some(field) = &model.prompt {
        prompt(frame, look, area, field);
        return;
    }
    let buf = frame.buffer_mut();
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

/// Draws what is typed; behind it what is wrong with it, or what can be typed.
fn prompt(frame: &mut Frame<'_>, look: Look, area: Rect, field: &Prompt) {
    let (title, help) = match field.what {
        Wanted::Time => ("go to time", "1.5s, 2413 (milliseconds) or 00:02.413"),
        Wanted::File { .. } => ("save the recording in", "Enter saves, Esc does not"),
    };
    let mut pen = Pen::new(frame.buffer_mut(), look, area, 0);
    pen.space(1).put(title, look.strong()).space(2);
    let start = pen.x();
    pen.put(field.text.text(), look.editing()).space(3);
    match &field.error {
        Some(reason) => pen.put(look.glyphs.lane.ends[1], look.error()).space(1).put(reason, look.error()),
        None => pen.put(help, look.dim()),
    };
    let cursor = start.saturating_add(field.text.cursor() as u16);
    if !area.is_empty() {
        frame.set_cursor_position((cursor.min(area.right() - 1), area.y));
    }
}
