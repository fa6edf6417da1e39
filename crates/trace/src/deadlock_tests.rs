//! Cycles of locks, and chains of locks that are not cycles, of any length.

use std::num::NonZeroU32;

use super::told::{Told, id};
use super::{Cause, ResourceKind, TaskIx};
use facts::event::{LockChange, ResourceId, SiteId, What};

fn lock(number: u32) -> ResourceId {
    ResourceId(NonZeroU32::MIN.saturating_add(number))
}

/// Tasks that each hold a lock and wait for the next task's lock; the last one waits for the lock of `closes`.
fn chain(tasks: u32, closes: Option<u32>) -> Told {
    let mut told = Told::default();
    told.site(1, Cause::Mutex);
    for task in 0..tasks {
        told.spawn(0, u64::from(task) + 1, None).make(task + 1, ResourceKind::Mutex, 1);
        let by = Some(id(u64::from(task) + 1));
        told.tell(0, 1, What::Lock { resource: lock(task), change: LockChange::Taken, by, site: SiteId(1), owned: false });
    }
    for task in 0..tasks {
        let next = if task + 1 < tasks { Some(task + 1) } else { closes };
        let Some(next) = next else { continue };
        let task = u64::from(task) + 1;
        told.start(2, task);
        told.tell(0, 2, What::Pending { task: id(task), op: None, resource: Some(lock(next)), site: SiteId(1) });
        told.stop(2, task);
    }
    told
}

#[test]
fn a_circle_is_found_when_it_closes_and_told_once() {
    for tasks in [1, 2, 3, 1_000] {
        let told = chain(tasks, Some(0));
        let mut circle = told.0.deadlocks.iter().flat_map(|(_, circle)| circle.clone()).collect::<Vec<_>>();
        assert_eq!(told.0.deadlocks.len(), 1);
        circle.sort_unstable();
        assert_eq!(circle, (0..tasks).collect::<Vec<TaskIx>>());
    }
}

#[test]
fn those_who_only_wait_for_a_circle_are_not_in_it() {
    let told = chain(6, Some(4));
    let circles: Vec<_> = told.0.deadlocks.iter().map(|(_, circle)| circle.len()).collect();
    assert_eq!(circles, [2]);
}

#[test]
fn a_chain_is_no_circle() {
    assert!(chain(100, None).0.deadlocks.is_empty());
}

/// Something unknown, such as a socket, may end the wait.
#[test]
fn who_also_waits_for_something_that_is_not_known_is_in_no_circle() {
    let mut told = chain(2, None);
    told.site(2, Cause::Unknown).start(3, 2);
    told.tell(0, 3, What::Pending { task: id(2), op: None, resource: Some(lock(0)), site: SiteId(1) });
    told.pend(3, 2, 2).stop(3, 2);
    assert!(told.0.deadlocks.is_empty());
    let causes =
        |told: &Told| told.0.leaves_now(&told.0.tasks[1]).iter().map(|leaf| told.0.site(leaf.site).cause).collect::<Vec<_>>();
    assert_eq!(causes(&told), [Cause::Mutex, Cause::Unknown]);
}

#[test]
fn a_search_ends_however_long_the_chain_is() {
    // It is a cycle, but too long to search for.
    assert!(chain(20_000, Some(0)).0.deadlocks.is_empty());
}

#[test]
fn a_task_that_holds_very_much_is_told_in_few_words() {
    let mut told = chain(2, Some(0));
    for number in 2..20_000 {
        let change = LockChange::Taken;
        told.make(number + 1, ResourceKind::Mutex, 1);
        told.tell(0, 2, What::Lock { resource: lock(number), change, by: Some(id(1)), site: SiteId(1), owned: false });
    }
    let stall = told.0.stall_at(2);
    let held: usize = stall.tasks.iter().map(|task| task.holds.len()).sum();
    assert_eq!((stall.tasks.len(), held), (2, 10_000));
    assert!(stall.text.contains(" more, and waits for ") && stall.text.len() < 2_000, "{}", stall.text);
}
