//! Turns flags into a [`Spec`] and checks them.

use std::net::SocketAddr;
use std::time::Duration;

use engine::{Spec, SpecError, is_open_to_the_network, serve_console};
use scenario::{Clock, Kind, Param, Scenario};
use scenarios::CATALOGUE;
use tui::text;

use super::args::{HowArgs, Speed};
use super::out;
use super::stop::Stop;

/// How similar a name must be to be suggested.
const ALIKE: f64 = 0.7;

/// Finds a scenario by its ID.
pub(super) fn scenario(id: &str) -> Result<&'static Scenario, Stop> {
    scenarios::find(id).ok_or_else(|| {
        let ids: Vec<_> = CATALOGUE.iter().map(|scenario| scenario.id).collect();
        Stop::Usage(format!("no scenario '{}'{}", text::name(id), offer(id, &ids)))
    })
}

/// The spec that these flags describe.
pub(super) fn spec(scenario: &'static Scenario, how: &HowArgs) -> Result<Spec, Stop> {
    let mut spec = Spec::new(scenario);
    spec.seed = how.seed;
    spec.schedule = how.schedule.clone();
    spec.clock = how.clock.map_or(spec.clock, Clock::from);
    spec.workers = how.workers as usize;
    spec.limit = Duration::from_millis(how.limit);
    spec.detail = how.detail.into();
    spec.stall_after = Duration::from_millis(how.stall_after);
    set_params(&mut spec, &how.params)?;
    spec.workers = (scenario.workers)(&spec.values, spec.clock, spec.workers);
    spec.check().map_err(|error| Stop::Usage(reason(error)))?;
    spec.pace = pace(how.speed, spec.clock)?;
    Ok(spec)
}

/// Sets parameters to typed values.
pub(super) fn set_params(spec: &mut Spec, params: &[(String, String)]) -> Result<(), Stop> {
    for (at, (name, text)) in params.iter().enumerate() {
        let param = parameter(spec.scenario, name)?;
        if params[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(Stop::Usage(format!("-p {name} is given twice; give it once")));
        }
        // The error repeats what was typed.
        let value = param.parse(&text::name(text)).map_err(|error| Stop::Usage(format!("-p {error}")))?;
        spec.values.set(param, value);
    }
    Ok(())
}

/// Starts tokio-console's server if requested. Call it after every check that can fail.
pub(super) fn console(how: &HowArgs) -> Result<Option<SocketAddr>, Stop> {
    if let Some(address) = how.console.filter(|address| is_open_to_the_network(*address)) {
        // Warns before anyone can attach, so that the user can still stop the run.
        out::say(&format!("warning: --console: anyone on the network can watch this run at {address}"));
    }
    let served = how.console.map(serve_console).transpose();
    served.map_err(|error| Stop::Usage(format!("--console: {error}")))
}

/// The valid values of a parameter, for people: `1 to 1000 permits`, or its choices.
pub(super) fn range(param: &Param) -> String {
    match param.kind {
        Kind::Number { min, max, unit, .. } => format!("{min} to {max} {unit}"),
        Kind::Choice(words) => words.join(", "),
    }
}

pub(super) fn parameter(scenario: &'static Scenario, name: &str) -> Result<&'static Param, Stop> {
    scenario.param(name).ok_or_else(|| {
        let names: Vec<_> = scenario.params.iter().map(|param| param.name).collect();
        Stop::Usage(format!("{} has no parameter '{}'{}", scenario.id, text::name(name), offer(name, &names)))
    })
}

/// Suggests the name that was probably meant, and lists all.
pub(super) fn offer(typed: &str, names: &[&str]) -> String {
    let meant = text::meant(typed, names, ALIKE).map_or(String::new(), |name| format!("; did you mean '{name}'?"));
    format!("{meant} (available: {})", names.join(", "))
}

/// Why a spec is invalid, in one line.
pub(super) fn reason(error: SpecError) -> String {
    match error {
        SpecError::Values(error) => format!("-p {error}"),
        SpecError::Clock(line) => format!("--clock: {line}"),
        SpecError::Workers(line) => format!("--workers: {line}"),
        SpecError::Schedule(line) => format!("--schedule: {line}"),
        SpecError::Speed(line) => format!("--speed: {line}"),
    }
}

/// The pace of a run. The real clock has only one speed.
fn pace(speed: Option<Speed>, clock: Clock) -> Result<Option<f64>, Stop> {
    match (clock, speed) {
        (_, None) | (Clock::Virtual, Some(Speed::Max)) | (Clock::Real, Some(Speed::Times(1.0))) => Ok(None),
        (Clock::Virtual, Some(Speed::Times(pace))) => Ok(Some(pace)),
        (Clock::Real, Some(_)) => {
            Err(Stop::Usage("--speed: the real clock has only speed 1; leave out --speed, or use --clock virtual".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::offer;

    #[test]
    fn a_slip_gets_the_name_that_was_meant_and_nonsense_gets_all_of_them() {
        let names = ["gather", "semaphore"];
        assert_eq!(offer("sempahore", &names), "; did you mean 'semaphore'? (available: gather, semaphore)");
        assert_eq!(offer("xyz", &names), " (available: gather, semaphore)");
        assert_eq!(offer("", &names), " (available: gather, semaphore)");
    }
}
