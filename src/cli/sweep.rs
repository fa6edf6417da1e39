//! `sweep`: a scenario over the values of a parameter.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use async_playground::report;
use engine::Spec;
use engine::sweep::{self, Point, Sweep, Sweeping};
use scenario::{Clock, Value};
use tui::{limits, text};

use super::args::SweepArgs;
use super::asked::Asked;
use super::out;
use super::spec;
use super::stop::Stop;

/// How often to check for signals, and to show the progress.
const GLANCE: Duration = Duration::from_millis(50);

/// Makes the runs, and reports a figure over the values.
pub(super) fn sweep(args: &SweepArgs) -> Result<ExitCode, Stop> {
    let sweep = wanted(args)?;
    let cannot_start = |error: io::Error| Stop::Usage(format!("cannot start the sweep: {error}"));
    limits::check(sweep.spec.workers).map_err(cannot_start)?;
    let asked = Asked::listen().map_err(cannot_start)?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let sweeping = Sweeping::start(sweep, threads).map_err(cannot_start)?;
    let shows = io::stderr().is_terminal();
    while !sweeping.wait(GLANCE) {
        if asked.signal().is_some() {
            sweeping.stop();
        }
        if shows {
            out::progress(&report::sweep_progress(sweeping.done(), sweeping.sweep().runs()));
        }
    }
    if shows {
        out::progress("");
    }
    asked.over()?;
    let (sweep, points) = (sweeping.sweep(), sweeping.points());
    if args.csv {
        out::print(&report::sweep_csv(sweep, &points))?;
        return Ok(ExitCode::SUCCESS);
    }
    let figure = figure(&points, args.figure.as_deref())?;
    if args.json {
        out::line(report::sweep_json(sweep, &points, &figure))?;
    } else {
        out::print(&report::sweep_text(sweep, &points, &figure, out::look(&args.marks)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the flags ask for.
fn wanted(args: &SweepArgs) -> Result<Sweep, Stop> {
    let scenario = spec::scenario(&args.scenario)?;
    let mut base = Spec::new(scenario);
    base.clock = args.clock.map_or(base.clock, Clock::from);
    (base.workers, base.schedule) = (args.workers as usize, args.schedule.clone());
    base.limit = Duration::from_millis(args.limit);
    let (several, fixed): (Vec<_>, Vec<_>) = args.params.iter().cloned().partition(|(_, value)| sweep::is_several(value));
    let [(name, values)] = &*several else { return Err(not_one(scenario.id, &several)) };
    spec::set_params(&mut base, &fixed)?;
    let param = spec::parameter(scenario, name)?;
    if fixed.iter().any(|(fixed, _)| fixed == name) {
        return Err(Stop::Usage(format!("-p {name} is given twice; give it once")));
    }
    let (param, seeds) = (param, args.seeds.clone());
    let mut sweep = Sweep { spec: base, param, values: Vec::<Value>::new(), seeds };
    let most = sweep.most_runs();
    sweep.values = sweep::values(param, &text::name(values), most).map_err(|error| Stop::Usage(format!("-p {error}")))?;
    if sweep.runs() > most {
        let (values, runs) = (sweep.values.len(), sweep.runs());
        let seeds = most / values as u64;
        let wanted = format!("at most {most}: use fewer values, or at most {seeds} seeds");
        return Err(Stop::Usage(format!("--seeds: {values} values with these seeds are {runs} runs; {wanted}")));
    }
    sweep.check().map_err(|error| Stop::Usage(spec::reason(error)))?;
    Ok(sweep)
}

/// Why not exactly one parameter is swept.
fn not_one(id: &str, several: &[(String, String)]) -> Stop {
    let names: Vec<_> = several.iter().map(|(name, _)| text::name(name)).collect();
    Stop::Usage(match &*names {
        [] => format!("sweep needs a parameter with several values: async-playground sweep {id} -p NAME=A..B"),
        _ => format!("-p: {} have several values; sweep one parameter, and give the others one value", names.join(" and ")),
    })
}

/// The figure to show: the one that is named, or the first.
fn figure(points: &[Point], wanted: Option<&str>) -> Result<String, Stop> {
    let figures: Vec<_> = sweep::figures(points).into_iter().map(|(name, _)| name).collect();
    let Some(wanted) = wanted else { return Ok(figures.into_iter().next().unwrap_or_default()) };
    if figures.iter().any(|name| name == wanted) {
        return Ok(wanted.to_owned());
    }
    let names: Vec<_> = figures.iter().map(String::as_str).collect();
    Err(Stop::Usage(format!("--figure: there is no '{}'{}", text::name(wanted), spec::offer(wanted, &names))))
}
