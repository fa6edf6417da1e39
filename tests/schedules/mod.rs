//! Schedules: each number is one run, many numbers are many runs, and the list of a run's preemptions is the same run.

mod programs;

use std::collections::BTreeMap;

use engine::{Ending, Preemption, Report, Schedule, Spec};
use scenario::{Clock, Scenario};
use scenarios::CATALOGUE;
use trace::{Cause, State, Trace, Waker};

use crate::run;
use programs::PROGRAMS;

/// How many schedules of each program are run: few here, 2,000 by `just schedules`.
fn schedules() -> u64 {
    std::env::var("SCHEDULES").map_or(400, |schedules| schedules.parse().expect("SCHEDULES is a whole number"))
}

fn under(scenario: &'static Scenario, schedule: Schedule) -> (Trace, Report) {
    run(&Spec { schedule, ..Spec::new(scenario) })
}

/// How a program came out.
fn outcome(report: &Report) -> String {
    match &report.ending {
        Ending::Finished(outcome) => outcome.checks[0].name.clone(),
        other => format!("{other:?}"),
    }
}

/// The hashes of a run's trace.
fn hashes(trace: &Trace) -> (u64, Option<u64>) {
    (trace.hash(), trace.wake_hash())
}

/// The preemptions of a run as a schedule.
fn listed(trace: &Trace) -> Schedule {
    Schedule::list(trace.preemptions().iter().map(|cut| Preemption { poll: cut.poll, operations: cut.operations }))
}

#[test]
fn schedules_bring_out_what_tokios_order_hides() {
    // The fewest outcomes that so many schedules must show; the first is what Tokio's own order gives.
    let expected = [
        ("opposite-locks", "no deadlock", 2),
        ("two-locks", "sum 9", 6),
        ("tickers", "abcabc", 10),
        ("bounded-channel", "aabcbc", 2),
        ("select", "tabc", 6),
        ("join-set", "abcd", 8),
        ("rwlock", "a0a0b0b0", 6),
    ];
    for (program, (id, usual, fewest)) in PROGRAMS.iter().zip(expected) {
        assert_eq!(program.id, id);
        let mut outcomes: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for number in 0..schedules() {
            let (trace, report) = under(program, Schedule::Number(number));
            assert_eq!(report.runtime_polls, Some(trace.polls), "{id}, schedule {number}");
            outcomes.entry(outcome(&report)).or_insert((0, number)).0 += 1;
        }
        println!("{id}: {} outcomes in {} schedules: {outcomes:?}", outcomes.len(), schedules());
        assert_eq!(outcomes.get(usual).map(|(_, first)| *first), Some(0), "{id}: {outcomes:?}");
        assert!(outcomes.len() >= fewest, "{id}: {outcomes:?}");
    }
}

#[test]
fn a_number_and_the_list_of_its_preemptions_are_the_same_run() {
    for program in &PROGRAMS {
        for number in (0..schedules()).step_by(7) {
            let (first, report) = under(program, Schedule::Number(number));
            let list = listed(&first);
            let (again, listed_report) = under(program, list.clone());
            let of = (program.id, number, &list);
            assert_eq!(hashes(&first), hashes(&again), "{of:?}");
            assert_eq!(outcome(&report), outcome(&listed_report), "{of:?}");
            assert_eq!(listed(&again), list, "{of:?}");
        }
    }
}

#[test]
fn a_cut_poll_is_told_from_one_that_is_out_of_budget() {
    let program = &PROGRAMS[1];
    let cut = under(program, Schedule::list([Preemption { poll: 2, operations: 1 }])).0;
    let [preempted] = cut.preemptions() else { panic!("{:?}", cut.preemptions()) };
    assert_eq!((preempted.poll, preempted.operations), (2, 1));
    let task = &cut.tasks[preempted.task as usize];
    assert!(task.segments.iter().any(|segment| segment.state == State::Waiting(Cause::Preempted)), "{:?}", task.segments);
    assert!(task.wakes.iter().any(|wake| wake.by == Waker::Schedule), "{:?}", task.wakes);
    let place = cut.site(preempted.site).place.clone().expect("the line is known");
    assert!(place.file.ends_with("schedules/programs.rs"), "{place}");
    // The limit lets through as many operations as the poll makes, so nothing is cut.
    assert!(under(program, Schedule::list([Preemption { poll: 2, operations: 127 }])).0.preemptions().is_empty());
    let usual = under(program, Schedule::default()).0;
    assert!(usual.preemptions().is_empty());
    assert_eq!(usual.hash(), under(program, Schedule::list([Preemption { poll: 1_000, operations: 0 }])).0.hash());
}

#[test]
fn a_scenario_under_a_schedule_gives_the_same_trace_beside_other_runs() {
    let virtual_ones = CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual));
    for scenario in virtual_ones {
        let spec = Spec { seed: 3, schedule: Schedule::Number(1_003), ..Spec::new(scenario) };
        let both = std::thread::scope(|scope| {
            let other = scope.spawn(|| hashes(&run(&spec).0));
            [hashes(&run(&spec).0), other.join().expect("it does not panic")]
        });
        assert_eq!(both[0], both[1], "{}", scenario.id);
    }
}
