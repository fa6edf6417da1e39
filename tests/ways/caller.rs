//! The caller's decisions hold: signals that it ignores, slow readers, and a scenario's own use of a signal.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use rustix::fs::OFlags;

use super::left::{child, is_over, is_stopped};
use super::support::process::signal;
use super::support::{Tty, comes};
use super::{Folders, Kind, PROGRAM, start, told};

#[test]
fn a_signal_that_the_caller_ignores_ends_nothing() {
    // As `nohup` does, and a script with its background jobs.
    let script = r#"trap "" HUP INT; exec "$0" "$@""#;
    let args = ["-c", script, PROGRAM, "run", "semaphore", "--console=127.0.0.1:0", "--speed", "10", "--json"];
    let mut child = Command::new("/bin/sh").args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stderr.take().expect("piped")).read_line(&mut line).expect("UTF-8");
    assert!(line.contains("127.0.0.1:"), "{line}");
    signal(child.id(), "HUP");
    signal(child.id(), "INT");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.starts_with(b"{"), "the report is whole");
}

#[test]
fn a_reader_that_takes_nothing_does_not_keep_the_program_from_its_end() {
    let (_reader, writer) = std::io::pipe().expect("a pipe");
    let mut full = File::from(std::os::fd::OwnedFd::from(writer.try_clone().expect("a second one")));
    // The program shares the file description, so make it blocking before the program gets it.
    rustix::fs::fcntl_setfl(&full, OFlags::NONBLOCK).expect("it is set");
    while full.write(&[0; 4096]).is_ok() {}
    while full.write(&[0]).is_ok() {}
    rustix::fs::fcntl_setfl(&full, OFlags::empty()).expect("it is set");
    let folders = Folders::new();
    let file = folders.path().join("own.rec");
    let mut program = Command::new(PROGRAM);
    let mut child = program.args(["run", "gather", "--record"]).arg(&file).stdout(writer).spawn().expect("it starts");
    let whole = || {
        engine::open(&file, tui::source::known(scenarios::CATALOGUE))
            .is_ok_and(|recording| recording.flaw.is_none())
            .then_some(())
    };
    comes("the end of the run, whose report nobody reads", whole);
    signal(child.id(), "TERM");
    let status = comes("the end", || child.try_wait().expect("it is ours"));
    // The signal may come right before the report.
    assert!(status.signal() == Some(15) || status.code() == Some(143), "{status}");
}

#[test]
fn a_signal_that_a_scenario_sends_itself_is_its_own() {
    for trigger in ["trigger=sigterm", "trigger=ctrl-c"] {
        let words = ["shutdown", "--clock", "real", "-p", trigger, "-p", "signal_at=300", "-p", "grace=100"];
        let words = words.map(str::to_owned).to_vec();
        let folders = Folders::new();
        let mut tty = start(r#"exec "$0" "$@""#, &words, &folders);
        tty.wait_until("its end", |screen| screen.lines().next().is_some_and(|header| header.contains("ended")));
        tty.keys("q");
        assert_eq!(told(&tty.end(), &folders), "0", "{trigger}");

        let run = [vec!["run".to_owned()], words].concat();
        let tty = start(r#"exec "$0" "$@""#, &run, &folders);
        assert_eq!(told(&tty.end(), &folders), "0", "{trigger}");
    }
}

#[test]
fn a_signal_that_comes_from_elsewhere_ends_the_screen_also_while_a_scenario_listens_for_it() {
    for (trigger, name, code) in [("trigger=sigterm", "TERM", "143"), ("trigger=ctrl-c", "INT", "130")] {
        let words = ["shutdown", "--clock", "real", "-p", trigger, "-p", "signal_at=60000"].map(str::to_owned);
        let folders = Folders::new();
        let tty = start(r#"exec "$0" "$@""#, &words, &folders);
        Kind::Replay.is_at_work(&tty, &folders);
        tty.sees("worker 0");
        tty.signal(name);
        assert_eq!(told(&tty.end(), &folders), code, "{trigger}");
    }
}

/// Starts the screen in the background of a shell with job control, where it stops until it has the terminal. Returns its
/// process too.
fn in_the_background(folders: &Folders) -> (Tty, u32) {
    let script = r#"set -m; "$0" "$@" & read -r line; fg; echo "ended with $?""#;
    let tty = start(script, &["semaphore".to_owned()], folders);
    let program = comes("the program", || child(tty.pid()));
    comes("the stop", || is_stopped(program).then_some(()));
    assert!(!tty.screen().contains("Timeline"), "the terminal is the shell's");
    (tty, program)
}

#[test]
fn a_job_in_the_background_waits_for_the_terminal() {
    let folders = Folders::new();
    let (mut tty, _) = in_the_background(&folders);
    tty.keys("\n");
    tty.sees("request 0");
    tty.keys("q");
    tty.sees("ended with 0");
    tty.end().assert_restored();
}

#[test]
fn a_job_that_waits_in_the_background_is_ended_by_signals() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("QUIT", 131), ("USR1", 138)] {
        let folders = Folders::new();
        let (mut tty, program) = in_the_background(&folders);
        signal(program, name);
        // As a shell's `kill` does.
        signal(program, "CONT");
        comes("the end", || is_over(program).then_some(()));
        assert_eq!(tty.has_same_lines(), Some(true), "{name}");
        tty.keys("wait\n");
        tty.sees(&format!("ended with {code}"));
        tty.end().assert_left_alone();
    }
}
