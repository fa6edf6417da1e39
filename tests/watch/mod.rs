//! `watch` on a terminal: one command to the live picture, or one sentence that says what is missing.
//!
//! The tests that build a program of a stranger are ignored, since they build Tokio and the recorder anew: `just watched`.

use super::support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use support::{Ended, Tty};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_async-playground");
const SIZE: (u16, u16) = (120, 40);
/// Programs of a stranger: each is the body of an async `main`.
const EXAMPLES: [(&str, &str); 4] = [
    (
        "good",
        "async_playground_recorder::init(); println!(\"it has begun\"); let lock = Mutex::new(()); let _held = lock.lock().await; \
              spawn(async { loop { sleep(Duration::from_millis(20)).await } }); sleep(Duration::from_secs(600)).await;",
    ),
    ("without", "spawn(async { sleep(Duration::from_secs(600)).await }).await.expect(\"it ends\");"),
    (
        "early",
        "if std::env::args().count() > 9 { async_playground_recorder::init(); } eprintln!(\"no database\"); std::process::exit(3);",
    ),
    ("broken", "let number: u32 = \"text\";"),
];

fn watch(words: &[&str]) -> Tty {
    Tty::start(Path::new(PROGRAM), &[&["watch", "--"], words].concat(), SIZE)
}

/// The last line of a program that has ended with this exit code.
fn said(ended: &Ended, code: u32) -> &str {
    assert_eq!(ended.code, code, "{}", ended.screen);
    let errors = ended.screen.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "one sentence:\n{}", ended.screen);
    &ended.screen[ended.screen.find("error: ").expect("it was counted")..]
}

#[test]
fn without_a_terminal_nothing_is_started() {
    let marker = Path::new(env!("CARGO_TARGET_TMPDIR")).join("started");
    _ = fs::remove_file(&marker);
    let mut command = Command::new(PROGRAM);
    command.args(["watch", "--", "touch"]).arg(&marker).stdin(Stdio::null());
    let said = command.output().expect("it starts");
    let errors = String::from_utf8_lossy(&said.stderr);
    assert_eq!(said.status.code(), Some(2), "{errors}");
    assert!(errors.contains("needs a terminal") && errors.lines().count() == 1, "{errors}");
    assert!(!marker.exists());
}

#[test]
fn a_command_that_is_none_cannot_be_started() {
    let ended = watch(&["./no-such-program"]).end();
    assert!(said(&ended, 2).starts_with("error: cannot start ./no-such-program: No such file"), "{}", ended.screen);
    ended.assert_left_alone();
}

#[test]
fn a_command_that_ends_by_itself_says_how_and_its_last_line() {
    let ended = watch(&["sh", "-c", "echo ready; echo no database >&2; exit 3"]).end();
    let sentence = said(&ended, 1);
    assert!(sentence.contains("ended with exit code 3 before it listened; its last line: no database"), "{sentence}");
    assert!(ended.screen.starts_with("ready") || ended.screen.starts_with("no database"), "its output is shown");
    ended.assert_left_alone();
}

#[test]
fn an_interrupt_ends_what_was_started_too() {
    let mut tty = watch(&["sh", "-c", "echo ready $$; sleep 600 & wait"]);
    let screen = tty.sees("ready");
    let pid: u32 = screen.split_whitespace().nth(1).and_then(|pid| pid.parse().ok()).expect("its number");
    tty.keys("\x03");
    assert_eq!(tty.end().code, 130);
    let alive = || Path::new(&format!("/proc/{pid}")).exists();
    assert!(!alive(), "the command has ended");
}

/// Where all builds go, so that each library is built once.
const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/strangers");

/// The folder of a stranger's package, with the examples. It is far from the playground, whose settings would apply there.
fn stranger(dependencies: &str) -> TempDir {
    let package = tempfile::tempdir().expect("a folder");
    let folder = package.path();
    fs::create_dir_all(folder.join("examples")).expect("it is writable");
    fs::create_dir_all(folder.join("src")).expect("it is writable");
    let manifest = format!("[package]\nname = \"stranger\"\nedition = \"2024\"\n[dependencies]\n{dependencies}\n[workspace]\n");
    fs::write(folder.join("Cargo.toml"), manifest).expect("it is writable");
    fs::write(folder.join("src/lib.rs"), "").expect("it is writable");
    let uses = "#![allow(unused_imports)]\nuse std::time::Duration;\nuse tokio::{spawn, sync::Mutex, time::sleep};\n";
    for (example, body) in EXAMPLES {
        let main = format!("{uses}#[tokio::main]\nasync fn main() {{ {body} }}\n");
        fs::write(folder.join(format!("examples/{example}.rs")), main).expect("it is writable");
    }
    package
}

