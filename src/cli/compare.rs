//! `compare`: runs of one scenario with different settings, side by side.

use std::process::ExitCode;

use async_playground::report::{self, Ran};
use tui::limits;

use super::args::CompareArgs;
use super::asked::Asked;
use super::out;
use super::run::{cannot_start, execute};
use super::spec;
use super::stop::Stop;

/// Makes the runs one after the other, and reports them together.
pub(super) fn compare(args: &CompareArgs) -> Result<ExitCode, Stop> {
    let scenario = spec::scenario(&args.scenario)?;
    if args.others.is_empty() {
        let with = format!("async-playground compare {} --with -p NAME=VALUE", scenario.id);
        return Err(Stop::Usage(format!("compare needs a second run; add --with and its flags: {with}")));
    }
    let mut specs = Vec::new();
    for how in [&args.how].into_iter().chain(&args.others) {
        if how.console.is_some() {
            return Err(Stop::Usage("--console: compare makes several runs; use 'async-playground run --console'".to_owned()));
        }
        let spec = spec::spec(scenario, how)?;
        limits::check(spec.workers).map_err(|error| cannot_start(&error))?;
        specs.push(spec);
    }
    let asked = Asked::listen().map_err(|error| cannot_start(&error))?;
    let mut runs = Vec::new();
    for spec in &specs {
        runs.push(execute(spec, None, &asked)?);
        if let Some(signal) = asked.signal() {
            return Err(Stop::Signal(signal));
        }
    }
    asked.over()?;
    let zipped = specs.iter().zip(&runs);
    let ran: Vec<_> = zipped.map(|(spec, done)| Ran { spec, trace: &done.trace, report: &done.report }).collect();
    if args.json {
        out::line(report::compare_json(&ran))?;
    } else {
        out::print(&report::compare_text(&ran, out::look(&args.marks)))?;
    }
    Ok(ExitCode::SUCCESS)
}
