//! Tests of single parts: a refresh that fails, a client that gives up, a value that stays too long.

use super::*;

/// After a refresh that fails another one can start. Here it panics, because there is no lock for this key.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_is_not_the_last_one() -> scenario::Result<()> {
    let cache = Arc::new(Cache::new(&Context::of(&SCENARIO, &[])));
    cache.refresh(1)?;
    assert_eq!(cache.inner().refreshing, [1]);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(cache.inner().refreshing, [0; 0]);
    Ok(())
}

/// A client that gives up ends its call to the origin.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_is_not_in_flight() {
    let cache = Cache::new(&Context::of(&SCENARIO, &[]));
    assert!(tokio::time::timeout(Duration::from_millis(100), cache.fetch(0)).await.is_err());
    assert_eq!(cache.inner().under_way.get(&0), Some(&0));
    assert!(cache.inner().stored.is_empty());
}

/// The second check can fail too: it detects a value that stayed too long.
#[tokio::test(start_paused = true)]
async fn a_value_that_outstays_its_time_is_noticed() {
    let cache = Cache::new(&Context::of(&SCENARIO, &[]));
    cache.fetch(0).await;
    sleep(Duration::from_millis(1700)).await;
    cache.clean_up(false);
    let inner = cache.inner();
    assert_eq!(inner.tally.longest_expired, Duration::from_millis(700));
    assert!(inner.stored.is_empty());
}
