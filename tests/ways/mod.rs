//! Every way out of the program: its exit code, the state of the terminal, and what it leaves behind.
//!
//! A way is a line of the table in docs/contracts.md, which is the contract: each test does what its line says to the screen,
//! to `run`, to `run --console` and to `replay`, and compares the result with the line. Each program has its own terminal,
//! which must be restored, and its own folders, which must end up empty.

mod caller;
mod declared;
mod left;

use super::support;

use std::path::Path;
use std::thread;

use left::Folders;
use support::process::signal;
use support::{Ended, Tty, comes};

const PROGRAM: &str = env!("CARGO_BIN_EXE_async-playground");
const SIZE: (u16, u16) = (120, 40);

/// The kinds of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Screen,
    Run,
    Console,
    Replay,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Screen, Self::Run, Self::Console, Self::Replay];

    /// The arguments for a run that goes on until it is ended, with a database in a file. A replay has neither.
    fn long(self, folders: &Folders) -> Vec<String> {
        let database = ["database", "-p", "round_trip=60000", "-p", "users=200"].map(str::to_owned);
        let run = || [&["run".to_owned()], &database[..]].concat();
        match self {
            Self::Screen => database.to_vec(),
            Self::Run => run(),
            Self::Console => [run(), vec!["--console=127.0.0.1:0".to_owned()]].concat(),
            Self::Replay => vec!["replay".to_owned(), folders.recording()],
        }
    }

    /// The arguments for a run that ends soon.
    fn short(self, folders: &Folders) -> Vec<String> {
        let words = match self {
            Self::Screen => "gather --speed max".to_owned(),
            Self::Run => "run gather".to_owned(),
            Self::Console => "run gather --console=127.0.0.1:0".to_owned(),
            Self::Replay => format!("replay {}", folders.recording()),
        };
        words.split(' ').map(str::to_owned).collect()
    }

    /// True if it takes the terminal when it gets one.
    fn is_screen(self) -> bool {
        matches!(self, Self::Screen | Self::Replay)
    }

    /// Waits until it is fully running.
    fn is_at_work(self, tty: &Tty, folders: &Folders) {
        if self.is_screen() {
            tty.sees("Timeline");
            tty.sees("main");
        }
        if self != Self::Replay {
            comes("the file of the database", || (!folders.left().is_empty()).then_some(()));
        }
    }
}

/// Starts the program from a shell script, as `"$0" "$@"`.
fn start(script: &str, words: &[String], folders: &Folders) -> Tty {
    // Keep no core dump after a signal.
    let script = format!("ulimit -c 0; {script}");
    let args: Vec<&str> = ["-c", &script, PROGRAM].into_iter().chain(words.iter().map(String::as_str)).collect();
    let env = folders.env();
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Tty::start_with(Path::new("/bin/sh"), &args, SIZE, &env)
}

/// The result as a cell of the table; the terminal must be there, and restored.
fn told(ended: &Ended, folders: &Folders) -> String {
    if ended.wrote("\x1b[?1049h") {
        ended.assert_restored();
    } else {
        ended.assert_left_alone();
    }
    told_anyway(ended, folders)
}

/// The result as a cell of the table, whatever the state of the terminal.
fn told_anyway(ended: &Ended, folders: &Folders) -> String {
    let end = match ended.signal {
        Some(signal) => tui::signals::name(signal),
        None => ended.code.to_string(),
    };
    let left = folders.left();
    if left.is_empty() { end } else { format!("{end}, {} left", left.join(" and ")) }
}