fn with_recorder() -> TempDir {
    let recorder = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/recorder");
    let package = stranger(&format!(
        "async-playground-recorder = {{ path = \"{recorder}\" }}\ntokio = {{ version = \"1\", features = [\"full\"] }}"
    ));
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"), package.path().join("Cargo.lock")).expect("it is writable");
    package
}

/// `cargo run` with these arguments, seen by `watch` in a package.
fn cargo_run(package: &TempDir, words: &str) -> Tty {
    let line = format!("cd '{}' && exec '{PROGRAM}' watch -- cargo run {words}", package.path().display());
    Tty::start_with(Path::new("/bin/sh"), &["-c", &line], SIZE, &[("CARGO_TARGET_DIR", TARGET)])
}

/// Waits through a build, which takes longer than anything else, until one of these texts is seen.
fn built(tty: Tty, texts: [&str; 2]) -> Tty {
    let look = Duration::from_secs(1);
    let seen = (0..900).any(|_| tty.sees_within(look, texts[0]) || tty.sees_within(Duration::ZERO, texts[1]));
    assert!(seen, "the build does not end: {}", tty.screen());
    tty
}

#[test]
#[ignore = "builds Tokio and the recorder: `just watched`"]
fn one_command_leads_to_the_live_picture_and_quitting_ends_the_program() {
    let package = with_recorder();
    let mut tty = built(cargo_run(&package, "--offline --example good"), ["live", "error: "]);
    tty.sees("it has begun");
    tty.sees("good.rs");
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0, "{}", ended.screen);
    ended.assert_restored();
    let running =
        fs::read_dir("/proc").expect("Linux").flatten().filter_map(|entry| fs::read_link(entry.path().join("exe")).ok());
    assert!(!running.into_iter().any(|exe| exe.starts_with(TARGET)), "the program has ended");
}

#[test]
#[ignore = "builds Tokio and the recorder: `just watched`"]
fn what_is_missing_is_one_sentence() {
    let package = with_recorder();
    let ended = built(cargo_run(&package, "--offline --example without"), ["error: ", "Running"]).end();
    assert!(said(&ended, 1).contains("without has no recorder in it; run 'cargo add"), "{}", ended.screen);
    let ended = built(cargo_run(&package, "--offline --example early"), ["error: ", "Running"]).end();
    assert!(said(&ended, 1).contains("early ended with exit code 3 before it listened; its last line: no database"));
    let ended = built(cargo_run(&package, "--offline --example broken"), ["error: ", "Running"]).end();
    assert_eq!(ended.code, 1);
    assert!(ended.screen.contains("mismatched types") && ended.screen.contains("its errors are above"), "{}", ended.screen);
    // The program alone, built without the flag: only its own line says so.
    let mut cargo = Command::new(env!("CARGO"));
    let plain = format!("{TARGET}/plain");
    cargo.args(["build", "--offline", "--quiet", "--example", "good", "--target-dir", &plain]).current_dir(package.path());
    assert!(cargo.env("RUSTFLAGS", "-Awarnings").status().expect("cargo runs").success());
    let ended = watch(&[&format!("{plain}/debug/examples/good")]).end();
    assert!(said(&ended, 1).contains("built without --cfg tokio_unstable"), "{}", ended.screen);
}

#[test]
#[ignore = "downloads an old Tokio: `just watched`"]
fn an_old_tokio_is_named() {
    let package = stranger("tokio = { version = \"=1.38.0\", features = [\"full\"] }");
    for (name, _) in EXAMPLES.iter().filter(|(name, _)| *name != "without") {
        fs::remove_file(package.path().join(format!("examples/{name}.rs"))).expect("it exists");
    }
    let ended = built(cargo_run(&package, "--example without"), ["error: ", "Running"]).end();
    assert!(said(&ended, 1).contains("without uses tokio 1.38.0; it needs tokio 1.54 or later"), "{}", ended.screen);
}

#[test]
#[ignore = "builds Tokio and the recorder: `just watched`"]
fn a_stripped_program_says_that_its_lines_are_missing() {
    let package = with_recorder();
    let mut tty = built(cargo_run(&package, "--offline --config 'profile.dev.strip=true' --example good"), ["live", "error: "]);
    // The header says what the build lacks.
    tty.wait_until("what is missing", |screen| screen.contains("symbols") || screen.contains("debug information"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
