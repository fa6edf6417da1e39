//! The limit and SIGINT while each worker is blocked, so that nothing drives the run's own timer.

use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use scenario::testing::in_a_calm_moment;
use serde_json::Value;

use super::{program, run, stderr};

/// How long the program may take: a second to give up, plus the delay of a busy machine. The tasks block for a minute, so a
/// program that waits for them takes longer.
const SOON: Duration = Duration::from_secs(40);

/// One task per worker; each computes for a minute without an await.
fn blocked(workers: usize, limit: &str) -> Vec<String> {
    let tasks = format!("tasks={}", workers.max(1));
    let workers = workers.to_string();
    [
        "run",
        "workers",
        "-p",
        &tasks,
        "-p",
        "mix=100",
        "-p",
        "cpu=60000",
        "--clock",
        "real",
        "--workers",
        &workers,
        "--limit",
        limit,
    ]
    .map(str::to_owned)
    .to_vec()
}

#[test]
fn the_limit_ends_a_run_whose_workers_are_all_blocked_and_what_is_known_is_told() {
    thread::scope(|scope| {
        for workers in 0..=3 {
            // A busy machine may keep a task from its first poll until the limit.
            scope.spawn(move || in_a_calm_moment(|| the_limit_ends(workers)));
        }
    });
}

fn the_limit_ends(workers: usize) {
    let began = Instant::now();
    let output = run(&[blocked(workers, "500"), vec!["--json".to_owned()]].concat());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    let tasks = workers.max(1);
    assert_eq!(told["tasks"]["alive"], tasks + 1, "main too: {told}");
    let findings = told["findings"].as_array().expect("findings");
    let lasts = |finding: &&Value| ["never-yields", "blocks-worker"].iter().any(|kind| finding["kind"] == *kind);
    let blocks: Vec<_> = findings.iter().filter(lasts).collect();
    assert_eq!(blocks.iter().filter_map(|finding| finding["tasks"].as_u64()).sum::<u64>(), tasks as u64, "{told}");
    let spawned = |finding: &&Value| finding["place"].as_str().is_some_and(|place| place.contains("scenarios/workers.rs:"));
    assert!(blocks.iter().all(spawned), "{told}");
}

#[test]
fn an_interrupt_ends_a_run_whose_workers_are_all_blocked() {
    let folder = tempfile::tempdir().expect("a folder");
    for workers in 0..=2 {
        let file = folder.path().join(workers.to_string());
        let mut args = blocked(workers, "60000");
        args.extend(["--record".to_owned(), file.display().to_string()]);
        let mut child = program(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        // The header is written at once and the first facts a second later. By then the workers are blocked.
        wait_until_it_grows(&file, 0).and_then(|header| wait_until_it_grows(&file, header)).expect("it is recorded");
        let told = Instant::now();
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a number of a process")).expect("not 0");
        kill_process(pid, Signal::INT).expect("it is there");
        assert_eq!(child.wait().expect("it ends").code(), Some(130));
        assert!(told.elapsed() < SOON, "{:?}", told.elapsed());
    }
}

/// Waits until a file is longer than that. Returns its length; `None` if that takes too long.
fn wait_until_it_grows(file: &Path, bytes: u64) -> Option<u64> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        let length = std::fs::metadata(file).map_or(0, |file| file.len());
        if length > bytes {
            return Some(length);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}
