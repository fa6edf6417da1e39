//! How long each scenario takes on the virtual clock: wall time, as the program runs it, waits recorded.
//!
//! Every variant, with the numbers at their defaults. The first run of a variant also looks up the lines of its waits, which
//! later ones find kept, as when a parameter is turned; so both are told.
//!
//! `cargo bench --bench scenarios` prints a table, and exits 1 if a variant is over its budget.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use async_playground::engine::{Phase, Run, Spec, StartError};
use async_playground::trace::Trace;
use scenarios::{CATALOGUE, Clock, Kind, Scenario, Values};

/// What a run may take.
const BUDGET: Duration = Duration::from_millis(100);
/// Runs of each variant, of which the median counts.
const RUNS: usize = 9;

fn main() -> ExitCode {
    println!("{:<20} {:<36} {:>9} {:>9}", "scenario", "variant", "first", "median");
    let mut over = 0;
    for scenario in CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual)) {
        for values in scenario.variants(Clock::Virtual) {
            match times(scenario, &values) {
                Ok((first, median)) => {
                    let mark = if first.max(median) > BUDGET { "  over budget" } else { "" };
                    over += usize::from(!mark.is_empty());
                    let [first, median] = [first, median].map(|time| format!("{:.1} ms", time.as_secs_f64() * 1e3));
                    println!("{:<20} {:<36} {first:>9} {median:>9}{mark}", scenario.id, words(&values));
                }
                Err(error) => {
                    eprintln!("scenarios: {}: {error:?}", scenario.id);
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    println!("{over} over {} ms", BUDGET.as_millis());
    ExitCode::from(u8::from(over > 0))
}

/// How long the first run takes, and the median of those after it.
fn times(scenario: &'static Scenario, values: &Values) -> Result<(Duration, Duration), StartError> {
    let spec = Spec { values: values.clone(), clock: Clock::Virtual, ..Spec::new(scenario) };
    let first = time(&spec)?;
    let mut times = (0..RUNS).map(|_| time(&spec)).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    Ok((first, times[RUNS / 2]))
}

/// From the start until all is known of the run.
fn time(spec: &Spec) -> Result<Duration, StartError> {
    let started = Instant::now();
    let mut run = Run::start(spec)?;
    let mut trace = Trace::default();
    while run.phase() != Phase::Over {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    run.drain(&mut trace);
    Ok(started.elapsed())
}

/// What the choices are turned to.
fn words(values: &Values) -> String {
    let choices = values.iter().filter(|(param, _)| matches!(param.kind, Kind::Choice(_)));
    choices.map(|(param, value)| format!("{}={value}", param.name)).collect::<Vec<_>>().join(" ")
}
