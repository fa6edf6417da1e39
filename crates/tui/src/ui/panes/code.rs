//! The code pane: the lesson, the scenario's source, its asyncio twin, its tests.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use scenario::Group;

use crate::app::model::{Areas, CodeTab, Model, Pane};
use crate::app::sketch::files;
use crate::ui::highlight::{Cache, Part, Shown};
use crate::ui::panes::code_now::{self, Now};
use crate::ui::panes::code_rows;
use crate::ui::panes::matches::Matches;
use crate::ui::panes::program_code;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, prose};

/// The cells at the right that are reserved for the counts of a line, so that the code does not move when they
/// change.
const REMARK: usize = 4;

/// Draws the open tab.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect, cache: &mut Cache, areas: &mut Areas) {
    let look = Look::new(model.options.theme);
    let buf = frame.buffer_mut();
    if let Some(programs) = &model.programs {
        return program_code::render(buf, look, area, model, programs, cache, areas);
    }
    let scenario = model.form.scenario;
    tabs(buf, look, area, model, areas);
    let inside = chrome::inside(area);
    match model.code.tab {
        CodeTab::Lesson => {
            let text = Rect { x: inside.x + inside.width.min(1), width: inside.width.saturating_sub(2), ..inside };
            let lines = prose::layout(&scenario.text(), usize::from(text.width));
            let matches = Matches::of(model, lines.iter().map(prose::text));
            let open = matches.open(0, text.height);
            (areas.code_rows, areas.code_open) = (lines.len(), open);
            let top = scrolled(buf, look, area, open, model.code.top, lines.len());
            for (row, (at, line)) in (0..text.height).zip(lines.iter().enumerate().skip(top)) {
                prose::draw(buf, look, text, row, line);
                matches.mark(buf, look, text, row, at);
            }
            matches.tell(buf, look, area);
        }
        CodeTab::Rust if let Some((text, file, line)) = files::shown(model) => {
            let mut shown = cache.shown(text, Part::Whole);
            shown.open = (line as usize).saturating_sub(1);
            code(buf, look, area, model, &shown, Some(&file), areas);
        }
        CodeTab::Rust => code(buf, look, area, model, &cache.shown(scenario.source, Part::Run), Some(scenario.path), areas),
        CodeTab::Asyncio => code(buf, look, area, model, &cache.shown(scenario.twin, Part::Twin), None, areas),
        CodeTab::Test => tests(buf, look, area, model, cache, areas),
    }
}

/// Draws the tests of the scenario, and below them the test of its twin.
fn tests(buf: &mut Buffer, look: Look, area: Rect, model: &Model, cache: &mut Cache, areas: &mut Areas) {
    let scenario = model.form.scenario;
    let rust = cache.shown(scenario.source, Part::Tests);
    let (before, mut lines) = (rust.before, rust.lines.to_vec());
    let twin = cache.shown(scenario.twin, Part::TwinTest);
    // A line between the two, which is empty in the twin's file, too.
    let second = (!twin.lines.is_empty()).then(|| (lines.len(), twin.before.saturating_sub(1)));
    if second.is_some() {
        lines.push(Vec::new());
        lines.extend_from_slice(twin.lines);
    }
    code(buf, look, area, model, &Shown { before, open: 0, lines: &lines, second }, None, areas);
}

/// Draws the names of the tabs on the border, the open one in front.
fn tabs(buf: &mut Buffer, look: Look, area: Rect, model: &Model, areas: &mut Areas) {
    let focus = model.focus == Pane::Code;
    let mut pen = chrome::title_pen(buf, look, area);
    for (i, tab) in CodeTab::ALL.into_iter().enumerate() {
        if i > 0 {
            pen.put(look.glyphs.rule, look.border(focus));
        }
        let open = tab == model.code.tab;
        let start = pen.x();
        pen.put(&format!(" {} ", tab.title()), if open { look.title(focus).patch(look.heading()) } else { look.dim() });
        areas.tabs.push((tab, Rect { x: start, width: pen.x() - start, height: area.height.min(1), ..area }));
    }
    let scenario = model.form.scenario;
    let file = scenario.id.replace('-', "_");
    let remark = match model.code.tab {
        CodeTab::Rust if let Some((_, file, _)) = files::shown(model) => file.to_string(),
        CodeTab::Rust | CodeTab::Test if scenario.group == Group::Sketches => scenario.path.to_owned(),
        CodeTab::Asyncio if scenario.group == Group::Sketches => String::new(),
        CodeTab::Lesson => String::new(),
        CodeTab::Rust => format!("{file}.rs"),
        CodeTab::Test => format!("{file}.rs, {file}.py"),
        CodeTab::Asyncio => format!("{file}.py"),
    };
    chrome::remark_at_end(&mut pen, look, &remark);
}

