//! A chart of a series in cells: a bar for each value of the parameter. The screen and the text report draw the same cells.
//!
//! A bar is solid up to the smallest figure over the seeds and shaded up to the largest; a line marks the median. With one seed,
//! all three are the same and the bar is solid.

use super::{Series, Stat};

/// The widest bar, in columns, unless the names of the values are longer.
const BAR: usize = 6;
/// Steps of a cell.
const STEPS: usize = 8;

/// What a cell of a bar shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// So many eighths are solid, from the bottom.
    Solid(u8),
    /// Above the smallest figure, up to the largest.
    Band,
    /// The median.
    Median,
}

/// A chart, cut into cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The figure at the top of the chart.
    pub top: f64,
    /// Columns of a bar, without the gap after it.
    pub bar: usize,
    /// Columns after each bar.
    pub gap: usize,
    /// How many values share a bar.
    pub merged: usize,
    /// The smallest, the median and the largest figure of each bar, in eighths of a row.
    heights: Vec<Option<[usize; 3]>>,
    /// The first value of each bar.
    names: Vec<String>,
}

impl Plot {
    /// Cuts a series into so many rows and columns; `None` if it has no figure above 0.
    pub fn new(series: &Series, rows: usize, columns: usize) -> Option<Self> {
        let top = series.stats.iter().filter_map(|stat| stat.figure).map(|[.., most]| most).fold(0.0, f64::max);
        if top <= 0.0 || !top.is_finite() {
            return None;
        }
        let (top, columns) = (round_up(top), columns.max(1));
        let merged = series.stats.len().div_ceil(columns).max(1);
        let steps = rows * STEPS;
        let step = |value: f64| ((value / top * steps as f64).round() as usize).min(steps);
        let heights: Vec<_> = series.stats.chunks(merged).map(|stats| extent(stats).map(|figure| figure.map(step))).collect();
        let name = series.stats.iter().map(|stat| stat.value.to_string().len()).max().unwrap_or(0);
        let each = (columns / heights.len().max(1)).clamp(1, BAR.max(name) + 1);
        let gap = usize::from(each >= 3);
        let names = series.stats.chunks(merged).map(|stats| stats[0].value.to_string()).collect();
        Some(Self { top, bar: each - gap, gap, merged, heights, names })
    }

    /// How many bars there are.
    pub fn bars(&self) -> usize {
        self.heights.len()
    }

    /// Columns of the whole chart.
    pub fn width(&self) -> usize {
        self.heights.len() * (self.bar + self.gap)
    }

    /// The first column of a bar.
    pub fn column(&self, bar: usize) -> usize {
        bar * (self.bar + self.gap)
    }

    /// What a bar shows in a row, counted from the bottom.
    pub fn cell(&self, bar: usize, row: usize) -> Cell {
        let Some(heights) = self.heights.get(bar).copied().flatten() else { return Cell::Empty };
        let [low, mid, high] = heights;
        let [min, _, max] = heights.map(|steps| steps.saturating_sub(row * STEPS).min(STEPS));
        if low < high && mid.saturating_sub(1) / STEPS == row {
            Cell::Median
        } else if min == STEPS || low == high {
            Cell::Solid(min as u8)
        } else if max > 0 {
            Cell::Band
        } else {
            Cell::Empty
        }
    }

    /// The names of the values, each with the column of its bar, as many as fit.
    pub fn labels(&self) -> Vec<(usize, usize, &str)> {
        let mut labels: Vec<(usize, usize, &str)> = Vec::new();
        let mut free = 0;
        for (bar, name) in self.names.iter().enumerate() {
            let column = self.column(bar);
            let fits = column + name.len() <= self.width().max(name.len());
            if column >= free && (fits || bar == 0) {
                labels.push((bar, column, name));
                free = column + name.len() + 1;
            }
        }
        labels
    }
}

/// The extent of values that share a bar.
fn extent(stats: &[Stat]) -> Option<[f64; 3]> {
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
    use scenario::Value;

    fn series(figures: &[Option<[f64; 3]>]) -> Series {
        let stat = |(value, figure): (u64, &Option<[f64; 3]>)| {
            let (failed, troubles) = (Vec::new(), Vec::new());
            Stat { value: Value::Number(value), runs: 1, seed: 0, figure: *figure, failed, troubles }
        };
        Series { figure: "total".to_owned(), unit: "ms", stats: (1..).zip(figures).map(stat).collect() }
    }

    #[test]
    fn a_bar_is_as_high_as_its_figure() {
        let same = |value: f64| Some([value; 3]);
        let plot = Plot::new(&series(&[same(12.0), same(6.0), None, same(0.0)]), 10, 40).expect("there are figures");
        assert_eq!((plot.top, plot.bars()), (20.0, 4));
        // 12 of 20 are 6 of 10 rows; 6 are 3.
        let solid = |bar| (0..10).filter(|row| plot.cell(bar, *row) == Cell::Solid(8)).count();
        assert_eq!([0, 1, 2, 3].map(solid), [6, 3, 0, 0]);
        assert!(Plot::new(&series(&[None, same(0.0)]), 10, 40).is_none());
    }

    #[test]
    fn the_range_over_seeds_is_a_band_with_the_median_in_it() {
        let plot = Plot::new(&series(&[Some([2.0, 6.0, 10.0])]), 10, 40).expect("there are figures");
        let cells: Vec<_> = (0..10).map(|row| plot.cell(0, row)).collect();
        assert_eq!(cells[..3], [Cell::Solid(8), Cell::Solid(8), Cell::Band]);
        assert_eq!((cells[5], cells[9]), (Cell::Median, Cell::Band));
    }

    #[test]
    fn many_values_share_bars_and_labels_never_overlap() {
        let many: Vec<_> = (1..=500).map(|n| Some([f64::from(n); 3])).collect();
        for columns in [1, 7, 40, 80, 499, 5_000] {
            let plot = Plot::new(&series(&many), 10, columns).expect("there are figures");
            assert!(plot.width() <= columns, "{columns}: {plot:?}");
            for two in plot.labels().windows(2) {
                assert!(two[0].1 + two[0].2.len() < two[1].1, "{two:?}");
            }
        }
    }
}
