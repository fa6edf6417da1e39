//! The program remembers what was run, and the tour says what comes next.

use std::path::Path;

use super::support::Tty;
use super::{PROGRAM, SIZE, command, header};

#[test]
fn what_was_run_is_remembered_and_the_path_leads_on() {
    let state = std::env::temp_dir().join(format!("async-playground-path-{}", std::process::id()));
    let env = [("XDG_STATE_HOME", state.to_str().expect("the folder for temporary files has a plain name"))];
    let start = |args: &[&str]| Tty::start_with(Path::new(PROGRAM), args, SIZE, &env);

    let mut tty = start(&["sequential"]);
    tty.sees("main");
    command(&mut tty, "tour");
    tty.sees("1 of 43 run");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);

    let mut tty = start(&[]);
    tty.sees("Scenarios");
    command(&mut tty, "tour");
    let path = tty.wait_until("the path", |screen| screen.contains("1 of 43 run"));
    let next = path.lines().find(|line| line.contains("next")).unwrap_or_default();
    assert!(next.contains("gather"), "{path}");
    tty.keys("\r");
    tty.wait_until("the next scenario", |screen| header(screen).contains("gather"));
    command(&mut tty, "tour");
    tty.sees("2 of 43 run");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
    std::fs::remove_dir_all(state).expect("it was made");
}
