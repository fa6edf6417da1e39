//! A table of the places with the most waiting.

use std::fmt::Write;

use super::Look;
use super::units::{count, time};
use trace::{Place, WaitTotal};
use tui::text;

/// More places than this are counted, not listed.
const ROWS: usize = 10;
/// The narrowest column of places.
const PLACE: usize = 12;
/// The columns of a row outside its cells: the margin, and the gaps between cells.
const GAPS: usize = 2 + 2 + 2 + 2 + 2;

/// The waits by cause and place, longest total first; empty if there are none.
pub(super) fn table(totals: &[WaitTotal], look: Look) -> String {
    if totals.is_empty() {
        return String::new();
    }
    let heads = ["cause", "place", "count", "total", "longest"].map(str::to_owned);
    let rows = totals.iter().take(ROWS).map(|total| {
        let place = total.place.as_ref().map_or_else(|| "unknown".to_owned(), Place::to_string);
        [total.cause.name().to_owned(), place, total.count.to_string(), time(total.total_ns), time(total.max_ns)]
    });
    let rows: Vec<[String; 5]> = std::iter::once(heads).chain(rows).collect();
    let mut widths: [usize; 5] = std::array::from_fn(|i| rows.iter().map(|row| text::width(&row[i])).max().unwrap_or(0));
    let others = widths.iter().sum::<usize>() - widths[1] + GAPS;
    widths[1] = widths[1].min(look.width.saturating_sub(others).max(PLACE));

    let more = look.more();
    let mut text = "\nwaits by place\n".to_owned();
    for row in rows {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(widths).enumerate() {
            // Keep the end of a place: the file name and the line.
            let cell = text::fit_end(cell, width, more);
            let pad = width - text::width(&cell);
            // Words are left-aligned, numbers right-aligned.
            _ = if i < 2 { write!(line, "  {cell}{:pad$}", "") } else { write!(line, "  {:pad$}{cell}", "") };
        }
        text += &(line + "\n");
    }
    if totals.len() > ROWS {
        let _ = writeln!(text, "  {more} and {} more", count(totals.len() - ROWS, "place"));
    }
    text
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use trace::Cause;

    fn total(cause: Cause, place: Option<(&str, u32)>, count: u64, total_ns: u64) -> WaitTotal {
        let place = place.map(|(file, line)| Place { file: file.into(), line });
        WaitTotal { cause, place, count, total_ns, max_ns: total_ns / 2 }
    }

    #[test]
    fn figures_stand_under_their_heads() {
        let totals = [
            total(Cause::Semaphore, Some(("scenarios/semaphore.rs", 33)), 17, 28_500_000_000),
            total(Cause::Time, None, 2, 500_000_000),
        ];
        let text = table(&totals, Look { width: 80, unicode: true });
        let expected = [
            "",
            "waits by place",
            "  cause      place                      count   total  longest",
            "  semaphore  scenarios/semaphore.rs:33     17  28.5 s  14.25 s",
            "  time       unknown                        2  500 ms   250 ms",
            "",
        ];
        assert_eq!(text, expected.join("\n"));
        assert_eq!(table(&[], Look { width: 80, unicode: true }), "");
    }

    #[test]
    fn a_long_place_keeps_its_end_and_many_places_are_counted() {
        let far = "a/very/long/way/down/to/the/one/file/that/matters/here/semaphore.rs";
        let totals: Vec<_> = (0..12).map(|n| total(Cause::Mutex, Some((far, 100 + n)), 1, 1_000_000_000)).collect();
        for unicode in [true, false] {
            let text = table(&totals, Look { width: 60, unicode });
            assert!(text.lines().all(|line| line.width() <= 60), "{text}");
            assert!(text.contains("/semaphore.rs:100  ") && text.contains("and 2 places more"), "{text}");
            assert_eq!(text.is_ascii(), !unicode);
        }
    }
}
