//! A text field: if the text is longer than its place, the part around the cursor.

use ratatui::style::Style;

use crate::text;
use crate::ui::pen::Pen;

/// Draws a typed text into at most `cells` cells, with the cursor visible. `styles` gives the style from each byte
/// on. `cursor` is the index of the character after the cursor. Returns the cursor's column on screen.
pub(crate) fn render(pen: &mut Pen<'_>, text: &str, cursor: usize, cells: usize, styles: &[(usize, Style)]) -> u16 {
    let cells = cells.min(pen.room());
    let pieces: Vec<(usize, usize)> = text::pieces(text).collect();
    let (before, behind) = pieces.split_at(cursor.min(pieces.len()));
    let taken = |pieces: &[(usize, usize)]| pieces.iter().map(|(_, cells)| cells).sum::<usize>();
    // The cursor needs a cell, too. A combining mark stays with its letter.
    let whole = taken(&pieces) < cells;
    let left = if whole { 0 } else { before.len() - fitting(before.iter().rev(), cells.saturating_sub(1)) };
    let left = left + before[left..].iter().take_while(|(_, cells)| *cells == 0).count();
    let byte = |place: usize| pieces.get(place).map_or(text.len(), |(byte, _)| *byte);
    let (first, last) = (byte(left), byte(left + fitting(before[left..].iter().chain(behind), cells)));
    let start = pen.x();
    for (i, (from, style)) in styles.iter().enumerate() {
        let to = styles.get(i + 1).map_or(text.len(), |(next, _)| *next);
        let (from, to) = ((*from).max(first), to.min(last));
        if from < to {
            pen.put(&text[from..to], *style);
        }
    }
    start.saturating_add(taken(&before[left..]).min(cells.saturating_sub(1)) as u16)
}

/// How many characters fit into `cells` cells.
fn fitting<'a>(pieces: impl Iterator<Item = &'a (usize, usize)>, cells: usize) -> usize {
    let mut used = 0;
    let fits = |(_, takes): &&(usize, usize)| {
        used += takes;
        used <= cells
    };
    pieces.take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;
    use crate::ui::theme::Look;

    /// The visible part of a text in eight cells, with the cursor `left` characters from its end, and the cursor's
    /// column.
    fn seen(text: &str, left: usize) -> (String, u16) {
        let cursor = text.chars().count() - left;
        let area = Rect::new(0, 0, 12, 1);
        let mut buf = Buffer::empty(area);
        let column = render(&mut Pen::new(&mut buf, Look::sample(), area, 0), text, cursor, 8, &[(0, Style::new())]);
        let row: String = buf.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        (row.trim_end().to_owned(), column)
    }

    #[test]
    fn the_cursor_is_in_sight_and_no_cell_is_lost() {
        assert_eq!(seen("", 0), (String::new(), 0));
        assert_eq!(seen("abc", 0), ("abc".to_owned(), 3));
        assert_eq!(seen("abcdefg", 0), ("abcdefg".to_owned(), 7));
        assert_eq!(seen("abcdefghij", 0), ("defghij".to_owned(), 7));
        assert_eq!(seen("abcdefghij", 2), ("bcdefghi".to_owned(), 7));
        assert_eq!(seen("abcdefghij", 10), ("abcdefgh".to_owned(), 0));
    }

    #[test]
    fn what_cannot_be_seen_is_seen_and_the_cursor_stands_behind_it() {
        assert_eq!(seen("a\u{9b}", 0), (r"a\u{9b}".to_owned(), 7));
        assert_eq!(seen("\u{202e}", 1), (r"\u{202e}".to_owned(), 0));
        assert_eq!(seen("e\u{301}e\u{301}", 0), ("ee".to_owned(), 2));
        assert_eq!(seen("abcdefgh\u{301}", 0), ("bcdefgh".to_owned(), 7));
    }

    #[test]
    fn a_wide_character_is_never_cut() {
        assert_eq!(seen("ab\u{4e2d}\u{4e2d}\u{4e2d}\u{4e2d}", 0).1, 6);
        assert_eq!(seen("a\u{4e2d}\u{4e2d}\u{4e2d}\u{4e2d}", 5).0.chars().filter(|c| *c != ' ').count(), 4);
    }
}
