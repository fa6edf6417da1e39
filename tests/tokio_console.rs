//! A real tokio-console attaches to a run and lists its tasks by name.
//!
//! It needs tokio-console, which takes minutes to build: `cargo install tokio-console --version 0.1.14`. If the program is
//! neither on the path nor named by the variable `TOKIO_CONSOLE`, the test says so and is skipped. `just console-test` runs it
//! and shows the screen.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use support::Tty;

/// The path of tokio-console, if it is installed.
fn console() -> Option<PathBuf> {
    let program = std::env::var_os("TOKIO_CONSOLE").map_or_else(|| PathBuf::from("tokio-console"), PathBuf::from);
    Command::new(&program).arg("--version").output().is_ok().then_some(program)
}

#[test]
fn tokio_console_lists_the_tasks_of_a_run_by_name() {
    let Some(console) = console() else {
        eprintln!("skipped: tokio-console is not on the path, and TOKIO_CONSOLE does not name it");
        return;
    };
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a free port").port();
    let (flag, url) = (format!("--console=127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let program = Path::new(env!("CARGO_BIN_EXE_async-playground"));
    let playground = Tty::start(program, &["semaphore", "--speed", "0.1", &flag], (120, 40));
    playground.sees(&format!("127.0.0.1:{port}"));

    let mut watcher = Tty::start(&console, &[&url], (110, 30));
    watcher.sees("request 19");
    let screen = watcher.sees("request 3");
    for text in ["CONNECTED", "main", "request 0", "scenarios/semaphore.rs"] {
        assert!(screen.contains(text), "{text}:\n{screen}");
    }
    println!("{screen}");
    watcher.keys("q");
}
