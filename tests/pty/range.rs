//! Measurements: a range, the critical path, and the way from a task to its waker.

use super::{command, ended, header, place};

#[test]
fn a_range_is_measured_with_keys() {
    let mut tty = ended(&["semaphore"]);
    tty.keys("T1000\rv");
    tty.sees("then v ends it");
    tty.keys("T2000\rv");
    let screen = tty.sees("1 s from 00:01.000 to 00:02.000");
    assert!(screen.contains("21 polls") && screen.contains("9.5 s waiting: 11× semaphore"), "{screen}");
    assert!(screen.contains("3 s waiting: 6× time") && screen.contains("critical path"), "{screen}");
    // The range stays marked when the list is closed, and a third key press clears it.
    tty.keys("\x1b");
    tty.wait_until("the list is closed", |screen| !screen.contains("1 s from") && screen.contains("[1s"));
    tty.keys("v");
    tty.wait_until("it is cleared", |screen| !screen.contains("[1s"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_range_is_measured_with_the_right_button_and_with_shift() {
    let mut tty = ended(&["semaphore"]);
    // Without a button and with it, as the terminal reports a drag: 2 is the right button, 4 is Shift, 32 is a movement.
    for (button, from, to) in [(2, 0, 12), (4, 12, 0)] {
        let screen = tty.sees("request 19");
        let (left, row) = place(&screen, "╷0");
        tty.mouse(button, (left + from, row + 2));
        tty.mouse(button + 32, (left + 6, row + 2));
        tty.mouse(button + 32, (left + to, row + 2));
        tty.let_go(button, (left + to, row + 2));
        let screen = tty.sees("s from 00:00.000 to 00:01.0");
        assert!(screen.contains("polls") && screen.contains("waiting: ") && screen.contains("critical path"), "{screen}");
        tty.keys("v");
        tty.wait_until("it is cleared", |screen| !screen.contains("Critical path") && !screen.contains("[1"));
    }
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn the_critical_path_is_listed_highlighted_and_gone_to() {
    let mut tty = ended(&["semaphore"]);
    let before = tty.reversed("request 9 ");
    command(&mut tty, "critical path");
    let screen = tty.sees("critical path to");
    assert!(screen.contains("3.5 s") && screen.contains("step 1 of "), "{screen}");
    assert!(screen.contains("woken by request"), "{screen}");
    // One of three requests in each round is on it.
    let on = |tty: &super::Tty| ["request 6 ", "request 7 ", "request 8 "].map(|lane| tty.reversed(lane) > before);
    let marked = |lane: &str| screen.lines().any(|line| line.contains(lane) && line.contains('→'));
    assert_eq!(["request 6 ", "request 7 ", "request 8 "].map(marked), [true, false, false], "{screen}");
    assert_eq!(on(&tty), [true, false, false], "{screen}");
    tty.keys("jj\r");
    let screen = tty.sees("e returns to the list");
    assert!(screen.contains("step 3 of ") && screen.contains("▸request"), "{screen}");
    assert!(!header(&screen).contains("00:03.500 / 00:03.500"), "the cursor is at the step: {screen}");
    tty.keys("e");
    tty.sees("step 3 of ");
    tty.keys("\x1b");
    tty.wait_until("the layer is closed", |screen| !screen.contains("step 3 of "));
    command(&mut tty, "critical path");
    tty.wait_until("it is hidden", |screen| {
        screen.contains("? help") && !screen.lines().any(|line| line.contains("request 3 ") && line.contains('→'))
    });
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_task_shows_who_woke_it_and_leads_there_and_back() {
    let mut tty = ended(&["semaphore"]);
    tty.keys("G");
    tty.sees("▸request 19");
    // Its permit came from another request.
    tty.keys("T2.5s\r");
    tty.wait_until("it waits", |screen| screen.contains("request 19  ░ waiting") && header(screen).contains("00:02.500 /"));
    command(&mut tty, "woken by");
    tty.sees("▸request 16");
    command(&mut tty, "woken by back");
    tty.sees("▸request 19");
    // Go there again with the cursor, at the time of that wake.
    command(&mut tty, "wake back");
    let screen = tty.sees("request 16 woke request 19 at 00:03.000");
    assert!(screen.contains("▸request 16") && header(&screen).contains("00:03.000 /"), "{screen}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_click_on_the_map_of_the_run_moves_the_lanes_there() {
    let mut tty = ended(&["semaphore"]);
    // Only a large pane has the map.
    tty.keys("zT0\r");
    tty.sees("run 3.5 s");
    tty.keys("ww");
    let near = tty.wait_until("the start", |screen| screen.contains("run 3.5 s") && !screen.contains("╷3.0s"));
    let (left, row) = place(&near, "run 3.5 s");
    let end = near.lines().nth(row).map_or(0, |line| line.chars().count());
    tty.mouse(0, (left + end - 8, row));
    tty.let_go(0, (left + end - 8, row));
    tty.wait_until("the end", |screen| screen.contains("s3.0s") || screen.contains("3.0s"));
    tty.keys("u");
    tty.wait_until("the start again", |screen| !screen.contains("3.0s"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