/// Does this to all four kinds, and compares the results with the line of the table.
fn way(name: &str, out: impl Fn(Kind, &Folders) -> String + Sync) {
    let cells = thread::scope(|scope| {
        let all = Kind::ALL.map(|kind| {
            let out = &out;
            scope.spawn(move || {
                let folders = Folders::new();
                let cell = out(kind, &folders);
                folders.assert_state_is_whole();
                cell
            })
        });
        all.map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let line = format!("| {name} | {} |", cells.join(" | "));
    println!("{line}");
    let table = include_str!("../../docs/contracts.md");
    assert!(table.lines().any(|documented| documented.trim() == line), "this line is not in docs/contracts.md:\n{line}");
}

/// Sends the signal while the program is running.
fn ended_by(name: &str, kind: Kind, folders: &Folders) -> String {
    let tty = start(r#"exec "$0" "$@""#, &kind.long(folders), folders);
    kind.is_at_work(&tty, folders);
    tty.signal(name);
    told(&tty.end(), folders)
}

#[test]
fn sigint() {
    way("SIGINT", |kind, folders| ended_by("INT", kind, folders));
}

#[test]
fn sigterm() {
    way("SIGTERM", |kind, folders| ended_by("TERM", kind, folders));
}

#[test]
fn sighup() {
    way("SIGHUP", |kind, folders| ended_by("HUP", kind, folders));
}

#[test]
fn sigquit() {
    way("SIGQUIT", |kind, folders| ended_by("QUIT", kind, folders));
}

#[test]
fn sigabrt() {
    way("SIGABRT", |kind, folders| ended_by("ABRT", kind, folders));
}

#[test]
fn sigusr1() {
    way("SIGUSR1", |kind, folders| ended_by("USR1", kind, folders));
}

#[test]
fn sigtstp() {
    // A shell with job control, as users have. Without one the system would ignore the stop.
    let script = r#"set -m; "$0" "$@"; echo "stopped with $?"; read -r line; fg; echo "ended with $?""#;
    way("SIGTSTP, then SIGTERM", |kind, folders| {
        let mut tty = start(script, &kind.long(folders), folders);
        kind.is_at_work(&tty, folders);
        let program = comes("the program", || left::child(tty.pid()));
        signal(program, "TSTP");
        let screen = tty.sees("stopped with");
        assert!(!screen.contains("Timeline"), "{kind:?}: the screen from before is back: {screen}");
        assert_eq!(tty.has_same_lines(), Some(true), "{kind:?} is stopped");
        tty.keys("\n");
        comes("the program goes on", || (!left::is_stopped(program)).then_some(()));
        if kind.is_screen() {
            tty.sees("Timeline");
        }
        signal(program, "TERM");
        let screen = tty.sees("ended with");
        let code = screen.rsplit("ended with ").next().and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        let code = format!("stops, {code}");
        let ended = tty.end();
        ended.assert_left_alone();
        assert_eq!(folders.left(), [""; 0], "{kind:?}");
        code
    });
}

/// With a stream that is closed, or full.
fn without(redirection: &str, kind: Kind, folders: &Folders) -> String {
    let mut tty = start(&format!(r#"exec "$0" "$@" {redirection}"#), &kind.short(folders), folders);
    if kind.is_screen() && redirection.starts_with('2') {
        tty.sees("q quit");
        tty.keys("q");
    }
    told(&tty.end(), folders)
}

#[test]
fn standard_input_is_closed() {
    way("standard input closed", |kind, folders| without("<&-", kind, folders));
}

#[test]
fn standard_output_is_closed() {
    way("standard output closed", |kind, folders| without(">&-", kind, folders));
}

#[test]
fn standard_error_is_closed() {
    way("standard error closed", |kind, folders| without("2>&-", kind, folders));
}

#[test]
fn standard_output_is_full() {
    way("standard output full", |kind, folders| without(">/dev/full", kind, folders));
}

#[test]
fn standard_error_is_full() {
    way("standard error full", |kind, folders| without("2>/dev/full", kind, folders));
}

#[test]
fn the_file_cannot_grow() {
    way("the recording's disk full", |kind, folders| {
        if kind == Kind::Replay {
            return "writes none".to_owned();
        }
        let file = folders.path().join("own.rec").to_string_lossy().into_owned();
        let words = [kind.short(folders), vec!["--record".to_owned(), file]].concat();
        let mut tty = start(r#"ulimit -f 1; exec "$0" "$@""#, &words, folders);
        tty.sees("the recording stopped: File too large");
        if kind.is_screen() {
            tty.keys("q");
        }
        told(&tty.end(), folders)
    });
}

#[test]
fn the_terminal_goes_away() {
    way("the terminal gone", |kind, folders| {
        let mut tty = start(r#"exec "$0" "$@""#, &kind.long(folders), folders);
        kind.is_at_work(&tty, folders);
        tty.hang_up();
        told_anyway(&tty.end(), folders)
    });
}
