//! What the screen knows of a sweep.

use engine::sweep::{self, Point, Series, Sweep};

/// A sweep in progress or over.
#[derive(Debug, Clone)]
pub struct SweepView {
    /// What is swept.
    pub sweep: Sweep,
    /// The runs so far, by value, then by seed.
    pub points: Vec<Point>,
    /// Whether it is over.
    pub over: bool,
    /// The chosen figure; `None` if the user has chosen none.
    pub figure: Option<usize>,
}

impl SweepView {
    /// The names of the figures.
    pub fn figures(&self) -> Vec<String> {
        sweep::figures(&self.points).into_iter().map(|(name, _)| name).collect()
    }

    /// The index of the figure on screen: the chosen one, or else the first that differs from value to value.
    pub fn shown(&self) -> usize {
        let figures = self.figures();
        let varies = |name: &String| {
            let stats = sweep::series(&self.points, name).stats;
            let figures = || stats.iter().filter_map(|stat| stat.figure);
            let least = figures().map(|[least, ..]| least).reduce(f64::min);
            least < figures().map(|[.., most]| most).reduce(f64::max)
        };
        let first = || figures.iter().position(varies).unwrap_or(0);
        self.figure.unwrap_or_else(first).min(figures.len().saturating_sub(1))
    }

    /// The figure on screen, over all values of the sweep: a value without a run yet has no figure.
    pub fn series(&self) -> Series {
        let name = self.figures().into_iter().nth(self.shown()).unwrap_or_default();
        let mut series = sweep::series(&self.points, &name);
        let found = std::mem::take(&mut series.stats);
        let of = |value| found.iter().find(|stat| stat.value == value).cloned();
        let values = self.sweep.values.iter().map(|value| of(*value).unwrap_or_else(|| sweep::Stat::unknown(*value)));
        series.stats = values.collect();
        series
    }
}
