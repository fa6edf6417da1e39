//! Tables in text: the first columns left-aligned, the others right-aligned.

use std::fmt::Write;

use tui::text;

/// Columns between two cells, and before the first.
const GAP: usize = 2;

/// Lays out rows of equally many cells. The first `left` columns are left-aligned; a column without text takes no room.
pub(super) fn table(rows: &[Vec<String>], left: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| text::width(cell)).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut table = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate().filter(|(_, (_, width))| **width > 0) {
            let pad = " ".repeat(width - text::width(cell));
            let [before, after] = if column < left { ["", &*pad] } else { [&*pad, ""] };
            let _ = write!(line, "{:GAP$}{before}{cell}{after}", "");
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}
