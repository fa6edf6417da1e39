//! `hunt`: searches seeds and schedules for the run that goes wrong.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use async_playground::report;
use engine::hunt::{Hunt, Hunting};

use super::args::HuntArgs;
use super::asked::Asked;
use super::out;
use super::spec;
use super::stop::{FAILED, Stop};

/// How often to check for signals, and to show the progress.
const GLANCE: Duration = Duration::from_millis(100);

/// Hunts, and prints what was found.
pub(super) fn hunt(args: &HuntArgs) -> Result<ExitCode, Stop> {
    let hunt = wanted(args)?;
    let cannot_start = |error: io::Error| Stop::Usage(format!("cannot start the hunt: {error}"));
    let asked = Asked::listen().map_err(cannot_start)?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let hunting = Hunting::start(hunt, threads).map_err(cannot_start)?;
    let shows = io::stderr().is_terminal();
    while !hunting.wait(GLANCE) {
        if asked.signal().is_some() {
            hunting.stop();
        }
        if shows {
            out::progress(&report::hunt_progress(&hunting.progress()));
        }
    }
    if shows {
        out::progress("");
    }
    asked.over()?;
    let (found, progress) = (hunting.found(), hunting.progress());
    if args.json {
        out::line(report::hunt_json(&found, &progress))?;
    } else {
        out::print(&report::hunt_text(&found, &progress))?;
    }
    Ok(if found.is_empty() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// What the flags ask for.
fn wanted(args: &HuntArgs) -> Result<Hunt, Stop> {
    let scenario = spec::scenario(&args.scenario)?;
    let mut base = engine::Spec::new(scenario);
    spec::set_params(&mut base, &args.params)?;
    let mut hunt = Hunt::new(base);
    hunt.seeds = args.seeds.clone().unwrap_or(hunt.seeds);
    hunt.schedules = args.schedules.clone().unwrap_or(hunt.schedules);
    (hunt.until, hunt.limit_runs, hunt.all) = (args.until.clone(), args.limit_runs, args.all);
    hunt.check().map_err(|error| Stop::Usage(spec::reason(error)))?;
    Ok(hunt)
}
