//! Totals over all waits, and how little the detail changes.

use std::sync::Arc;
use std::time::Duration;

use recorder::Detail;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{self, JoinSet};
use tokio::time::sleep;
use trace::Cause;

use super::observed::{On, spawn};
use super::{observe, on_virtual};

const MS: Duration = Duration::from_millis(1);

#[test]
fn totals_are_the_sums_of_the_waits() {
    let trace = on_virtual(async {
        let permits = Arc::new(Semaphore::new(3));
        let mut calls = JoinSet::new();
        for _ in 0..20 {
            let permits = permits.clone();
            calls.spawn(async move {
                let _permit = permits.acquire().await.unwrap();
                sleep(500 * MS).await;
            });
        }
        while calls.join_next().await.is_some() {}
    });
    let totals = trace.wait_totals();
    let ms = |cause| {
        totals
            .iter()
            .find(|total| total.cause == cause)
            .map(|total| (total.count, total.total_ns / 1_000_000, total.max_ns / 1_000_000))
    };
    assert_eq!(ms(Cause::Semaphore), Some((17, 28_500, 3_000)));
    assert_eq!(ms(Cause::Time), Some((20, 10_000, 500)));
    assert!(totals.is_sorted_by(|a, b| a.total_ns >= b.total_ns));
}

#[test]
fn the_detail_does_not_change_what_is_hashed() {
    let program = || async {
        let (send, mut receive) = mpsc::channel(1);
        let sends = spawn("sends", async move {
            for i in 0..5 {
                sleep(10 * MS).await;
                send.send(i).await.unwrap();
                task::yield_now().await;
            }
        });
        while receive.recv().await.is_some() {}
        sends.await.unwrap();
    };
    let of = |detail| observe(On::Virtual, detail, |_| program()).0;
    let (polls, waits) = (of(Detail::Polls), of(Detail::Waits));
    assert_eq!(polls.hash(), waits.hash());
    assert!(polls.recorded < waits.recorded);
    assert!(polls.wait_totals().iter().all(|total| total.place.is_none()));
}
