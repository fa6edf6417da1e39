//! A frame as SVG.
//!
//! Lines, blocks and marks are shapes, so they look alike with any font. Everything else is text that can be selected and
//! searched. Each run of text says where it begins and how long it is, so columns stay straight with any monospaced font.
//! Texts of one kind are together: a letter that a font may have in another width begins a run of its own.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::glyphs::{self, CELL, Glyph};
use super::inks::{Inks, Rgb};
use super::shapes::{Bar, Shapes, Tool};
use super::xml::Escaped;
use crate::app::model::Model;
use crate::ui;

/// The advance of most monospaced fonts is 0.6 of their size.
const FONT_SIZE: &str = "13.33";
/// From the top of a cell to the line that its text is on.
const BASELINE: u32 = 12;
/// What follows such a gap is another text.
const GAP: usize = 2;

/// A text in one style.
struct Run {
    column: u32,
    row: u32,
    cells: u32,
    text: String,
    ink: Rgb,
    faces: Modifier,
    width: Width,
}

/// What is known about the width of a character in a font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    /// A cell: each monospaced font has it.
    Usual,
    /// A cell, but some fonts lack it, and another font's may differ.
    Unsure,
    /// More than a cell.
    Wide,
}

/// The picture of a frame of this model.
pub(super) fn of(frame: &Buffer, model: &Model) -> String {
    drawing(frame, Inks::of(model.options.theme), &ui::described(model))
}

/// The picture of a frame, with its title and description.
fn drawing(frame: &Buffer, inks: Inks, described: &(String, String)) -> String {
    let (mut shapes, mut texts) = (Shapes::default(), Vec::new());
    let mut grounds = Shapes::default();
    for row in 0..frame.area.height {
        read(frame, row, inks, (&mut grounds, &mut shapes), &mut texts);
    }
    let mut classes = Classes::default();
    let mut body = String::new();
    for (ink, tool, path) in grounds.paths().chain(shapes.paths()) {
        let class = classes.of(ink);
        let how = match tool {
            Tool::Fill => String::new(),
            Tool::Line => " fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.4\"".to_owned(),
            Tool::Dashes(width, dash) => {
                format!(" stroke=\"currentColor\" stroke-width=\"{width}\" stroke-dasharray=\"{dash}\"")
            }
        };
        // Writing to a string does not fail.
        _ = writeln!(body, "<path class=\"{class}\"{how} d=\"{path}\"/>");
    }
    for run in &texts {
        write_text(&mut body, run, &mut classes);
    }
    let size = (u32::from(frame.area.width) * CELL.0, u32::from(frame.area.height) * CELL.1);
    whole(size, inks, described, &classes, &body)
}

/// The document. Several pictures may be in one page, so each has a class of its own, made from its contents.
fn whole(
    (width, height): (u32, u32),
    inks: Inks,
    (title, description): &(String, String),
    classes: &Classes,
    body: &str,
) -> String {
    let own = format!("p{:08x}", hash(body));
    let rules = classes.0.iter().fold(String::new(), |mut rules, (ink, name)| {
        _ = write!(rules, ".{own} .{name}{{color:{ink}}}");
        rules
    });
    let (title, description) = (Escaped(title), Escaped(description));
    let family = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";
    let faces = format!(
        ".{own} .B{{font-weight:700}}.{own} .I{{font-style:italic}}.{own} .U{{text-decoration:underline}}\
         .{own} text{{direction:ltr;unicode-bidi:bidi-override}}"
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" class=\"{own}\" font-family=\"{family}\" font-size=\"{FONT_SIZE}\" fill=\"currentColor\">\n\
         <title>{title}</title>\n<desc>{description}</desc>\n<style>{rules}{faces}</style>\n\
         <path fill=\"{}\" d=\"M0 0h{width}v{height}H0z\"/>\n{body}</svg>\n",
        inks.background
    )
}

/// FNV-1a.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The colours in use, each with the name of its class.
#[derive(Default)]
struct Classes(BTreeMap<Rgb, String>);

impl Classes {
    fn of(&mut self, ink: Rgb) -> &str {
        let next = self.0.len();
        self.0.entry(ink).or_insert_with(|| format!("c{next}"))
    }
}

