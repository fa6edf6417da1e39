//! The run on screen beside the one that it replaced, of the same scenario: which settings differ, and what came of it.
//!
//! Of the previous run only its settings and results are kept, not its trace, which may be large.

use scenario::Clock;

use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::cursor;
use crate::app::run::view::{Before, RunView};
use engine::{Ending, Phase, Spec};

/// How the run on screen differs from the previous one.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The settings that differ, as they were: `variant=sequential`.
    pub settings: Vec<String>,
    /// The results that differ.
    pub rows: Vec<Row>,
    /// How many times as long the previous run took; `None` if one of the two took no time or never ended.
    pub ratio: Option<f64>,
}

/// A result that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// What it was; none where it never ended.
    pub before: Option<f64>,
    /// What it is now; none where it never ends.
    pub now: Option<f64>,
    /// The unit of both.
    pub unit: &'static str,
}

/// What to keep of a run when another one takes its place. One that is not over has no results, so what was kept before stays.
pub(in crate::app) fn before(old: &mut RunView) -> Option<Before> {
    let Some(report) = old.report.as_ref().filter(|_| old.phase == Phase::Over) else { return old.before.take() };
    let outcome = if let Ending::Finished(outcome) = &report.ending { Some(outcome) } else { None };
    Some(Before {
        spec: old.spec.clone(),
        length_ns: old.trace.end_ns.max(report.elapsed_ns),
        figures: outcome.map_or_else(Vec::new, |outcome| outcome.figures.clone()),
        findings: old.found.all.list.len(),
        stalled: report.ending == Ending::Stalled,
    })
}

/// Compares a run that is over with the previous one; none without one, or while it is under way.
pub fn compare(run: &RunView) -> Option<Comparison> {
    let report = run.report.as_ref().filter(|_| run.phase == Phase::Over)?;
    let before = run.before.as_ref()?;
    let ms = |ns: u64, stalled: bool| (!stalled).then_some((ns / 1_000_000) as f64);
    let now_ns = run.trace.end_ns.max(report.elapsed_ns);
    let (was, is) = (ms(before.length_ns, before.stalled), ms(now_ns, report.ending == Ending::Stalled));
    let mut rows = vec![Row { name: "run length".into(), before: was, now: is, unit: "ms" }];
    let figures = if let Ending::Finished(outcome) = &report.ending { outcome.figures.as_slice() } else { &[] };
    rows.extend(figures.iter().filter_map(|figure| {
        let was = before.figures.iter().find(|other| other.name == figure.name)?.value;
        Some(Row { name: figure.name.clone(), before: Some(was), now: Some(figure.value), unit: figure.unit })
    }));
    let found = (before.findings as f64, run.found.all.list.len() as f64);
    rows.push(Row { name: "findings".into(), before: Some(found.0), now: Some(found.1), unit: "" });
    rows.retain(|row| row.before != row.now);
    // A figure that is the length of the run says it a second time.
    rows.dedup_by(|row, first| row.unit == "ms" && (row.before, row.now) == (first.before, first.now));
    let ratio = was.zip(is).filter(|(was, is)| *was > 0.0 && *is > 0.0).map(|(was, is)| was / is);
    Some(Comparison { settings: settings(&before.spec, &run.spec), rows, ratio })
}

/// The settings of a run that are others in the next one.
fn settings(before: &Spec, now: &Spec) -> Vec<String> {
    let values = before.values.iter().filter(|(param, value)| now.values.get(param) != *value);
    let mut all: Vec<String> = values.map(|(param, value)| format!("{}={value}", param.name)).collect();
    if before.seed != now.seed {
        all.push(format!("seed={}", before.seed));
    }
    if before.schedule != now.schedule {
        all.push(format!("schedule={}", before.schedule));
    }
    if before.clock != now.clock {
        all.push(format!("clock={}", before.clock.name()));
    }
    if before.workers != now.workers && now.clock == Clock::Real {
        all.push(format!("workers={}", before.workers));
    }
    all
}

/// Shows the outcome of the run, where the comparison is.
pub(in crate::app) fn show(model: &mut Model) {
    if model.run.as_ref().is_none_or(|run| run.before.is_none()) {
        model.notify(false, "nothing to compare with yet: change a parameter, and both runs are compared here");
        return;
    }
    cursor::to_live(model);
    model.timeline.selected = None;
    model.focus_on(Pane::Task);
}

#[cfg(test)]
mod tests {
    use scenario::Outcome;

    use super::*;
    use crate::app::testing::*;
    use engine::Report;

    /// Two runs of one scenario, of which the second one took longer and has another seed.
    fn second(stalled: bool) -> Model {
        let mut model = played();
        let run = shown_mut(&mut model);
        run.phase = Phase::Over;
        run.report =
            Some(Report { ending: Ending::Finished(Outcome::default()), elapsed_ns: run.trace.end_ns, runtime_polls: None });
        let mut kept = before(run);
        if let Some(kept) = &mut kept {
            kept.stalled = stalled;
            kept.length_ns -= MS;
        }
        run.before = kept;
        run.spec.seed += 1;
        model
    }

    #[test]
    fn what_differs_is_shown_as_it_was_and_as_it_is() {
        let model = second(false);
        let comparison = compare(shown(&model)).expect("there was a run before");
        assert_eq!(comparison.settings, ["seed=0"]);
        let [row] = comparison.rows.as_slice() else { panic!("{comparison:?}") };
        assert_eq!((row.name.as_str(), row.now.zip(row.before).map(|(now, was)| now - was)), ("run length", Some(1.0)));
    }

    #[test]
    fn a_run_that_never_ended_has_no_length() {
        let model = second(true);
        let comparison = compare(shown(&model)).expect("there was a run before");
        assert_eq!(comparison.rows[0].before, None);
    }

    #[test]
    fn without_a_previous_run_it_says_how_to_get_one() {
        let mut model = played();
        assert_eq!(compare(shown(&model)), None);
        show(&mut model);
        assert!(model.notice.as_ref().is_some_and(|notice| notice.text.contains("change a parameter")));
    }
}
