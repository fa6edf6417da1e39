//! Random programs keep their own books: the recorded holders and polls match them.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

use super::books;
use super::observed;
use super::workloads;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use books::{COUNT, Shop, by_the_books};
use observed::{On, observe};
use proptest::prelude::*;
use recorder::Detail;
use trace::{End, ResourceKind, State, Trace};
use workloads::{SEMAPHORES, Step, program, steps};

/// The recorded holder of the resource of that number, and its permits; `None` where it is inferred.
fn as_recorded(trace: &Trace, resource: usize, at_ns: u64) -> Option<BTreeMap<String, i64>> {
    let holdings = trace.resources[resource].at(at_ns);
    let mut held = BTreeMap::new();
    for holder in &holdings.holders {
        let name = holder.task.map_or_else(String::new, |task| trace.tasks[task as usize].name.clone());
        *held.entry(name).or_insert(0) += i64::from(holder.permits);
    }
    (!holdings.inferred).then_some(held)
}

fn check_holders(tasks: Vec<Vec<Step>>) -> Result<(), TestCaseError> {
    let books = Arc::new(Mutex::new(Vec::new()));
    let kept = books.clone();
    let (trace, polls) = observe(On::Virtual, Detail::Waits, |_| async move {
        let resources = Arc::new(Shop::new(SEMAPHORES));
        program(tasks, resources.clone()).await;
        *kept.lock().unwrap() = resources.close_books();
    });
    check_lives(&trace, polls)?;
    let books = books.lock().unwrap();
    let of_books = |resource: &&trace::Resource| resource.kind != ResourceKind::Channel;
    prop_assert_eq!(trace.resources.iter().filter(of_books).count(), COUNT);
    let last = books.iter().map(|(at, ..)| *at).max().unwrap_or(0);
    for at_ms in 0..=last {
        for resource in 0..COUNT {
            // Everything happens on whole milliseconds, so half a millisecond later everything has been reported.
            let at_ns = at_ms as u64 * 1_000_000 + 500_000;
            if let Some(recorded) = as_recorded(&trace, resource, at_ns) {
                prop_assert_eq!(recorded, by_the_books(&books, resource, at_ms), "resource {} at {} ms", resource, at_ms);
            }
        }
    }
    for resource in &trace.resources {
        let end = resource.at(trace.end_ns);
        prop_assert!(end.holders.is_empty() && end.waiters.is_empty(), "{:?}", end);
    }
    Ok(())
}

/// The recorded polls match Tokio's count, and every ready task has been spawned or woken.
fn check_lives(trace: &Trace, polls: u64) -> Result<(), TestCaseError> {
    prop_assert_eq!(trace.polls, polls);
    prop_assert_eq!(trace.lost, 0);
    for (ix, task) in (0..).zip(&trace.tasks) {
        let readies = task.segments.iter().filter(|segment| segment.state == State::Ready).count();
        // A wake within what turns out to be the last poll makes no task ready.
        let ended_in = task.ended.and(task.segments.last()).filter(|last| matches!(last.state, State::Running(_)));
        let in_vain = ended_in.zip(task.wakes.last()).is_some_and(|(last, wake)| wake.at_ns >= last.start_ns);
        let answered = readies == task.wakes.len() + 1 || (in_vain && readies == task.wakes.len());
        prop_assert!(answered, "{}: {:?} {:?}", &task.name, &task.segments, &task.wakes);
        for (i, segment) in task.segments.iter().enumerate() {
            let before = i.checked_sub(1).map(|before| task.segments[before].state);
            let aborted = task.ended.is_some_and(|ended| ended.how != End::Completed) && i + 1 == task.segments.len();
            let answered = !matches!(segment.state, State::Running(_)) || before == Some(State::Ready) || aborted;
            prop_assert!(answered, "{}: a poll without a wake", &task.name);
        }
        let waits = task.segments.iter().filter(|segment| segment.state.is_waiting()).count();
        prop_assert_eq!(waits, trace.waits_of(ix).count());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn holders_agree_with_the_programs_own_books(tasks in steps()) {
        check_holders(tasks)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lives_agree_with_tokios_own_count(tasks in steps(), workers in any::<bool>()) {
        let on = if workers { On::TwoWorkers } else { On::OneThread };
        let (trace, polls) = observe(on, Detail::Waits, |_| async move { program(tasks, Arc::new(Shop::new(SEMAPHORES))).await });
        prop_assert_eq!((trace.polls, trace.lost), (polls, 0));
        check_lives(&trace, polls)?;
    }
}
