//! From a spec and a report to the header and footer of a recording, and back.
//!
//! Values that are read back are checked like typed ones.

use std::time::Duration;

use recording::{Ended, Footer, Header, Subject, header, known_name};
use scenario::{Check, Clock, Figure, Outcome, Scenario, Values};
use trace::Trace;

use crate::{Detail, Ending, Report, Spec};

/// The header of a recording of this spec.
pub(crate) fn header(spec: &Spec) -> Header {
    Header { version: env!("CARGO_PKG_VERSION").to_owned(), subject: Subject::Scenario(header_of(spec)) }
}

/// The spec as it is in a header.
pub(crate) fn header_of(spec: &Spec) -> header::Scenario {
    header::Scenario {
        id: spec.scenario.id.to_owned(),
        params: spec.values.iter().map(|(param, value)| (param.name.to_owned(), value.to_string())).collect(),
        seed: spec.seed,
        schedule: spec.schedule.to_string(),
        clock: spec.clock.name().to_owned(),
        workers: spec.workers,
        limit_ms: spec.limit.as_millis() as u64,
        detail: spec.detail.name().to_owned(),
        stall_after_ms: spec.stall_after.as_millis() as u64,
    }
}

/// The spec of the run, if this program has the scenario and its parameters; otherwise the reason, in which the names come from
/// the file.
pub(crate) fn spec(told: &header::Scenario, version: &str, catalogue: &'static [Scenario]) -> Result<Spec, String> {
    let recorded_by = |error: String| format!("{error}; it was recorded by version {version}");
    let spec = unchecked(told, catalogue).map_err(recorded_by)?;
    spec.check().map_err(|error| error.to_string())?;
    Ok(spec)
}

/// The spec of the run, of which only each part alone is checked.
pub(crate) fn unchecked(told: &header::Scenario, catalogue: &'static [Scenario]) -> Result<Spec, String> {
    let scenario = catalogue.iter().find(|scenario| scenario.id == told.id);
    let scenario = scenario.ok_or_else(|| format!("this version has no scenario '{}'", told.id))?;
    let mut values = Values::defaults(scenario.params);
    for param in scenario.params {
        let text = told.params.get(param.name);
        let text = text.ok_or_else(|| format!("it lacks the parameter '{}'", param.name))?;
        values.set(param, param.parse(text).map_err(|error| error.to_string())?);
    }
    let clocks = [Clock::Virtual, Clock::Real];
    Ok(Spec {
        values,
        seed: told.seed,
        schedule: told.schedule.parse().map_err(|error| format!("its schedule: {error}"))?,
        clock: clocks.into_iter().find(|clock| clock.name() == told.clock).ok_or("it has an unknown clock")?,
        workers: told.workers,
        limit: Duration::from_millis(told.limit_ms),
        detail: Detail::of(&told.detail).ok_or("it has an unknown detail")?,
        stall_after: Duration::from_millis(told.stall_after_ms),
        ..Spec::new(scenario)
    })
}

/// The footer of a recording whose trace was closed at a time in nanoseconds since the run began.
pub(crate) fn footer(closed_ns: u64, report: &Report, trace: &Trace) -> Footer {
    Footer {
        closed_ns,
        trace_hash: Some(hash(trace.hash())),
        wake_hash: trace.wake_hash().map(hash),
        recorded: Some(trace.recorded),
        ending: ended(&report.ending),
        elapsed_ns: report.elapsed_ns,
        runtime_polls: report.runtime_polls,
    }
}

/// Whether a footer was written for this trace.
pub(crate) fn is_of(footer: &Footer, trace: &Trace) -> bool {
    let same = |told: &Option<String>, here: Option<u64>| told.as_ref().is_none_or(|told| Some(told) == here.map(hash).as_ref());
    let hashes = same(&footer.trace_hash, Some(trace.hash())) && same(&footer.wake_hash, trace.wake_hash());
    hashes && footer.recorded.is_none_or(|told| told == trace.recorded)
}

/// The report of the run; `None` if there are too many names of units.
pub(crate) fn report(footer: Footer) -> Option<Report> {
    let ending = ending(footer.ending)?;
    Some(Report { ending, elapsed_ns: footer.elapsed_ns, runtime_polls: footer.runtime_polls })
}

fn hash(of: u64) -> String {
    format!("{of:016x}")
}

fn ended(ending: &Ending) -> Ended {
    match ending {
        Ending::Finished(outcome) => {
            let figure = |figure: &Figure| header::Figure {
                name: figure.name.clone(),
                value: format!("{:?}", figure.value),
                unit: figure.unit.to_owned(),
            };
            let check = |check: &Check| header::Check { name: check.name.clone(), holds: check.holds };
            Ended::Finished {
                figures: outcome.figures.iter().map(figure).collect(),
                checks: outcome.checks.iter().map(check).collect(),
            }
        }
        Ending::Failed(reason) => Ended::Failed(reason.clone()),
        Ending::Panicked(message) => Ended::Panicked(message.clone()),
        Ending::Stalled => Ended::Stalled,
        Ending::Limit => Ended::Limit,
        Ending::Stopped => Ended::Stopped,
        Ending::Abandoned => Ended::Abandoned,
        Ending::CutOff | Ending::Lost(_) => Ended::CutOff,
        Ending::Exited => Ended::Exited,
    }
}

fn ending(ended: Ended) -> Option<Ending> {
    Some(match ended {
        Ended::Finished { figures, checks } => {
            let figure = |figure: header::Figure| {
                Some(Figure { name: figure.name, value: figure.value.parse().ok()?, unit: known_name(&figure.unit)? })
            };
            Ending::Finished(Outcome {
                figures: figures.into_iter().map(figure).collect::<Option<_>>()?,
                checks: checks.into_iter().map(|check| Check { name: check.name, holds: check.holds }).collect(),
            })
        }
        Ended::Failed(reason) => Ending::Failed(reason),
        Ended::Panicked(message) => Ending::Panicked(message),
        Ended::Stalled => Ending::Stalled,
        Ended::Limit => Ending::Limit,
        Ended::Stopped => Ending::Stopped,
        Ended::Exited => Ending::Exited,
        Ended::Abandoned => Ending::Abandoned,
        Ended::CutOff => Ending::CutOff,
    })
}
