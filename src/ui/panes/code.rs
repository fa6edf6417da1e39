//! The code pane: the lesson, the scenario's source, its asyncio twin, its tests.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Areas, CodeTab, Model, Pane};
use crate::ui::highlight::{Cache, Shown};
use crate::ui::panes::code_now::{self, Now};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, prose};

/// Draws the tab that is open.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect, cache: &mut Cache, areas: &mut Areas) {
    let look = Look::new(model.options.theme);
    let buf = frame.buffer_mut();
    let scenario = model.form.scenario;
    tabs(buf, look, area, model, areas);
    let inside = chrome::inside(area);
    match model.code.tab {
        CodeTab::Lesson => {
            let text = Rect { x: inside.x + inside.width.min(1), width: inside.width.saturating_sub(2), ..inside };
            let lines = prose::layout(&scenario.text(), usize::from(text.width));
            let top = scrolled(buf, look, area, 0, model.code.top, lines.len());
            areas.code_rows = lines.len();
            for (row, line) in (0..text.height).zip(&lines[top..]) {
                prose::draw(buf, look, text, row, line);
            }
        }
        tab @ (CodeTab::Rust | CodeTab::Asyncio | CodeTab::Test) => {
            let mut shown = cache.shown(scenario, tab);
            if tab == CodeTab::Rust {
                shown.open = code_now::open_at(model, shown.before, shown.open, usize::from(inside.height));
            }
            (areas.code_rows, areas.code_open) = (shown.lines.len(), shown.open);
            areas.code_line = code(buf, look, area, model, shown);
        }
    }
}

/// The names of the tabs on the border, the open one in front.
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
    let file = model.form.scenario.id.replace('-', "_");
    let remark = match model.code.tab {
        CodeTab::Lesson => String::new(),
        CodeTab::Rust | CodeTab::Test => format!("{file}.rs"),
        CodeTab::Asyncio => format!("{file}.py"),
    };
    chrome::remark_at_end(&mut pen, look, &remark);
}

/// The first row to draw, kept so that the last screenful stays full; draws the scroll bar.
fn scrolled(buf: &mut Buffer, look: Look, area: Rect, open: usize, top: isize, all: usize) -> usize {
    let shown = usize::from(chrome::inside(area).height);
    let top = open.saturating_add_signed(top).min(all.saturating_sub(shown));
    chrome::scroll_bar(buf, look, area, top, shown, all);
    top
}

/// Draws lines of a file, each with its number there and with what goes on at it. Returns the number of the first one.
fn code(buf: &mut Buffer, look: Look, area: Rect, model: &Model, Shown { before, open, lines }: Shown<'_>) -> u32 {
    let inside = chrome::inside(area);
    let top = scrolled(buf, look, area, open, model.code.top, lines.len());
    let now = if model.code.tab == CodeTab::Rust { Now::of(model) } else { Now::default() };
    let digits = (before + lines.len()).max(1).ilog10() as usize + 1;
    for (row, (at, line)) in (0..inside.height).zip(lines.iter().enumerate().skip(top)) {
        let number = (before + at) as u32 + 1;
        let called = now.chain.contains(&number);
        let (mark, style) = match (called || (now.chain.is_empty() && now.spawned == Some(number)), now.spawns(number)) {
            (true, _) => (look.glyphs.pointer, look.code_here()),
            (false, true) => ("+", look.code_spawn()),
            (false, false) => ("", look.dim()),
        };
        let mut pen = Pen::new(buf, look, inside, row);
        pen.right(&number.to_string(), digits, style).left(mark, 1, style).space(1);
        // The counts keep their place at the right; the code gives way.
        let remarks = now.remarks(look, number);
        let remark: usize = remarks.iter().map(|(text, _)| format::width(text)).sum();
        let room = pen.room().saturating_sub(remark);
        let text = Rect { x: pen.x(), width: room as u16, y: inside.y + row, height: 1 };
        let mut pen = Pen::new(buf, look, text, 0);
        for (role, piece) in line {
            pen.put(piece, if called { look.role(*role).patch(look.strong()) } else { look.role(*role) });
        }
        let end = Rect { x: text.right(), width: inside.right().saturating_sub(text.right()), ..text };
        let mut pen = Pen::new(buf, look, end, 0);
        for (text, style) in &remarks {
            pen.put(text, *style);
        }
    }
    (before + top) as u32 + 1
}
