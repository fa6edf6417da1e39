//! The challenges: each is solved with keys, its share line repeats the run, and the tour remembers it.

use std::path::Path;
use std::process::Command;

use super::support::Tty;
use super::{PROGRAM, SIZE, command, header};

/// Each challenge, with the poll to put off and after how many operations.
const SOLUTIONS: [(&str, usize, usize); 4] =
    [("lost-update", 7, 1), ("deadlock", 2, 0), ("check-then-act", 11, 2), ("philosophers", 4, 1)];

/// The row below the lanes that names the poll, which counts those of one moment.
fn stepped_to(screen: &str) -> Option<String> {
    let row = screen.lines().find(|line| line.contains("⏸ poll "))?;
    Some(row.split_once("⏸ poll ")?.1.split('┃').next()?.to_owned())
}

#[test]
fn each_challenge_is_solved_by_keys_and_its_share_line_repeats_the_run() {
    let state = tempfile::tempdir().expect("a folder");
    let env = [("XDG_STATE_HOME", state.path().to_str().expect("a plain name"))];
    for (id, poll, operations) in SOLUTIONS {
        let mut tty = Tty::start_with(Path::new(PROGRAM), &[id, "--speed", "max"], SIZE, &env);
        tty.wait_until("the first run", |screen| header(screen).contains(id) && screen.contains(" / 0"));
        command(&mut tty, "challenge");
        tty.wait_until("the first poll", |screen| {
            screen.contains("break it by putting off 2 polls at most") && screen.contains("poll 1 of")
        });
        // The first poll is reached already.
        for _ in 1..poll {
            let before = stepped_to(&tty.sees("poll "));
            tty.keys(".");
            tty.wait_until("the next poll", |screen| stepped_to(screen) != before);
        }
        for after in 0..=operations {
            tty.keys("x");
            tty.wait_until("the poll is cut", |screen| {
                header(screen).contains(&format!("schedule {poll}:{after}")) && screen.contains("↷ preempted")
            });
        }
        tty.sees("challenge solved: 1 poll put off");
        command(&mut tty, "share");
        let shown = tty.sees("async-playground run");
        // Behind the command is what the key offers next.
        let line = shown.lines().last().unwrap_or_default().trim().split("   ").next().unwrap_or_default();
        let args: Vec<_> = line.split_whitespace().skip_while(|word| *word != "run").collect();
        assert!(line.contains(&format!("--schedule {poll}:{operations}")), "{line}");
        let again = Command::new(PROGRAM).args(&args).output().expect("it runs");
        assert_eq!(again.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&again.stderr));
        // Taking it back mends the run.
        for _ in 0..=operations {
            tty.keys("X");
        }
        tty.wait_until("Tokio's own order", |screen| !header(screen).contains("schedule"));
        tty.keys("q");
        assert_eq!(tty.end().code, 0);
    }

    let mut tty = Tty::start_with(Path::new(PROGRAM), &[], SIZE, &env);
    tty.sees("Scenarios");
    command(&mut tty, "tour");
    tty.sees("4 of 4 challenges solved");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
