//! The list of scenarios, in groups, with a search.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scenario::Scenario;

use crate::app::model::{Areas, Mode, Model, Pane};
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::{chrome, typed};

/// One row of the list.
enum Row {
    Heading(&'static str),
    /// Its row among the matches, and its index in the catalogue.
    Scenario(usize, usize),
}

/// From this width on, a lesson is shown beside each name instead of below the list.
const WIDE: u16 = 60;

/// Draws the list.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect, areas: &mut Areas) {
    let look = Look::new(model.options.theme);
    let focus = model.focus == Pane::Scenarios;
    let found = model.list.matches(model.catalogue);
    let all = model.catalogue.len();
    let remark = if found.len() == all { all.to_string() } else { format!("{} of {all}", found.len()) };
    let buf = frame.buffer_mut();
    chrome::title(buf, look, area, focus, "Scenarios", &remark);

    let mut inside = chrome::inside(area);
    let searched = model.mode == Mode::Search || !model.list.search.text().is_empty();
    if searched {
        let row = Rect { height: inside.height.min(1), ..inside };
        inside = Rect { y: inside.y + row.height, height: inside.height - row.height, ..inside };
        search(frame, look, model, row);
    }
    let buf = frame.buffer_mut();
    if found.is_empty() {
        Pen::new(buf, look, inside, 0).space(1).put("no scenario matches", look.dim());
        return;
    }
    let current = found.get(model.list.row).or(found.last()).map(|i| &model.catalogue[*i]);
    if inside.width < WIDE {
        inside.height -= lesson(buf, look, inside, current);
    }
    list(buf, look, area, inside, model, &found, areas);
}

/// Draws the visible rows, including the selected one.
fn list(buf: &mut Buffer, look: Look, area: Rect, inside: Rect, model: &Model, found: &[usize], areas: &mut Areas) {
    let rows = rows(model.catalogue, found);
    let at = rows.iter().position(|row| matches!(row, Row::Scenario(row, _) if *row == model.list.row)).unwrap_or(0);
    let shown = usize::from(inside.height);
    // The heading above the first scenario scrolls into view with it.
    let top = if at < shown { 0 } else { at + 1 - shown };
    for (y, row) in (0..inside.height).zip(rows.iter().skip(top)) {
        let line = Rect { y: inside.y + y, height: 1, ..inside };
        match row {
            Row::Heading(text) => {
                Pen::new(buf, look, line, 0).put(look.glyphs.open, look.dim()).space(1).put(text, look.heading());
            }
            Row::Scenario(row, index) => {
                areas.list_rows.push((*index, line));
                scenario(buf, look, line, model, *row == model.list.row, &model.catalogue[*index]);
            }
        }
    }
    chrome::scroll_bar(buf, look, area, top, shown, rows.len());
}

fn rows(catalogue: &[Scenario], found: &[usize]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut group = None;
    for (row, index) in found.iter().enumerate() {
        let scenario = &catalogue[*index];
        if group != Some(scenario.group) {
            rows.push(Row::Heading(scenario.group.title()));
            group = Some(scenario.group);
        }
        rows.push(Row::Scenario(row, *index));
    }
    rows
}

fn search(frame: &mut Frame<'_>, look: Look, model: &Model, row: Rect) {
    let mut pen = Pen::new(frame.buffer_mut(), look, row, 0);
    pen.put("/", look.key());
    let (field, room) = (&model.list.search, pen.room());
    let style = if model.mode == Mode::Search { look.editing() } else { look.text() };
    let cursor = typed::render(&mut pen, field.text(), field.cursor(), room, &[(0, style)]);
    if model.mode == Mode::Search && !row.is_empty() {
        frame.set_cursor_position((cursor.min(row.right() - 1), row.y));
    }
}

fn scenario(buf: &mut Buffer, look: Look, line: Rect, model: &Model, current: bool, scenario: &Scenario) {
    let shown = model.run.as_ref().map_or(model.form.scenario.id, |run| run.spec.scenario.id);
    let picked = scenario.id == shown;
    let focus = model.focus == Pane::Scenarios;
    let style = match (current, picked) {
        (true, _) => look.selected(focus),
        (false, true) => look.picked(),
        (false, false) => look.text(),
    };
    if current {
        Pen::new(buf, look, line, 0).paint(style);
    }
    let mut pen = Pen::new(buf, look, line, 0);
    pen.space(1).left(if current { look.glyphs.pointer } else { "" }, 1, style);
    let (mark, marked) = match (picked, model.seen.contains(scenario.id)) {
        (true, _) => (look.glyphs.dot, look.picked()),
        (false, true) => (look.glyphs.lane.ends[0], look.dim()),
        (false, false) => ("", look.text()),
    };
    pen.left(mark, 1, if current { style } else { marked });
    pen.space(1);
    if line.width < WIDE {
        pen.put(scenario.id, style);
    } else {
        pen.left(scenario.id, 22, style).put(scenario.lesson, if current { style } else { look.dim() });
    }
}

/// Writes the lesson of the selected scenario at the foot of the list, if there is room, and returns the number of
/// rows.
fn lesson(buf: &mut Buffer, look: Look, inside: Rect, current: Option<&Scenario>) -> u16 {
    let Some(current) = current.filter(|_| inside.height >= 8) else { return 0 };
    let lines = format::wrap(current.lesson, usize::from(inside.width.saturating_sub(2)));
    let rows = lines.len().min(3) as u16;
    for (y, line) in (inside.height - rows..inside.height).zip(lines) {
        Pen::new(buf, look, inside, y).space(1).put(&line, look.dim());
    }
    rows + 1
}
