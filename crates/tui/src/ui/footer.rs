//! The row at the bottom: a prompt, a notice, or the keys that matter now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::format;
use super::pen::Pen;
use super::theme::Look;
use super::{tip, view};
use crate::app::input::hints::{hints, ways};
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
            Question::Restart => "Run again and lose the recording of this live run?",
        };
        pen.put(text, look.strong()).space(3);
    }
    let ways = ways(model);
    // With three spaces before each, and one at the end of the row.
    let kept: usize = ways.iter().map(|hint| cells(hint) + 3).sum();
    let fit = hints(model).into_iter().scan(pen.room().saturating_sub(kept), |room, hint| {
        *room = room.checked_sub(cells(&hint))?.saturating_sub(3);
        Some(hint)
    });
    for hint in fit.chain(ways) {
        // Half a hint helps nobody.
        if cells(&hint) > pen.room() {
            break;
        }
        let (keys, text) = hint;
        pen.put(&keys, look.key()).space(1).put(text, look.text()).space(3);
    }
}

/// The cells of a hint.
fn cells((keys, text): &(String, &str)) -> usize {
    format::width(keys) + 1 + format::width(text)
}

/// Draws what is typed; behind it what is wrong with it, or what can be typed.
fn prompt(frame: &mut Frame<'_>, look: Look, area: Rect, field: &Prompt) {
    let (title, help) = match field.what {
        Wanted::Time => ("Go to time", "1.5s, 2413 (milliseconds) or 00:02.413"),
        // It has a row of its own kind.
        Wanted::Filter => ("filter", ""),
        Wanted::Search(Pane::Log) => ("Find in the log", "then n and N go to the next and previous match"),
        Wanted::Search(Pane::Code) => ("Find in the code", "then n and N go to the next and previous match"),
        Wanted::Search(_) => ("Find a task", "by a part of its name; n and N go on"),
        Wanted::Folder => ("Make it mine in", "a new folder; Enter makes it, Esc cancels"),
        Wanted::Export { .. } => ("Export as", "Tab: .html .svg .pftrace .cast .json"),
        Wanted::File { .. } => ("Save as", "Enter saves, Esc cancels"),
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
