//! The course of a figure from the start to the cursor.
//!
//! The columns cover the whole run, or what is known of a program, so that they do not move with the cursor; those after it are
//! empty.

use crate::app::model::RunView;
use crate::ui::view;
use trace::{Bin, Stretch};

/// The columns of a chart over the run.
pub(super) struct Course<'a> {
    run: &'a RunView,
    cells: usize,
    at_ns: u64,
    from_ns: u64,
    /// How long the columns are together; not 0.
    length_ns: u64,
}

impl<'a> Course<'a> {
    pub(super) fn new(run: &'a RunView, cells: usize) -> Self {
        let from_ns = run.trace.since_ns.min(view::end_ns(run));
        Self { run, cells, at_ns: run.cursor.at_ns, from_ns, length_ns: (view::end_ns(run) - from_ns).max(1) }
    }

    /// The time at the end of a column.
    fn time(&self, column: usize) -> u64 {
        self.from_ns + (u128::from(self.length_ns) * (column as u128 + 1) / self.cells.max(1) as u128) as u64
    }

    /// The columns up to the cursor.
    fn columns(&self) -> usize {
        let passed_ns = u128::from(self.at_ns.saturating_sub(self.from_ns));
        (passed_ns * self.cells as u128).div_ceil(u128::from(self.length_ns)).max(1).min(self.cells as u128) as usize
    }

    /// A value at the end of each column, or at the cursor.
    pub(super) fn times(&self, value: impl Fn(u64) -> Option<f64>) -> Vec<Option<f64>> {
        let mut values = vec![None; self.cells];
        for (column, slot) in values.iter_mut().enumerate().take(self.columns()) {
            *slot = value(self.time(column).min(self.at_ns));
        }
        values
    }

    /// A value from the counts of each column.
    pub(super) fn bins(&self, value: impl Fn(&[Bin]) -> f64) -> Vec<Option<f64>> {
        let bins = &self.run.trace.bins;
        let place = |ns: u64| ((ns / bins.width_ns.max(1)) as usize).min(bins.bins.len());
        let mut from = place(self.from_ns);
        let mut values = vec![None; self.cells];
        for (column, slot) in values.iter_mut().enumerate().take(self.columns()) {
            let to = place(self.time(column).min(self.at_ns)).saturating_add(1).min(bins.bins.len());
            // Columns finer than the counts repeat the same count.
            let stretch = &bins.bins[from.min(to.saturating_sub(1))..to];
            *slot = (!stretch.is_empty()).then(|| value(stretch));
            from = to;
        }
        values
    }

    /// What all tasks did in each column.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        let length_ns = self.length_ns.div_ceil(self.cells.max(1) as u64);
        self.run.trace.course().stretches(self.from_ns, length_ns, self.cells, self.at_ns)
    }
}
