//! The processes that can be attached to, and the program on screen.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Areas, Model, Pane};
use crate::app::programs::view::{Current, Programs};
use crate::text;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, words};
use engine::target::Process;
use trace::Missing;

/// From this width on, the command line is shown beside each name.
const WIDE: u16 = 44;
/// The cells for a process id.
const PID: usize = 7;

/// Draws the list.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, programs: &Programs, area: Rect, areas: &mut Areas) {
    let look = Look::new(model.options.theme);
    let buf = frame.buffer_mut();
    let title = model.bindings.title(Pane::Scenarios);
    chrome::title(buf, look, area, model.focus == Pane::Scenarios, title, &programs.processes.len().to_string());
    let mut inside = chrome::inside(area);
    if let Some(current) = &programs.current {
        let missing = model.run.as_ref().map(|run| run.trace.missing).unwrap_or_default();
        inside.height -= about(buf, look, inside, current, missing);
    }
    if !programs.processes.iter().any(|process| programs.is_current(process.pid))
        && let Some(current) = &programs.current
        && inside.height > 0
    {
        let state = if model.replay { "recording" } else { "on screen" };
        let line = Rect { height: 1, ..inside };
        let mut pen = Pen::new(buf, look, line, 0);
        pen.space(2).put(look.glyphs.dot, look.picked()).right(&current.program.pid.to_string(), PID, look.picked()).space(1);
        pen.put(&text::name(&current.program.name), look.picked()).space(2).put(state, look.dim());
        inside = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
    }
    if programs.processes.is_empty() {
        let text = match programs.current {
            _ if model.replay => "",
            Some(_) => "no other program listens",
            None => "no program listens",
        };
        Pen::new(buf, look, inside, 0).space(1).put(text, look.dim());
        return;
    }
    let shown = usize::from(inside.height);
    let top = (programs.row + 1).saturating_sub(shown);
    for (y, (at, process)) in (0..inside.height).zip(programs.processes.iter().enumerate().skip(top)) {
        let line = Rect { y: inside.y + y, height: 1, ..inside };
        areas.list_rows.push((at, line));
        row(buf, look, line, model, programs, at, process);
    }
    chrome::scroll_bar(buf, look, area, top, shown, programs.processes.len());
}

fn row(buf: &mut Buffer, look: Look, line: Rect, model: &Model, programs: &Programs, at: usize, process: &Process) {
    let (current, attached) = (at == programs.row, programs.is_current(process.pid));
    let style = match (current, attached) {
        (true, _) => look.selected(model.focus == Pane::Scenarios),
        (false, true) => look.picked(),
        (false, false) => look.text(),
    };
    if current {
        Pen::new(buf, look, line, 0).paint(style);
    }
    let mark = match programs.attaching {
        Some(pid) if pid == process.pid => look.glyphs.more,
        _ if attached => look.glyphs.dot,
        _ => "",
    };
    let mut pen = Pen::new(buf, look, line, 0);
    pen.space(1).left(if current { look.glyphs.pointer } else { "" }, 1, style).left(mark, 1, style);
    pen.right(&process.pid.to_string(), PID, style).space(1);
    if line.width < WIDE {
        pen.put(&text::name(&process.name), style);
    } else {
        let plain = if current { style } else { look.dim() };
        pen.left(&text::name(&process.name), 16, style).space(1).put(&text::name(&process.command), plain);
    }
}

/// Writes what the program on screen cannot show at the foot of the list, if there is room. Returns the number of rows.
fn about(buf: &mut Buffer, look: Look, inside: Rect, current: &Current, missing: Missing) -> u16 {
    let cells = usize::from(inside.width.saturating_sub(2));
    let sampled = current.sampled.then(|| "sampled: polls between two samples are not seen".to_owned());
    let lacks = current.program.lacks.iter().map(|lack| text::message(lack));
    let build = words::lacking(missing).map(|parts| parts.join("; "));
    let all = sampled.into_iter().chain(build).chain(lacks);
    let lines: Vec<String> = all.flat_map(|line: String| format::wrap(&line, cells)).collect();
    let rows = (lines.len() as u16).min(inside.height / 2);
    for (y, line) in (inside.height - rows..inside.height).zip(&lines) {
        Pen::new(buf, look, inside, y).space(1).put(line, look.warn());
    }
    rows
}
