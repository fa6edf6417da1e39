//! The scenario's own events, up to the time cursor.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::model::{Model, Pane};
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use facts::event::Level;
use trace::{LogLine, Trace};

/// The most cells of a task's name.
const NAME: usize = 16;

/// Draws the log, with the newest line at the bottom.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let look = Look::new(model.options.theme);
    let focus = model.focus == Pane::Log;
    let inside = chrome::inside(area);
    let Some(run) = &model.run else {
        chrome::title(frame.buffer_mut(), look, area, focus, "Log", "");
        Pen::new(frame.buffer_mut(), look, inside, 0).space(1).put(model.nothing_yet(), look.dim());
        return;
    };
    let buf = frame.buffer_mut();
    let known = run.trace.log_at(run.cursor.at_ns);
    let lines = newest(known, model.log.level, model.log.back, usize::from(inside.height));
    chrome::title(buf, look, area, focus, "Log", &remark(model));
    if lines.is_empty() {
        let text = match known {
            [] if model.is_sampled() => "samples have no log",
            [] => "no lines yet",
            _ => "no lines at this level",
        };
        Pen::new(buf, look, inside, 0).space(1).put(text, look.dim());
    }
    let names = lines.iter().map(|line| format::width_within(name(&run.trace, line), NAME)).max().unwrap_or(0).clamp(8, NAME);
    let search = model.search.as_ref().filter(|search| search.pane == Pane::Log);
    for (row, line) in (0..).zip(lines.iter().rev()) {
        let (glyph, letter, style) = look.level(line.level);
        let mut pen = Pen::new(buf, look, inside, row);
        pen.space(1).put(&format::moment(line.at_ns), look.dim()).space(1);
        pen.put(glyph, style).put(letter, style).space(1);
        if inside.width >= 48 {
            pen.name(name(&run.trace, line), names, look.strong()).space(1);
        }
        let text = if line.level >= Level::Warn { style } else { look.text() };
        let text = if search.is_some_and(|search| search.is_in(&line.message)) { look.found() } else { text };
        pen.put(line.message.lines().next().unwrap_or_default(), text);
    }
}

/// How many lines are searched for lines of a level, newest first: a frame must not wait for a long log.
const LOOKED: usize = 100_000;

/// Which part of the log is shown.
fn remark(model: &Model) -> String {
    let level = match model.log.level {
        Level::Trace => "all levels",
        Level::Debug => "debug and above",
        Level::Info => "info and above",
        Level::Warn => "warn and above",
        Level::Error => "errors",
    };
    match model.log.back {
        0 => level.to_owned(),
        back => format!("{level}, {back} back"),
    }
}

fn name<'a>(trace: &'a Trace, line: &LogLine) -> &'a str {
    line.task.and_then(|task| trace.tasks.get(task as usize)).map_or("", |task| &task.name)
}

/// The newest lines of a level, newest first, without the last `back` of them (but never fewer than a page).
fn newest(lines: &[LogLine], level: Level, back: usize, most: usize) -> Vec<&LogLine> {
    let mut found = Vec::new();
    for line in lines.iter().rev().take(LOOKED).filter(|line| line.level >= level) {
        found.push(line);
        if found.len() == back.saturating_add(most) {
            break;
        }
    }
    found.split_off(found.len().saturating_sub(most).min(back))
}
