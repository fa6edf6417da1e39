//! # Forgotten await: a future does nothing until polled
//!
//! Three orders come in. Each one is accepted, saved and confirmed, step by step. Here
//! the `.await` of the save is missing.
//!
//! **What you see.** Each lane accepts for 500 ms and confirms for 500 ms. All orders
//! complete without an error, and *nothing is saved*: between the two bars, a future was
//! created and dropped with zero polls. With `variant=await`, each lane waits three
//! times: 500, 1000 and 500 ms. With `spawned`, each save has a lane of its own, beside
//! the lane of its order.
//!
//! **Why.** Calling an `async fn` creates a future and runs none of its code, not even
//! the first line. The future runs when it is polled: by an `.await` in a task, or as a
//! task of its own. If you drop it before that, it has had zero polls and zero effects.
//!
//! **Try.** The check fails: three orders are confirmed, none is saved, and no save even
//! began. Set `variant` to `await`: the run takes 2000 ms instead of 1000, and three
//! orders are saved. Set it to `spawned`: 1500 ms, three saved. Each save runs beside the
//! confirmation, so an order may be confirmed before it is safe, and here every order is.
//!
//! **Pitfall.** The compiler warns (`unused_must_use`) about a future that is alone on a
//! line. It cannot warn about a future that you bind to a name, put into a list, or
//! discard with `let _ = save(order);`, which looks as if it discards the result.
//!
//! **Words.** asyncio: the same, and when a coroutine is collected without having been
//! awaited, Python prints "coroutine … was never awaited" at run time. Tokio: only the
//! compiler warns; at run time there is nothing to see.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::{Builder, JoinSet};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const VARIANT: Param =
    Param::choice("variant", &["forgotten", "await", "spawned"], "Drop, await or spawn the future that saves.");

