//! Time is paused: each test takes milliseconds, and its times are exact.

use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const CONFIG: Config = Config {
    workers: 2,
    queue: 3,
    timeout: ms(500),
    grace: ms(300),
};

/// A job that takes so many milliseconds. One of 13 panics, one of 7 fails.
async fn handle(millis: u64) -> Result<(), String> {
    assert_ne!(millis, 13, "an unlucky job");
    sleep(ms(millis)).await;
    if millis == 7 {
        Err("seven".to_owned())
    } else {
        Ok(())
    }
}

/// A service that is ready, the switch that shuts it down, and its report.
async fn ready() -> (Client<u64>, CancellationToken, JoinHandle<Report>) {
    let (service, mut client) = Service::new(CONFIG, handle);
    assert_eq!(
        (client.health(), client.submit(1).await),
        (Health::Starting, Err(Refused::NotReady))
    );
    let stop = CancellationToken::new();
    let run = tokio::spawn(service.run(stop.clone().cancelled_owned()));
    client
        .health
        .wait_for(|health| *health == Health::Ready)
        .await
        .expect("it runs");
    (client, stop, run)
}

/// Submits jobs at once, and returns their results in order.
async fn submit(client: &Client<u64>, jobs: &[u64]) -> Vec<Result<(), Refused>> {
    let all: Vec<_> = jobs
        .iter()
        .map(|job| {
            let (client, job) = (client.clone(), *job);
            tokio::spawn(async move { client.submit(job).await })
        })
        .collect();
    let mut results = Vec::new();
    for one in all {
        results.push(one.await.expect("it does not panic"));
    }
    results
}

#[tokio::test(start_paused = true)]
async fn a_job_is_done_fails_panics_or_times_out() {
    let (client, stop, run) = ready().await;
    let began = Instant::now();
    for (job, result) in [
        (100, Ok(())),
        (7, Err(Refused::Failed)),
        (13, Err(Refused::Failed)),
        (900, Err(Refused::TimedOut)),
    ] {
        assert_eq!(client.submit(job).await, result, "{job}");
    }
    assert_eq!(began.elapsed(), ms(100 + 7 + 500));
    stop.cancel();
    let report = run.await.expect("it does not panic");
    assert_eq!(
        report,
        Report {
            accepted: 4,
            finished: 1,
            failed: 2,
            timed_out: 1,
            lost: 0
        }
    );
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_in_the_queue_is_refused_at_once() {
    let (client, stop, run) = ready().await;
    let first = tokio::spawn({
        let client = client.clone();
        async move { submit(&client, &[100, 100]).await }
    });
    sleep(ms(1)).await;
    // Two run, three wait, and the other two are refused.
    let results = submit(&client, &[100; 5]).await;
    assert_eq!(
        results
            .iter()
            .filter(|result| **result == Err(Refused::Busy))
            .count(),
        2,
        "{results:?}"
    );
    assert_eq!(first.await.expect("it does not panic"), [Ok(()), Ok(())]);
    stop.cancel();
    assert_eq!(run.await.expect("it does not panic").finished, 5);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_finishes_what_was_accepted_and_takes_nothing_new() {
    let (client, stop, run) = ready().await;
    let jobs = tokio::spawn({
        let client = client.clone();
        async move { submit(&client, &[200, 200, 50]).await }
    });
    sleep(ms(100)).await;
    let began = Instant::now();
    stop.cancel();
    sleep(ms(1)).await;
    assert_eq!(
        (client.health(), client.submit(1).await),
        (Health::Draining, Err(Refused::NotReady))
    );
    let report = run.await.expect("it does not panic");
    assert_eq!(
        report,
        Report {
            accepted: 3,
            finished: 3,
            ..Report::default()
        }
    );
    assert_eq!(began.elapsed(), ms(150));
    assert_eq!(
        jobs.await.expect("it does not panic"),
        [Ok(()), Ok(()), Ok(())]
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_grace_period_the_rest_is_lost_and_counted() {
    let (client, stop, run) = ready().await;
    let jobs = tokio::spawn({
        let client = client.clone();
        async move { submit(&client, &[450, 450, 450]).await }
    });
    sleep(ms(10)).await;
    let began = Instant::now();
    stop.cancel();
    let report = run.await.expect("it does not panic");
    assert_eq!(
        (began.elapsed(), report),
        (
            CONFIG.grace,
            Report {
                accepted: 3,
                lost: 3,
                ..Report::default()
            }
        )
    );
    assert_eq!(
        jobs.await.expect("it does not panic"),
        [Err(Refused::Lost); 3]
    );
}
