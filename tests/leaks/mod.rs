//! Runs leave nothing behind, however many there were and however each ended: no file descriptor, no thread, no memory.
//!
//! By default some dozens of each kind run. `just leaks` runs a thousand of each.
#![cfg(target_os = "linux")]

mod kinds;
#[expect(dead_code, reason = "other tests share these programs and use the rest")]
#[path = "../engine/programs.rs"]
mod programs;
mod usage;

use std::process::Command;
use std::thread;
use std::time::Instant;

use engine::serve_console;
use kinds::{KINDS, Kind, WITH_CONSOLE};
use usage::Usage;

/// Set in the process that serves tokio-console, which is separate because a process has one subscriber.
const CONSOLE: &str = "LEAK_CONSOLE";

/// Set in a process that measures a share of the kinds: the number of the share. The processes run at the same time, since most
/// runs wait.
const SHARE: &str = "LEAK_SHARE";
const SHARES: usize = 4;

/// The number of warm-up runs per kind. They make the one-time allocations.
const FIRST: usize = 50;

/// The number of parts in which the runs of a kind are measured. The allocators keep varying amounts of memory; a leak grows
/// with every part.
const PARTS: usize = 4;

/// The allowed growth of memory, per part and per run in it, in KiB. A leak of one runtime is 13 KiB.
const MORE_KIB: (i64, i64) = (512, 4);

/// The requested number of runs of each kind.
fn asked() -> Option<usize> {
    std::env::var("LEAK_RUNS").ok().map(|text| text.parse().expect("LEAK_RUNS is a whole number"))
}

/// Runs so many of a kind, with as many at once as the kind allows.
fn go(kind: &Kind, runs: usize) {
    for _ in 0..runs.div_ceil(kind.abreast) {
        thread::scope(|scope| {
            for _ in 0..kind.abreast {
                scope.spawn(kind.run);
            }
        });
        (kind.release)();
    }
}

/// Measures a kind of run. Returns what was wrong.
fn measure(kind: &Kind) -> Option<String> {
    let runs = asked().unwrap_or(kind.usually);
    let parts = PARTS.min(runs.div_ceil(kind.abreast));
    let (part, began) = (runs.div_ceil(parts), Instant::now());
    go(kind, FIRST.min(part));
    let before = Usage::at_rest();
    let (mut after, mut grown_kib) = (before, i64::MAX);
    for _ in 0..parts {
        go(kind, part);
        let now = Usage::at_rest_like(&before);
        grown_kib = grown_kib.min(now.memory_kib - after.memory_kib);
        after = now;
    }
    told(kind, part * parts, before, after, began);
    // With fewer parts, growth in one proves nothing.
    let leaks = parts == PARTS && grown_kib > MORE_KIB.0.max(MORE_KIB.1 * part as i64);
    wrong(kind, &before, &after, leaks)
}

/// Measures a kind of run while tokio-console is served, which remembers ended tasks for some seconds. So as many runs come
/// first, and their memory must suffice for the measured ones.
fn measure_with_console(kind: &Kind) -> Option<String> {
    let (runs, began) = (asked().unwrap_or(kind.usually), Instant::now());
    // Waiting until it has forgotten takes some seconds, so this happens only when many runs were requested.
    let forgotten = || asked().is_some().then(|| thread::sleep(usage::REMEMBERED));
    go(kind, runs);
    forgotten();
    let before = Usage::at_rest();
    go(kind, runs);
    forgotten();
    let after = Usage::at_rest_like(&before);
    told(kind, runs, before, after, began);
    let leaks = asked().is_some() && after.memory_kib - before.memory_kib > MORE_KIB.1 * runs as i64;
    wrong(kind, &before, &after, leaks)
}

fn told(kind: &Kind, runs: usize, before: Usage, after: Usage, began: Instant) {
    println!("| {:<47} | {runs:>5} | {before} | {after} | {:.1} s |", kind.name, began.elapsed().as_secs_f64());
}

fn wrong(kind: &Kind, before: &Usage, after: &Usage, leaks: bool) -> Option<String> {
    let same = after.descriptors == before.descriptors && after.threads == before.threads;
    (leaks || !same).then(|| format!("{}: {before} became {after}", kind.name))
}

/// A single test, since each process measures the whole of itself.
#[test]
fn nothing_is_left_of_any_kind_of_run() {
    let wrong: Vec<String> = if std::env::var_os(CONSOLE).is_some() {
        serve_console(([127, 0, 0, 1], 0).into()).expect("a port");
        WITH_CONSOLE.iter().filter_map(measure_with_console).collect()
    } else if let Ok(share) = std::env::var(SHARE) {
        let share = share.parse().expect("LEAK_SHARE is a whole number");
        KINDS.iter().skip(share).step_by(SHARES).filter_map(measure).collect()
    } else {
        println!("| kind of run | runs | before | after | took |\n|---|---|---|---|---|");
        thread::scope(|scope| {
            let shares = (0..SHARES).map(|share| (SHARE, share));
            let shares: Vec<_> = shares.chain([(CONSOLE, 1)]).map(|set| scope.spawn(move || in_a_process(set))).collect();
            shares.into_iter().filter_map(|share| share.join().expect("it is measured")).collect()
        })
    };
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Measures in a separate process, with this variable set. Returns what was wrong.
fn in_a_process((variable, value): (&str, usize)) -> Option<String> {
    let again = std::env::current_exe().expect("this is a program");
    let mut process = Command::new(again);
    process.args(["--exact", "leaks::nothing_is_left_of_any_kind_of_run", "--nocapture"]).env(variable, value.to_string());
    let output = process.output().expect("it can be run again");
    let told = String::from_utf8_lossy(&output.stdout);
    let measured: Vec<_> = told.lines().filter(|line| line.starts_with('|')).collect();
    for line in &measured {
        println!("{line}");
    }
    let failed = !output.status.success() || measured.is_empty();
    failed.then(|| format!("{told}{}", String::from_utf8_lossy(&output.stderr)))
}
