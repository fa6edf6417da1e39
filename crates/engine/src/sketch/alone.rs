//! A sketch that is run by itself, with `cargo run`: it runs its scenario once, or hunts, and prints what came out.
//!
//! The arguments are few and rarely used, so they are parsed by hand; the program has the full set.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use scenario::{Clock, Scenario, unit_after};
use trace::Trace;

use crate::hunt::{Hunt, Hunting};
use crate::{Ending, Phase, Report, Run, Spec};

/// A check failed, the run stalled, or main failed; or a hunt found nothing.
const FAILED: u8 = 1;
/// The arguments are invalid, or the run cannot start.
const USAGE: u8 = 2;
/// How long to wait for a run between two looks.
const GLANCE: Duration = Duration::from_millis(50);

const HELP: &str = "\
Options:
  -p NAME=VALUE       set a parameter
  --seed N            set the random seed
  --schedule N|LIST   cut polls, on the virtual clock
  --clock CLOCK       choose the clock: virtual or real
  --limit MS          end the run after so many milliseconds
  --hunt              search schedules for a run that goes wrong
  --help              print this help

'async-playground open .' shows the sketch on the screen.
";

/// Runs the scenario as the arguments of this process say, and prints a report.
pub(super) fn run(scenario: &'static Scenario) -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print(&help(scenario));
        return ExitCode::SUCCESS;
    }
    let result = read(scenario, &args).and_then(|(spec, hunts)| if hunts { hunt(spec) } else { once(&spec) });
    result.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error}");
        ExitCode::from(USAGE)
    })
}

/// Prints to standard output. If its reader is gone, nobody can be told.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

fn help(scenario: &Scenario) -> String {
    let mut text = format!("{}: {}\n\n{HELP}\nParameters:\n", scenario.id, scenario.lesson);
    for param in scenario.params {
        let _ = writeln!(text, "  {:18}  {} [default: {}]", param.name, param.help, param.default());
    }
    text
}

/// The spec that the arguments describe, and whether to hunt.
fn read(scenario: &'static Scenario, args: &[String]) -> Result<(Spec, bool), String> {
    let mut spec = Spec::new(scenario);
    let (mut args, mut hunts) = (args.iter(), false);
    while let Some(flag) = args.next() {
        if flag == "--hunt" {
            hunts = true;
            continue;
        }
        let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value; see --help"));
        let number = |text: &str| text.parse().map_err(|_| format!("{flag}: '{text}' is not a whole number"));
        match flag.as_str() {
            "-p" => {
                let (name, text) = value()?.split_once('=').ok_or("-p: expected NAME=VALUE")?;
                let names: Vec<_> = scenario.params.iter().map(|param| param.name).collect();
                let unknown = || format!("no parameter '{name}' (available: {})", names.join(", "));
                let param = scenario.params.iter().find(|param| param.name == name).ok_or_else(unknown)?;
                spec.values.set(param, param.parse(text).map_err(|error| format!("-p {error}"))?);
            }
            "--seed" => spec.seed = number(value()?)?,
            "--limit" => spec.limit = Duration::from_millis(number(value()?)?),
            "--schedule" => spec.schedule = value()?.parse().map_err(|error| format!("--schedule: {error}"))?,
            "--clock" => {
                let name = value()?;
                let clock = [Clock::Virtual, Clock::Real].into_iter().find(|clock| clock.name() == name);
                spec.clock = clock.ok_or_else(|| format!("--clock: '{name}' is no clock; expected virtual or real"))?;
            }
            _ => return Err(format!("unexpected argument '{flag}'; see --help")),
        }
    }
    spec.workers = (scenario.workers)(&spec.values, spec.clock, spec.workers);
    spec.check().map_err(|error| error.to_string())?;
    Ok((spec, hunts))
}

