//! The engine distinguishes runs that cannot go on from runs that can, on either clock.

use std::time::Duration;

use engine::{Detail, Ending, Spec};
use scenario::Scenario;
use trace::StallKind;

use super::programs::{BLOCKS_LONG, DEADLOCKS, DEADLOCKS_AND_TICKS, LEAVES_A_WAITER, LISTENS, SLEEPS_LONG, WAITS_FOR_EVER};
use super::{ms, real, to_end};
use scenario::testing::in_a_calm_moment;

#[test]
fn a_stall_is_told_from_a_limit() {
    // In both, the limit's timer is the only one left; only the first could have gone on.
    let limit = Duration::from_millis(250);
    let (_, report) = to_end(&Spec { limit, ..Spec::new(&WAITS_FOR_EVER) });
    assert_eq!((report.ending, ms(report.elapsed_ns)), (Ending::Limit, 250));
    for limit in [Duration::from_millis(400), Duration::from_secs(60)] {
        let (trace, report) = to_end(&Spec { limit, ..Spec::new(&WAITS_FOR_EVER) });
        assert_eq!((report.ending, ms(report.elapsed_ns)), (Ending::Stalled, 300));
        assert_eq!(Some(trace.polls), report.runtime_polls);
    }
}

/// The real clock, with a short quiet period.
fn impatient(scenario: &'static Scenario, workers: usize) -> Spec {
    Spec { stall_after: Duration::from_millis(200), limit: Duration::from_secs(20), ..real(scenario, workers) }
}

#[test]
fn on_the_real_clock_a_stall_is_told_after_the_quiet_time() {
    for workers in [0, 2] {
        let (trace, report) = in_a_calm_moment(|| {
            let (trace, report) = to_end(&impatient(&DEADLOCKS, workers));
            assert_eq!(report.ending, Ending::Stalled);
            assert!((220..1_500).contains(&ms(report.elapsed_ns)), "{report:?}");
            (trace, report)
        });
        let stall = report.stall(&trace).unwrap();
        assert_eq!(stall.kind, StallKind::Cycle);
        let mut names: Vec<_> = stall.tasks.iter().map(|stuck| &*trace.tasks[stuck.task as usize].name).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b"]);
    }
}

#[test]
fn what_ends_by_itself_is_no_stall_however_long_it_takes() {
    for scenario in [&SLEEPS_LONG, &BLOCKS_LONG] {
        for workers in [0, 2] {
            let (trace, report) = to_end(&impatient(scenario, workers));
            assert!(matches!(report.ending, Ending::Finished(_)), "{}: {report:?}", scenario.id);
            assert_eq!(report.stall(&trace), None);
        }
    }
    let (_, report) = to_end(&Spec { limit: Duration::from_millis(700), ..impatient(&LISTENS, 0) });
    assert_eq!(report.ending, Ending::Limit, "somebody may still connect");
    let (_, report) = to_end(&Spec { detail: Detail::Polls, limit: Duration::from_millis(700), ..impatient(&DEADLOCKS, 0) });
    assert_eq!(report.ending, Ending::Limit, "nothing is known of what they wait for");
}

#[test]
fn a_circle_is_told_also_when_the_rest_goes_on() {
    for spec in [Spec::new(&DEADLOCKS_AND_TICKS), impatient(&DEADLOCKS_AND_TICKS, 2)] {
        in_a_calm_moment(|| {
            let (trace, report) = to_end(&spec);
            assert!(matches!(report.ending, Ending::Finished(_)), "{report:?}");
            assert_eq!(report.stall(&trace).map(|stall| stall.kind), Some(StallKind::Cycle));
            assert!(ms(trace.deadlocks[0].0) < 400, "it is found when it forms: {:?}", trace.deadlocks);
        });
    }
    let (trace, report) = to_end(&Spec { limit: Duration::from_millis(200), ..Spec::new(&DEADLOCKS_AND_TICKS) });
    assert_eq!(report.ending, Ending::Limit);
    assert_eq!(report.stall(&trace).map(|stall| stall.kind), Some(StallKind::Cycle));
}

#[test]
fn tasks_that_main_leaves_waiting_for_nobody_hold_a_real_run_up_no_longer_than_the_quiet_time() {
    in_a_calm_moment(|| {
        let (trace, report) = to_end(&impatient(&LEAVES_A_WAITER, 0));
        assert!(matches!(report.ending, Ending::Finished(_)), "{report:?}");
        assert_eq!((report.stall(&trace), trace.totals().alive), (None, 1));
        assert!((200..2_000).contains(&ms(trace.end_ns)), "{} ms", ms(trace.end_ns));
    });
}
