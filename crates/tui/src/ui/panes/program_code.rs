//! The code pane of a program: the file where the selected task waits, read from disk.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::code;
use crate::app::model::{Areas, Model, Pane};
use crate::app::programs::source;
use crate::app::programs::view::{Programs, Source};
use crate::text;
use crate::ui::format;
use crate::ui::highlight::{Cache, Part};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;

const TITLE: &str = "Code";

/// Draws the file, or why it is not there.
pub(super) fn render(
    buf: &mut Buffer,
    look: Look,
    area: Rect,
    model: &Model,
    programs: &Programs,
    cache: &mut Cache,
    areas: &mut Areas,
) {
    let shown = source::shown(model);
    let (file, line) = shown.as_ref().map_or(("", 0), |(file, line)| (&**file, *line));
    let [path, name] = [file, file.rsplit('/').next().unwrap_or_default()].map(text::message);
    let fits = format::width(&path) <= chrome::room_for_remark(area, TITLE);
    chrome::title(buf, look, area, model.focus == Pane::Code, TITLE, if fits { &path } else { &name });
    let inside = chrome::inside(area);
    let source = programs.current.as_ref().and_then(|current| current.sources.get(file));
    match source {
        Some(Source::Text { text, newer, .. }) => {
            let mut shown = cache.shown(text, Part::Whole);
            shown.open = (line as usize).saturating_sub(1);
            let warned = u16::from(*newer && inside.height > 1);
            // The border of what is left is one row lower, under the warning.
            let below = Rect { y: area.y + warned, height: area.height - warned, ..area };
            code::code(buf, look, below, model, &shown, Some(file), areas);
            if warned > 0 {
                let note = "the source is newer than the executable: lines may be off";
                Pen::new(buf, look, inside, 0)
                    .paint(look.text())
                    .space(1)
                    .put(&format::fit(look, note, usize::from(inside.width)), look.warn());
            }
        }
        Some(Source::Missing(reason)) => {
            let lines = format::wrap(&text::message(reason), usize::from(inside.width.saturating_sub(2)));
            for (y, line) in (0..inside.height).zip(lines) {
                Pen::new(buf, look, inside, y).space(1).put(&line, look.warn());
            }
        }
        Some(Source::Reading) | None => {
            let note = if model.run.is_none() {
                model.nothing_yet()
            } else if file.is_empty() {
                "no source line is known yet"
            } else {
                "reading …"
            };
            Pen::new(buf, look, inside, 0).space(1).put(note, look.dim());
        }
    }
}
