//! Tests of single calls: an answer comes late, the caller drops the call, the error has another kind.

use super::*;

/// Returns a breaker that opens after one failure and stays open for 100 ms.
fn breaker() -> Breaker {
    Breaker::new(&Context::of(&SCENARIO, &[(THRESHOLD, "1"), (RECOVERY, "100")]))
}

/// A call that is answered like this.
async fn answer(result: Result<(), CallError>) -> Result<(), CallError> {
    sleep(Duration::from_millis(30)).await;
    result
}

/// An answer to a call from an earlier state does not change the current one.
#[tokio::test(start_paused = true)]
async fn an_old_answer_says_nothing_new() {
    let breaker = breaker();
    let (mut early, mut late) = (breaker.admit().expect("closed"), breaker.admit().expect("closed"));
    early.down = Some(true);
    drop(early);
    assert!(breaker.admit().is_err(), "one failure opens it");
    late.down = Some(false);
    drop(late);
    assert!(breaker.admit().is_err(), "and an old success does not close it");
    sleep(Duration::from_millis(100)).await;
    let mut probe = breaker.admit().expect("a probe");
    assert!(breaker.admit().is_err(), "only one probe at a time");
    probe.down = Some(false);
    drop(probe);
    assert!(breaker.admit().is_ok(), "closed again");
}

/// If its caller drops the probe, the breaker opens again, and the next probe can close it.
#[tokio::test(start_paused = true)]
async fn a_dropped_probe_is_followed_by_another_one() {
    let breaker = breaker();
    assert_eq!(breaker.call(answer(Err(CallError::Down))).await, Err(CallError::Down));
    sleep(Duration::from_millis(100)).await;
    let probe = tokio::time::timeout(Duration::from_millis(20), breaker.call(answer(Ok(())))).await;
    assert!(probe.is_err(), "its caller gives up first");
    assert_eq!(breaker.call(answer(Ok(()))).await, Err(CallError::Refused), "open again");
    sleep(Duration::from_millis(100)).await;
    assert_eq!(breaker.call(answer(Ok(()))).await, Ok(()), "another probe");
    assert_eq!(breaker.inner().now().1, State::Closed);
}

/// If all calls may probe, each one before the first answer does. If failures are kept, those far apart add up.
#[tokio::test(start_paused = true)]
async fn a_breaker_that_probes_too_much_or_never_resets_is_noticed() -> scenario::Result<()> {
    const FAR_APART: &[(Param, &str)] = &[(FLAKY, "20"), (OUTAGE_TO, "0")];
    for (turned, way, through, opened, holds) in [
        (&[(LATENCY, "30")] as &[_], (PROBE, "all"), 60.0, 2.0, true),
        (&[(LATENCY, "120")], (PROBE, "one"), 56.0, 2.0, true),
        (&[(LATENCY, "120")], (PROBE, "all"), 60.0, 2.0, false),
        (FAR_APART, (ON_SUCCESS, "reset"), 140.0, 0.0, true),
        (FAR_APART, (ON_SUCCESS, "keep"), 54.0, 3.0, false),
    ] {
        let outcome = run(Context::of(&SCENARIO, &[turned, &[way]].concat())).await?;
        let figures = ["went through", "opened"].map(|name| outcome.value(name));
        assert_eq!(figures, [Some(through), Some(opened)], "{turned:?} {way:?}");
        assert_eq!(outcome.holds(), holds, "{turned:?} {way:?}: {outcome:?}");
    }
    Ok(())
}

/// Even if the service rejects half of the calls, the breaker opens at the same time as before.
#[tokio::test(start_paused = true)]
async fn errors_of_another_kind_do_not_count() -> scenario::Result<()> {
    let none = run(Context::of(&SCENARIO, &[])).await?;
    let half = run(Context::of(&SCENARIO, &[(OTHER_ERRORS, "50")])).await?;
    assert_eq!(none.value("other errors"), Some(0.0));
    let share = half.value("other errors").zip(half.value("went through")).map_or(0.0, |(errors, all)| errors / all);
    assert!((0.4..0.6).contains(&share), "{half:?}");
    for figure in ["opened", "failed", "refused", "recovery noticed at"] {
        assert_eq!(half.value(figure), none.value(figure), "{figure}");
    }
    Ok(())
}