/// Reads a row: its backgrounds, its shapes, and its texts.
fn read(frame: &Buffer, row: u16, inks: Inks, (grounds, shapes): (&mut Shapes, &mut Shapes), texts: &mut Vec<Run>) {
    let cells = &frame.content[usize::from(row) * usize::from(frame.area.width)..][..usize::from(frame.area.width)];
    let (y, mut at) = (u32::from(row), 0);
    let mut open: Option<Run> = None;
    while let Some(cell) = cells.get(at) {
        let (ink, ground) = inks.of_cell(cell);
        let column = at as u32;
        let width = wide(cell).min(cells.len() - at);
        if ground != inks.background {
            let bar = Bar { x: column * CELL.0, y: y * CELL.1, width: width as u32 * CELL.0, height: CELL.1 };
            grounds.bar(ground, bar);
        }
        let same = cells[at..].iter().take_while(|next| is_alike(next, cell)).count();
        if let Some(glyph) = drawn(cell, same) {
            shapes.glyph(ink, &glyph, (column, y), same as u32);
            for more in 1..same as u32 {
                if ground != inks.background {
                    grounds.bar(ground, Bar { x: (column + more) * CELL.0, y: y * CELL.1, width: CELL.0, height: CELL.1 });
                }
            }
            texts.extend(open.take());
            at += same;
            continue;
        }
        let faces = cell.modifier.intersection(Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED);
        let new =
            Run { column, row: y, cells: width as u32, text: cell.symbol().to_owned(), ink, faces, width: kind(cell, width) };
        add(&mut open, new, texts);
        at += width;
    }
    texts.extend(open);
}

/// Adds a character to the open text, or begins a new one.
fn add(open: &mut Option<Run>, new: Run, texts: &mut Vec<Run>) {
    if new.text.trim_matches([' ', '\u{a0}', '\u{3000}']).is_empty() {
        // Spaces between two words belong to the text, at its ends they do not.
        if let Some(run) = open.as_mut().filter(|run| run.width == Width::Usual) {
            run.text.push_str(&" ".repeat(new.cells as usize));
            run.cells += new.cells;
        }
        return;
    }
    match open {
        Some(run) if continues(run, &new) => {
            run.text.push_str(&new.text);
            run.cells = new.column + new.cells - run.column;
        }
        _ => texts.extend(open.replace(new)),
    }
}

fn continues(run: &Run, new: &Run) -> bool {
    let gap = run.text.len() - run.text.trim_end_matches(' ').len();
    let is_same = (run.ink, run.faces, run.width) == (new.ink, new.faces, new.width);
    is_same && new.width == Width::Usual && gap < GAP && run.column + run.cells == new.column
}

/// How many cells it fills.
fn wide(cell: &Cell) -> usize {
    if cell.symbol().is_ascii() { 1 } else { cell.symbol().width().max(1) }
}

/// Whether two cells can be one shape.
fn is_alike(a: &Cell, b: &Cell) -> bool {
    a.symbol() == b.symbol() && (a.fg, a.bg, a.modifier) == (b.fg, b.bg, b.modifier)
}

/// How a cell is drawn that is so many times in a row; `None` if it is text.
fn drawn(cell: &Cell, times: usize) -> Option<Glyph> {
    let mut chars = cell.symbol().chars();
    let (only, None) = (chars.next()?, chars.next()) else { return None };
    if only.is_ascii() {
        return None;
    }
    glyphs::glyph(only).or_else(|| glyphs::dots(only).filter(|_| times > 1))
}

fn kind(cell: &Cell, cells: usize) -> Width {
    let is_usual = |c: char| matches!(c, ' '..='~' | '\u{a0}'..='\u{17f}' | '–' | '…');
    match cells {
        2.. => Width::Wide,
        _ if cell.symbol().chars().all(is_usual) => Width::Usual,
        _ => Width::Unsure,
    }
}

fn write_text(body: &mut String, run: &Run, classes: &mut Classes) {
    let text = run.text.trim_end_matches(' ');
    let cells = run.cells - (run.text.len() - text.len()) as u32;
    let (x, y) = (run.column * CELL.0, run.row * CELL.1 + BASELINE);
    // A single character has no length to correct, unless its font is another one.
    let length = if cells == 1 { String::new() } else { format!(" textLength=\"{}\"", cells * CELL.0) };
    let mut class = classes.of(run.ink).to_owned();
    for (face, name) in [(Modifier::BOLD, " B"), (Modifier::ITALIC, " I"), (Modifier::UNDERLINED, " U")] {
        class.push_str(if run.faces.contains(face) { name } else { "" });
    }
    _ = writeln!(body, "<text x=\"{x}\" y=\"{y}\"{length} class=\"{class}\">{}</text>", Escaped(text));
}

#[cfg(test)]
mod tests;
