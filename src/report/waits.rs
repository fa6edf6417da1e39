//! The busiest places of waiting, as a table.

use std::fmt::Write;

use super::Look;
use super::units::{count, time};
use crate::text;
use crate::trace::{Place, WaitTotal};

/// More places than this are counted, not listed.
const ROWS: usize = 10;
/// The fewest columns that a place is cut to.
const PLACE: usize = 12;
/// What a row has beside the place: two columns of margin, and of gap before each figure.
const GAPS: usize = 2 + 2 + 2 + 2 + 2;

/// What was waited for at which line, how often and how long, the longest together first; empty if there is nothing to tell.
pub(super) fn table(totals: &[WaitTotal], look: Look) -> String {
    if totals.is_empty() {
        return String::new();
    }
    let heads = ["cause", "place", "count", "total", "longest"].map(str::to_owned);
    let rows = totals.iter().take(ROWS).map(|total| {
        let place = total.place.as_ref().map_or_else(|| "not known".to_owned(), Place::to_string);
        [total.cause.name().to_owned(), place, total.count.to_string(), time(total.total_ns), time(total.max_ns)]
    });
    let rows: Vec<[String; 5]> = std::iter::once(heads).chain(rows).collect();
    let mut widths: [usize; 5] = std::array::from_fn(|i| rows.iter().map(|row| text::width(&row[i])).max().unwrap_or(0));
    let others = widths.iter().sum::<usize>() - widths[1] + GAPS;
    widths[1] = widths[1].min(look.width.saturating_sub(others).max(PLACE));

    let more = look.more();
    let mut text = "\nbusiest places of waiting\n".to_owned();
    for row in rows {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(widths).enumerate() {
            // The end of a place tells the most: the file and the line.
            let cell = text::fit_end(cell, width, more);
            let pad = width - text::width(&cell);
            // Words are at the left of their column, figures at the right.
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
    use crate::trace::Cause;

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
            "busiest places of waiting",
            "  cause      place                      count   total  longest",
            "  semaphore  scenarios/semaphore.rs:33     17  28.5 s  14.25 s",
            "  time       not known                      2  500 ms   250 ms",
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
