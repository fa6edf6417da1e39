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
    tty.sees("1 of 44 run");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);

    let mut tty = start(&[]);
    tty.sees("Scenarios");
    command(&mut tty, "tour");
    let path = tty.wait_until("the path", |screen| screen.contains("1 of 44 run"));
    let next = path.lines().find(|line| line.contains("next")).unwrap_or_default();
    assert!(next.contains("gather"), "{path}");
    tty.keys("\r");
    tty.wait_until("the next scenario", |screen| header(screen).contains("gather"));
    command(&mut tty, "tour");
    tty.sees("2 of 44 run");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
    std::fs::remove_dir_all(state).expect("it was made");
}

/// A wrong and a right prediction: the run stops where each shows, and the tour keeps the result.
#[test]
fn predictions_are_compared_and_remembered() {
    let state = tempfile::tempdir().expect("a folder");
    let env = [("XDG_STATE_HOME", state.path().to_str().expect("a plain name"))];
    let start = |args: &[&str]| Tty::start_with(Path::new(PROGRAM), args, SIZE, &env);

    let mut tty = start(&["semaphore", "--predict", "--speed", "max"]);
    let asked = tty.wait_until("a question", |screen| screen.contains("Question 1 of 2"));
    assert!(header(&asked).contains("asking") && !asked.contains("Timeline") && !asked.contains("03.500"), "{asked}");
    tty.keys("3\r");
    tty.sees("Question 2 of 2");
    tty.keys("half a second\r");
    tty.sees("try 1.5s or 300ms");
    tty.keys("\u{15}500ms\r");
    let wrong = tty.wait_until("the answer", |screen| screen.contains("you were wrong"));
    assert!(wrong.contains("You said: 500 ms. Right is: 3 s.") && header(&wrong).contains("00:03.000"), "{wrong}");
    tty.keys(" ");
    let right = tty.wait_until("the other answer", |screen| screen.contains("you were right"));
    assert!(header(&right).contains("00:03.500 / 00:03.500"), "{right}");
    command(&mut tty, "tour");
    tty.sees("1 of 44 run, 1 of 2 predictions right");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);

    let mut tty = start(&[]);
    tty.sees("Scenarios");
    command(&mut tty, "tour");
    let path = tty.wait_until("the tour", |screen| screen.contains("1 of 2 predictions right"));
    assert!(path.lines().any(|line| line.contains("semaphore") && line.contains("1/2")), "{path}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
