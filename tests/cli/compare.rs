//! `compare`: runs side by side.

use super::*;

/// The line of a report that begins with this word, in single spaces.
fn line(text: &str, word: &str) -> String {
    let line = text.lines().find(|line| line.trim_start().starts_with(word));
    line.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn two_runs_stand_side_by_side_on_one_axis() {
    let output = run(&["compare", "semaphore", "--with", "-p", "permits=5"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    let text = stdout(&output);
    assert!(text.contains("A  async-playground run semaphore\nB  async-playground run semaphore -p permits=5\n"), "{text}");
    assert_eq!(line(&text, "permits"), "permits permits 3 5");
    assert_eq!(line(&text, "completed"), "completed requests 20 20 =");
    assert_eq!(line(&text, "total"), "total ms 3500 2000 −1500 ×0.57");
    assert!(text.contains("A ✓  B ✓  never more than 3/5 in flight"), "{text}");
    assert!(text.contains("B differs from A from 0 ms on, first in request 3"), "{text}");
    // One axis: both mains end at their own time on the same scale.
    let ends: Vec<_> = text.lines().filter(|line| line.contains("main ")).filter_map(|line| line.find('✓')).collect();
    assert!(ends.len() == 2 && ends[1] < ends[0], "{text}");
    let marked = text.lines().filter(|line| line.starts_with("≠ request")).count();
    assert!((5..16).contains(&marked), "{text}");
}

#[test]
fn equal_runs_do_not_differ_and_ascii_is_ascii() {
    let output = run(&["compare", "deadlock", "--with", "--ascii"]);
    let text = stdout(&output);
    assert!(output.status.success() && text.is_ascii(), "{text}");
    assert!(text.contains("B does not differ from A\n") && text.contains("A: task A holds"), "{text}");
    assert_eq!(line(&text, "ended"), "ended stalled stalled");
}

#[test]
fn a_run_whose_checks_fail_is_no_fault_and_three_runs_fit() {
    let args = ["compare", "lost-update", "--with", "-p", "variant=lock", "--with", "--seed", "4"];
    let text = stdout(&run(&args));
    assert!(text.contains("\nC  async-playground run lost-update --seed 4"), "{text}");
    assert_eq!(run(&args).status.code(), Some(0));
    assert!(text.contains("A ✗  B ✓"), "{text}");
}

#[test]
fn json_has_the_runs_and_their_differences() {
    let compared = json(&["compare", "semaphore", "--seed", "3", "--with", "-p", "permits=5", "--json"]);
    for (at, flags) in [vec!["--seed", "3"], vec!["--seed", "3", "-p", "permits=5"]].into_iter().enumerate() {
        let alone = [vec!["run", "semaphore", "--json"], flags].concat();
        assert_eq!(compared["runs"][at], json(&alone), "{alone:?}");
    }
    let differences = &compared["differences"];
    assert_eq!(differences["settings"], serde_json::json!([{ "name": "permits", "values": ["3", "5"] }]));
    let total = &differences["figures"][2];
    assert_eq!((&total["name"], &total["differences"]), (&"total".into(), &serde_json::json!([0, -1500])));
    assert_eq!(differences["lanes"][0]["first"], serde_json::json!({ "task": "request 3", "since_ms": 0 }));
}

#[test]
fn wrong_usage_says_what_would_be_right() {
    for (args, expected) in [
        (&["compare", "semaphore"][..], "compare needs a second run; add --with"),
        (&["compare", "semaphore", "--with", "-p", "permits=0"], "-p permits: 0 is out of range: 1 to 1000 permits"),
        (&["compare", "semaphore", "--with", "-p", "permits=2", "-p", "permits=3"], "-p permits is given twice"),
        (&["compare", "semaphore", "--with", "--console"], "--console: compare makes several runs"),
        (&["compare", "semaphore", "--with", "gather"], "unexpected argument 'gather'"),
    ] {
        let output = run(args);
        let error = stderr(&output);
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{args:?}: {error}");
        assert!(error.starts_with(&format!("error: {expected}")), "{args:?}: {error}");
        assert_eq!(stdout(&output), "", "{args:?}");
    }
}
