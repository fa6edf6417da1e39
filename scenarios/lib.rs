//! The catalogue: every scenario, in teaching order.
//!
//! Each scenario is one file: a lesson at the top, then parameters, then plain
//! Tokio code. Nothing here depends on the program that runs and watches it, so
//! you can read, copy and reuse each file. `NAME.py` is the asyncio version of
//! `NAME.rs`; run it with `python3`.
//!
//! Start with [`semaphore`]: it is short and uses every feature.

pub mod batching;
pub mod blocking;
pub mod bridge;
pub mod broadcast;
pub mod cache;
pub mod cache_key;
pub mod cancellation;
pub mod chat;
pub mod check_then_act;
pub mod chunk_stream;
pub mod circuit_breaker;
pub mod connection_pool;
pub mod database;
pub mod deadlock;
pub mod fairness;
pub mod first_completed;
pub mod forgotten_await;
pub mod futurelock;
pub mod gather;
pub mod gather_errors;
pub mod lock_contention;
pub mod lost_update;
pub mod oneshot;
pub mod orphan;
pub mod paginator;
pub mod philosophers;
pub mod pipeline;
pub mod producer_consumer;
pub mod rate_limit;
pub mod resource;
pub mod retry;
pub mod rwlock;
pub mod scrape;
pub mod semaphore;
pub mod sequential;
pub mod shutdown;
pub mod spawn;
pub mod stream;
pub mod task_group;
// `just new-scenario` copies this. It is not in the catalogue, but it must compile and pass its test.
#[cfg(test)]
pub mod template;
pub mod thundering_herd;
pub mod timeout;
pub mod unbounded;
pub mod worker_pool;
pub mod workers;

use scenario::Scenario;

/// Every scenario, in teaching order.
pub const CATALOGUE: &[Scenario] = &[
    sequential::SCENARIO,
    gather::SCENARIO,
    spawn::SCENARIO,
    gather_errors::SCENARIO,
    first_completed::SCENARIO,
    timeout::SCENARIO,
    cancellation::SCENARIO,
    task_group::SCENARIO,
    orphan::SCENARIO,
    oneshot::SCENARIO,
    forgotten_await::SCENARIO,
    blocking::SCENARIO,
    bridge::SCENARIO,
    workers::SCENARIO,
    semaphore::SCENARIO,
    rate_limit::SCENARIO,
    batching::SCENARIO,
    connection_pool::SCENARIO,
    producer_consumer::SCENARIO,
    worker_pool::SCENARIO,
    pipeline::SCENARIO,
    stream::SCENARIO,
    paginator::SCENARIO,
    chunk_stream::SCENARIO,
    broadcast::SCENARIO,
    unbounded::SCENARIO,
    lock_contention::SCENARIO,
    lost_update::SCENARIO,
    check_then_act::SCENARIO,
    rwlock::SCENARIO,
    deadlock::SCENARIO,
    philosophers::SCENARIO,
    fairness::SCENARIO,
    thundering_herd::SCENARIO,
    futurelock::SCENARIO,
    resource::SCENARIO,
    shutdown::SCENARIO,
    retry::SCENARIO,
    circuit_breaker::SCENARIO,
    cache::SCENARIO,
    cache_key::SCENARIO,
    scrape::SCENARIO,
    chat::SCENARIO,
    database::SCENARIO,
];

/// Finds a scenario by its id.
pub fn find(id: &str) -> Option<&'static Scenario> {
    CATALOGUE.iter().find(|scenario| scenario.id == id)
}
