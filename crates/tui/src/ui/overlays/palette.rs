//! The command palette: a field to type in, and the matches below it, best first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::app::input::text_field::TextField;
use crate::app::model::Model;
use crate::app::overlay::palette::{self, Command};
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::{chrome, typed};

/// The greatest width and height.
const LARGEST: (u16, u16) = (96, 22);
/// The most cells of a name.
const NAMES: usize = 24;
/// The most cells of the keys.
const KEYS: usize = 14;

/// Draws it with a selected row, and returns how many rows there are and how many are visible.
pub(crate) fn render(
    frame: &mut Frame<'_>,
    look: Look,
    screen: Rect,
    model: &Model,
    text: &TextField,
    row: usize,
) -> (usize, u16) {
    let found = palette::found(model, text.text());
    // The height does not depend on the number of rows, so that it does not change while the user types.
    let width = screen.width.saturating_sub(4).min(LARGEST.0);
    let height = screen.height.saturating_sub(4).min(LARGEST.1);
    let area = Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + screen.height.min(2), width, height };
    let inside = chrome::inside(area);
    let buf = frame.buffer_mut();
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    chrome::title(buf, look, area, true, "Commands", &format::counted(found.len() as u64, "command"));

    let mut pen = Pen::new(buf, look, inside, 0);
    pen.put(":", look.strong()).space(1);
    let room = pen.room();
    let cursor = typed::render(&mut pen, text.text(), text.cursor(), room, &[(0, look.editing())]);
    if text.text().is_empty() {
        let scenarios = model.programs.is_none();
        let what = if scenarios { "type a command, a parameter or a scenario" } else { "type a command" };
        pen.space(1).put(what, look.dim());
    }
    let rows = Rect { y: inside.y + inside.height.min(1), height: inside.height.saturating_sub(1), ..inside };
    let shown = usize::from(rows.height);
    let row = row.min(found.len().saturating_sub(1));
    let top = (row + 1).saturating_sub(shown);
    if found.is_empty() {
        Pen::new(buf, look, rows, 0).space(2).put("no such command", look.dim());
    }
    let names = found.iter().skip(top).take(shown).map(|command| format::width(&command.name)).max().unwrap_or(0).min(NAMES);
    for (y, (i, command)) in (0..rows.height).zip(found.iter().enumerate().skip(top)) {
        line(&mut Pen::new(buf, look, rows, y), look, command, names, i == row);
    }
    chrome::scroll_bar(buf, look, area, top, shown, found.len());
    if !inside.is_empty() {
        frame.set_cursor_position((cursor.min(inside.right() - 1), inside.y));
    }
    (found.len(), rows.height)
}

/// A command: its name, its help and its keys.
fn line(pen: &mut Pen<'_>, look: Look, command: &Command, names: usize, here: bool) {
    let base = if here { look.selected(true) } else { look.strong() };
    pen.put(if here { look.glyphs.pointer } else { " " }, look.strong()).space(1);
    pen.left(&command.name, names, base).space(2);
    let keys = if command.keys.is_empty() { 0 } else { KEYS + 2 };
    let room = pen.room().saturating_sub(keys);
    pen.left(&format::fit(look, &command.text, room), room, if here { look.text() } else { look.dim() });
    if keys > 0 {
        pen.space(2).left(&command.keys, KEYS, look.key());
    }
}
