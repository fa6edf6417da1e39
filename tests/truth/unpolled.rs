//! Futures that hold what others wait for, and that nobody polls.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;
use trace::{Finding, Trace};

use super::observed::spawn;
use super::{MS, QUIET_MS, for_a_second, line_of, on_virtual};

fn unpolled(trace: &Trace) -> Vec<Finding> {
    trace.findings().list.into_iter().filter(|found| found.kind.name() == "unpolled-lock").collect()
}

#[test]
fn room_that_was_given_to_a_send_that_nobody_polls_is_named_with_both_lines() {
    let trace = for_a_second(async {
        let (send, mut receive) = mpsc::channel::<u32>(1);
        send.send(0).await.unwrap();
        let reader = spawn("reader", async move {
            sleep(50 * MS).await;
            while receive.recv().await.is_some() {}
        });
        {
            let mut first = pin!(send.send(1));
            // The first send is polled here.
            tokio::select! { // the first send
                _ = &mut first => {}
                () = sleep(10 * MS) => {
                    send.send(2).await.unwrap(); // the second send
                }
            }
        }
        drop(send);
        reader.await.unwrap();
    });
    let found = unpolled(&trace);
    assert_eq!(found.len(), 1, "{found:?}");
    let source = include_str!("unpolled.rs");
    assert_eq!(found[0].place.as_ref().map(|place| place.line), Some(line_of(source, "the first send")), "{}", found[0].text);
    assert!(found[0].text.contains(&format!("waits at unpolled.rs:{}", line_of(source, "the second send"))), "{}", found[0].text);
    let stall = trace.stall_at(QUIET_MS * 1_000_000);
    assert!(stall.text.contains("taken by a future of its own that it does not poll"), "{}", stall.text);
}

#[test]
fn a_permit_that_was_given_to_one_of_many_futures_is_found() {
    let trace = for_a_second(async {
        let limit = Arc::new(Semaphore::new(1));
        let held = limit.clone().acquire_owned().await.unwrap();
        let mut many: FuturesUnordered<_> = (0..2).map(|_| limit.acquire()).collect();
        spawn("gives back", async move {
            sleep(10 * MS).await;
            drop(held);
        });
        tokio::select! { // the many
            biased;
            _ = many.next() => {}
            () = sleep(5 * MS) => {}
        }
        _ = limit.acquire().await; // the task itself
        drop(many);
    });
    let found = unpolled(&trace);
    assert_eq!(found.len(), 1, "{found:?}");
    let source = include_str!("unpolled.rs");
    assert_eq!(found[0].place.as_ref().map(|place| place.line), Some(line_of(source, "the many")), "{}", found[0].text);
}

#[test]
fn futures_that_are_polled_to_their_end_are_well() {
    let trace = on_virtual(async {
        let limit = Semaphore::new(1);
        let one = |ms| {
            let limit = &limit;
            async move {
                let _permit = limit.acquire().await.unwrap();
                sleep(ms * MS).await;
            }
        };
        tokio::join!(one(10), one(20), one(5));
        let all: FuturesUnordered<_> = (1..4).map(one).collect();
        all.collect::<Vec<()>>().await;
        let mut pinned = pin!(one(3));
        std::future::poll_fn(|cx| pinned.as_mut().poll(cx)).await;
    });
    assert_eq!(unpolled(&trace), []);
}
