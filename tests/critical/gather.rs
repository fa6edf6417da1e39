//! All fetches start at once, so the slowest alone decides.

use scenario::draw;
use trace::Cause;

use super::{long_steps, path, spec, tasks, trace};

/// The duration of each fetch: drawn, except for the straggler, which is the last but one.
fn latencies(seed: u64, tasks: u64, straggler: u64) -> Vec<u64> {
    let drawn = |i| 500 + draw::within(seed, "latency", i, &(0..=300));
    (0..tasks).map(|i| if i + 2 == tasks && straggler > 0 { straggler } else { drawn(i) }).collect()
}

#[test]
fn the_path_is_the_slowest_fetch() {
    for seed in 0..6 {
        for (count, straggler) in [(5, 2_000), (24, 4_000), (24, 0), (1, 0), (2, 600)] {
            let trace = trace(&spec("gather", &[("tasks", count), ("straggler", straggler)], seed));
            let path = path(&trace);
            let latencies = latencies(seed, count, straggler);
            let slowest = latencies.iter().copied().max().unwrap();
            let steps = long_steps(&trace, &path);
            assert_eq!(steps.len(), 1, "{count} fetches, straggler {straggler}, seed {seed}: {steps:?}");
            let (task, cause, ms) = &steps[0];
            assert_eq!((*cause, *ms), (Cause::Time, slowest));
            // If two are equally slow, it may be either.
            let which: usize = task.strip_prefix("fetch ").unwrap().parse().unwrap();
            assert_eq!(latencies[which], slowest, "{task}: {latencies:?}");
            assert_eq!(tasks(&trace, &path), ["main", task, "main"], "main spawns it, and hears of its end");
        }
    }
}
