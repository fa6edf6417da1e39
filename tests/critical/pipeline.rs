//! The first item goes to the narrowest stage, which works without a gap; the last item goes on from there.

use trace::Cause;

use super::{Expected, long_steps, path, spec, tasks, trace};

const ITEMS: u64 = 30;

/// The steps of a pipeline with one worker per stage, of which one is slower than the others.
fn expected(times: [u64; 3], items: u64) -> Vec<Expected> {
    let narrowest = (0..3).max_by_key(|stage| times[*stage]).unwrap();
    let mut steps = Vec::new();
    for (stage, ms) in times.into_iter().enumerate() {
        let turns = if stage == narrowest { items } else { 1 };
        steps.extend((0..turns).map(|_| (format!("stage {} worker 0", stage + 1), Cause::Time, ms)));
    }
    steps
}

#[test]
fn the_path_is_the_narrowest_stage_and_the_way_there_and_back() {
    for (times, items, buffer) in [
        ([50, 200, 50], ITEMS, 4),
        ([50, 200, 50], ITEMS, 100),
        ([50, 200, 50], 1, 4),
        ([25, 200, 70], 7, 1),
        ([300, 20, 50], ITEMS, 4),
        ([10, 20, 400], ITEMS, 2),
    ] {
        let [first, second, third] = times;
        let setting =
            [("first_time", first), ("second_time", second), ("third_time", third), ("items", items), ("buffer", buffer)];
        let trace = trace(&spec("pipeline", &setting, 7));
        let path = path(&trace);
        let steps = long_steps(&trace, &path);
        assert_eq!(steps, expected(times, items), "{times:?}, {items} items, buffer {buffer}");
        let sum = first + second + third + (items - 1) * times.into_iter().max().unwrap();
        assert_eq!(path.to_ns - path.from_ns, sum * super::MS);
        let through = tasks(&trace, &path);
        let stages = ["stage 1 worker 0", "stage 2 worker 0", "stage 3 worker 0"];
        assert_eq!((through.first(), through.last()), (Some(&"main"), Some(&"main")));
        let worked: Vec<&str> = through.into_iter().filter(|task| stages.contains(task)).collect();
        assert_eq!(worked, stages, "each stage once: {path:?}");
    }
}

#[test]
fn with_more_workers_the_path_is_still_as_long_as_the_run() {
    // Two workers in the second stage, then eight. The totals are from the scenario's own test.
    for (workers, total) in [(2, 3_150), (8, 1_750)] {
        let trace = trace(&spec("pipeline", &[("second_workers", workers), ("items", ITEMS)], 7));
        let path = path(&trace);
        let steps = long_steps(&trace, &path);
        assert_eq!(steps.iter().map(|(_, _, ms)| ms).sum::<u64>(), total);
        assert!(steps.iter().all(|(_, cause, _)| *cause == Cause::Time), "the path is work, and never a queue: {steps:?}");
    }
}
