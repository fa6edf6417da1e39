//! `hunt`: searches seeds and schedules for the run that goes wrong.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use async_playground::report;
use engine::Spec;
use engine::hunt::{Hunt, Hunting};
use engine::sweep;
use scenario::Values;
use tui::text;

use super::args::HuntArgs;
use super::asked::Asked;
use super::out;
use super::spec;
use super::stop::{FAILED, Stop};

/// How often to check for signals, and to show the progress.
const GLANCE: Duration = Duration::from_millis(100);

/// The most settings of a hunt.
const SETTINGS: u64 = 10_000;

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
    let mut base = Spec::new(scenario);
    let (several, fixed): (Vec<_>, Vec<_>) = args.params.iter().cloned().partition(|(_, value)| sweep::is_several(value));
    spec::set_params(&mut base, &fixed)?;
    let settings = settings(&base, &several)?;
    // The settings replace these values; they need not be valid together.
    base.values = settings.first().cloned().unwrap_or(base.values);
    let mut hunt = Hunt { settings, ..Hunt::new(base) };
    hunt.seeds = args.seeds.clone().unwrap_or(hunt.seeds);
    hunt.schedules = args.schedules.clone().unwrap_or(hunt.schedules);
    (hunt.until, hunt.limit_runs, hunt.all) = (args.until.clone(), args.limit_runs, args.all);
    hunt.check().map_err(|error| Stop::Usage(spec::reason(error)))?;
    Ok(hunt)
}

/// Every combination of the parameters that have several values, as far as the scenario accepts it.
fn settings(base: &Spec, several: &[(String, String)]) -> Result<Vec<Values>, Stop> {
    let mut all = vec![base.values.clone()];
    for (name, values) in several {
        let param = spec::parameter(base.scenario, name)?;
        let most = SETTINGS / all.len() as u64;
        let values = sweep::values(param, &text::name(values), most).map_err(|error| Stop::Usage(format!("-p {error}")))?;
        let set = |setting: &Values, value| {
            let mut setting = setting.clone();
            setting.set(param, value);
            setting
        };
        all = values.iter().flat_map(|value| all.iter().map(|setting| set(setting, *value)).collect::<Vec<_>>()).collect();
    }
    all.retain(|values| (base.scenario.refuse)(values, base.clock).is_ok());
    if all.is_empty() {
        return Err(Stop::Usage(format!("-p: {} accepts none of these settings", base.scenario.id)));
    }
    Ok(all)
}
