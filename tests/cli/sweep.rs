//! `sweep`: a figure over the values of a parameter.

use super::*;

/// How long `semaphore` takes without jitter, in milliseconds: its calls run in waves.
fn total(requests: u64, permits: u64, each: u64, latency: u64) -> u64 {
    requests.div_ceil(permits / each) * latency
}

/// The rows of the table: value and figure.
fn rows(text: &str) -> Vec<(u64, u64)> {
    let numbers = |line: &str| {
        let mut words = line.split_whitespace().map(str::parse);
        Some((words.next()?.ok()?, words.next()?.ok()?))
    };
    text.lines().filter(|line| line.starts_with("  ")).filter_map(numbers).take_while(|(_, figure)| *figure >= 100).collect()
}

#[test]
fn the_table_is_what_arithmetic_says() {
    let (requests, each, latency) = (23, 2, 300);
    let fixed = ["requests=23", "permits_each=2", "latency=300"].iter().flat_map(|fixed| ["-p", fixed]);
    let args: Vec<_> = ["sweep", "semaphore", "-p", "permits=2..25", "--figure", "total"].into_iter().chain(fixed).collect();
    let output = run(&args);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    let text = stdout(&output);
    let expected: Vec<_> = (2..=25).map(|permits| (permits, total(requests, permits, each, latency))).collect();
    assert_eq!(rows(&text), expected, "{text}");
    assert!(text.contains("other figures, for --figure: completed, peak in flight, elapsed"), "{text}");

    let json = json(&[&args[..], &["--json"]].concat());
    let series = json["series"].as_array().expect("a series");
    let told = |stat: &Value| Some((stat["value"].as_u64()?, stat["median"].as_u64()?));
    assert_eq!(series.iter().filter_map(told).collect::<Vec<_>>(), expected);
    assert_eq!(json["unit"], "ms");
}

#[test]
fn several_seeds_have_a_median_and_extremes_that_single_runs_confirm() {
    let swept =
        json(&["sweep", "semaphore", "-p", "permits=3,7", "-p", "jitter=400", "--seeds", "1..3", "--figure", "total", "--json"]);
    for (at, permits) in ["permits=3", "permits=7"].into_iter().enumerate() {
        let single = |seed: &&str| {
            let run = json(&["run", "semaphore", "-p", permits, "-p", "jitter=400", "--seed", seed, "--json"]);
            run["outcome"][2]["value"].as_u64().expect("whole milliseconds")
        };
        let mut totals: Vec<u64> = ["1", "2", "3"].iter().map(single).collect();
        totals.sort_unstable();
        let stat = &swept["series"][at];
        let told = ["min", "median", "max"].map(|name| stat[name].as_u64().expect("whole milliseconds"));
        assert_eq!(told[..], totals, "{permits}");
        assert_eq!(stat["runs"], 3);
    }
    assert_eq!(swept["runs"].as_array().map(Vec::len), Some(6));
}

#[test]
fn a_value_that_is_refused_stalls_or_takes_too_long_has_a_row_that_says_so() {
    let text = stdout(&run(&["sweep", "semaphore", "-p", "permits_each=3..5", "--figure", "total", "-p", "permits=4"]));
    assert!(text.contains("refused: permits_each: 5 is more than the 4 permits"), "{text}");
    assert_eq!(rows(&text), [(3, 10_000), (4, 10_000)], "{text}");
    let text = stdout(&run(&["sweep", "deadlock", "-p", "order=*", "--ascii"]));
    assert!(text.lines().any(|line| line.trim_start().starts_with("crossed") && line.ends_with("stalled")), "{text}");
    assert!(text.is_ascii(), "{text}");
    let text = stdout(&run(&["sweep", "semaphore", "-p", "permits=1,20", "--limit", "600", "--figure", "total"]));
    assert!(text.contains("reached its limit"), "{text}");
    let text = stdout(&run(&["sweep", "lost-update", "-p", "variant=*"]));
    assert!(text.contains("✗ "), "a check fails in some variant: {text}");
}

#[test]
fn csv_has_a_line_for_each_value_and_seed() {
    let text = stdout(&run(&["sweep", "semaphore", "-p", "permits=4..8:4", "--seeds", "0..1", "--csv"]));
    let lines: Vec<_> = text.lines().collect();
    let head = "permits,seed,ended,elapsed (ms),completed (requests),peak in flight (requests),total (ms),failed checks,why";
    assert_eq!(lines[0], head);
    let runs = ["4,0,finished,2500,20,4,2500,,", "4,1,finished,2500,20,4,2500,,", "8,0,finished,1500,20,8,1500,,"];
    assert_eq!(lines[1..4], runs);
    assert_eq!(lines.len(), 5);
}

#[test]
fn the_share_line_repeats_the_sweep() {
    let args =
        ["sweep", "semaphore", "-p", "permits=1..9:4", "-p", "requests=5", "--seeds", "2..3", "--figure", "peak in flight"];
    let text = stdout(&run(&args));
    let share = "async-playground sweep semaphore -p requests=5 -p permits=1..9:4 --seeds 2..3 --figure 'peak in flight'";
    assert_eq!(text.lines().nth(1), Some(share));
}

#[test]
fn wrong_usage_says_what_would_be_right() {
    for (args, expected) in [
        (&["-p", "permits=3"][..], "sweep needs a parameter with several values: async-playground sweep semaphore -p NAME=A..B"),
        (&["-p", "permits=1..2", "-p", "requests=1..2"], "-p: permits and requests have several values; sweep one parameter"),
        (&["-p", "permits=0..4"], "-p permits: 0 is out of range: 1 to 1000 permits"),
        (&["-p", "permits=1..9", "-p", "permits=3"], "-p permits is given twice"),
        (&["-p", "requests=1..1000000"], "-p requests: 1000000 values are more than 2000; use a step: 1..1000000:501"),
        (&["-p", "permits=1..9", "--seeds", "0..9999"], "--seeds: 9 values with these seeds are 90000 runs; at most 2000"),
        (&["-p", "permits=1..2", "--figure", "totl"], "--figure: there is no 'totl'; did you mean 'total'?"),
        (&["-p", "permits=1..2", "--workers", "2"], "--workers: 2 workers need the real clock"),
    ] {
        let output = run(&[&["sweep", "semaphore"], args].concat());
        let error = stderr(&output);
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{args:?}: {error}");
        assert!(error.starts_with(&format!("error: {expected}")), "{args:?}: {error}");
    }
}
