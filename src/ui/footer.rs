//! The row at the bottom: a prompt, a notice, or the keys that matter now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::format;
use super::pen::Pen;
use super::theme::Look;
use super::{tip, view};
use crate::app::input::hints::hints;
use crate::app::mode::Question;
use crate::app::model::{Mode, Model, Prompt, Wanted};
use crate::app::panes::Pane;
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::query::Query;
use crate::ui::widgets::typed;

/// Draws the prompt or the notice, if there is one, otherwise as many hints as fit.
pub(crate) fn render(frame: &mut Frame<'_>, look: Look, area: Rect, model: &Model) {
    if let Some(field) = model.mode.prompt() {
        match field.what {
            Wanted::Filter => filter(frame, look, area, model, field),
            _ => prompt(frame, look, area, field),
        }
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
    if let Some(run) = model.run.as_ref()
        && let Some(tip) = model.tip.filter(|tip| tip.from_ns() <= run.cursor.at_ns)
    {
        tip::tell(&mut pen, look, model, run, tip);
        return;
    }
    if let Mode::Ask(question) = model.mode {
        let text = match question {
            Question::Restart => "run again, and lose what this live run has recorded?",
        };
        pen.put(text, look.strong()).space(3);
    }
    for (keys, text) in hints(model) {
        // Half a hint is useless.
        if format::width(&keys) + 1 + format::width(text) > pen.room() {
            break;
        }
        pen.put(&keys, look.key()).space(1).put(text, look.text()).space(3);
    }
}

/// Draws a prompt: the typed text, and after it the error, or what can be typed.
fn prompt(frame: &mut Frame<'_>, look: Look, area: Rect, field: &Prompt) {
    let (title, help) = match field.what {
        Wanted::Time => ("go to time", "1.5s, 2413 (milliseconds) or 00:02.413"),
        // The filter has its own function.
        Wanted::Filter => ("filter", ""),
        Wanted::Search(Pane::Log) => ("find in the log", "a part of a line; then n and N go from match to match"),
        Wanted::Search(Pane::Code) => ("find in the code", "a part of a line; then n and N go from match to match"),
        Wanted::Search(_) => ("find a lane", "a part of its name; then n and N go from match to match"),
        Wanted::File { .. } => ("save the recording in", "Enter saves, Esc does not"),
    };
    let mut pen = Pen::new(frame.buffer_mut(), look, area, 0);
    pen.space(1).put(title, look.strong()).space(2);
    let room = text_room(&pen);
    let cursor = typed::render(&mut pen, field.text.text(), field.text.cursor(), room, &[(0, look.editing())]);
    pen.space(3);
    match &field.error {
        Some(reason) => pen.put(look.glyphs.lane.ends[1], look.error()).space(1).put(reason, look.error()),
        None => pen.put(help, look.dim()),
    };
    if !area.is_empty() {
        frame.set_cursor_position((cursor.min(area.right() - 1), area.y));
    }
}

/// Draws the typed filter: an error is underlined and explained after it; otherwise the number of tasks that match
/// follows.
fn filter(frame: &mut Frame<'_>, look: Look, area: Rect, model: &Model, field: &Prompt) {
    let text = field.text.text();
    let error = Query::parse(text).err();
    let mut pen = Pen::new(frame.buffer_mut(), look, area, 0);
    pen.space(1).put("filter", look.strong()).space(2);
    let wrong = error.as_ref().map_or(text.len()..text.len(), |error| error.span.clone());
    let flaw = look.error().add_modifier(Modifier::UNDERLINED);
    let styles = [(0, look.editing()), (wrong.start, flaw), (wrong.end, look.editing())];
    let room = text_room(&pen);
    let cursor = typed::render(&mut pen, text, field.text.cursor(), room, &styles);
    pen.space(3);
    match &error {
        Some(error) => pen.put(look.glyphs.lane.ends[1], look.error()).space(1).put(&error.reason, look.error()),
        None if text.is_empty() => pen.put("web, !web, state=waiting, cause=lock, line=33, wait>500ms, polls>10", look.dim()),
        None => pen.put(&found(model).unwrap_or_default(), look.dim()),
    };
    if !area.is_empty() {
        frame.set_cursor_position((cursor.min(area.right() - 1), area.y));
    }
}

/// The most cells for a typed text, so that an error fits after it.
fn text_room(pen: &Pen<'_>) -> usize {
    pen.room() * 2 / 3
}

/// How many tasks have lanes at the cursor: `17 of 1,000 tasks`.
pub(super) fn found(model: &Model) -> Option<String> {
    let run = model.run.as_ref()?;
    let lanes = Lanes::of(model)?.spawned(run.cursor.at_ns);
    let all = view::spawned(&run.trace, run.cursor.at_ns);
    Some(format!("{} of {}", format::count(lanes as u64), format::counted(all as u64, "task")))
}
