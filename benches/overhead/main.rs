//! The cost of recording: the same work on a plain runtime, with our recorder in each of its forms, with console-subscriber
//! and with dial9.
//!
//! Each measurement has its own process, because a process has one global subscriber. The subjects take turns, so that a slow
//! minute of the machine affects all of them. The table shows the medians of the rounds. Compare the ratios; absolute times
//! depend on the machine and the moment.
//!
//! `cargo bench --bench overhead` prints a table and two verdicts. After `--`: `--json` prints JSON, `--rounds N` sets the
//! number of rounds, and the name of a subject or workload (`spawn` is enough) measures only that.

mod subjects;
mod table;
#[expect(unreachable_pub, reason = "another crate includes it too")]
mod work;

use std::process::ExitCode;

use subjects::Subject;
use table::Row;
use work::{MEMORY, WORKLOADS};

/// Rounds of each measurement.
const ROUNDS: usize = 5;

/// What to measure.
struct Plan {
    json: bool,
    rounds: usize,
    subjects: Vec<Subject>,
    workloads: Vec<&'static str>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [measure, subject, workload] = &args[..]
        && measure == "measure"
        && let (Some(subject), Some(workload)) = (Subject::named(subject), work::named(workload))
    {
        println!("{}", subjects::measure_here(subject, workload));
        return ExitCode::SUCCESS;
    }
    let Some(plan) = plan(&args) else {
        let names: Vec<_> = Subject::ALL.map(Subject::name).into_iter().chain(workloads()).collect();
        eprintln!("unknown arguments {args:?}: --json, --rounds N, or any of {}", names.join(", "));
        return ExitCode::from(2);
    };
    if plan.subjects.iter().any(|subject| subject.base() == Subject::PlainDial9) {
        subjects::build_dial9();
    }
    let rows = measure_all(&plan);
    if plan.json {
        table::print_json(&rows);
    } else {
        table::print(&rows, plan.rounds);
    }
    ExitCode::SUCCESS
}

fn workloads() -> impl Iterator<Item = &'static str> {
    WORKLOADS.iter().chain([&MEMORY]).map(|workload| workload.name)
}

/// Reads the arguments; `None` if one is unknown.
fn plan(args: &[String]) -> Option<Plan> {
    let mut plan = Plan { json: false, rounds: ROUNDS, subjects: Vec::new(), workloads: Vec::new() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match &**arg {
            "--json" => plan.json = true,
            "--rounds" => plan.rounds = args.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
            name => match Subject::named(name) {
                Some(subject) => plan.subjects.extend([subject.base(), subject]),
                None => plan.workloads.push(workloads().find(|workload| workload.split(' ').any(|word| word == name))?),
            },
        }
    }
    let wanted = |subject: &Subject| plan.subjects.is_empty() || plan.subjects.contains(subject);
    plan.subjects = Subject::ALL.into_iter().filter(wanted).collect();
    if plan.workloads.is_empty() {
        plan.workloads = workloads().collect();
    }
    Some(plan)
}

/// The median of the rounds for each workload and subject.
fn measure_all(plan: &Plan) -> Vec<Row> {
    let row = |workload: &&'static str| {
        let mut rounds = vec![Vec::new(); plan.subjects.len()];
        for _ in 0..plan.rounds {
            for (subject, measured) in plan.subjects.iter().zip(&mut rounds) {
                measured.push(subject.measure(workload));
            }
        }
        Row { workload, measured: plan.subjects.iter().copied().zip(rounds.into_iter().map(median)).collect() }
    };
    plan.workloads.iter().map(row).collect()
}

fn median(mut measured: Vec<f64>) -> f64 {
    measured.sort_by(f64::total_cmp);
    measured[measured.len() / 2]
}
