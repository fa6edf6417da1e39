//! What the limit, the client and the timeout decide.

use super::*;

/// All at once take as long as the slowest page; one by one they take the sum.
#[test]
fn the_limit_decides_how_long_it_takes() {
    scenario::really(async || {
        let total = async |concurrency| {
            let turned = [(CONCURRENCY, concurrency), (URLS, "4"), (SLOW, "0"), (MISSING, "0")];
            let outcome = run(Context::real(&SCENARIO, &turned)).await?;
            outcome.value("total").ok_or_else(|| scenario::Error::from("no total"))
        };
        // Each page takes 600 ms to 800 ms.
        assert!(total("1").await? >= 2400.0);
        assert!(total("4").await? < 2400.0);
        Ok(())
    });
}

/// If all run at once, the total is the longest request: the timeout.
#[test]
fn with_room_for_all_it_takes_the_timeout_and_no_more() {
    scenario::really(async || {
        let turned = [(URLS, "12"), (CONCURRENCY, "12"), (TIMEOUT, "2000")];
        let outcome = run(Context::real(&SCENARIO, &turned)).await?;
        assert_eq!(outcome.value("most in flight at a host"), Some(12.0), "{outcome:?}");
        let total = outcome.value("total").unwrap_or_default();
        assert!((2000.0..2600.0).contains(&total), "{outcome:?}");
        Ok(())
    });
}

/// One client reuses its connections; a client for each request opens one for each.
#[test]
fn only_a_shared_client_reuses_connections() {
    scenario::really(async || {
        for (session, concurrency, most, holds) in
            [("shared", "1", 2.0, true), ("shared", "3", 6.0, true), ("each", "3", 8.0, false)]
        {
            let turned = [(SESSION, session), (CONCURRENCY, concurrency), (SLOW, "0"), (MISSING, "8")];
            let outcome = run(Context::real(&SCENARIO, &turned)).await?;
            let connections = outcome.value("connections").unwrap_or_default();
            assert!((1.0..=most).contains(&connections), "{turned:?}: {outcome:?}");
            assert_eq!((connections >= 8.0, outcome.holds()), (!holds, holds), "{turned:?}: {outcome:?}");
        }
        Ok(())
    });
}

/// A slow page arrives if the timeout is long enough.
#[test]
fn more_patience_has_fewer_errors() {
    scenario::really(async || {
        let turned = [(TIMEOUT, "60000"), (URLS, "1"), (SLOW, "1"), (MISSING, "0")];
        let outcome = run(Context::real(&SCENARIO, &turned)).await?;
        assert_eq!((outcome.value("fetched"), outcome.holds()), (Some(1.0), true), "{outcome:?}");
        Ok(())
    });
}
