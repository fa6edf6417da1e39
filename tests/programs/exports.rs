//! Exports of a program that is attached to, and of its recording.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::listening;
use super::observed::{about, record};
use super::support::Tty;

const ENDINGS: [&str; 5] = ["html", "svg", "pftrace", "cast", "json"];

/// What a file with this ending must contain: a task of the program, its name, and its form.
fn check(file: &Path, over: bool) {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let text = String::from_utf8_lossy(&bytes);
    let ending = file.extension().and_then(|ending| ending.to_str());
    // A film writes only the cells that change, so a name may be in two pieces. The report has places, and hardly a name.
    let known = if ending == Some("json") { "observed.rs" } else { "worker" };
    assert!(text.contains(known), "{} has nothing of the program", file.display());
    match ending {
        Some("html") => {
            let (_, run) = text.split_once("<script type=\"application/json\" id=\"run\">").expect("a run");
            let (run, _) = run.split_once("</script>").expect("its end");
            let run: Value = serde_json::from_str(run).expect("JSON");
            assert_eq!((&run["kind"], &run["over"]), (&Value::from("program"), &Value::from(over)));
            assert_eq!(run["title"], about().name);
        }
        Some("json") => {
            let run: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(run["program"]["name"], about().name);
        }
        Some("cast") => {
            let header: Value = serde_json::from_str(text.lines().next().expect("a header")).expect("JSON");
            assert_eq!(header["version"], 2);
        }
        Some("svg") => assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>")),
        _ => assert!(!bytes.is_empty()),
    }
}

#[test]
fn a_program_is_exported_while_it_runs_and_after_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, over, program) = listening(folder.path());
    let target = path.to_str().expect("a plain path");
    let mut tty = Tty::start(Path::new(env!("CARGO_BIN_EXE_async-playground")), &["attach", target], (120, 40));
    tty.wait_until("the live program", |screen| screen.contains("worker 2"));
    let export = |tty: &mut Tty, name: &str, over: bool| {
        for ending in ENDINGS {
            let file = folder.path().join(format!("{name}.{ending}"));
            tty.keys("E");
            tty.sees("Export as");
            tty.keys(&format!("\x15{}\r", file.display()));
            tty.wait_until("what was written", |screen| {
                screen.contains("path copied") && screen.contains(&format!("{name}.{ending}"))
            });
            check(&file, over);
        }
    };
    export(&mut tty, "live", false);
    over.store(true, Ordering::Relaxed);
    tty.sees("the program has ended");
    program.join().expect("it ends");
    export(&mut tty, "ended", true);
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_recording_of_a_program_is_exported_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("orders.rec");
    record(File::create(&recording).expect("it is new"), about(), Arc::new(AtomicBool::new(true)));
    let run = |args: &[&str], file: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_async-playground"))
            .args(args)
            .arg(&recording)
            .arg("-o")
            .arg(file)
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    for (format, ending) in ["html", "svg", "perfetto", "cast", "json"].into_iter().zip(ENDINGS) {
        let file = folder.path().join(format!("orders.{ending}"));
        run(&["export", "--format", format], &file);
        check(&file, true);
    }
    let lines = folder.path().join("orders.jsonl");
    run(&["export", "--format", "json", "--events"], &lines);
    let lines = fs::read_to_string(lines).expect("the lines");
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok_and(|fact| fact.is_object())));
    assert!(lines.contains("worker 2"));
}
