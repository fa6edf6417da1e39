//! The real clock: the present advances while a task sleeps, and while a task blocks its worker.

use std::thread;

use super::time::times;
use super::{program, zoom};
use scenario::testing::in_a_calm_moment;

/// How long the task does the same thing, in milliseconds.
const LASTS_MS: u64 = 3_500;

/// The moments to look at it. A debug build has read its line tables by the first one; until then it holds events back.
const MOMENTS_MS: [u64; 3] = [1_500, 1_750, 2_000];

/// The length of a lane in milliseconds, from its first cell of that mark to its last. A label may be in between.
fn lane_ms(screen: &str, name: &str, mark: char) -> Option<f64> {
    let cell = zoom(screen)?;
    let cell_ms: f64 = cell.strip_suffix("ms")?.parse().ok()?;
    let lane = screen.lines().find(|line| line.contains(name) && line.contains(mark))?;
    let cells: Vec<usize> = lane.chars().enumerate().filter(|(_, c)| *c == mark).map(|(at, _)| at).collect();
    Some((cells.last()? - cells.first()? + 1) as f64 * cell_ms)
}

/// How long the selected task has been in its state according to its pane, in milliseconds.
fn lasts_ms(screen: &str, does: &str) -> Option<f64> {
    let length = |part: &str| {
        let mut words = part.trim().strip_prefix(does)?.split_whitespace();
        let number: f64 = words.next()?.parse().ok()?;
        match words.next()? {
            "s" => Some(number * 1e3),
            "ms" => Some(number),
            _ => None,
        }
    };
    let is_edge = |c: char| ('\u{2500}'..='\u{257f}').contains(&c);
    screen.lines().flat_map(|line| line.split(is_edge)).find_map(length)
}

/// Watches one task that waits or computes for seconds.
fn goes_on(name: &str, mix: &str, mark: char, does: &str, workers: u16) {
    let time = |name: &str| format!("{name}={LASTS_MS}");
    let (cpu, wait, workers) = (time("cpu"), time("wait"), workers.to_string());
    let mut tty =
        program(&["workers", "-p", "tasks=1", "-p", mix, "-p", &cpu, "-p", &wait, "--clock", "real", "--workers", &workers]);
    tty.sees(name);
    // Go to the lane of the task.
    tty.keys("\tjj");
    tty.sees(&format!("▸{name}"));
    for moment_ms in MOMENTS_MS {
        let screen = tty.wait_until(&format!("{moment_ms} ms"), |screen| times(screen).is_some_and(|(at, _)| at >= moment_ms));
        let (at_ms, end_ms) = times(&screen).expect("the header has times");
        assert!(at_ms < moment_ms + 500 && end_ms >= at_ms, "{workers} workers: {at_ms} of {end_ms} ms\n{screen}");
        let lane_ms = lane_ms(&screen, name, mark).expect("a lane");
        assert!((lane_ms - at_ms as f64).abs() < 250.0, "{workers} workers: a lane of {lane_ms} ms at {at_ms} ms\n{screen}");
        let lasts_ms = lasts_ms(&screen, does).unwrap_or_else(|| panic!("{workers} workers: {does}\n{screen}"));
        assert!((lasts_ms - at_ms as f64).abs() < 250.0, "{workers} workers: {does} {lasts_ms} ms at {at_ms} ms\n{screen}");
    }
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn the_header_the_lane_and_the_task_go_on_through_a_sleep() {
    thread::scope(|scope| {
        for workers in 0..=3 {
            scope.spawn(move || in_a_calm_moment(|| goes_on("wait 0", "mix=0", '─', "waiting", workers)));
        }
    });
}

#[test]
fn the_header_the_lane_and_the_task_go_on_through_a_poll_that_blocks() {
    // One after the other: each keeps a processor busy. A second worker is idle, and so would be a third.
    for workers in 0..=2 {
        in_a_calm_moment(|| goes_on("compute 0", "mix=100", '█', "busy", workers));
    }
}

#[test]
fn no_task_goes_on_with_what_it_no_longer_does_while_line_tables_are_read() {
    // Until then the events of the first wait are held back: main has spawned a task and waits for it.
    for workers in ["0", "2"] {
        let mut tty =
            program(&["workers", "-p", "tasks=1", "-p", "mix=0", "-p", "wait=4000", "--clock", "real", "--workers", workers]);
        tty.wait_until("3 s", |screen| {
            let runs_ms = lane_ms(screen, "main ", '█').unwrap_or_default();
            assert!(runs_ms < 100.0, "main is said to run for {runs_ms} ms\n{screen}");
            times(screen).is_some_and(|(at, _)| at >= 3_000)
        });
        tty.keys("q");
        assert_eq!(tty.end().code, 0);
    }
}