/// The row to open at so that a row can be seen: the usual one if that is enough.
fn in_sight(open: usize, row: usize, height: u16) -> usize {
    let height = usize::from(height);
    if (open..open + height).contains(&row) { open } else { row.saturating_sub(height / 3) }
}

/// The first row to draw, limited so that the last page is full; draws the scroll bar.
fn scrolled(buf: &mut Buffer, look: Look, area: Rect, open: usize, top: isize, all: usize) -> usize {
    let shown = usize::from(chrome::inside(area).height);
    let top = open.saturating_add_signed(top).min(all.saturating_sub(shown));
    chrome::scroll_bar(buf, look, area, top, shown, all);
    top
}

/// Draws lines of a file, each with its number, and with its counts if the file has a path. No line is cut: a long one is
/// wrapped.
pub(super) fn code(
    buf: &mut Buffer,
    look: Look,
    area: Rect,
    model: &Model,
    shown: &Shown<'_>,
    path: Option<&str>,
    areas: &mut Areas,
) {
    let inside = chrome::inside(area);
    let last = shown.lines.len().saturating_sub(1);
    let highest = shown.second.map_or(0, |(second, _)| shown.number(second.saturating_sub(1))).max(shown.number(last));
    let digits = highest.ilog10() as usize + 1;
    let taken = (digits + 2).min(usize::from(inside.width));
    let rows = code_rows::rows(shown.lines, (usize::from(inside.width) - taken).saturating_sub(REMARK));
    // The row where each line begins.
    let begins: Vec<usize> = (0..).zip(&rows).filter(|(_, row)| row.first).map(|(at, _)| at).collect();
    let mut open = shown.open;
    if let Some(path) = path {
        open = code_now::open_at(model, path, (shown.before, open), (usize::from(inside.height), &begins));
    }
    let now = path.map_or_else(Now::default, |path| Now::of(model, path));
    let row = |line: usize| begins.get(line).copied();
    let open = row(open).unwrap_or(0);
    let open = now.followed(model, shown.before).and_then(row).map_or(open, |here| in_sight(open, here, inside.height));
    let matches = Matches::of(model, rows.iter().map(code_rows::CodeRow::text));
    let open = matches.open(open, inside.height);
    (areas.code_rows, areas.code_open) = (rows.len(), open);
    let top = scrolled(buf, look, area, open, model.code.top, rows.len());
    for (y, (at, row)) in (0..inside.height).zip(rows.iter().enumerate().skip(top)) {
        let number = shown.number(row.line);
        // Where the story points at a line, the task's calls are of less interest.
        let called = now.story.map_or_else(|| now.chain.contains(&number), |line| line == number);
        let (mark, style) = match (called || (now.chain.is_empty() && now.spawned == Some(number)), now.spawns(number)) {
            (true, _) => (look.glyphs.pointer, look.code_here()),
            (false, true) => ("+", look.code_spawn()),
            (false, false) => ("", look.dim()),
        };
        let told = if row.first { now.remarks(look, number) } else { Vec::new() };
        // A line has the colour of the bars of tasks that wait there.
        let style = told.last().filter(|_| mark.is_empty()).map_or(style, |(_, bars)| *bars);
        let mut pen = Pen::new(buf, look, inside, y);
        let (label, mark) = if row.first { (number.to_string(), mark) } else { (String::new(), "") };
        pen.right(&label, digits, style).left(mark, 1, style).space(1 + row.indent);
        for (role, piece) in &row.pieces {
            pen.put(piece, if called { look.role(*role).patch(look.strong()) } else { look.role(*role) });
        }
        if row.first {
            remarks(&mut pen, &told);
        }
        matches.mark(buf, look, inside, y, at);
    }
    matches.tell(buf, look, area);
    let first = rows.get(top).map_or(0, |row| row.line);
    (areas.code_line, areas.code_second) = (shown.number(first), shown.is_second(first));
}

/// Writes a line's counts at its right end, as far as there is room after the code.
fn remarks(pen: &mut Pen<'_>, remarks: &[(String, Style)]) {
    let mut cells: usize = remarks.iter().map(|(text, _)| format::width(text)).sum();
    let fits = remarks.iter().skip_while(|(text, _)| {
        let too_wide = cells > pen.room();
        if too_wide {
            cells -= format::width(text);
        }
        too_wide
    });
    let fits: Vec<_> = fits.collect();
    pen.space(pen.room().saturating_sub(cells));
    for (text, style) in fits {
        pen.put(text, *style);
    }
}
