//! Formats numbers and times as text, in stable widths.

use std::borrow::Cow;

use super::theme::Look;
pub(crate) use crate::app::time::moment;
use crate::text;
pub(crate) use crate::text::{width, width_within, wrap};

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// A duration with its unit and at most three significant digits: `2.41 s`, `500 ms`, `18 ns`. At most seven cells
/// wide below a hundred hours.
pub(crate) fn span(look: Look, ns: u64) -> String {
    let micro = look.glyphs.micro;
    match ns {
        0 => "0 ms".into(),
        1..MICRO => format!("{ns} ns"),
        MICRO..MILLI => format!("{} {micro}s", digits(ns, MICRO)),
        MILLI..SECOND => format!("{} ms", digits(ns, MILLI)),
        _ if ns < 60 * SECOND => format!("{} s", digits(ns, SECOND)),
        _ if ns < 3_600 * SECOND => format!("{}m {:02}s", ns / SECOND / 60, ns / SECOND % 60),
        _ => format!("{}h {:02}m", ns / SECOND / 3_600, ns / SECOND / 60 % 60),
    }
}

/// At most three digits, truncated and not rounded, so that 999.9 ms does not become a second; without trailing
/// zeros.
fn digits(ns: u64, unit: u64) -> String {
    let whole = ns / unit;
    let thousandths = ns % unit * 1_000 / unit;
    let text = match whole {
        0..10 => format!("{whole}.{:02}", thousandths / 10),
        10..100 => format!("{whole}.{}", thousandths / 100),
        _ => return whole.to_string(),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A whole number in groups of three: `1,000,000`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// A number in at most seven cells: millions and more are truncated to three digits.
pub(crate) fn compact(value: f64) -> String {
    let size = value.abs();
    let (unit, letter) = match size {
        _ if size < 1e6 => return number(value),
        _ if size < 1e9 => (1e6, "M"),
        _ if size < 1e12 => (1e9, "G"),
        _ => (1e12, "T"),
    };
    format!("{:.1} {letter}", value / unit)
}

/// A number in at most five characters, without a fraction from ten thousand on: `57k`.
pub(crate) fn rounded(value: f64) -> String {
    match value.abs() {
        size if size < 1e4 => compact(value),
        size if size < 1e6 => format!("{:.0}k", value / 1e3),
        _ => compact(value),
    }
}

/// A count and what is counted: `1 task`, `21 tasks`.
pub(crate) fn counted(n: u64, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A number that may have a fraction: an integer, or at most two decimals.
pub(crate) fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", count(value.abs() as u64));
    }
    format!("{value:.2}")
}

/// A text in at most `cells` cells: if it is longer, it is cut and ends with the mark for *more*.
pub(crate) fn fit(look: Look, text: &str, cells: usize) -> Cow<'_, str> {
    text::fit(text, cells, look.glyphs.more)
}

/// A name in at most `cells` cells; the number at its end is kept.
pub(crate) fn fit_name(look: Look, name: &str, cells: usize) -> Cow<'_, str> {
    text::fit_name(name, cells, look.glyphs.more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look() -> Look {
        Look::sample()
    }

    #[test]
    fn spans_keep_three_digits_and_never_pass_into_the_next_unit() {
        let text = |ns| span(look(), ns);
        assert_eq!(text(0), "0 ms");
        assert_eq!(text(18), "18 ns");
        assert_eq!(text(1_500), "1.5 µs");
        assert_eq!(text(500_000_000), "500 ms");
        assert_eq!(text(999_999_999), "999 ms");
        assert_eq!(text(2_413_000_000), "2.41 s");
        assert_eq!(text(61_000_000_000), "1m 01s");
        assert_eq!(text(3_720_000_000_000), "1h 02m");
        // 2^48 ns is 78 hours.
        let widest = (0..=48).map(|bit| width(&text((1_u64 << bit) - 1))).max();
        assert_eq!(widest, Some(7));
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(counted(1, "task"), "1 task");
        assert_eq!(number(-1234.0), "-1,234");
        assert_eq!(number(0.256), "0.26");
        assert_eq!(compact(999_999.0), "999,999");
        assert_eq!(compact(1_250_000.0), "1.2 M");
    }
}
