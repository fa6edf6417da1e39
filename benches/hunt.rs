//! How many runs a second a hunt makes, and how many of them are different.
//!
//! Every run is recorded: its hash is that of its trace. The scenario is `semaphore` with 19 requests, which is 20 tasks with
//! main. Beside it, the outcomes that 2,000 schedules bring out of small programs, and how many of their hashes agree between
//! two fresh processes that compete for the processors.
//!
//! `cargo bench --bench hunt`. `just bench-shuttle` runs the same program under shuttle.

#[path = "../tests/schedules/programs.rs"]
mod programs;

use std::collections::{BTreeMap, HashSet};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use engine::hunt::{Hunt, Hunting, Progress};
use engine::{Ending, Phase, Run, Schedule, Spec};
use scenario::{Scenario, Value};

use programs::PROGRAMS;

/// How many times the speed is measured.
const TIMES: usize = 5;
/// How many runs each time.
const RUNS: u64 = 4_000;
/// The schedules of each small program.
const SCHEDULES: u64 = 2_000;
/// How many of them also run in fresh processes.
const REPEATED: u64 = 100;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => speed().and_then(|()| outcomes()),
        ["--hashes"] => {
            hashes();
            Ok(())
        }
        _ => Err(format!("unknown arguments {args:?}: none, or --hashes")),
    }
    .map_or_else(
        |error| {
            eprintln!("{error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// Prints runs a second on one and on two threads.
fn speed() -> Result<(), String> {
    for threads in [1, 2] {
        let mut measured = (0..TIMES).map(|_| hunt(threads)).collect::<Result<Vec<_>, _>>()?;
        measured.sort_by(|a, b| per_second(a).total_cmp(&per_second(b)));
        let (median, least, most) = (measured[TIMES / 2], measured[0], measured[TIMES - 1]);
        println!(
            "semaphore, 20 tasks, {threads} threads: {:.0} runs a second, {:.0} to {:.0}; {} of {} runs different",
            per_second(&median),
            per_second(&least),
            per_second(&most),
            median.different,
            median.runs
        );
    }
    Ok(())
}

fn per_second(progress: &Progress) -> f64 {
    progress.runs as f64 / progress.elapsed.as_secs_f64()
}

fn hunt(threads: usize) -> Result<Progress, String> {
    let mut spec = Spec::new(&scenarios::semaphore::SCENARIO);
    let requests = spec.scenario.param("requests").ok_or("semaphore has requests")?;
    spec.values.set(requests, Value::Number(19));
    let hunt = Hunt { limit_runs: RUNS, seeds: 0..=0, schedules: 257..=u64::MAX, ..Hunt::new(spec) };
    let hunting = Hunting::start(hunt, threads).map_err(|error| error.to_string())?;
    while !hunting.wait(Duration::from_secs(1)) {}
    Ok(hunting.progress())
}

/// Prints the outcomes of the small programs, and compares their hashes between processes.
fn outcomes() -> Result<(), String> {
    let exe = std::env::current_exe().map_err(|error| error.to_string())?;
    let children: Vec<_> = (0..4)
        .map(|_| Command::new(&exe).arg("--hashes").stdout(Stdio::piped()).spawn())
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    for program in &PROGRAMS {
        let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
        let mut different = HashSet::new();
        for number in 0..SCHEDULES {
            let (hash, outcome) = run(program, number)?;
            *outcomes.entry(outcome).or_default() += 1;
            different.insert(hash);
        }
        println!("{}: {} outcomes, {} different runs in {SCHEDULES} schedules", program.id, outcomes.len(), different.len());
    }
    let mut told = HashSet::new();
    for child in children {
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        told.insert(output.stdout);
    }
    if told.len() != 1 {
        return Err("the hashes of the same schedules differ between processes".to_owned());
    }
    println!("{} hashes are equal in four processes at once", REPEATED * PROGRAMS.len() as u64);
    Ok(())
}

/// Prints the hashes of some schedules of each program.
fn hashes() {
    for program in &PROGRAMS {
        for number in (0..SCHEDULES).step_by((SCHEDULES / REPEATED) as usize) {
            println!("{} {number} {:?}", program.id, run(program, number));
        }
    }
}

/// The hash of a run, and how it came out.
fn run(program: &'static Scenario, number: u64) -> Result<(u64, String), String> {
    let spec = Spec { schedule: Schedule::Number(number), ..Spec::new(program) };
    let mut run = Run::start(&spec).map_err(|error| error.to_string())?;
    let mut trace = trace::Trace::default();
    while run.phase() != Phase::Over {
        run.wait(Duration::from_millis(50));
        run.drain(&mut trace);
    }
    let report = run.report().ok_or("the run is over")?;
    let outcome = match &report.ending {
        Ending::Finished(outcome) => outcome.checks[0].name.clone(),
        other => format!("{other:?}"),
    };
    Ok((trace.hash(), outcome))
}
