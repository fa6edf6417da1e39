//! Idle gaps that last, that ended, and that the end of the recording cut off.

use std::sync::Arc;

use super::told::{Told, one};
use super::*;
use facts::event::{LastPoll, NewSite, SiteId, What};

/// A task that waits from 4 on, for a message at line 7.
fn waiting() -> Told {
    let mut told = one();
    told.site(7, Cause::MpscRecv).start(1, 5).pend(2, 5, 7).stop(4, 5);
    told
}

/// Start, end and waker of the gap that covers a time.
fn gap(told: &Told, at_ns: u64) -> Option<(u64, Option<u64>, Option<Waker>)> {
    told.0.wait_at(0, at_ns).map(|wait| (wait.start_ns, wait.end_ns, wait.wake.map(|wake| wake.by)))
}

/// All gaps, each with its start, its end and its causes.
fn gaps(told: &Told) -> Vec<(u64, Option<u64>, Vec<Cause>)> {
    let causes = |wait: &WaitView<'_>| wait.leaves.iter().map(|leaf| told.0.site(leaf.site).cause).collect();
    told.0.waits_of(0).map(|wait| (wait.start_ns, wait.end_ns, causes(&wait))).collect()
}

/// How many wait at line 7.
fn at_the_line(told: &Told, at_ns: u64) -> u32 {
    told.0.places_at(at_ns).filter(|count| count.place.line == 7).map(|count| count.waiting).sum()
}

#[test]
fn a_wait_that_lasts_has_no_end() {
    let told = waiting();
    assert_eq!([0, 3, 4, 1_000].map(|at| gap(&told, at)), [None, None, Some((4, None, None)), Some((4, None, None))]);
    assert_eq!(gaps(&told), [(4, None, vec![Cause::MpscRecv])]);
    assert_eq!([3, 4, 1_000].map(|at| at_the_line(&told, at)), [0, 1, 1]);
    assert_eq!(told.0.wait_totals(), [], "it has not ended, so nobody knows how long it is");
    assert_eq!(gap(&one(), 0), None, "to be ready is no wait");
}

/// A task that is nothing but a library's future waits where it was spawned, and one of which no line is known anywhere.
#[test]
fn a_line_that_is_not_known_is_not_that_of_the_spawn() {
    for missing in [Missing::default(), Missing { symbols: true, ..Missing::default() }] {
        let mut told = one();
        let site = Site { cause: Cause::Unknown, missing, ..Site::default() };
        told.tell(0, 0, What::Site(Box::new(NewSite { id: SiteId(7), site: Arc::new(site) })));
        told.start(1, 5).pend(2, 5, 7).stop(4, 5);
        let leaf = told.0.leaves_now(&told.0.tasks[0])[0];
        assert_eq!((told.0.site(leaf.site).place.is_none(), leaf.inferred), (missing.any(), !missing.any()));
        assert_eq!(told.0.missing, missing);
    }
}

#[test]
fn a_wait_that_was_answered_has_an_end_and_a_waker() {
    let mut told = waiting();
    told.wake(10, 5, None).start(12, 5).stop(13, 5);
    let answered = Some((4, Some(10), Some(Waker::Unknown)));
    assert_eq!([9, 10, 12, 13].map(|at| gap(&told, at)), [answered, None, None, Some((13, None, None))]);
    assert_eq!(gaps(&told)[0], (4, Some(10), vec![Cause::MpscRecv]));
}

#[test]
fn a_wait_that_an_abort_ended_has_no_waker() {
    let mut told = waiting();
    told.start(8, 5).gone(8, 5, LastPoll::Dropped).stop(8, 5);
    told.0.close(20);
    assert_eq!([7, 8, 20].map(|at| gap(&told, at)), [Some((4, Some(8), None)), None, None]);
    assert_eq!(at_the_line(&told, 20), 0);
}

#[test]
fn a_wait_that_the_end_of_the_recording_cut_off_lasts_and_counts() {
    let mut told = waiting();
    told.0.close(9);
    assert_eq!([4, 9, 1_000].map(|at| gap(&told, at)), [Some((4, None, None)); 3]);
    assert_eq!(gaps(&told), [(4, None, vec![Cause::MpscRecv])]);
    assert_eq!(at_the_line(&told, 9), 1, "it is seen as it was at that instant");
    let totals: Vec<_> = told.0.wait_totals().iter().map(|total| (total.count, total.total_ns, total.max_ns)).collect();
    assert_eq!(totals, [(1, 5, 5)]);
    assert_eq!((told.0.census_at(9).waiting, told.0.totals().alive), (1, 1));
}

#[test]
fn resources_that_were_made_at_one_place_are_numbered() {
    let mut told = Told::default();
    told.site(7, Cause::Other).site(8, Cause::Other);
    told.make(1, ResourceKind::Mutex, 7).make(2, ResourceKind::Mutex, 8).make(3, ResourceKind::Semaphore, 7);
    let names = |told: &Told| (0..told.0.resources.len() as u32).map(|ix| told.0.resource_name(ix)).collect::<Vec<_>>();
    assert_eq!(names(&told), ["mutex of a.rs:7", "mutex of a.rs:8", "semaphore of a.rs:7"]);
    told.make(4, ResourceKind::Mutex, 7).make(5, ResourceKind::Mutex, 0);
    let all = ["mutex 1 of a.rs:7", "mutex of a.rs:8", "semaphore of a.rs:7", "mutex 2 of a.rs:7", "mutex"];
    assert_eq!(names(&told), all);
}
