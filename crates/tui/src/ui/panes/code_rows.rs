//! The rows of code: a long line is wrapped, never cut.
//!
//! A line is broken where a reader would break it: at a space, otherwise before a dot, or after a comma or a bracket.
//! It continues with a hanging indent. Indentation that all lines share is removed.

use crate::ui::format;
use crate::ui::highlight::CodeLine;

/// The extra indentation of continued rows: normal, and on narrow panes.
const HANGING: [usize; 2] = [4, 2];
/// Below this width a pane is narrow.
const NARROW: usize = 40;
/// The fewest cells for code on a row.
const LEAST: usize = 8;

/// A row: one part of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CodeRow {
    /// The line, by its index among those shown.
    pub(super) line: usize,
    /// Whether the line begins here.
    pub(super) first: bool,
    /// The indentation in cells.
    pub(super) indent: usize,
    /// Its pieces of text.
    pub(super) pieces: CodeLine,
}

impl CodeRow {
    /// Its text.
    pub(super) fn text(&self) -> String {
        text(&self.pieces)
    }
}

/// The rows of some lines, at a width.
pub(super) fn rows(lines: &[CodeLine], width: usize) -> Vec<CodeRow> {
    let indents = lines.iter().filter(|line| !text(line).trim().is_empty()).map(|line| indent(&text(line)));
    let common = indents.min().unwrap_or(0);
    lines.iter().enumerate().flat_map(|(ix, line)| wrapped(ix, line, common, width.max(LEAST))).collect()
}

fn text(line: &CodeLine) -> String {
    line.iter().map(|(_, piece)| *piece).collect()
}

/// The number of leading spaces.
fn indent(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

fn wrapped(line: usize, of: &CodeLine, common: usize, width: usize) -> Vec<CodeRow> {
    let all = text(of);
    let own = indent(&all);
    let hanging = HANGING[usize::from(width < NARROW)];
    let (first, next) = (own.saturating_sub(common), own.saturating_sub(common) + hanging);
    // Leaves room for code, however deep the indentation.
    let (first, next) = (first.min(width - LEAST), next.min(width - LEAST));
    let mut rows = Vec::new();
    let mut rest = &all[own.min(all.len())..];
    let mut at = own.min(all.len());
    loop {
        let indent = if rows.is_empty() { first } else { next };
        let end = at + breaks(rest, width - indent);
        let pieces = pieces(of, at, end);
        rows.push(CodeRow { line, first: rows.is_empty(), indent, pieces });
        rest = all[end..].trim_start_matches(' ');
        at = all.len() - rest.len();
        if rest.is_empty() {
            return rows;
        }
    }
}

/// How many bytes of a text fit on a row of `cells` cells, up to the best place to break it.
fn breaks(text: &str, cells: usize) -> usize {
    if format::width(text) <= cells {
        return text.len();
    }
    let (mut taken, mut hard) = (0, 0);
    let (mut space, mut dot, mut mark) = (None, None, None);
    for (at, c) in text.char_indices() {
        taken += format::width(c.encode_utf8(&mut [0; 4]));
        if taken > cells {
            break;
        }
        hard = at + c.len_utf8();
        match c {
            ' ' => space = Some(at),
            ',' | '(' | '{' | '[' | ';' => mark = Some(hard),
            '.' if at > 0 => dot = Some(at),
            _ => {}
        }
    }
    // Not so early that the row would be nearly empty.
    let good = |place: &usize| *place > hard / 3;
    let first = text.chars().next().map_or(0, char::len_utf8);
    space.filter(good).or(dot.filter(good)).or(mark.filter(good)).unwrap_or(hard).max(first)
}

/// The pieces of a line between two byte offsets.
fn pieces(of: &CodeLine, from: usize, to: usize) -> CodeLine {
    let mut at = 0;
    let mut pieces = Vec::new();
    for (role, piece) in of {
        let (start, end) = (at.max(from), (at + piece.len()).min(to));
        if start < end {
            pieces.push((*role, &piece[start - at..end - at]));
        }
        at += piece.len();
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Role;

    fn line(text: &'static str) -> CodeLine {
        vec![(Role::Plain, text)]
    }

    fn shown(lines: &[CodeLine], width: usize) -> Vec<String> {
        let row = |row: CodeRow| {
            let text: String = row.pieces.iter().map(|(_, piece)| *piece).collect();
            format!("{}{}{text}", if row.first { "" } else { ">" }, " ".repeat(row.indent))
        };
        rows(lines, width).into_iter().map(row).collect()
    }

    #[test]
    fn a_long_line_goes_on_below_with_a_hanging_indent() {
        let lines = [line("    let permit = service.limit.acquire_many(each).await?;"), line(""), line("        drop(permit);")];
        assert_eq!(
            shown(&lines, 30),
            ["let permit =", ">  service.limit", ">  .acquire_many(each).await?;", "", "    drop(permit);"]
        );
        assert_eq!(shown(&lines, 80)[0], "let permit = service.limit.acquire_many(each).await?;");
    }

    #[test]
    fn nothing_is_lost_at_any_width_in_any_source() {
        let squeezed = |text: &str| text.replace(' ', "");
        for scenario in scenarios::CATALOGUE {
            for source in [scenario.source, scenario.twin] {
                let lines: Vec<CodeLine> = source.lines().map(line).collect();
                for width in [1, 24, 30, 40, 60, 100] {
                    let rows = rows(&lines, width);
                    for row in &rows {
                        let cells: usize = row.pieces.iter().map(|(_, piece)| format::width(piece)).sum();
                        assert!(row.indent + cells <= width.max(LEAST), "{}: {row:?} at {width}", scenario.id);
                    }
                    let text: String = rows.iter().flat_map(|row| &row.pieces).map(|(_, piece)| *piece).collect();
                    assert_eq!(squeezed(&text), squeezed(&source.lines().collect::<String>()), "{} at {width}", scenario.id);
                }
            }
        }
    }
}