/// Runs it once.
fn once(spec: &Spec) -> Result<ExitCode, String> {
    let mut run = Run::start(spec).map_err(|error| error.to_string())?;
    let mut trace = Trace::default();
    while run.phase() != Phase::Over {
        run.wait(GLANCE);
        run.drain(&mut trace);
    }
    let report = run.report().ok_or("the run ended without a report")?;
    let (text, went_well) = told(spec, &trace, report);
    print(&text);
    Ok(if went_well { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The report of a run, and whether it went well.
fn told(spec: &Spec, trace: &Trace, report: &Report) -> (String, bool) {
    let mut text = format!("{}\n", command(spec));
    let stall = report.stall(trace);
    let mut went_well = stall.is_none();
    let how = match &report.ending {
        Ending::Finished(_) => "finished".to_owned(),
        Ending::Failed(reason) => format!("main failed: {reason}"),
        Ending::Panicked(message) => format!("main panicked: {message}"),
        other => format!("{other:?}").to_lowercase(),
    };
    let _ =
        writeln!(text, "{how} at {} ms, {} tasks, {} polls", report.elapsed_ns / 1_000_000, trace.totals().spawned, trace.polls);
    if let Some(stall) = stall {
        let _ = writeln!(text, "{}", stall.text);
    }
    if let Ending::Finished(outcome) = &report.ending {
        for figure in &outcome.figures {
            let _ = writeln!(text, "  {} {} {}", figure.name, figure.value, unit_after(figure.value, figure.unit));
        }
        for check in &outcome.checks {
            let _ = writeln!(text, "  {} {}", if check.holds { "[ok]    " } else { "[BROKEN]" }, check.name);
        }
        went_well &= outcome.holds();
    } else {
        went_well = false;
    }
    (text, went_well)
}

/// Hunts for a run that goes wrong.
fn hunt(spec: Spec) -> Result<ExitCode, String> {
    let hunt = Hunt::new(spec);
    hunt.check().map_err(|error| error.to_string())?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let hunting = Hunting::start(hunt, threads).map_err(|error| error.to_string())?;
    while !hunting.wait(Duration::from_secs(1)) {}
    let found = hunting.found();
    for found in &found {
        print(&format!("{}\n  {}\n", command(&found.spec), found.what));
    }
    let progress = hunting.progress();
    print(&format!("{} runs, {} different, {} found\n", progress.runs, progress.different, found.len()));
    Ok(if found.is_empty() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// The command that repeats a run of this sketch.
fn command(spec: &Spec) -> String {
    let share = spec.share();
    let flags = share.split_once(spec.scenario.id).map_or("", |(_, flags)| flags.trim());
    format!("cargo run -- {flags}").trim_end_matches([' ', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(line: &str) -> Result<String, String> {
        let args: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        read(&scenarios::semaphore::SCENARIO, &args)
            .map(|(spec, hunts)| format!("{}{}", command(&spec), if hunts { " hunt" } else { "" }))
    }

    #[test]
    fn the_arguments_are_those_of_run() {
        assert_eq!(given("").as_deref(), Ok("cargo run"));
        assert_eq!(
            given("-p permits=5 --seed 7 --schedule 7:2").as_deref(),
            Ok("cargo run -- -p permits=5 --seed 7 --schedule 7:2")
        );
        assert_eq!(given("--clock real --limit 5 --hunt").as_deref(), Ok("cargo run -- --clock real --limit 5 hunt"));
        for wrong in
            ["-p", "-p permits", "-p permit=1", "-p permits=0", "--seed x", "--clock wall", "--speed 2", "-p permits_each=9"]
        {
            assert!(given(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_broken_check_is_no_success() {
        let spec = Spec::new(&scenarios::lost_update::SCENARIO);
        let mut run = Run::start(&spec).expect("it can be run");
        let mut trace = Trace::default();
        while run.phase() != Phase::Over {
            run.wait(GLANCE);
            run.drain(&mut trace);
        }
        let (text, went_well) = told(&spec, &trace, run.report().expect("it is over"));
        assert!(!went_well && text.contains("[BROKEN] no update is lost"), "{text}");
    }
}