/// How many orders come in.
const ORDERS: u64 = 3;
const ACCEPT: Duration = Duration::from_millis(500);
const SAVE: Duration = Duration::from_secs(1);
const CONFIRM: Duration = Duration::from_millis(500);

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "forgotten-await",
    title: "Forgotten await",
    group: Group::Basics,
    lesson: "A future does nothing until polled.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[VARIANT],
    patterns: &["missing await", "never-awaited coroutine", "lazy future"],
    differs: "asyncio warns at run time about a coroutine that was never awaited; Rust warns at compile time, and not about \
              every such future.",
    builds_on: &["spawn"],
    breaks: &[Breaks::checks(&[("variant", "forgotten")], &["every confirmed order is saved"])],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, "order"),
            "{count:order} orders come in. A task accepts each of them, saves it and confirms it.",
        )
        .line("orders.build_task()"),
        Stop::at(
            When::Log(Nth::First, "the future that saves"),
            "{task} calls save(), which only creates a future. {task} drops it without an await: zero polls, so no line of it \
             has run.",
        )
        .line("let save = store.save(i)")
        .only("variant", "forgotten"),
        Stop::at(
            When::Log(Nth::First, "order"),
            "At {time} {task} is confirmed, although it was not saved. No error and no warning appears at run time.",
        )
        .line("is confirmed")
        .only("variant", "forgotten"),
        Stop::at(
            When::LongestWait("order", For::Time),
            "{task} awaits the future. Only this await polls it, so now the save runs, as a part of {task}, for {lasted}.",
        )
        .line("save.await")
        .only("variant", "await"),
        Stop::at(When::Log(Nth::First, "order"), "At {time} {text}. Only then does the task go on to confirm it.")
            .line("store.saved.fetch_add")
            .only("variant", "await"),
        Stop::at(
            When::Spawn(Nth::First, "save"),
            "At {time} the future becomes a task of its own, {task}. The runtime polls it from now on, without an await.",
        )
        .line("spawn(save)")
        .only("variant", "spawned"),
        Stop::at(
            When::Log(Nth::First, "order"),
            "At {time} {text}, while its save still runs beside it. {done:save} of {count:save} saves have ended.",
        )
        .line("is confirmed")
        .only("variant", "spawned"),
        Stop::at(
            When::Wait(Nth::First, "order", For::Join),
            "{task} awaits the handle of its save for {lasted}, so it does not end before the order is saved.",
        )
        .only("variant", "spawned"),
        Stop::at(
            When::Over,
            "{figure:confirmed} orders were confirmed, {figure:saves begun} saves began and {figure:saved} orders were saved, in \
             {figure:total}.",
        ),
    ],
    questions: &[
        Question::new(
            "Each of 3 orders calls save(), which is an async fn (variant: {param:variant}). How far does a save get?",
            Answer::Choice(&[
                Choice::new("To its end", If::More("figure:saved", "0")),
                Choice::new("To its first await", If::More("figure:saves begun", "0")),
                Choice::new("Not even to its first line", If::Otherwise),
            ]),
            When::Over,
            "{figure:saves begun} saves began and {figure:saved} orders were saved. A future runs only if an await or a task \
             polls it.",
        ),
        Question::new(
            "Each order calls save() and is then confirmed (variant: {param:variant}). Is it saved when it is confirmed?",
            Answer::Choice(&[
                Choice::new("No, and it never will be", If::Equal("figure:saved", "0")),
                Choice::new("Not yet: its save still runs", If::Less("done:save", "count:save")),
                Choice::new("Yes: the save has ended by then", If::Otherwise),
            ]),
            When::Log(Nth::First, "order"),
            "At {time}: {text}. In the end {figure:confirmed} orders were confirmed and {figure:saved} were saved.",
        ),
    ],
    source: include_str!("forgotten_await.rs"),
    path: file!(),
    twin: include_str!("forgotten_await.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Where orders are saved.
#[derive(Debug, Default)]
struct Store {
    /// Saves that have been polled at least once.
    begun: AtomicU64,
    /// Orders that have been saved.
    saved: AtomicU64,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let store = Arc::new(Store::default());
    info!(counter.confirmed = 0, counter.saved = 0, "{ORDERS} orders come in");

    let mut orders = JoinSet::new();
    for i in 0..ORDERS {
        orders.build_task().name(&format!("order {i}")).spawn(order(i, cx.word(VARIANT), store.clone()))?;
    }
    let mut confirmed = 0_u64;
    while let Some(order) = orders.join_next().await {
        order??;
        confirmed += 1;
        info!(counter.confirmed = confirmed, "confirmed");
    }

    let saved = store.saved.load(Ordering::Relaxed);
    Ok(Outcome::new()
        .figure("confirmed", confirmed, "orders")
        .figure("saves begun", store.begun.load(Ordering::Relaxed), "orders")
        .figure("saved", saved, "orders")
        .figure("total", started.elapsed(), "ms")
        .check("every confirmed order is saved", saved == confirmed))
}

/// Accepts, saves and confirms an order.
async fn order(i: u64, variant: &str, store: Arc<Store>) -> scenario::Result<()> {
    sleep(ACCEPT).instrument(info_span!("accepts")).await;
    // This only creates the future. Nothing of it runs yet.
    let save = store.save(i);
    let saving = match variant {
        "await" => {
            save.await;
            None
        }
        "spawned" => Some(Builder::new().name(&format!("save {i}")).spawn(save)?),
        // The effect of a missing `.await`: the future is dropped without a poll.
        _ => {
            info!(mark = "0 polls", moment = "save() never polled", "the future that saves order {i} is dropped");
            drop(save);
            None
        }
    };
    sleep(CONFIRM).instrument(info_span!("confirms")).await;
    info!("order {i} is confirmed");
    if let Some(saving) = saving {
        saving.await?;
    }
    Ok(())
}

impl Store {
    /// Creates the future that saves an order, without running it.
    fn save(self: &Arc<Self>, i: u64) -> impl Future<Output = ()> + Send + 'static {
        let store = self.clone();
        async move {
            store.begun.fetch_add(1, Ordering::Relaxed);
            sleep(SAVE).instrument(info_span!("saves")).await;
            let saved = store.saved.fetch_add(1, Ordering::Relaxed) + 1;
            info!(counter.saved = saved, mark = "saved", "order {i} is saved");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A future that is dropped without a poll takes no time and runs nothing, not even its first line.
    #[tokio::test(start_paused = true)]
    async fn a_forgotten_future_has_no_effect() -> scenario::Result<()> {
        for (variant, begun, saved, total) in
            [("await", 3.0, 3.0, 2000.0), ("forgotten", 0.0, 0.0, 1000.0), ("spawned", 3.0, 3.0, 1500.0)]
        {
            let outcome = run(Context::of(&SCENARIO, &[(VARIANT, variant)])).await?;
            for (name, expected) in [("confirmed", 3.0), ("saves begun", begun), ("saved", saved), ("total", total)] {
                assert_eq!(outcome.value(name), Some(expected), "{name}: {variant}");
            }
            assert_eq!(outcome.holds(), variant != "forgotten");
        }
        Ok(())
    }
}
