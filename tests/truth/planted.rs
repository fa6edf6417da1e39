//! Random rings of two to four tasks, each of which holds something and waits for what the next one holds. Each ring is found
//! with its tasks and lines: as a fact if everything was observed, and as possible if something is inferred.

use std::sync::Arc;

use proptest::prelude::*;
use tokio::sync::{Mutex, Notify, RwLock, Semaphore, mpsc};
use tokio::time::sleep;
use trace::StallKind;

use super::observed::spawn;
use super::{MS, QUIET_MS, for_a_second, line_of};

/// What a task holds, and the previous task wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Has {
    Lock,
    Write,
    Permit,
    /// The receiver of a full channel.
    Channel,
}

#[derive(Clone)]
struct Link {
    has: Has,
    owned: bool,
    mutex: Arc<Mutex<()>>,
    rwlock: Arc<RwLock<()>>,
    permits: Arc<Semaphore>,
    send: mpsc::Sender<u32>,
}

impl Link {
    /// Takes it, forever.
    async fn take(&self) -> Box<dyn Send + '_> {
        match (self.has, self.owned) {
            (Has::Lock, false) => Box::new(self.mutex.lock().await),
            (Has::Lock, true) => Box::new(self.mutex.clone().lock_owned().await),
            (Has::Write, false) => Box::new(self.rwlock.write().await),
            (Has::Write, true) => Box::new(self.rwlock.clone().write_owned().await),
            (Has::Permit, false) => Box::new(self.permits.acquire().await),
            (Has::Permit, true) => Box::new(self.permits.clone().acquire_owned().await),
            (Has::Channel, _) => Box::new(()),
        }
    }

    /// Waits for it.
    async fn want(&self) {
        match self.has {
            Has::Lock => drop(self.mutex.lock().await),        // lock
            Has::Write => drop(self.rwlock.write().await),     // write
            Has::Permit => drop(self.permits.acquire().await), // permit
            Has::Channel => {
                for n in 0..4 {
                    _ = self.send.send(n).await; // send
                }
            }
        }
    }

    /// The line where a task waits for it.
    fn line_of(has: Has) -> u32 {
        let comment = match has {
            Has::Lock => "lock",
            Has::Write => "write",
            Has::Permit => "permit",
            Has::Channel => "send",
        };
        line_of(include_str!("planted.rs"), comment)
    }
}

/// A task that holds its own and wants the next one's, after that many milliseconds.
async fn stands(own: Link, next: Link, mut receive: mpsc::Receiver<u32>, ms: u8) {
    if own.has == Has::Channel {
        receive.recv().await; // It is known to receive.
    }
    let _own = own.take().await;
    sleep(MS * u32::from(ms)).await;
    next.want().await;
    receive.recv().await;
}

fn rings() -> impl Strategy<Value = Vec<(Has, bool, u8)>> {
    let has = prop_oneof![Just(Has::Lock), Just(Has::Write), Just(Has::Permit), Just(Has::Channel)];
    prop::collection::vec((has, any::<bool>(), 20..25_u8), 2..=4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_planted_deadlock_is_found(ring in rings()) {
        let told = ring.clone();
        let trace = for_a_second(async move {
            let (mut links, mut receivers) = (Vec::new(), Vec::new());
            for (has, owned, _) in &told {
                let (send, receive) = mpsc::channel(2);
                links.push(Link {
                    has: *has,
                    owned: *owned,
                    mutex: Arc::default(),
                    rwlock: Arc::default(),
                    permits: Arc::new(Semaphore::new(1)),
                    send,
                });
                receivers.push(receive);
            }
            let _daemon = spawn("daemon", async { Notify::new().notified().await });
            for link in links.iter().filter(|link| link.has == Has::Channel) {
                link.send.send(0).await.unwrap();
            }
            let tasks: Vec<_> = receivers.into_iter().enumerate().map(|(i, receive)| {
                let next = links[(i + 1) % links.len()].clone();
                spawn(&format!("stands {i}"), stands(links[i].clone(), next, receive, told[i].2))
            }).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        let stall = trace.stall_at(QUIET_MS * 1_000_000);
        prop_assert_eq!(stall.kind, StallKind::Cycle, "{}", stall.text);
        let mut tasks: Vec<&str> = stall.tasks.iter().map(|stalled| trace.tasks[stalled.task as usize].name.as_str()).collect();
        tasks.sort_unstable();
        let all: Vec<String> = (0..ring.len()).map(|i| format!("stands {i}")).collect();
        prop_assert_eq!(tasks, all, "{}", &stall.text);
        let sure = ring.iter().all(|(has, owned, _)| *has != Has::Channel && !owned);
        prop_assert_eq!(stall.inferred, !sure, "{}", &stall.text);
        prop_assert_eq!(trace.deadlocks.len(), usize::from(sure));
        for stalled in &stall.tasks {
            let i: usize = trace.tasks[stalled.task as usize].name.trim_start_matches("stands ").parse().unwrap();
            let line = stalled.waits.as_ref().and_then(|waits| waits.place.as_ref()).map(|place| place.line);
            let wanted = Link::line_of(ring[(i + 1) % ring.len()].0);
            prop_assert_eq!(line, Some(wanted), "{}", &stall.text);
        }
    }
}
