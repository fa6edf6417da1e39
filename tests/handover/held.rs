//! Events whose stacks are not resolved yet, and the events after them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use facts::event::{Event, What};
use recorder::{self, OnFull, Reader, Recorder};
use tokio::sync::Semaphore;
use tokio::task;

use super::runtime;

/// Far longer than reading the line tables takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// Waits at four places, this often at each.
const TIMES: usize = 50;

/// A finished run of `program` from which nothing has been drained.
fn recorded(program: impl Future<Output = ()>) -> Reader {
    recorder::install().unwrap();
    let (recorder, reader) = Recorder::new(OnFull::Drop);
    let runtime = runtime(&recorder, 0);
    let _attached = recorder.attach("root");
    recorder.begin_real();
    runtime.block_on(program);
    reader
}

/// Two tasks that take turns, so that each place is reached repeatedly. No other test waits here, so the places are new.
macro_rules! waits_at_four_places {
    () => {
        async {
            let permits = Arc::new(Semaphore::new(1));
            let of_the_other = permits.clone();
            let other = task::spawn(async move {
                for _ in 0..TIMES {
                    let permit = of_the_other.acquire().await.unwrap();
                    task::yield_now().await;
                    drop(permit);
                }
            });
            let one = task::spawn(async move {
                for _ in 0..TIMES {
                    let permit = permits.acquire().await.unwrap();
                    task::yield_now().await;
                    drop(permit);
                }
            });
            other.await.unwrap();
            one.await.unwrap();
        }
    };
}

/// The events passed on until nothing is held, and in how many pieces.
fn taken_without_a_last_drain(reader: &mut Reader) -> Vec<Vec<(u16, Event)>> {
    let mut pieces = Vec::new();
    let until = Instant::now() + LONG;
    loop {
        let mut piece = Vec::new();
        let count = reader.drain(false, |thread, event| piece.push((thread, event)));
        let sites = piece.iter().filter(|(_, event)| matches!(event.what, What::Site(_))).count();
        assert_eq!(count, piece.len() - sites, "what is held is not counted");
        pieces.push(piece);
        if !reader.holds() {
            return pieces;
        }
        assert!(Instant::now() < until, "a stack is never looked up");
        reader.wait(LONG);
    }
}

#[test]
fn nobody_who_takes_events_waits_for_line_tables_and_no_order_is_lost() {
    let mut reader = recorded(waits_at_four_places!());
    let pieces = taken_without_a_last_drain(&mut reader);
    assert!(pieces.len() > 1, "the first drain comes back before the first stack is known");
    assert!(!pieces[0].iter().any(|(_, event)| matches!(event.what, What::Pending { .. })), "and hands nothing on that needs it");
    let events: Vec<_> = pieces.into_iter().flatten().collect();
    assert!(events.is_sorted_by_key(|(_, event)| event.at_ns));
    let mut told = HashSet::new();
    let mut waits = 0;
    for (_, mut event) in events {
        if let What::Site(new) = &event.what {
            assert!(told.insert(new.id), "passed on once");
        }
        waits += usize::from(matches!(event.what, What::Pending { .. }));
        assert!(event.what.site_mut().is_none_or(|site| site.0 == 0 || told.contains(site)));
    }
    // Each task yields at its own place and waits for its turn as often, but for the first turn. Main waits for both tasks.
    assert!((4 * TIMES - 1..=4 * TIMES + 2).contains(&waits), "{waits} waits");
    assert_eq!(reader.drain(true, |_, event| panic!("{event:?} was held back")), 0);
}

#[test]
fn the_last_drain_looks_up_whatever_is_missing() {
    let mut reader = recorded(waits_at_four_places!());
    let mut waits = 0;
    let mut count = |_, event: Event| waits += usize::from(matches!(event.what, What::Pending { .. }));
    reader.drain(false, &mut count);
    assert!(reader.holds());
    reader.drain(true, &mut count);
    assert!(!reader.holds());
    assert!(waits >= 4 * TIMES - 1, "{waits} waits");
}
