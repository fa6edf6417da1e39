//! The findings of a run, each with its advice.

use std::fmt::Write;

use super::Look;
use super::units::{count, time};
use trace::{Finding, Findings, Place};
use tui::text;

/// More findings than this are counted, not listed.
const LISTED: usize = 10;
/// The most columns of a place.
const PLACE: usize = 80;

/// The findings as text; empty if there are none.
pub(super) fn section(found: &Findings, look: Look) -> String {
    let all = found.list.len();
    if all == 0 {
        return String::new();
    }
    let mut text = "\nfindings\n".to_owned();
    for finding in found.list.iter().take(LISTED) {
        text += &told(finding, look);
    }
    if all > LISTED {
        let _ = writeln!(text, "  {} and {} more", look.more(), count(all - LISTED, "finding"));
    }
    text
}

fn told(finding: &Finding, look: Look) -> String {
    let place = finding.place.as_ref().map_or_else(String::new, Place::to_string);
    let place = text::fit_end(&place, PLACE, look.more());
    let inferred = if finding.inferred { " (inferred)" } else { "" };
    let head = format!("{} at {}  {place}{inferred}", finding.kind.name(), time(finding.at_ns));
    let mark = look.pick("⚑", "!");
    format!("  {mark} {}\n{}{}", head.trim_end(), wrapped(&finding.text, 4, look), wrapped(finding.kind.advice(), 4, look))
}

/// Wraps a text and indents each line by `margin`.
pub(super) fn wrapped(text: &str, margin: usize, look: Look) -> String {
    let cells = look.width.saturating_sub(margin);
    let mut lines = String::new();
    for line in text::wrap(text, cells) {
        let _ = writeln!(lines, "{:margin$}{}", "", text::fit(&line, cells.max(text::NAME), look.more()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use trace::FindingKind;

    fn finding(text: &str) -> Finding {
        let place = Some(Place { file: "scenarios/a.rs".into(), line: 7 });
        let (kind, text) = (FindingKind::FailedUnheard, text.to_owned());
        Finding { kind, task: Some(1), tasks: 1, place, at_ns: 1_500_000_000, text, inferred: true }
    }

    #[test]
    fn each_says_where_what_and_what_to_do_within_the_columns() {
        let mut found = Findings::default();
        assert_eq!(section(&found, Look { width: 80, unicode: true }), "");
        found.list = (0..12).map(|_| finding("child failed\nunheard")).collect();
        for unicode in [true, false] {
            let text = section(&found, Look { width: 60, unicode });
            assert!(text.lines().all(|line| line.width() <= 60), "{text}");
            assert!(
                text.contains("failed-unheard at 1.5 s  scenarios/a.rs:7 (inferred)\n    child failed unheard\n    Its"),
                "{text}"
            );
            assert!(text.contains("and 2 findings more"), "{text}");
            assert_eq!(text.is_ascii(), !unicode);
        }
    }
}
