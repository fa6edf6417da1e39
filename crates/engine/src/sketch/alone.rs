//! A sketch that is run by itself, with `cargo run`: it runs its scenario once, or hunts, and prints what came out.
//!
//! The arguments are few and rarely used, so they are parsed by hand; the program has the full set.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use scenario::{Clock, Scenario, unit_after};
use trace::Trace;

use crate::hunt::{Hunt, Hunting};
use crate::{Detail, Ending, Phase, Report, Run, Spec};

/// A check failed, the run stalled, or main failed; or a hunt found nothing.
const FAILED: u8 = 1;
/// The arguments are invalid, or the run cannot start.
const USAGE: u8 = 2;
/// The longest time that a flag takes, a day, as `async-playground run` has it.
const LONGEST_MS: u64 = 86_400_000;
/// How long to wait for a run between two looks.
const GLANCE: Duration = Duration::from_millis(50);

const HELP: &str = "\
Options:
  -p NAME=VALUE       set a parameter
  --seed N            set the random seed
  --schedule N|LIST   cut polls, on the virtual clock
  --clock CLOCK       choose the clock: virtual or real
  --workers N         set the number of workers, on the real clock
  --limit MS          end the run after so many milliseconds
  --detail HOW        choose how much to record: waits or polls
  --stall-after MS    call the run stalled after so many quiet milliseconds
  --hunt              search schedules for a run that goes wrong
  --help              print this help

'async-playground open .' shows the sketch on the screen.
";

/// Runs the scenario as the arguments of this process say, and prints a report.
pub(super) fn run(scenario: &'static Scenario) -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print(&help(scenario));
        return ExitCode::SUCCESS;
    }
    let result = read(scenario, &args).and_then(|(spec, hunts)| if hunts { hunt(spec) } else { once(&spec) });
    result.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {}", line(&error));
        ExitCode::from(USAGE)
    })
}

/// A text in one line that does not steer the terminal.
fn line(text: &str) -> String {
    let safe = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(safe).collect()
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
    let (mut spec, mut set) = (Spec::new(scenario), Vec::new());
    let (mut args, mut hunts) = (args.iter(), false);
    while let Some(flag) = args.next() {
        if flag == "--hunt" {
            hunts = true;
            continue;
        }
        let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value; see --help"));
        match flag.as_str() {
            "-p" => {
                let param = parameter(&mut spec, value()?)?;
                if set.contains(&param) {
                    return Err(format!("-p {param} is given twice; give it once"));
                }
                set.push(param);
            }
            "--seed" | "--schedule" | "--clock" | "--workers" | "--limit" | "--detail" | "--stall-after" => {
                option(&mut spec, flag, value()?).map_err(|error| format!("{flag}: {error}"))?;
            }
            _ => return Err(format!("unexpected argument '{flag}'; see --help")),
        }
    }
    spec.workers = (scenario.workers)(&spec.values, spec.clock, spec.workers);
    spec.check().map_err(|error| error.to_string())?;
    Ok((spec, hunts))
}

/// Sets the parameter of `NAME=VALUE`, and returns its name.
fn parameter(spec: &mut Spec, text: &str) -> Result<&'static str, String> {
    let (name, text) = text.split_once('=').ok_or("-p: expected NAME=VALUE")?;
    let params = spec.scenario.params;
    let names: Vec<_> = params.iter().map(|param| param.name).collect();
    let unknown = || format!("no parameter '{name}' (available: {})", names.join(", "));
    let param = params.iter().find(|param| param.name == name).ok_or_else(unknown)?;
    spec.values.set(param, param.parse(text).map_err(|error| format!("-p {error}"))?);
    Ok(param.name)
}

/// Sets what is not a parameter.
fn option(spec: &mut Spec, flag: &str, text: &str) -> Result<(), String> {
    match flag {
        "--seed" => spec.seed = number(text)?,
        "--schedule" => spec.schedule = text.parse().map_err(|error| format!("{error}"))?,
        "--clock" => spec.clock = one_of(text, [Clock::Virtual, Clock::Real].map(|clock| (clock.name(), clock)))?,
        "--workers" => spec.workers = number(text)?,
        "--limit" => spec.limit = millis(text)?,
        "--detail" => spec.detail = one_of(text, [("waits", Detail::Waits), ("polls", Detail::Polls)])?,
        _ => spec.stall_after = millis(text)?,
    }
    Ok(())
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("'{text}' is not a valid whole number"))
}

fn millis(text: &str) -> Result<Duration, String> {
    match number(text)? {
        ms @ 1..=LONGEST_MS => Ok(Duration::from_millis(ms)),
        _ => Err(format!("'{text}' is out of range: 1 to {LONGEST_MS}")),
    }
}

fn one_of<T>(text: &str, [first, second]: [(&str, T); 2]) -> Result<T, String> {
    let names = format!("{} or {}", first.0, second.0);
    let found = [first, second].into_iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| value).ok_or_else(|| format!("invalid value '{text}'; expected {names}"))
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
        Ending::Failed(reason) => format!("main failed: {}", line(reason)),
        Ending::Panicked(message) => format!("main panicked: {}", line(message)),
        Ending::Stalled => "stalled".to_owned(),
        Ending::Limit => "stopped by the limit".to_owned(),
        Ending::Stopped => "stopped".to_owned(),
        Ending::Abandoned => "abandoned, since a task never yielded,".to_owned(),
        Ending::CutOff | Ending::Exited | Ending::Lost(_) => "ended".to_owned(),
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
    // The ID may be a word of the line before it, such as `run`.
    let flags = share.strip_prefix(&format!("async-playground run {}", spec.scenario.id)).unwrap_or_default();
    format!("cargo run --{flags}").trim_end_matches([' ', '-']).to_owned()
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
        let all = "-p permits=5 --clock real --workers 2 --limit 5 --detail polls --stall-after 9";
        assert_eq!(given(all), Ok(format!("cargo run -- {all}")), "what is printed can be typed");
        assert_eq!(given("--clock real --limit 5 --hunt").as_deref(), Ok("cargo run -- --clock real --limit 5 hunt"));
        for wrong in [
            "-p",
            "-p permits",
            "-p permit=1",
            "-p permits=0",
            "-p permits=1 -p permits=2",
            "-p permits_each=9",
            "--seed x",
            "--clock wall",
            "--workers 2",
            "--limit 0",
            "--detail all",
            "--speed 2",
        ] {
            assert!(given(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_is_right_for_an_id_that_is_in_each_share_line() {
        for id in ["run", "playground", "async", "a"] {
            let scenario = Box::leak(Box::new(Scenario { id, ..Scenario::DEFAULTS }));
            let spec = Spec { seed: 7, ..Spec::new(scenario) };
            assert_eq!(command(&spec), "cargo run -- --seed 7", "{id}");
        }
    }

    #[test]
    fn a_text_of_many_lines_is_one_line_and_steers_nothing() {
        assert_eq!(line("größe\n\x1b[2J"), "größe\\n\\u{1b}[2J");
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
