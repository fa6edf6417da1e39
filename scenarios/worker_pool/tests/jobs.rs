//! Tests of jobs: a job times out, sees the stop flag, or fails.

use super::*;

/// A timeout loses only the wait, because the job still finishes; a flag leaves jobs that have not started.
#[tokio::test(start_paused = true)]
async fn a_timeout_drops_the_wait_and_a_flag_drops_the_work() -> scenario::Result<()> {
    for (stop, completed, pending, total) in [("drain", 16.0, 0.0, 2467.0), ("flag", 14.0, 2.0, 2012.0)] {
        let outcome = run(Context::of(&SCENARIO, &[(QUEUE, "shared"), (RESULT_TIMEOUT, "1500"), (STOP, stop)])).await?;
        let figures = ["completed", "left pending", "late", "total"].map(|figure| outcome.value(figure));
        assert_eq!(figures, [Some(completed), Some(pending), Some(6.0), Some(total)], "{stop}");
        assert!(outcome.holds());
    }
    Ok(())
}

/// If all jobs are done, a flag ends the pool up to one `dequeue_timeout` later than a closed queue.
#[tokio::test(start_paused = true)]
async fn a_flag_is_seen_late() -> scenario::Result<()> {
    let drained = run(Context::of(&SCENARIO, &[])).await?.value("total");
    let flagged = run(Context::of(&SCENARIO, &[(STOP, "flag")])).await?.value("total");
    assert_eq!(flagged, drained.map(|total| total + 1000.0));
    Ok(())
}

/// A job that fails, with an error or a panic, is answered like any other, and its worker goes on.
#[tokio::test(start_paused = true)]
async fn a_failure_ends_the_job_and_not_its_worker() -> scenario::Result<()> {
    for failure in ["error", "panic"] {
        let outcome = run(Context::of(&SCENARIO, &[(FAIL_EVERY, "4"), (FAILURE, failure)])).await?;
        let figures = ["completed", "failed", "late", "total"].map(|figure| outcome.value(figure));
        assert_eq!(figures, [Some(12.0), Some(4.0), Some(0.0), Some(2728.0)], "{failure}");
        assert!(outcome.holds(), "{failure}: {outcome:?}");
    }
    Ok(())
}

/// Polling finds every result, but no error: it ends at the deadline, or never.
#[tokio::test(start_paused = true)]
async fn a_failed_job_is_polled_until_the_deadline_or_for_ever() -> scenario::Result<()> {
    for (result, fail_every, late, total, broken) in [
        ("poll", "0", 0.0, 2800.0, 0),
        ("poll-forever", "0", 0.0, 2800.0, 0),
        ("poll", "4", 4.0, 5000.0, 1),
        ("poll-forever", "4", 13.0, 20_000.0, 2),
    ] {
        let outcome = run(Context::of(&SCENARIO, &[(RESULT, result), (FAIL_EVERY, fail_every)])).await?;
        let figures = ["late", "total"].map(|figure| outcome.value(figure));
        assert_eq!(figures, [Some(late), Some(total)], "{result} {fail_every}");
        assert_eq!(outcome.checks.iter().filter(|check| !check.holds).count(), broken, "{outcome:?}");
    }
    Ok(())
}
