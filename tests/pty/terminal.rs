//! Terminals as they are: resized endlessly, without colours or letters, within tmux.

use std::path::Path;
use std::process::Command;

use super::support::Tty;
use super::{PROGRAM, SIZE, ended, header, names, program};

#[test]
fn hundreds_of_sizes_leave_the_screen_of_the_last_one() {
    let mut tty = ended(&["semaphore"]);
    let before = tty.screen();
    for i in 0..400_u16 {
        // From one cell to three hundred by a hundred, in leaps.
        tty.resize((1 + i * 137 % 300, 1 + i * 61 % 100));
        if i % 50 == 0 {
            tty.keys("jk");
        }
    }
    tty.resize((1, 1));
    tty.resize(SIZE);
    tty.keys("g");
    tty.wait_until("the last size", |screen| {
        screen.contains("▸main") && names(screen) == names(&before) && screen.contains("q quit")
    });
    let lines = |screen: &str| screen.lines().map(|line| line.chars().take(24).collect()).collect::<Vec<String>>();
    assert_eq!(lines(&tty.screen()), lines(&before));
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn a_terminal_that_goes_away_without_its_signal_ends_it() {
    let script = r#"trap "" HUP; exec "$0" semaphore"#;
    let mut tty = Tty::start(Path::new("/bin/sh"), &["-c", script, PROGRAM], SIZE);
    tty.sees("request 0");
    tty.hang_up();
    assert_eq!(tty.end().code, 129);
}

#[test]
fn a_terminal_that_claims_to_be_huge_gets_a_screen_that_is_not() {
    let mut tty = program(&["gather", "--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    for size in [(32767, 32767), (32767, 1), (1, 32767)] {
        let written = tty.written();
        tty.claim(size);
        tty.draws(written);
    }
    let memory = tty.memory();
    assert!(memory < 1 << 20, "{memory} KiB");
    tty.claim(SIZE);
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_is_refused() {
    let ended = Tty::start_with(Path::new(PROGRAM), &["semaphore"], SIZE, &[("TERM", "dumb")]).end();
    assert_eq!(ended.code, 2);
    assert!(ended.screen.contains("TERM is dumb") && ended.screen.contains("run ID --json"), "{}", ended.screen);
    assert!(!ended.wrote("\x1b["), "nothing but text");
}

#[test]
fn where_letters_are_ascii_so_is_all_that_is_drawn() {
    let env = [("LC_ALL", "C"), ("LANG", "C"), ("LC_CTYPE", "C")];
    let mut tty = Tty::start_with(Path::new(PROGRAM), &["semaphore", "--speed", "max"], SIZE, &env);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    // Go through the views and layers, each of which leads back.
    for (keys, seen) in [
        ("\tGe", "+ Why | Findings"),
        ("\t", "no problems found"),
        ("\t", "critical path to the end of main"),
        ("\t", "3 of 3 left"),
        ("e:lanes\r", "Timeline by thread"),
        (":lanes\r", "Timeline by resource"),
        (":lanes\r", "Timeline by source line"),
        (":lanes\r", "request 18"),
        ("o", "none"),
        ("\r", "all 20 ended"),
        ("\r\r\ro?", "Move the time cursor back."),
        ("l", "Marks on the lanes"),
        ("?:tour\r", "builds on"),
    ] {
        tty.keys(keys);
        tty.sees(seen);
    }
    tty.keys("\x1b");
    tty.sees("queued      0");
    let other: String = tty.screen().chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(other, "");
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    assert!(ended.is_ascii(), "a frame in between was not ASCII");
    ended.assert_restored();
}

#[test]
fn it_works_within_tmux_and_leaves_its_pane_as_it_was() {
    if Command::new("tmux").arg("-V").output().is_err() {
        println!("skipped: tmux is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("tmux");
    let socket = socket.to_str().expect("a name");
    let script = format!("{PROGRAM} semaphore --speed max; echo left with $?; read -r line");
    let args = ["-u", "-S", socket, "-f", "/dev/null", "new-session", &script];
    let mut tty = Tty::start_with(Path::new("tmux"), &args, SIZE, &[("TMUX", "")]);
    tty.wait_until("the end", |screen| header(screen).contains("ended") && screen.contains("request 19"));
    tty.keys("\tG");
    tty.sees("▸request 19");
    tty.resize((100, 30));
    // Above tmux's status line, in the last row of the current pane.
    let smaller = |screen: &str| screen.lines().nth(28).is_some_and(|row| row.contains("q quit"));
    tty.wait_until("a smaller screen", |screen| smaller(screen) && screen.contains("▸request 19"));
    tty.keys("q");
    let screen = tty.sees("left with 0");
    assert!(!screen.contains("Timeline"), "{screen}");
    tty.keys("\n");
    assert_eq!(tty.end().code, 0);
}
