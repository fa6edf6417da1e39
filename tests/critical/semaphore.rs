//! Each holder's release decides when the next one begins.

use std::collections::BinaryHeap;

use scenario::draw;
use trace::Cause;

use super::{Setting, long_steps, path, spec, tasks, trace};

/// When each request has its permits, and until when, in milliseconds: first come, first served.
fn served(latencies: &[u64], at_once: u64) -> Vec<(u64, u64)> {
    let mut free: BinaryHeap<std::cmp::Reverse<u64>> = (0..at_once).map(|_| std::cmp::Reverse(0)).collect();
    let serve = |latency: &u64| {
        let std::cmp::Reverse(from) = free.pop().unwrap();
        free.push(std::cmp::Reverse(from + latency));
        (from, from + latency)
    };
    latencies.iter().map(serve).collect()
}

fn check(requests: u64, permits: u64, each: u64, jitter: u64, seed: u64) {
    let setting: Setting = &[("requests", requests), ("permits", permits), ("permits_each", each), ("jitter", jitter)];
    let trace = trace(&spec("semaphore", setting, seed));
    let path = path(&trace);
    let latencies: Vec<u64> = (0..requests).map(|i| 500 + draw::within(seed, "latency", i, &(0..=jitter))).collect();
    let served = served(&latencies, permits / each);
    let end = served.iter().map(|(_, to)| *to).max().unwrap();
    assert_eq!((path.from_ns, path.to_ns, path.untold_ns), (0, end * super::MS, 0), "{setting:?}, seed {seed}");
    let steps = long_steps(&trace, &path);
    // Along the path, the request that released the permit ended just then. If several did, it may be any of them.
    let mut at = 0;
    for (task, cause, ms) in &steps {
        let which: usize = task.strip_prefix("request ").unwrap().parse().unwrap();
        assert_eq!(*cause, Cause::Time, "the path is work, and never a queue: {steps:?}");
        assert_eq!((at, at + ms), served[which], "{task}, {setting:?}, seed {seed}: {steps:?}");
        assert_eq!(*ms, latencies[which]);
        at += ms;
    }
    assert_eq!(at, end);
    let through = tasks(&trace, &path);
    assert_eq!((through[0], through[through.len() - 1]), ("main", "main"));
    assert_eq!(through.len(), steps.len() + 2, "nobody else is on the path: {through:?}");
}

#[test]
fn the_path_goes_from_request_to_request_through_who_gave_the_permit_back() {
    for (requests, permits, each) in [(20, 3, 1), (20, 5, 1), (20, 1, 1), (3, 20, 1), (1, 1, 1), (20, 3, 2), (12, 6, 2)] {
        check(requests, permits, each, 0, 7);
    }
}

#[test]
fn with_drawn_latencies_too_whatever_the_seed() {
    for seed in 0..8 {
        check(20, 3, 1, 400, seed);
        check(40, 5, 1, 999, seed);
        check(20, 4, 2, 300, seed);
    }
}
