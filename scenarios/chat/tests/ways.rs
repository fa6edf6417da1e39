//! What the clients hear, with queues and with gathered sends, and when a connection breaks.

use super::*;

/// Every client hears everything, and only the slow ones are late.
#[test]
fn the_slow_one_is_late_and_the_others_are_not() {
    scenario::really(async || {
        for (turned, said, everybody_is_late) in [
            (&[] as &[_], 13.0, false),
            (&[(SLOW, "5")], 13.0, true),
            (&[(CLIENTS, "2"), (SLOW, "0")], 4.0, false),
            (&[(CLIENTS, "10"), (MESSAGES, "2")], 19.0, false),
            (&[(CLIENTS, "1"), (MESSAGES, "1"), (SLOW, "0")], 1.0, false),
        ] {
            let cx = Context::real(&SCENARIO, turned);
            let outcome = run(cx).await?;
            let figures = ["said", "heard by each that stays", "cut off"].map(|name| outcome.value(name));
            assert_eq!(figures, [Some(said), Some(said), Some(0.0)], "{turned:?}: {outcome:?}");
            assert!(outcome.holds(), "{turned:?}: {outcome:?}");
            let [fast, slow] = ["fast clients done after", "slow clients done after"].map(|name| outcome.value(name));
            // A slow client takes at least this long to read everything.
            let reading = said * SLOWLY.as_millis() as f64;
            assert_eq!(slow >= Some(reading), turned.iter().all(|(_, value)| *value != "0"), "{turned:?}: {outcome:?}");
            assert_eq!(fast == Some(0.0), everybody_is_late, "{turned:?}: {outcome:?}");
            assert!(slow == Some(0.0) || fast < slow, "{turned:?}: {outcome:?}");
        }
        Ok(())
    });
}

/// With queues, a connection that breaks ends its own seat, and all others hear everything.
#[test]
fn a_broken_connection_costs_one_seat_with_queues() {
    scenario::really(async || {
        for slow in ["0", "1", "4"] {
            let outcome = run(Context::real(&SCENARIO, &[(LEAVING, "broken"), (SLOW, slow)])).await?;
            assert_eq!(outcome.value("seats lost"), Some(0.0), "{slow} slow: {outcome:?}");
            assert_eq!(outcome.value("heard by each that stays"), Some(13.0), "{slow} slow: {outcome:?}");
            assert!(outcome.holds(), "{slow} slow: {outcome:?}");
        }
        Ok(())
    });
}

/// With gathered sends, each client that speaks after that loses its seat: the broken one is still in the room.
#[test]
fn a_broken_connection_costs_every_seat_that_broadcasts() {
    scenario::really(async || {
        for slow in ["0", "1"] {
            let turned = [(VARIANT, "gather"), (LEAVING, "broken"), (SLOW, slow)];
            let outcome = run(Context::real(&SCENARIO, &turned)).await?;
            // Five messages before the break, and one more from each of the four other clients.
            let figures = ["said", "seats lost"].map(|name| outcome.value(name));
            assert_eq!(figures, [Some(9.0), Some(4.0)], "{slow} slow: {outcome:?}");
            let broken: Vec<_> = outcome.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect();
            // The sends wait for the slow client, so there they all begin before the first seat ends.
            let first = if slow == "0" {
                "each message reaches every client in the room"
            } else {
                "no broadcast waits for a slow client"
            };
            assert_eq!(broken, [first, "a broken connection ends no other seat"], "{slow} slow: {outcome:?}");
        }
        Ok(())
    });
}

/// If nobody reads slowly and nobody breaks, both ways are the same to the clients.
#[test]
fn gathered_sends_are_as_good_as_queues_among_fast_clients() {
    scenario::really(async || {
        let outcome = run(Context::real(&SCENARIO, &[(VARIANT, "gather"), (SLOW, "0")])).await?;
        assert_eq!(outcome.value("heard by each that stays"), Some(13.0), "{outcome:?}");
        assert!(outcome.holds(), "{outcome:?}");
        Ok(())
    });
}
