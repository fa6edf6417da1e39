//! A chart in text: a bar for each value, its axes labelled with numbers.
//!
//! A bar is solid up to the smallest value over the seeds and shaded up to the largest; a line marks the median. With one seed,
//! all three are the same and the bar is solid.

use std::fmt::Write;

use engine::sweep::Series;
use tui::text;

use super::Look;
use super::units::number;

/// Rows of the chart without its axis.
const ROWS: usize = 12;
/// The widest bar, in columns.
const BAR: usize = 6;
/// Eighths of a cell, from the bottom.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Draws a series; empty if it has no value above 0.
pub(super) fn chart(series: &Series, axis: &str, look: Look) -> String {
    let top = series.stats.iter().filter_map(|stat| stat.figure).map(|[.., max]| max).fold(0.0, f64::max);
    if top <= 0.0 || !top.is_finite() {
        return String::new();
    }
    let top = round_up(top);
    let labels = [number(top), number(top / 2.0), "0".to_owned()];
    let label = labels.iter().map(String::len).max().unwrap_or(0);
    let room = look.width.saturating_sub(label + 2).max(1);
    let bars = Bars::new(series, top, room);
    let mut text = format!("{}\n", text::fit(&title(series), look.width, look.more()));
    for row in 0..ROWS {
        let label_of = match row {
            0 => &*labels[0],
            _ if row == ROWS / 2 => &*labels[1],
            _ => "",
        };
        let tick = if label_of.is_empty() { look.pick("│", "|") } else { look.pick("┤", "+") };
        let _ = writeln!(text, "{label_of:>label$} {tick}{}", bars.row(ROWS - 1 - row, look).trim_end());
    }
    let line = look.pick("─", "-").repeat(bars.width());
    let _ = writeln!(text, "{:>label$} {}{line}", labels[2], look.pick("└", "+"));
    let _ = writeln!(text, "{:label$}  {}", "", bars.labels(series));
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

/// The bars: their places and heights.
struct Bars {
    /// The smallest, the median and the largest value of each bar, in eighths of a row.
    heights: Vec<Option<[usize; 3]>>,
    /// Columns of a bar, without the gap after it.
    bar: usize,
    gap: usize,
    /// How many values share a bar.
    merged: usize,
}

impl Bars {
    fn new(series: &Series, top: f64, room: usize) -> Self {
        let merged = series.stats.len().div_ceil(room).max(1);
        let eighths = |value: f64| ((value / top * (ROWS * 8) as f64).round() as usize).min(ROWS * 8);
        let heights: Vec<_> = series.stats.chunks(merged).map(|stats| extent(stats).map(|figure| figure.map(eighths))).collect();
        let label = series.stats.iter().map(|stat| stat.value.to_string().len()).max().unwrap_or(0);
        let each = (room / heights.len().max(1)).clamp(1, BAR.max(label) + 1);
        let gap = usize::from(each >= 3);
        Self { heights, bar: each - gap, gap, merged }
    }

    fn width(&self) -> usize {
        self.heights.len() * (self.bar + self.gap)
    }

    /// One row of cells, from the bottom.
    fn row(&self, row: usize, look: Look) -> String {
        let cell = |heights: &Option<[usize; 3]>| {
            let [min, median, max] = heights.unwrap_or_default().map(|eighths| eighths.saturating_sub(row * 8).min(8));
            let is_median = heights.is_some_and(|[low, mid, high]| low < high && (mid.max(1) - 1) / 8 == row);
            match (min, median, max) {
                _ if is_median => look.pick("━", "="),
                (8, ..) => look.pick("█", "#"),
                (_, _, 1..) if heights.is_some_and(|[low, _, high]| low < high) => look.pick("▒", ":"),
                // Below half a cell, ASCII shows nothing, except at the bottom, where there would be no bar.
                (part, ..) => look.pick(EIGHTHS[part], if part >= 4 || (part > 0 && row == 0) { "#" } else { " " }),
            }
        };
        self.heights.iter().map(|heights| cell(heights).repeat(self.bar) + &" ".repeat(self.gap)).collect()
    }

    /// The values of the parameter, each below its bar, as many as fit.
    fn labels(&self, series: &Series) -> String {
        let mut line = String::new();
        for (at, stats) in series.stats.chunks(self.merged).enumerate() {
            let column = at * (self.bar + self.gap);
            let label = stats[0].value.to_string();
            if line.is_empty() || column > line.len() {
                if column + label.len() > self.width().max(label.len()) && at > 0 {
                    break;
                }
                let _ = write!(line, "{:pad$}{label}", "", pad = column - line.len());
            }
        }
        line
    }
}

/// The extent of values that share a bar.
fn extent(stats: &[engine::sweep::Stat]) -> Option<[f64; 3]> {
    let mut figures = stats.iter().filter_map(|stat| stat.figure);
    let first = figures.next()?;
    Some(figures.fold(first, |[min, median, max], [low, _, high]| [min.min(low), median, max.max(high)]))
}

/// Rounds up to the next of 1, 2, 4, 5, 10, 20, 40, 50 …
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 5.0, 10.0].map(|step| step * power).into_iter().find(|round| *round >= value * (1.0 - 1e-9)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::sweep::Stat;
    use scenario::Value;
    use unicode_width::UnicodeWidthStr;

    fn series(figures: &[Option<[f64; 3]>]) -> Series {
        let stat = |(value, figure): (u64, &Option<[f64; 3]>)| {
            let (failed, troubles) = (Vec::new(), Vec::new());
            Stat { value: Value::Number(value), runs: 1, seed: 0, figure: *figure, failed, troubles }
        };
        Series { figure: "total".to_owned(), unit: "ms", stats: (1..).zip(figures).map(stat).collect() }
    }

    fn heights(text: &str, column: usize, marks: &str) -> usize {
        text.lines().filter(|line| line.chars().nth(column).is_some_and(|c| marks.contains(c))).count()
    }

    #[test]
    fn a_bar_is_as_high_as_its_value() {
        let same = |value: f64| Some([value; 3]);
        let text = chart(&series(&[same(12.0), same(6.0), None, same(0.0)]), "permits", Look { width: 40, unicode: true });
        assert!(text.starts_with("total (ms)\n"), "{text}");
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        // 12 of 20 are 7.2 of 12 rows: 7 full cells and a fraction.
        assert_eq!(heights(&text, 4, "█"), 7, "{text}");
        assert_eq!(heights(&text, 4, "▁▂"), 1, "{text}");
        assert_eq!(heights(&text, 12, "█"), 3, "{text}");
        assert_eq!(heights(&text, 20, "█▁▂▃▄▅▆▇") + heights(&text, 28, "█▁▂▃▄▅▆▇"), 0, "{text}");
        assert!(text.contains("20 ┤") && text.contains("10 ┤") && text.contains(" 0 └"), "{text}");
    }

    #[test]
    fn the_range_over_seeds_is_shaded_and_the_median_marked() {
        let of = series(&[Some([3.0, 6.0, 12.0])]);
        let text = chart(&of, "permits", Look { width: 30, unicode: false });
        assert!(text.is_ascii(), "{text}");
        assert_eq!((heights(&text, 4, "#"), heights(&text, 4, "="), heights(&text, 4, ":")), (1, 1, 6), "{text}");
    }

    #[test]
    fn many_values_share_bars_and_labels_never_overlap() {
        let many: Vec<_> = (1..=500).map(|n| Some([f64::from(n); 3])).collect();
        for width in [12, 40, 80] {
            let text = chart(&series(&many), "permits", Look { width, unicode: true });
            assert!(text.lines().all(|line| line.width() <= width), "{text}");
        }
        assert_eq!(chart(&series(&[None]), "permits", Look { width: 40, unicode: true }), "");
    }
}
