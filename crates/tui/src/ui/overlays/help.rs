//! The help: a page with the keys of a pane, and a page with the meaning of the marks.
//!
//! On a wide screen the keys are in two columns, so that all of them fit on 120 by 40.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::marks;
use crate::app::input::bindings::Bindings;
use crate::app::input::keymap::{HelpLine, help_lines};
use crate::app::model::Pane;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;

/// Which page of the help is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// The pane whose keys come first.
    pub(crate) pane: Pane,
    /// Whether the marks are shown instead of the keys.
    pub(crate) marks: bool,
}

/// One row of the help.
enum Row {
    Blank,
    Heading(&'static str),
    /// Keys or a mark in the left column, and their meaning.
    Entry(String, Style, String),
}

/// The greatest width of the column of keys and marks.
const KEYS: usize = 20;
/// The greatest width of a single column: longer lines are hard to read.
const WIDEST: u16 = 100;
/// The least width of each of two columns.
const COLUMN: u16 = 56;

/// Draws the help in the middle of the screen, and returns how many rows it has and how many are visible.
pub(crate) fn render(buf: &mut Buffer, look: Look, screen: Rect, bindings: &Bindings, page: Page, top: usize) -> (usize, u16) {
    let columns = if !page.marks && screen.width >= 2 * COLUMN + 7 { 2 } else { 1 };
    let widest = if columns == 2 { 2 * COLUMN + 3 } else { WIDEST };
    let width = screen.width.saturating_sub(4).min(widest);
    let rows = if page.marks { marked(look, bindings) } else { keys(look, bindings, page.pane) };
    let keys = rows.iter().map(Row::keys).max().unwrap_or(0).min(KEYS);
    // The border, a space before the keys, two after them, and one before the scroll bar.
    let cells = if columns == 2 { usize::from(width).saturating_sub(3) / 2 } else { usize::from(width) - 2 };
    let rows = wrapped(rows, cells.saturating_sub(keys + 4));
    let (left, right) = rows.split_at(if columns == 2 { middle(&rows) } else { rows.len() });
    let right = if matches!(right.first(), Some(Row::Blank)) { &right[1..] } else { right };
    let all = left.len().max(right.len());
    let area = place(screen, width, all);
    let inside = chrome::inside(area);
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    let shown = usize::from(inside.height);
    let tabs = [("Keys", !page.marks), ("Marks", page.marks)];
    chrome::tabs(buf, look, area, &tabs, if all > shown { "scroll for more" } else { "" });
    let top = top.min(all.saturating_sub(shown));
    for (column, rows) in [left, right].into_iter().enumerate() {
        let x = inside.x + column as u16 * (cells as u16 + 1);
        let place = Rect { x, width: inside.right().saturating_sub(x).min(cells as u16), ..inside };
        for (y, row) in (0..place.height).zip(rows.get(top..).unwrap_or_default()) {
            draw(&mut Pen::new(buf, look, place, y), look, row, keys);
        }
    }
    chrome::scroll_bar(buf, look, area, top, shown, all);
    (all, inside.height)
}

/// Where to split the rows into two columns: in the middle, unless the first column would end with a heading.
fn middle(rows: &[Row]) -> usize {
    let half = rows.len().div_ceil(2);
    let end = rows[..half].iter().rposition(|row| matches!(row, Row::Entry(..)));
    end.map_or(half, |last| last + 1)
}

fn draw(pen: &mut Pen<'_>, look: Look, row: &Row, keys: usize) {
    pen.space(1);
    match row {
        Row::Blank => {}
        Row::Heading(text) => _ = pen.put(text, look.heading()),
        Row::Entry(left, style, text) => _ = pen.left(left, keys, *style).space(2).put(text, look.text()),
    }
}

/// Centred, as high as the rows need or the screen allows.
fn place(screen: Rect, width: u16, rows: usize) -> Rect {
    let height = screen.height.saturating_sub(2).min(rows.min(1_000) as u16 + 2);
    Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height }
}

impl Row {
    /// The cells that its left column needs.
    fn keys(&self) -> usize {
        if let Row::Entry(left, ..) = self { format::width(left) } else { 0 }
    }
}

/// Wraps entries whose text is longer than `cells`.
fn wrapped(rows: Vec<Row>, cells: usize) -> Vec<Row> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let Row::Entry(mut left, style, text) = row else {
            all.push(row);
            continue;
        };
        for line in format::wrap(&text, cells) {
            all.push(Row::Entry(std::mem::take(&mut left), style, line));
        }
    }
    all
}

/// The keys: the pane's own first.
fn keys(look: Look, bindings: &Bindings, pane: Pane) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in help_lines(bindings, pane, look.unicode()) {
        match line {
            HelpLine::Heading(text) => {
                if !rows.is_empty() {
                    rows.push(Row::Blank);
                }
                rows.push(Row::Heading(text));
            }
            HelpLine::Keys { keys, help } => rows.push(Row::Entry(keys, look.key(), help.to_owned())),
        }
    }
    rows
}

/// The marks.
fn marked(look: Look, bindings: &Bindings) -> Vec<Row> {
    let marks = marks::legend(look, bindings.is_of_programs()).into_iter();
    let marks = marks.map(|(mark, style, text)| Row::Entry(mark, style, text.to_owned()));
    [Row::Heading("Marks on the lanes")].into_iter().chain(marks).collect()
}
