//! A form that is no text does not go to a terminal.

use super::{header, program};

#[test]
fn a_trace_for_perfetto_is_refused_before_the_run() {
    let tty = program(&["export", "semaphore", "--format", "perfetto"]);
    let ended = tty.end();
    assert_eq!(ended.code, 2);
    assert!(ended.screen.contains("error: this form is no text: name a file with -o"), "{}", ended.screen);
}

#[test]
fn the_screen_is_exported_as_it_is_and_the_commands_are_offered() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seen.svg");
    let mut tty = program(&["semaphore", "--speed", "max", "-p", "permits=5"]);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    tty.keys("E");
    tty.sees("semaphore-0.html");
    tty.keys("\t");
    tty.sees("semaphore-0.svg");
    tty.keys(&format!("\x15{}\r", file.display()));
    tty.sees("a picture, path copied");
    let svg = std::fs::read_to_string(&file).expect("the picture");
    let run = "async-playground run semaphore -p permits=5";
    // The panes of the screen are in the picture, and so are their texts.
    assert!(["Timeline", "Scenarios", "Metrics", "request 0", run].iter().all(|text| svg.contains(text)), "{svg}");
    assert!(!svg.contains("Export as"), "the prompt is not part of the view: {svg}");
    // The same file once more.
    tty.keys("E");
    tty.keys(&format!("\x15{}\r", file.display()));
    tty.sees("Enter again overwrites it");
    tty.keys("\r");
    tty.sees("a picture, path copied");
    tty.keys("y");
    tty.sees(run);
    tty.keys("y");
    tty.sees("async-playground semaphore -p permits=5");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
