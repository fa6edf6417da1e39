//! A chart in text: a bar for each value, its axes labelled with numbers.

use std::fmt::Write;

use engine::sweep::Series;
use engine::sweep::plot::{Cell, Plot};
use tui::text;

use super::Look;
use super::units::number;

/// Rows of the chart without its axis.
const ROWS: usize = 12;
/// Eighths of a cell, from the bottom.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Draws a series; empty if it has no figure above 0.
pub(super) fn chart(series: &Series, axis: &str, look: Look) -> String {
    let top = |plot: &Plot| [number(plot.top), number(plot.top / 2.0), "0".to_owned()];
    let wide = Plot::new(series, ROWS, look.width);
    let Some(label) = wide.as_ref().and_then(|plot| top(plot).iter().map(String::len).max()) else { return String::new() };
    let Some(plot) = Plot::new(series, ROWS, look.width.saturating_sub(label + 2)) else { return String::new() };
    let labels = top(&plot);
    let mut text = format!("{}\n", text::fit(&title(series), look.width, look.more()));
    for row in 0..ROWS {
        let label_of = match row {
            0 => &*labels[0],
            _ if row == ROWS / 2 => &*labels[1],
            _ => "",
        };
        let tick = if label_of.is_empty() { look.pick("│", "|") } else { look.pick("┤", "+") };
        let cells: String = (0..plot.bars()).map(|bar| bar_cells(&plot, bar, ROWS - 1 - row, look)).collect();
        let _ = writeln!(text, "{label_of:>label$} {tick}{}", cells.trim_end());
    }
    let line = look.pick("─", "-").repeat(plot.width());
    let _ = writeln!(text, "{:>label$} {}{line}", labels[2], look.pick("└", "+"));
    let mut values = String::new();
    for (_, column, name) in plot.labels() {
        let _ = write!(values, "{:pad$}{name}", "", pad = column - values.len());
    }
    let _ = writeln!(text, "{:label$}  {values}", "");
    let _ = writeln!(text, "{:label$}  {axis}", "");
    text
}

/// The name of the figure and its unit, if that is another word.
pub(super) fn title(series: &Series) -> String {
    match series.unit {
        "" => series.figure.clone(),
        unit if unit == series.figure => unit.to_owned(),
        unit => format!("{} ({unit})", series.figure),
    }
}

/// A bar in a row, from the bottom, with the gap after it.
fn bar_cells(plot: &Plot, bar: usize, row: usize, look: Look) -> String {
    let mark = match plot.cell(bar, row) {
        Cell::Empty => " ",
        Cell::Median => look.pick("━", "="),
        Cell::Band => look.pick("▒", ":"),
        // Below half a cell, ASCII shows nothing, except at the bottom, where there would be no bar.
        Cell::Solid(part) => look.pick(EIGHTHS[usize::from(part)], if part >= 4 || (part > 0 && row == 0) { "#" } else { " " }),
    };
    mark.repeat(plot.bar) + &" ".repeat(plot.gap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::sweep::Stat;
    use scenario::Value;
    use unicode_width::UnicodeWidthStr;

    fn series(figures: impl IntoIterator<Item = [f64; 3]>) -> Series {
        let stat = |(value, figure): (u64, [f64; 3])| {
            let (failed, troubles) = (Vec::new(), Vec::new());
            Stat { value: Value::Number(value), runs: 1, seed: 0, figure: Some(figure), failed, troubles }
        };
        Series { figure: "total".to_owned(), unit: "ms", stats: (1..).zip(figures).map(stat).collect() }
    }

    fn heights(text: &str, column: usize, marks: &str) -> usize {
        text.lines().filter(|line| line.chars().nth(column).is_some_and(|c| marks.contains(c))).count()
    }

    #[test]
    fn axes_have_numbers_and_bars_their_heights() {
        let text = chart(&series([[12.0; 3], [6.0; 3]]), "permits", Look { width: 40, unicode: true });
        assert!(text.starts_with("total (ms)\n") && text.ends_with("  permits\n"), "{text}");
        // 12 of 20 are 7.2 of 12 rows: 7 full cells and a fraction.
        assert_eq!((heights(&text, 4, "█"), heights(&text, 4, "▁▂")), (7, 1), "{text}");
        assert!(text.contains("20 ┤") && text.contains("10 ┤") && text.contains(" 0 └"), "{text}");
    }

    #[test]
    fn the_range_over_seeds_is_shaded_and_the_median_marked() {
        let text = chart(&series([[3.0, 6.0, 12.0]]), "permits", Look { width: 30, unicode: false });
        assert!(text.is_ascii(), "{text}");
        assert_eq!((heights(&text, 4, "#"), heights(&text, 4, "="), heights(&text, 4, ":")), (1, 1, 6), "{text}");
    }

    #[test]
    fn a_chart_is_never_wider_than_the_line() {
        for width in [12, 40, 80] {
            let many = (1..=500).map(|n| [f64::from(n); 3]);
            let text = chart(&series(many), "permits", Look { width, unicode: true });
            assert!(text.lines().all(|line| line.width() <= width), "{text}");
        }
        assert_eq!(chart(&series([]), "permits", Look { width: 40, unicode: true }), "");
    }
}
