//! The wall time of each scenario on the virtual clock, with waits recorded, as in the program.
//!
//! It measures every variant, with numbers at their defaults. The first run of a variant also resolves the lines of its waits;
//! later runs find them cached, as when a parameter is changed. So the table shows both.
//!
//! `cargo bench --bench scenarios` prints a table, and exits with 1 if a variant is over its budget.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use engine::{Phase, Run, Spec, StartError};
use scenario::{Clock, Kind, Scenario, Values};
use scenarios::CATALOGUE;
use trace::Trace;

/// The budget of a run.
const BUDGET: Duration = Duration::from_millis(100);
/// Runs of each variant; the median counts.
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

/// The time of the first run, and the median of the later ones.
fn times(scenario: &'static Scenario, values: &Values) -> Result<(Duration, Duration), StartError> {
    let spec = Spec { values: values.clone(), clock: Clock::Virtual, ..Spec::new(scenario) };
    let first = time(&spec)?;
    let mut times = (0..RUNS).map(|_| time(&spec)).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    Ok((first, times[RUNS / 2]))
}

/// The time from the start until the trace is complete.
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

/// The choices, as `name=value`.
fn words(values: &Values) -> String {
    let choices = values.iter().filter(|(param, _)| matches!(param.kind, Kind::Choice(_)));
    choices.map(|(param, value)| format!("{}={value}", param.name)).collect::<Vec<_>>().join(" ")
}
