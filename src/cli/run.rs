//! `run`: a scenario without a screen.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_playground::engine::{Ending, Phase, Report, Run, Spec, StartError};
use async_playground::report::{self, Look};
use async_playground::trace::Trace;

use signal_hook::consts::SIGINT;

use super::args::RunArgs;
use super::out;
use super::spec;
use super::stop::Stop;

/// How soon SIGINT is seen.
const GLANCE: Duration = Duration::from_millis(50);

/// Runs a scenario to its end and tells what came out.
pub(super) fn run(args: &RunArgs) -> Result<ExitCode, Stop> {
    let spec = spec::spec(spec::scenario(&args.scenario)?, &args.how)?;
    // From the first line on: SIGINT before the run starts ends it too.
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, interrupted.clone()).map_err(|error| cannot_start(&error))?;
    if let Some(address) = spec::console(&args.how)? {
        eprintln!("tokio-console can attach to http://{address}");
    }
    let (trace, report) = execute(&spec, &interrupted)?;
    let text = if args.json {
        let json = report::json(&spec, &trace, &report);
        json.map_err(|error| Stop::Failed(format!("cannot write JSON: {error}")))? + "\n"
    } else {
        let look = Look { width: out::width(), unicode: !args.marks.ascii && out::unicode() };
        report::text(&spec, &trace, &report, look)
    };
    out::print(&text)?;
    verdict(&spec, &trace, &report).map(|()| ExitCode::SUCCESS)
}

/// Runs to the end, or to SIGINT.
fn execute(spec: &Spec, interrupted: &AtomicBool) -> Result<(Trace, Report), Stop> {
    let mut run = Run::start(spec).map_err(|error| match error {
        StartError::Spec(error) => Stop::Usage(spec::reason(error)),
        StartError::System(error) => cannot_start(&error),
    })?;
    let mut trace = Trace::default();
    while run.phase() != Phase::Over {
        run.wait(GLANCE);
        run.drain(&mut trace);
        if interrupted.load(Ordering::Relaxed) && run.phase() == Phase::Running {
            run.stop();
        }
    }
    run.drain(&mut trace);
    match run.report() {
        _ if interrupted.load(Ordering::Relaxed) => Err(Stop::Interrupted),
        Some(report) => Ok((trace, report.clone())),
        None => Err(Stop::Failed("the run ended without saying how".to_owned())),
    }
}

fn cannot_start(error: &std::io::Error) -> Stop {
    Stop::Failed(format!("cannot start the run: {error}"))
}

/// Whether the run ended well; if not, why not.
fn verdict(spec: &Spec, trace: &Trace, report: &Report) -> Result<(), Stop> {
    let (ending, stall) = (&report.ending, report.stall(trace));
    let mut why = match ending {
        Ending::Finished(outcome) => {
            let broken: Vec<_> = outcome.checks.iter().filter(|check| !check.holds).map(|check| &*check.name).collect();
            match (&*broken, &stall) {
                ([], None) => return Ok(()),
                ([], Some(_)) => "tasks wait for each other, and can never go on".to_owned(),
                _ => format!("does not hold: {}", broken.join("; ")),
            }
        }
        Ending::Limit => format!("{} (--limit sets another)", report::ending(spec, ending)),
        _ => report::ending(spec, ending),
    };
    if let Some(stall) = stall {
        why = format!("{why}: {}", one_line(&stall.text));
    }
    Err(Stop::Failed(format!("{}: {why}", spec.scenario.id)))
}

/// The names of tasks are the scenario's own and may hold anything.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
