//! What is wrong with the sketch, in the place of the lanes: errors of the compiler, or how its process ended.
//!
//! The lanes of the last good run stay behind, dimmed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use crate::app::input::action::Action;
use crate::app::model::Model;
use crate::app::sketch::shown;
use crate::app::sketch::view::{SketchView, Trouble};
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use engine::Ending;
use engine::sketch::{Exit, Problem};

/// The cells at each side of the box, where the lanes show that they are still there.
const ASIDE: u16 = 2;
/// From this width on there are such cells.
const WIDE: u16 = 60;
/// The most lines of output.
const OUTPUT: usize = 12;

/// One row.
struct Row {
    mark: &'static str,
    text: String,
    style: Style,
}

/// Draws what is wrong, over an area that holds lanes or nothing.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, inside: Rect) {
    let Some(sketch) = model.sketch.as_ref().filter(|_| shown::is_shown(model)) else { return };
    match &sketch.trouble {
        Trouble::None => {}
        Trouble::Broken(problems) => {
            buf.set_style(inside, look.dim());
            let (rows, open) = errors(look, problems, sketch.row, cells(inside));
            let key = if problems.iter().any(|problem| problem.place.is_some()) { "Enter opens the editor" } else { "" };
            let title = format::counted(problems.len() as u64, "error");
            draw(buf, look, frame(inside, rows.len(), false), (&title, key), (&rows, open));
        }
        Trouble::Ended(exit) => {
            // The trace is of the run before, if nothing was seen of this one.
            if model.run.as_ref().is_some_and(|run| !matches!(run.report.as_ref().map(|it| &it.ending), Some(Ending::Lost(_)))) {
                buf.set_style(inside, look.dim());
            }
            let rows = output(look, exit, cells(inside));
            let title = format!("the sketch {}", exit.how);
            let key = format!("{} runs it again", model.bindings.shown(&Action::Restart, look.unicode()));
            let last = rows.len();
            draw(buf, look, frame(inside, rows.len(), true), (&title, &key), (&rows, last.saturating_sub(1)..last));
        }
    }
}

/// What an empty timeline says while a sketch is built for the first time; `None` if none is.
pub(super) fn building(model: &Model) -> Option<[String; 2]> {
    let sketch: &SketchView = model.sketch.as_ref().filter(|_| shown::is_shown(model))?;
    let building = sketch.building?;
    let crates = format::counted(building.crates as u64, "crate");
    let first = format!("building {} for {} s: {crates} ready", sketch.id, building.seconds);
    Some([first, "the first build takes minutes, and each later one a second or two".to_owned()])
}

/// The cells of a row in the box.
fn cells(inside: Rect) -> usize {
    usize::from(sides(inside).width).saturating_sub(4)
}

fn sides(inside: Rect) -> Rect {
    let aside = if inside.width >= WIDE { ASIDE } else { 0 };
    Rect { x: inside.x + aside, width: inside.width - 2 * aside, ..inside }
}

/// The box for so many rows: below the ruler, or at the bottom.
fn frame(inside: Rect, rows: usize, at_bottom: bool) -> Rect {
    let all = sides(inside);
    let height = (rows.min(usize::from(all.height)) as u16 + 2).min(all.height);
    let below = all.height - height;
    let y = if at_bottom { all.y + below } else { all.y + below.min(1) };
    Rect { y, height, ..all }
}

fn draw(buf: &mut Buffer, look: Look, area: Rect, (title, key): (&str, &str), (rows, open): (&[Row], std::ops::Range<usize>)) {
    if area.height < 3 {
        Pen::new(buf, look, area, 0).put(title, look.error());
        return;
    }
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    chrome::title(buf, look, area, true, title, key);
    let inside = chrome::inside(area);
    let shown = usize::from(inside.height);
    let top = open.end.saturating_sub(shown).min(open.start);
    for (y, row) in (0..inside.height).zip(rows.iter().skip(top)) {
        Pen::new(buf, look, inside, y).left(row.mark, 1, look.strong()).space(1).put(&row.text, row.style);
    }
    chrome::scroll_bar(buf, look, area, top, shown, rows.len());
}

/// A place and a message for each error, and the rows of the selected one.
fn errors(look: Look, problems: &[Problem], selected: usize, cells: usize) -> (Vec<Row>, std::ops::Range<usize>) {
    let mut rows = Vec::new();
    let mut open = 0..0;
    for (i, problem) in problems.iter().enumerate() {
        let from = rows.len();
        let mark = if i == selected { look.glyphs.pointer } else { "" };
        let place = problem.place.as_ref().map(|place| format!("{}:{}:{}", place.file, place.line, place.column));
        let place = place.unwrap_or_else(|| "no place in a file".to_owned());
        rows.push(Row { mark, text: place, style: if i == selected { look.error() } else { look.text() } });
        let text = format::wrap(&problem.text, cells.saturating_sub(2)).into_iter();
        rows.extend(text.map(|line| Row { mark: "", text: format!("  {line}"), style: look.text() }));
        if i == selected {
            open = from..rows.len();
        }
    }
    (rows, open)
}

/// The last lines that the process has written.
fn output(look: Look, exit: &Exit, cells: usize) -> Vec<Row> {
    let last = &exit.output[exit.output.len().saturating_sub(OUTPUT)..];
    let lines = last.iter().flat_map(|line| format::wrap(line, cells));
    let mut rows: Vec<Row> = lines.map(|text| Row { mark: "", text, style: look.text() }).collect();
    if rows.is_empty() {
        rows.push(Row { mark: "", text: "it has written nothing".to_owned(), style: look.dim() });
    }
    rows
}
