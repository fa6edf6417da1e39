//! A scenario becomes the user's own, is changed in an editor, and is shown again; a sketch that goes wrong takes nothing with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use async_playground::sketch;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::support::{Tty, comes};
use super::{PROGRAM, SIZE, command, header};

/// Where all sketches of these tests are built, so that what they use is built once.
const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/sketches");

/// A folder whose sketches are built soon, since everything that they use is built.
fn folder() -> TempDir {
    static IS_WARM: LazyLock<()> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let sketch = laid(folder.path(), "warm");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--offline", "--quiet"]).current_dir(&sketch).env("CARGO_TARGET_DIR", TARGET);
        assert!(build.status().expect("cargo runs").success(), "a sketch builds");
    });
    LazyLock::force(&IS_WARM);
    tempfile::tempdir().expect("a folder")
}

/// A sketch of the semaphore. Each test gives it another name, which is also that of its executable.
fn laid(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    sketch::from_scenario(&scenarios::semaphore::SCENARIO, &path).expect("it is made");
    path
}

/// An editor that notes what it is asked to open.
fn editor(folder: &Path) -> (String, PathBuf) {
    let (path, noted) = (folder.join("editor"), folder.join("noted"));
    fs::write(&path, format!("#!/bin/sh\necho \"$@\" >>'{}'\n", noted.display())).expect("it is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    (path.to_str().expect("a plain path").to_owned(), noted)
}

fn start(args: &[&str], editor: &str) -> Tty {
    Tty::start_with(Path::new(PROGRAM), args, SIZE, &[("CARGO_TARGET_DIR", TARGET), ("VISUAL", editor), ("CARGO", env!("CARGO"))])
}

/// The source of a sketch, and changes of it.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn of(sketch: &Path) -> Self {
        let path = sketch.join("src/scenario.rs");
        let text = fs::read_to_string(&path).expect("the source");
        Self { path, text }
    }

    /// Saves the source with one text replaced by another.
    fn save(&self, from: &str, to: &str) {
        assert!(self.text.contains(from), "{from}");
        fs::write(&self.path, self.text.replace(from, to)).expect("it is written");
    }
}

/// The request gives its permit back, after its call.
const GIVES_BACK: &str = "    drop(permit);";
const CALLS: &str = "    sleep(latency).await;";

fn shows(tty: &Tty, what: &[&str]) -> String {
    tty.wait_until(&what.join(", "), |screen| what.iter().all(|text| header(screen).contains(text)))
}

#[test]
fn a_scenario_becomes_my_own_and_is_changed_broken_and_mended() {
    let folder = folder();
    let (editor, noted) = editor(folder.path());
    let mut tty = start(&["semaphore", "--speed", "max"], &editor);
    shows(&tty, &["/ 00:03.500", "ended"]);
    tty.keys("m");
    tty.sees("Make it mine in  ./semaphore");
    let sketch = folder.path().join("semaphore");
    tty.keys(&format!("\x15{}\r", folder.path().display()));
    tty.sees("exists and is not empty");
    tty.keys(&format!("\x15{}\r", sketch.display()));
    shows(&tty, &["semaphore/", "/ 00:03.500", "ended"]);
    let source = Source::of(&sketch);
    let line = source.text.lines().position(|line| line.starts_with("async fn run(")).expect("it runs") + 1;
    let opened = fs::read_to_string(&noted).expect("the editor was opened");
    assert_eq!(opened.trim(), format!("+{line} {}", source.path.canonicalize().expect("it is there").display()));

    // A permit that is handed back too early limits nothing.
    let early = source.text.replace(GIVES_BACK, "").replace(CALLS, &format!("{GIVES_BACK}\n{CALLS}"));
    fs::write(&source.path, early).expect("it is written");
    let screen = shows(&tty, &["/ 00:00.500", "broken"]);
    assert!(screen.contains("never more than 3 in flight"), "{screen}");

    source.save(CALLS, "    let = sleep(latency).await;");
    let screen = tty.sees("1 error");
    let line = source.text.lines().position(|line| line == CALLS).expect("the call") + 1;
    assert!(screen.contains(&format!("src/scenario.rs:{line}:")) && screen.contains("request 9"), "{screen}");
    assert!(header(&screen).contains("/ 00:00.500"), "the last trace stays: {screen}");
    tty.keys("\r");
    comes("the editor at the error", || {
        let opened = fs::read_to_string(&noted).expect("the editor was opened");
        opened.lines().nth(1).filter(|opened| opened.starts_with(&format!("+{line} "))).map(drop)
    });
    source.save(CALLS, CALLS);
    shows(&tty, &["semaphore/", "/ 00:03.500", "ended"]);
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn a_sketch_that_panics_exits_loops_or_is_killed_leaves_the_screen_whole() {
    let folder = folder();
    let sketch = laid(folder.path(), "faulty");
    let source = Source::of(&sketch);
    let mut tty = start(&["open", sketch.to_str().expect("a plain path")], "true");
    shows(&tty, &["faulty/", "/ 00:03.500"]);
    tty.keys("$");
    shows(&tty, &["ended"]);

    // The sketch itself says what is wrong with a value, at its field, and the run stays.
    command(&mut tty, "permits_each 9");
    tty.sees("9 is more than the 3");
    shows(&tty, &["/ 00:03.500", "ended"]);
    command(&mut tty, "permits_each 1");
    tty.wait_until("the error is gone", |screen| !screen.contains("9 is more than the 3"));

    source.save(GIVES_BACK, "    drop(permit);\n    panic!(\"the sketch's own panic\");");
    shows(&tty, &["failed"]);
    source.save(GIVES_BACK, "    drop(permit);\n    println!(\"\\x1b[2Jthe last words\");\n    std::process::exit(3);");
    let screen = tty.sees("the sketch exited with code 3");
    assert!(screen.contains("the last words") && header(&screen).contains("exited"), "{screen}");
    source.save(
        GIVES_BACK,
        "    drop(permit);\n    std::fs::write(\"pid\", std::process::id().to_string())?;\n    loop { std::hint::spin_loop(); }",
    );
    let pid = comes("the loop", || fs::read_to_string(sketch.join("pid")).ok()?.parse().ok().and_then(Pid::from_raw));
    tty.wait_until("it is in its loop", |screen| header(screen).contains("00:00.500…"));
    kill_process(pid, Signal::KILL).expect("it runs");
    tty.sees("the sketch was killed by SIGKILL");
    fs::remove_file(sketch.join("pid")).expect("it is there");
    tty.keys("r");
    let pid: Pid = comes("the next loop", || fs::read_to_string(sketch.join("pid")).ok()?.parse().ok().and_then(Pid::from_raw));
    tty.wait_until("it is in its loop", |screen| header(screen).contains("00:00.500…"));
    // A save ends the loop, and nothing of it is left.
    source.save(GIVES_BACK, GIVES_BACK);
    shows(&tty, &["/ 00:03.500"]);
    comes("its end", || rustix::process::test_kill_process(pid).is_err().then_some(()));
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
    ended.assert_own();
}
