//! A figure over the values of a parameter: what a table lists and a chart draws.

use scenario::Value;

use super::Point;
use crate::compare::outcome;
use crate::{Ending, Report};

/// A figure over the values of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The name of the figure.
    pub figure: String,
    /// Its unit, in the plural.
    pub unit: &'static str,
    /// One for each value that has a run, in the order of the sweep.
    pub stats: Vec<Stat>,
}

/// The runs with one value of the parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Stat {
    /// The value.
    pub value: Value,
    /// How many runs there are.
    pub runs: usize,
    /// The seed of the first run.
    pub seed: u64,
    /// The smallest, the median and the largest figure; `None` if no run has the figure.
    pub figure: Option<[f64; 3]>,
    /// The checks that failed, each with the number of runs.
    pub failed: Vec<(String, usize)>,
    /// Everything else that went wrong, in a few words, each with the number of runs.
    pub troubles: Vec<(String, usize)>,
}

impl Stat {
    /// A value without a run.
    pub fn unknown(value: Value) -> Self {
        Self { value, runs: 0, seed: 0, figure: None, failed: Vec::new(), troubles: Vec::new() }
    }
}

/// The figures of these runs, in the order of their first appearance, each with its unit. The last one, `elapsed`, is when main
/// ended, in milliseconds.
pub fn figures(points: &[Point]) -> Vec<(String, &'static str)> {
    let mut figures: Vec<(String, &'static str)> = Vec::new();
    for figure in points.iter().filter_map(|point| outcome(point.report.as_ref().ok()?)).flat_map(|outcome| &outcome.figures) {
        if figures.iter().all(|(name, _)| *name != figure.name) {
            figures.push((figure.name.clone(), figure.unit));
        }
    }
    if figures.iter().all(|(name, _)| name != ELAPSED) {
        figures.push((ELAPSED.to_owned(), "ms"));
    }
    figures
}

const ELAPSED: &str = "elapsed";

/// A figure over the values of the parameter. The runs with one value must follow each other.
pub fn series(points: &[Point], figure: &str) -> Series {
    let unit = figures(points).into_iter().find(|(name, _)| name == figure).map_or("", |(_, unit)| unit);
    let stats = points.chunk_by(|a, b| a.value == b.value).map(|runs| stat(runs, figure)).collect();
    Series { figure: figure.to_owned(), unit, stats }
}

fn stat(runs: &[Point], figure: &str) -> Stat {
    let mut values: Vec<f64> = runs.iter().filter_map(|point| value(point.report.as_ref().ok()?, figure)).collect();
    values.sort_by(f64::total_cmp);
    let median = |values: &[f64]| f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]);
    let figure = values.first().zip(values.last()).map(|(min, max)| [*min, median(&values), *max]);
    let (mut failed, mut troubles) = (Vec::new(), Vec::new());
    for point in runs {
        let outcome = point.report.as_ref().ok().and_then(outcome);
        for check in outcome.iter().flat_map(|outcome| &outcome.checks).filter(|check| !check.holds) {
            count(&mut failed, &check.name);
        }
        if let Some(trouble) = trouble(point) {
            count(&mut troubles, &trouble);
        }
    }
    Stat { value: runs[0].value, runs: runs.len(), seed: runs[0].seed, figure, failed, troubles }
}

/// The figure of a run.
fn value(report: &Report, figure: &str) -> Option<f64> {
    let outcome = outcome(report)?;
    outcome.value(figure).or_else(|| (figure == ELAPSED).then_some(report.elapsed_ns as f64 / 1e6))
}

/// What went wrong besides checks, in a few words.
fn trouble(point: &Point) -> Option<String> {
    let report = match &point.report {
        Ok(report) => report,
        Err(reason) => return Some(reason.clone()),
    };
    match &report.ending {
        Ending::Finished(_) => point.stall.as_ref().map(|_| "some tasks are deadlocked".to_owned()),
        Ending::Failed(reason) => Some(format!("main failed: {reason}")),
        Ending::Panicked(message) => Some(format!("main panicked: {message}")),
        Ending::Stalled => Some("stalled".to_owned()),
        Ending::Limit => Some("reached its limit".to_owned()),
        Ending::Abandoned => Some("never yielded, and was abandoned".to_owned()),
        Ending::Stopped | Ending::CutOff | Ending::Exited | Ending::Lost(_) => Some("stopped".to_owned()),
    }
}

fn count(counts: &mut Vec<(String, usize)>, what: &str) {
    match counts.iter_mut().find(|(known, _)| known == what) {
        Some((_, count)) => *count += 1,
        None => counts.push((what.to_owned(), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::Outcome;

    fn point(value: u64, seed: u64, ending: Ending) -> Point {
        let report = Report { ending, elapsed_ns: 1_500_000, runtime_polls: None };
        Point { value: Value::Number(value), seed, report: Ok(report), stall: None }
    }

    fn finished(total: u64, holds: bool) -> Ending {
        Ending::Finished(Outcome::new().figure("total", total, "ms").check("sound", holds))
    }

    #[test]
    fn a_value_has_the_median_and_the_extremes_of_its_seeds() {
        let points = [
            point(1, 0, finished(30, true)),
            point(1, 1, finished(10, false)),
            point(1, 2, finished(20, false)),
            point(1, 3, Ending::Stalled),
            point(2, 0, finished(40, true)),
            point(2, 1, finished(41, true)),
        ];
        assert_eq!(figures(&points), [("total".to_owned(), "ms"), ("elapsed".to_owned(), "ms")]);
        let series = series(&points, "total");
        assert_eq!((series.unit, series.stats.len()), ("ms", 2));
        let first = &series.stats[0];
        assert_eq!((first.runs, first.figure), (4, Some([10.0, 20.0, 30.0])));
        assert_eq!(first.failed, [("sound".to_owned(), 2)]);
        assert_eq!(first.troubles, [("stalled".to_owned(), 1)]);
        assert_eq!(series.stats[1].figure, Some([40.0, 40.5, 41.0]));
        assert_eq!(super::series(&points, "elapsed").stats[1].figure, Some([1.5, 1.5, 1.5]));
    }

    #[test]
    fn a_value_without_a_run_says_why() {
        let refused = Point { value: Value::Number(9), seed: 0, report: Err("refused: too many".to_owned()), stall: None };
        let series = series(&[refused, point(10, 0, Ending::Limit)], "total");
        assert_eq!((series.stats[0].figure, &*series.stats[0].troubles[0].0), (None, "refused: too many"));
        assert_eq!(series.stats[1].troubles[0].0, "reached its limit");
    }
}
