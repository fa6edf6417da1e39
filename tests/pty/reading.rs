//! Reading a run: other kinds of lanes, sorted, grouped, filtered.

use super::{command, ended, names, place};

#[test]
fn lanes_are_of_tasks_threads_resources_and_lines() {
    let mut tty = ended(&["semaphore"]);
    tty.sees("request 19");
    for (title, lane) in [
        ("Timeline by thread", "worker 0"),
        ("Timeline by resource", "queue 0"),
        ("Timeline by source line", "semaphore.…:164"),
        ("Timeline ━", "request 19"),
    ] {
        command(&mut tty, "lanes");
        let screen = tty.sees(title);
        assert!(screen.contains(lane), "{title}: {screen}");
    }
    // Enter on a thread selects the task that ran there last.
    command(&mut tty, "lanes");
    let screen = tty.sees("Timeline by thread");
    assert!(screen.contains("no task selected"), "{screen}");
    tty.keys("\r");
    let screen = tty.wait_until("a task is selected", |screen| !screen.contains("no task selected"));
    assert!(screen.contains("main  ✓ completed"), "{screen}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn what_a_task_spawned_is_folded_away_and_unfolded() {
    let mut tty = ended(&["semaphore"]);
    tty.keys("g");
    command(&mut tty, "fold");
    let folded = tty.sees("+20");
    assert_eq!(place(&folded, "+20").1, place(&folded, "▸main").1, "{folded}");
    assert!(!folded.contains(" request 3 "), "{folded}");
    command(&mut tty, "fold");
    let unfolded = tty.sees(" request 3 ");
    assert!(!unfolded.contains("+20"), "{unfolded}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn quantities_go_and_come_under_the_lanes() {
    let mut tty = ended(&["semaphore"]);
    let line = "queued      0";
    let shown = tty.sees(line);
    assert!(place(&shown, line).1 > place(&shown, "request 14").1, "{shown}");
    command(&mut tty, "counters");
    tty.wait_until("no quantities", |screen| !screen.contains(line));
    command(&mut tty, "counters");
    tty.sees(line);
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn lanes_are_sorted_by_each_figure() {
    let mut tty = ended(&["semaphore"]);
    tty.sees("request 19");
    for (told, first) in [
        ("lanes by duration", ["main", "request 18"]),
        ("lanes by longest wait", ["request 18", "request 19"]),
        ("lanes by polls", ["main", "request 3"]),
        ("lanes by spawn tree", ["main", "request 0"]),
        ("lanes by spawn ", ["main", "request 0"]),
    ] {
        command(&mut tty, "order");
        let screen = tty.sees(told);
        assert_eq!(names(&screen)[..2], first, "{told}: {screen}");
    }
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_filter_shows_what_is_asked_for_and_how_many_that_are() {
    let mut tty = ended(&["semaphore"]);
    command(&mut tty, "filter");
    tty.keys("wait>500ms cause=lock");
    // The requests that waited for more than one round of three.
    tty.sees("14 of 21 tasks");
    tty.keys("\r");
    let screen = tty.wait_until("it is kept", |screen| screen.contains("/ find"));
    assert_eq!(names(&screen).first().map(String::as_str), Some("request 6"), "{screen}");
    command(&mut tty, "clear filter");
    let screen = tty.sees(" request 5 ");
    assert_eq!(names(&screen)[..2], ["main", "request 0"], "{screen}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_filter_that_is_wrong_is_told_where_it_was_typed_and_nothing_is_lost() {
    let mut tty = ended(&["semaphore"]);
    command(&mut tty, "filter");
    tty.keys("request 1\r");
    tty.wait_until("it is kept", |screen| screen.contains("/ find") && names(screen).len() == 11);
    command(&mut tty, "filter");
    tty.keys("\x15wait>x");
    let screen = tty.sees("'x' is not a time");
    let last = screen.lines().last().unwrap_or_default();
    assert!(last.contains("wait>x") && last.contains("'x' is not a time"), "{screen}");
    // It is refused, and the typed text is still there.
    tty.keys("\r");
    tty.keys("\x7f1s");
    tty.wait_until("a right one", |screen| {
        screen
            .lines()
            .last()
            .is_some_and(|last| last.contains("wait>1s") && last.contains(" of 21 tasks") && !last.contains("no time"))
    });
    tty.keys("\x1b");
    let screen = tty.wait_until("the filter from before", |screen| screen.contains("/ find"));
    assert_eq!(names(&screen)[..2], ["request 1", "request 10"], "{screen}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn tasks_are_put_together_and_a_group_is_opened() {
    let mut tty = ended(&["semaphore"]);
    command(&mut tty, "group");
    let groups = tty.sees("all 20 ended");
    assert!(groups.contains("semaphore.rs:") && !groups.contains(" request 3 "), "{groups}");
    tty.keys("j\r");
    let open = tty.wait_until("its tasks", |screen| names(screen).first().is_some_and(|name| name == "request 0"));
    assert_eq!(names(&open)[..2], ["request 0", "request 1"], "{open}");
    tty.keys("\x1b");
    tty.sees("all 20 ended");
    // By name, by activity, and ungrouped again, in the menu.
    tty.keys("o\r");
    tty.wait_until("by name", |screen| screen.contains("request #") && !screen.contains(" request 3 "));
    tty.keys("\r\ro");
    let screen = tty.sees(" request 3 ");
    assert_eq!(names(&screen)[..2], ["main", "request 0"], "{screen}");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
