//! `run`: runs a scenario without the screen.

use std::fs::File;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use async_playground::report;
use engine::{Ending, Phase, Report, Run, Spec, StartError};
use trace::Trace;
use tui::limits;
use tui::source;
use tui::text;

use super::args::RunArgs;
use super::asked::Asked;
use super::out;
use super::record;
use super::spec;
use super::stop::Stop;

/// How often to check for signals.
const GLANCE: Duration = Duration::from_millis(50);

/// Runs a scenario to its end and reports it.
pub(super) fn run(args: &RunArgs) -> Result<ExitCode, Stop> {
    let spec = spec::spec(spec::scenario(&args.scenario)?, &args.how)?;
    limits::check(spec.workers).map_err(|error| cannot_start(&error))?;
    // Listen this early so that a signal before the start ends the run too.
    let asked = Asked::listen().map_err(|error| cannot_start(&error))?;
    if let Some(address) = spec::console(&args.how)? {
        out::say(&format!("tokio-console can attach to http://{address}"));
    }
    let file = record::file(&args.record)?;
    let Done { trace, report, fault } = execute(&spec, file, &asked)?;
    asked.over()?;
    out::report(&spec, &trace, &report, args.json, &args.marks)?;
    let verdict = verdict(&spec, &trace, &report);
    if let (Some(fault), Some(path)) = (fault, &args.record.record) {
        // The user asked for the recording and must know that it failed, even if the run failed too.
        verdict.unwrap_or_else(|stop| _ = stop.report());
        return Err(Stop::Failed(format!("--record: {}: {fault}", text::path(path))));
    }
    verdict.map(|()| ExitCode::SUCCESS)
}

/// The result of a run.
pub(super) struct Done {
    pub(super) trace: Trace,
    pub(super) report: Report,
    /// Why the recording is incomplete.
    pub(super) fault: Option<String>,
}

/// Runs until the scenario ends or a signal arrives.
pub(super) fn execute(spec: &Spec, file: Option<File>, asked: &Asked) -> Result<Done, Stop> {
    let mut run = Run::start(spec).map_err(|error| match error {
        StartError::Spec(error) => Stop::Usage(spec::reason(error)),
        StartError::System(error) => cannot_start(&error),
        StartError::Unheard(error) => Stop::Failed(format!("cannot start the run: {error}")),
    })?;
    if let Some(file) = file {
        run.set_sink(Box::new(engine::writer(file, spec)));
    }
    let mut trace = source::trace(spec.scenario);
    while run.phase() != Phase::Over {
        run.wait(GLANCE);
        run.drain(&mut trace);
        if asked.signal().is_some() && run.phase() == Phase::Running {
            run.stop();
        }
    }
    run.drain(&mut trace);
    let fault = run.sink_fault();
    match run.report() {
        Some(report) => Ok(Done { trace, report: report.clone(), fault }),
        None => Err(Stop::Failed("the run ended without a report".to_owned())),
    }
}

pub(super) fn cannot_start(error: &io::Error) -> Stop {
    Stop::Usage(format!("cannot start the run: {error}"))
}

/// Returns an error with the reason unless the run ended well.
fn verdict(spec: &Spec, trace: &Trace, report: &Report) -> Result<(), Stop> {
    let (ending, stall) = (&report.ending, report.stall(trace));
    let mut why = match ending {
        Ending::Finished(outcome) => {
            let broken: Vec<_> = outcome.checks.iter().filter(|check| !check.holds).map(|check| &*check.name).collect();
            match (&*broken, &stall) {
                ([], None) => return Ok(()),
                ([], Some(_)) => "some tasks are deadlocked".to_owned(),
                _ => format!("check failed: {}", text::message(&broken.join("; "))),
            }
        }
        Ending::Limit => format!("{} (change it with --limit)", report::ending(spec, ending)),
        _ => report::ending(spec, ending),
    };
    if let Some(stall) = stall {
        why = format!("{why}: {}", text::message(&stall.text));
    }
    Err(Stop::Failed(format!("{}: {why}", spec.scenario.id)))
}
