//! Lessons: lays out the small subset of Markdown that the scenarios' `//!` texts use.
//!
//! Headings, paragraphs, list items, **strong**, *emphasised* and `code`: that is all they need, so no Markdown
//! library is needed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::format;
use super::pen::Pen;
use super::theme::{Look, Role};

/// The style of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Face {
    #[default]
    Plain,
    Heading,
    Strong,
    Emphasis,
    Code,
    Bullet,
}

/// A line of a lesson: pieces of text, each with a style.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ProseLine(Vec<(Face, String)>);

/// Breaks a lesson into lines of at most `cells` cells.
pub(crate) fn layout(text: &str, cells: usize) -> Vec<ProseLine> {
    let mut lines = Vec::new();
    for block in blocks(text) {
        if !lines.is_empty() {
            lines.push(ProseLine::default());
        }
        for (words, hang) in block {
            fill(&words, cells, hang, &mut lines);
        }
    }
    lines
}

/// The text of a line.
pub(crate) fn text(line: &ProseLine) -> String {
    line.0.iter().map(|(_, piece)| piece.as_str()).collect()
}

/// Draws one line.
pub(crate) fn draw(buf: &mut Buffer, look: Look, area: Rect, row: u16, line: &ProseLine) {
    let mut pen = Pen::new(buf, look, area, row);
    for (face, text) in &line.0 {
        let (text, style) = match face {
            Face::Bullet => (look.glyphs.bullet, look.dim()),
            Face::Plain => (text.as_str(), look.text()),
            Face::Heading => (text.as_str(), look.heading()),
            Face::Strong => (text.as_str(), look.strong()),
            Face::Emphasis => (text.as_str(), look.text().add_modifier(Modifier::ITALIC)),
            Face::Code => (text.as_str(), look.role(Role::Type)),
        };
        pen.put(text, style);
    }
}

/// A word: pieces without a space between them.
type Word = Vec<(Face, String)>;
/// A paragraph or a list item: its words, and the indentation of its later lines.
type Paragraph = (Vec<Word>, usize);

/// Blocks are separated by empty lines; the items of a list are one block.
fn blocks(text: &str) -> Vec<Vec<Paragraph>> {
    let mut blocks = Vec::new();
    for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
        let mut paragraphs: Vec<(String, bool)> = Vec::new();
        for line in block.lines().map(str::trim) {
            match (line.strip_prefix("- "), paragraphs.last_mut()) {
                (Some(point), _) => paragraphs.push((point.to_owned(), true)),
                (None, Some((text, _))) => {
                    text.push(' ');
                    text.push_str(line);
                }
                (None, None) => paragraphs.push((line.to_owned(), false)),
            }
        }
        blocks.push(paragraphs.into_iter().map(|(text, point)| paragraph(&text, point)).collect());
    }
    blocks
}

fn paragraph(text: &str, point: bool) -> Paragraph {
    if let Some(heading) = text.strip_prefix('#') {
        let heading = heading.trim_start_matches('#').trim();
        return (heading.split_whitespace().map(|word| vec![(Face::Heading, word.to_owned())]).collect(), 0);
    }
    let mut words = if point { vec![vec![(Face::Bullet, "-".to_owned())]] } else { Vec::new() };
    words.extend(words_of(text));
    (words, if point { 2 } else { 0 })
}

/// Splits a text at spaces and at its markup. Within code, markup is text.
fn words_of(text: &str) -> Vec<Word> {
    let mut words = vec![Word::new()];
    let mut face = Face::Plain;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (mark, next) = match (face, c) {
            (Face::Code, '`') | (Face::Emphasis, '*') => (1, Face::Plain),
            (Face::Code, _) => (0, face),
            (_, '`') => (1, Face::Code),
            (Face::Strong, '*') if rest.starts_with("**") => (2, Face::Plain),
            (Face::Plain, '*') if rest.starts_with("**") => (2, Face::Strong),
            (Face::Plain, '*') if rest[1..].starts_with(|c: char| !c.is_whitespace()) => (1, Face::Emphasis),
            _ => (0, face),
        };
        if mark > 0 {
            face = next;
            rest = &rest[mark..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if c.is_whitespace() {
            words.push(Word::new());
            continue;
        }
        if let Some(word) = words.last_mut() {
            match word.last_mut() {
                Some((last, text)) if *last == face => text.push(c),
                _ => word.push((face, c.to_string())),
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Arranges words into lines.
fn fill(words: &[Word], cells: usize, hang: usize, lines: &mut Vec<ProseLine>) {
    let mut line = ProseLine::default();
    let mut used = 0;
    let mut last = Face::Plain;
    for word in words {
        let width: usize = word.iter().map(|(_, text)| format::width(text)).sum();
        if used > 0 && used + 1 + width > cells {
            lines.push(std::mem::take(&mut line));
            line.0.push((Face::Plain, " ".repeat(hang)));
            used = hang;
        } else if used > 0 {
            // A space between two words of one style has that style, so that underlines do not break.
            let face = if word.first().is_some_and(|(face, _)| *face == last) { last } else { Face::Plain };
            line.0.push((face, " ".to_owned()));
            used += 1;
        }
        last = word.last().map_or(Face::Plain, |(face, _)| *face);
        line.0.extend(word.iter().cloned());
        used += width;
    }
    lines.push(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &ProseLine) -> String {
        line.0.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn paragraphs_are_set_anew_and_points_hang() {
        let lines = layout("# A title\n\nOne two\nthree four.\n\n- first point\n- second", 10);
        let lines: Vec<_> = lines.iter().map(text).collect();
        assert_eq!(lines, ["A title", "", "One two", "three", "four.", "", "- first", "  point", "- second"]);
    }

    #[test]
    fn marks_become_faces() {
        let lines = layout("**Try.** `let _ = a * b` is *not* 2 * 3.", 80);
        let faces: Vec<_> =
            lines[0].0.iter().filter(|(_, text)| text != " ").map(|(face, text)| (*face, text.as_str())).collect();
        assert_eq!(faces[..2], [(Face::Strong, "Try."), (Face::Code, "let")]);
        assert!(faces.contains(&(Face::Code, "*")));
        assert!(faces.contains(&(Face::Emphasis, "not")));
        assert_eq!(text(&lines[0]), "Try. let _ = a * b is not 2 * 3.");
    }

    #[test]
    fn no_width_at_all_is_survived() {
        assert!(!layout("some text", 0).is_empty());
    }
}
