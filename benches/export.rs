//! What each form of an export weighs and how long it takes, the site, and the panning of a large page in a browser.
//!
//! The program, its files and the browser are real. `cargo bench --bench export` prints a table; without Chromium the last line is
//! missing.

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/page/browser.rs"]
mod browser;
#[path = "../tests/page/pages.rs"]
mod pages;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use browser::Tab;
use pages::{PAN, Page, fill};

/// How often each form is made.
const TIMES: usize = 5;

/// The forms, and the runs that they are made of: a usual one, and one with 20,000 tasks.
const FORMS: [&str; 5] = ["html", "svg", "perfetto", "cast", "json"];
const RUNS: [&[&str]; 3] =
    [&["semaphore"], &["circuit-breaker"], &["semaphore", "-p", "requests=20000", "-p", "permits=500", "-p", "latency=100"]];

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("export");
    println!("median of {TIMES}, release program, with its start and the run\n");
    println!("{:<10}{:>12}{:>12}  run", "form", "KB", "ms");
    for run in RUNS {
        for form in FORMS {
            let mut times: Vec<Duration> =
                (0..TIMES).map(|_| took(&[&["export"], run, &["--format", form, "-o"]].concat(), &file)).collect();
            times.sort_unstable();
            let bytes = fs::metadata(&file).expect("it was written").len();
            println!("{form:<10}{:>12.1}{:>12.0}  {}", bytes as f64 / 1e3, times[TIMES / 2].as_secs_f64() * 1e3, run.join(" "));
        }
    }
    println!(
        "\nbook: {:.1} s; its output: {}",
        took(&["book"], &folder.path().join("site")).as_secs_f64(),
        size(&folder.path().join("site"))
    );
    pan();
}

/// How long the program takes with these arguments and a path.
fn took(args: &[&str], path: &Path) -> Duration {
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_async-playground")).args(args).arg(path).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    began.elapsed()
}

/// The files below a folder.
fn size(folder: &Path) -> String {
    let (mut files, mut bytes, mut folders) = (0, 0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is read") {
            let entry = entry.expect("an entry");
            let about = entry.metadata().expect("it is there");
            if about.is_dir() {
                folders.push(entry.path());
            } else {
                (files, bytes) = (files + 1, bytes + about.len());
            }
        }
    }
    format!("{files} files, {:.1} MB", bytes as f64 / 1e6)
}

/// Pans over a hundred thousand segments.
fn pan() {
    let Some(mut tab) = Tab::open() else { return };
    let page = Page::exported("semaphore").changed(|run| fill(run, 100_000));
    tab.screen(1280, 800, false);
    tab.view(&page.file());
    for _ in 0..3 {
        tab.key("+");
    }
    let pan = tab.eval(PAN);
    let [median, most, rate] = [0, 1, 2].map(|i: usize| pan[i].as_f64().expect("a figure"));
    println!("pan over 100,000 segments: {rate:.0} frames a second; script {median:.1} ms a frame, 95 % within {most:.1} ms");
}
