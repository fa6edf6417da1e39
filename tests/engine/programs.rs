//! Small programs, each of which ends in its own way, or not at all.

use std::sync::Arc;
use std::time::Duration;

use scenario::{Context, Group, Outcome, Scenario};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify};
use tokio::task;
use tokio::time::sleep;

/// A scenario for tests, without parameters.
pub(crate) const fn scenario(id: &'static str, run: fn(Context) -> scenario::Running) -> Scenario {
    Scenario { id, title: id, group: Group::Basics, lesson: "For a test.", path: file!(), run, ..Scenario::DEFAULTS }
}

pub(crate) static TICKS_FOR_EVER: Scenario = scenario("ticks-for-ever", |_| {
    Box::pin(async {
        loop {
            sleep(Duration::from_millis(100)).await;
        }
    })
});

pub(crate) static YIELDS_FOR_EVER: Scenario = scenario("yields-for-ever", |_| {
    Box::pin(async {
        loop {
            task::yield_now().await;
        }
    })
});

pub(crate) static WAITS_FOR_EVER: Scenario = scenario("waits-for-ever", |_| {
    Box::pin(async {
        sleep(Duration::from_millis(300)).await;
        std::future::pending().await
    })
});

pub(crate) static NEVER_YIELDS: Scenario = scenario("never-yields", |_| {
    Box::pin(async {
        loop {
            // It never ends, and so must not compute.
            std::thread::park();
        }
    })
});

pub(crate) static SPAWNS_FOR_EVER: Scenario = scenario("spawns-for-ever", |_| {
    Box::pin(async {
        loop {
            drop(task::spawn(std::future::pending::<()>()));
        }
    })
});

/// Its child stops the run. The child's poll ends as if it had panicked, and main would fail if it continued.
pub(crate) static CHILD_SPAWNS_FOR_EVER: Scenario = scenario("child-spawns-for-ever", |_| {
    Box::pin(async {
        let child = task::spawn(async {
            loop {
                drop(task::spawn(std::future::pending::<()>()));
            }
        });
        child.await?;
        Ok(Outcome::new())
    })
});

/// A task whose destructor spawns.
struct SpawnsAtLast;

impl Drop for SpawnsAtLast {
    fn drop(&mut self) {
        drop(task::spawn(std::future::ready(())));
    }
}

pub(crate) static SPAWNS_FOR_EVER_AND_AT_LAST: Scenario = scenario("spawns-for-ever-and-at-last", |_| {
    Box::pin(async {
        let _first = SpawnsAtLast;
        loop {
            let guard = SpawnsAtLast;
            drop(task::spawn(async move {
                let _guard = guard;
                std::future::pending::<()>().await;
            }));
        }
    })
});

pub(crate) static PANICS: Scenario = scenario("panics", |_| Box::pin(async { panic!("on purpose") }));

pub(crate) static CHILD_PANICS: Scenario = scenario("child-panics", |_| {
    Box::pin(async {
        let child = task::Builder::new().name("child").spawn(async { panic!("in the child") })?;
        let failed: Result<(), _> = child.await;
        sleep(Duration::from_millis(200)).await;
        Ok(Outcome::new().check("the child panicked", failed.is_err_and(|error| error.is_panic())))
    })
});

pub(crate) static FAILS: Scenario = scenario("fails", |_| Box::pin(async { Err("no luck".into()) }));

pub(crate) static LEAVES_TASKS: Scenario = scenario("leaves-tasks", |_| {
    Box::pin(async {
        task::Builder::new().name("ends later").spawn(sleep(Duration::from_millis(500)))?;
        task::Builder::new().name("never ends").spawn(std::future::pending::<()>())?;
        sleep(Duration::from_millis(100)).await;
        Ok(Outcome::new())
    })
});

/// Two tasks that wait for each other's lock forever.
fn cross_locks() -> scenario::Result<()> {
    let (x, y) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    for (name, first, second) in [("a", x.clone(), y.clone()), ("b", y, x)] {
        task::Builder::new().name(name).spawn(async move {
            let _first = first.lock().await;
            sleep(Duration::from_millis(20)).await;
            let _second = second.lock().await;
        })?;
    }
    Ok(())
}

pub(crate) static DEADLOCKS: Scenario = scenario("deadlocks", |_| {
    Box::pin(async {
        cross_locks()?;
        Notify::new().notified().await;
        Ok(Outcome::new())
    })
});

pub(crate) static DEADLOCKS_AND_TICKS: Scenario = scenario("deadlocks-and-ticks", |_| {
    Box::pin(async {
        cross_locks()?;
        for _ in 0..5 {
            sleep(Duration::from_millis(100)).await;
        }
        Ok(Outcome::new())
    })
});

pub(crate) static SLEEPS_LONG: Scenario = scenario("sleeps-long", |_| {
    Box::pin(async {
        let done = Arc::new(Notify::new());
        let waits = done.clone();
        let other = task::Builder::new().name("waits").spawn(async move { waits.notified().await })?;
        sleep(Duration::from_millis(600)).await;
        done.notify_one();
        other.await?;
        Ok(Outcome::new())
    })
});

pub(crate) static BLOCKS_LONG: Scenario = scenario("blocks-long", |_| {
    Box::pin(async {
        task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(600))).await?;
        Ok(Outcome::new())
    })
});

pub(crate) static LISTENS: Scenario = scenario("listens", |_| {
    Box::pin(async {
        TcpListener::bind("127.0.0.1:0").await?.accept().await?;
        Ok(Outcome::new())
    })
});

pub(crate) static LEAVES_A_WAITER: Scenario = scenario("leaves-a-waiter", |_| {
    Box::pin(async {
        task::Builder::new().name("waiter").spawn(async { Notify::new().notified().await })?;
        Ok(Outcome::new())
    })
});
