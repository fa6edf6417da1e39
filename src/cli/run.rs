//! `run`: a scenario without a screen.

use std::fs::File;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_playground::engine::{Ending, Phase, Report, Run, Spec, StartError};
use async_playground::recording::Writer;
use async_playground::report;
use async_playground::text;
use async_playground::trace::Trace;

use signal_hook::consts::SIGINT;

use super::args::RunArgs;
use super::out;
use super::record;
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
    let file = record::file(&args.record)?;
    let Done { trace, report, fault } = execute(&spec, file, &interrupted)?;
    out::report(&spec, &trace, &report, args.json, &args.marks)?;
    let verdict = verdict(&spec, &trace, &report);
    if let (Some(fault), Some(path)) = (fault, &args.record.record) {
        // Whoever asked for the recording has to know, whatever else there is to say.
        verdict.unwrap_or_else(|stop| _ = stop.report());
        return Err(Stop::Failed(format!("--record: {}: {fault}", text::path(path))));
    }
    verdict.map(|()| ExitCode::SUCCESS)
}

/// What a run leaves behind.
struct Done {
    trace: Trace,
    report: Report,
    /// Why the recording is not whole.
    fault: Option<String>,
}

/// Runs to the end, or to SIGINT.
fn execute(spec: &Spec, file: Option<File>, interrupted: &AtomicBool) -> Result<Done, Stop> {
    let mut run = Run::start(spec).map_err(|error| match error {
        StartError::Spec(error) => Stop::Usage(spec::reason(error)),
        StartError::System(error) => cannot_start(&error),
        StartError::Unheard(error) => Stop::Failed(format!("cannot start the run: {error}")),
    })?;
    if let Some(file) = file {
        run.tee(Box::new(Writer::new(file, spec)));
    }
    let mut trace = Trace::default();
    while run.phase() != Phase::Over {
        run.wait(GLANCE);
        run.drain(&mut trace);
        if interrupted.load(Ordering::Relaxed) && run.phase() == Phase::Running {
            run.stop();
        }
    }
    run.drain(&mut trace);
    let fault = run.tee_fault();
    match run.report() {
        _ if interrupted.load(Ordering::Relaxed) => Err(Stop::Interrupted),
        Some(report) => Ok(Done { trace, report: report.clone(), fault }),
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
                _ => format!("does not hold: {}", text::message(&broken.join("; "))),
            }
        }
        Ending::Limit => format!("{} (--limit sets another)", report::ending(spec, ending)),
        _ => report::ending(spec, ending),
    };
    if let Some(stall) = stall {
        why = format!("{why}: {}", text::message(&stall.text));
    }
    Err(Stop::Failed(format!("{}: {why}", spec.scenario.id)))
}
