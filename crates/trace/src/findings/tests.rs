//! The bounds of the lints, on hand-written traces.

use super::super::Cause;
use super::super::told::{Told, one};
use super::FindingKind::{BlocksWorker, NeverYields, QueueGrows, SelfWakes, UselessWakes};
use super::*;

const MS: u64 = 1_000_000;

fn kinds(told: &Told) -> Vec<FindingKind> {
    told.0.findings().list.iter().map(|finding| finding.kind).collect()
}

#[test]
fn a_poll_blocks_from_a_tenth_of_a_second_on_also_while_it_lasts() {
    let mut told = one();
    told.start(0, 5).stop(99 * MS, 5).wake(99 * MS, 5, None).start(100 * MS, 5);
    assert_eq!(kinds(&told), []);
    told.log(199 * MS, Some(5), "still there", &[]);
    assert_eq!(kinds(&told), []);
    told.log(200 * MS, Some(5), "still there", &[]);
    assert_eq!(kinds(&told), [BlocksWorker]);
    told.stop(200 * MS, 5);
    assert_eq!(kinds(&told), [BlocksWorker], "reported once");
    assert_eq!(told.0.findings().list[0].at_ns, 200 * MS);
}

#[test]
fn a_task_that_is_polled_again_yields() {
    let mut told = one();
    told.start(0, 5).stop(1_000 * MS, 5);
    assert_eq!(kinds(&told), [NeverYields]);
    told.wake(1_000 * MS, 5, None).start(1_001 * MS, 5);
    assert_eq!(kinds(&told), [BlocksWorker]);
}

#[test]
fn who_had_to_wait_for_a_poll_is_counted() {
    let mut told = one();
    told.site(1, Cause::Time);
    (6..=9).for_each(|task| _ = told.spawn(0, task, Some(5)));
    for task in [6, 7] {
        told.start(0, task).pend(0, task, 1).stop(0, task);
    }
    // 6 is due when the poll ends, and 7 is not; 8 was ready all the time, and 9 had its turn.
    told.start(0, 9).stop(MS, 9).start(MS, 5).stop(301 * MS, 5);
    told.wake(301 * MS, 6, None).start(301 * MS, 6).stop(301 * MS, 6);
    let list = told.0.findings().list;
    assert!(list[0].text.ends_with("; 2 tasks had to wait meanwhile"), "{list:?}");
}

#[test]
fn of_many_at_one_place_the_worst_is_told_and_all_are_marked() {
    let mut told = Told::default();
    // All are spawned by one call, so at one line.
    for (task, start, length) in [(5, 0, 200), (6, 1_000, 400), (7, 2_000, 300)] {
        told.spawn(0, task, None).start(start * MS, task).stop((start + length) * MS, task);
    }
    let found = told.0.findings();
    let [finding] = &found.list[..] else { panic!("{found:?}") };
    assert_eq!((finding.task, finding.tasks, finding.at_ns), (Some(1), 3, 1_400 * MS));
    assert!(finding.text.ends_with("; the same with 2 other tasks"), "{finding:?}");
    assert_eq!([0, 1, 2, 3].map(|task| found.mark(task)), [Some(200 * MS), Some(1_400 * MS), Some(2_300 * MS), None]);
    assert_eq!([0, 1_399, 1_400].map(|at| found.by(at * MS)), [0, 0, 1]);

    // Searching one task at a time finds the same.
    let mut search = Search::default();
    let piece_by_piece: Vec<_> = (0..3).map(|_| search.go_on(&told.0, 1)).collect();
    assert_eq!(piece_by_piece, [None, None, Some(found)]);
}

#[test]
fn wakes_are_told_when_they_are_many_and_most_are_good_for_nothing() {
    let woken = |own: u64, others: u64, redundant: u64| {
        let mut told = one();
        told.calls(1).spawn(0, 6, None).start(0, 5).stop(0, 5);
        for at in 1..=own + others {
            let by = if at <= own { 5 } else { 6 };
            told.turn(at, 5, 1).wake(at, 5, Some(by));
            (0..redundant).for_each(|_| _ = told.wake(at, 5, Some(6)));
            told.start(at, 5).stop(at, 5);
        }
        kinds(&told)
    };
    assert_eq!(woken(16, 15, 0), [SelfWakes]);
    assert_eq!((woken(15, 0, 0), woken(16, 17, 0)), (vec![], vec![]));
    assert_eq!((woken(0, 50, 2), woken(0, 99, 1)), (vec![UselessWakes], vec![]));
    // Without its line it is unknown who caused a wake.
    let mut told = one();
    told.start(0, 5).stop(0, 5);
    (1..=100).for_each(|at| _ = told.turn(at, 5, 1).wake(at, 5, Some(5)).start(at, 5).stop(at, 5));
    assert_eq!(kinds(&told), []);
}

#[test]
fn a_queue_grows_if_it_is_never_worked_off() {
    let counted = |name: &'static str, value: &dyn Fn(u64) -> f64| {
        let mut told = one();
        (0..800).for_each(|i| _ = told.log(i * MS, Some(5), "", &[(name, value(i))]));
        kinds(&told)
    };
    // It fluctuates, but never returns to an earlier level.
    let grows = |i: u64| (i + i % 2 * 20) as f64;
    assert_eq!(counted("queue_depth", &grows), [QueueGrows]);
    assert_eq!(counted("answers", &grows), []);
    assert_eq!(counted("depth", &|i| grows(i).min(300.0)), [], "it has a bound");
    assert_eq!(counted("depth", &|i| (i % 200) as f64), [], "it drains");
    assert_eq!(counted("depth", &|i| (i / 32) as f64), [], "it is short");
    assert_eq!(counted("depth", &|_| f64::NAN), []);
}

#[test]
fn lengths_of_time_and_names_are_unlike() {
    assert_eq!([1_550 * MS, 50 * MS, 1_500, 7, 0].map(span), ["1.55 s", "50 ms", "1.5 us", "7 ns", "0 ms"]);
    let names: std::collections::HashSet<_> = FindingKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), FindingKind::ALL.len());
    assert!(FindingKind::ALL.is_sorted());
}
