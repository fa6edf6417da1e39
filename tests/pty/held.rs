//! Keys held down: however many runs they request, memory, descriptors and threads stay bounded, and keys are answered.
//!
//! By default some seconds with small runs. `just held` is the whole measurement: a minute, with a million tasks.

use std::time::{Duration, Instant};

use super::support::{Tty, comes};
use super::{ended, header, program};

/// The repeat interval of a key that is held down.
const REPEAT: Duration = Duration::from_millis(33);

/// Two panes, the keys to reach each, and how each looks when focused.
const PANES: [(&str, &str); 2] = [("\x1b[Z", "┲ Timeline"), ("\t", "┢ Metrics")];

/// The allowed difference in memory between two programs that do the same, in KiB.
const SMALL_KIB: u64 = 32 << 10;

/// A number from the environment.
fn setting(name: &str, usually: u64) -> u64 {
    std::env::var(name).map_or(usually, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

/// Holds a key down for that long, and changes the pane now and then. Returns how long each change took to appear, shortest
/// first.
fn hold(tty: &mut Tty, key: &str, time: Duration) -> Vec<Duration> {
    let (began, mut pressed, mut answers) = (Instant::now(), 0, Vec::new());
    while began.elapsed() < time {
        let (to, seen) = PANES[(answers.len() + 1) % PANES.len()];
        let asked = Instant::now();
        tty.keys(to);
        loop {
            let next = began + REPEAT * pressed;
            if tty.sees_within(next.saturating_duration_since(Instant::now()), seen) {
                break;
            }
            tty.keys(key);
            pressed += 1;
            assert!(asked.elapsed() < Duration::from_secs(30), "{to} is never answered\n{}", tty.screen());
        }
        answers.push(asked.elapsed());
        // Some more keys before the next change.
        for _ in 0..3 {
            std::thread::sleep((began + REPEAT * pressed).saturating_duration_since(Instant::now()));
            tty.keys(key);
            pressed += 1;
        }
    }
    answers.sort_unstable();
    answers
}

fn is_over(screen: &str) -> bool {
    ["ended", "limit"].iter().any(|word| header(screen).contains(word))
}

/// The program's resource usage when no run is active.
#[derive(Debug, PartialEq, Eq)]
struct Rest {
    threads: u64,
    descriptors: usize,
}

/// The one-time usage, after some runs.
fn at_rest(tty: &mut Tty) -> Rest {
    for _ in 0..2 {
        // The thread that frees finished runs starts with the first run that replaces another one.
        let drawn = tty.written();
        tty.keys("r");
        tty.draws(drawn);
        tty.wait_until("the end", is_over);
    }
    let is = |tty: &Tty| Rest { threads: tty.threads(), descriptors: tty.descriptors() };
    let mut before = is(tty);
    comes("rest", || {
        std::thread::sleep(REPEAT);
        let now = is(tty);
        let same = now == before;
        before = now;
        same.then_some(())
    });
    before
}

/// Waits until the usage is down to that.
fn comes_to_rest(tty: &Tty, rest: &Rest) {
    comes(&format!("{rest:?}"), || (tty.threads() == rest.threads && tty.descriptors() == rest.descriptors).then_some(()));
}

#[test]
fn a_restart_that_is_held_down_takes_no_more_memory_than_two_runs() {
    let requests = format!("requests={}", setting("HELD_REQUESTS", 20_000));
    let time = Duration::from_secs(setting("HELD_SECONDS", 3));
    let mut tty = program(&["semaphore", "-p", &requests, "--speed", "max"]);
    tty.wait_until("the end", is_over);
    let one = tty.peak_memory();
    let rest = at_rest(&mut tty);
    tty.keys("\t");
    tty.sees(PANES[0].1);
    tty.peak_memory();
    let answers = hold(&mut tty, "r", time);
    let held = tty.peak_memory();
    let at = |part: f64| answers[((answers.len() - 1) as f64 * part) as usize];
    println!(
        "{requests} for {time:?}: one run {} MiB, held {} MiB; {} keys answered within {:?} (median), {:?} (99 of 100), {:?}",
        one / 1024,
        held / 1024,
        answers.len(),
        at(0.5),
        at(0.99),
        at(1.0),
    );
    assert!(held <= 2 * one, "{held} KiB while it was held, {one} KiB for one run");
    // An unoptimised build beside other tests cannot do better.
    let soon = if cfg!(debug_assertions) { Duration::from_secs(1) } else { Duration::from_millis(100) };
    assert!(at(0.99) < soon, "99 of 100 keys within {:?}", at(0.99));
    tty.wait_until("the end of the last run", is_over);
    comes_to_rest(&tty, &rest);
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn what_a_stopped_run_had_is_free_within_a_second() {
    let (requests, parts) = (setting("HELD_REQUESTS", 20_000), [0.3, 0.6, 1.0]);
    let small = ended(&["gather"]);
    let base = small.memory();
    for part in parts {
        let mut tty = program(&["semaphore", "-p", &format!("requests={requests}"), "--speed", "max"]);
        let there =
            tty.wait_until("many tasks", |screen| tasks(screen).is_some_and(|tasks| tasks as f64 >= part * requests as f64));
        let (had, asked) = (tty.memory(), Instant::now());
        tty.keys(":run gather\r");
        comes("the memory", || (tty.memory() <= base + SMALL_KIB).then_some(()));
        let took = asked.elapsed();
        println!("{} tasks, {} MiB: free after {took:?}", tasks(&there).unwrap_or_default(), had / 1024);
        let soon = if cfg!(debug_assertions) { 10 } else { 1 };
        assert!(took < Duration::from_secs(soon), "{took:?}");
        tty.keys("q");
        assert_eq!(tty.end().code, 0);
    }
}

/// The number of tasks, from the title of the timeline.
fn tasks(screen: &str) -> Option<u64> {
    let (before, _) = screen.split_once(" tasks, ")?;
    before.rsplit(' ').next()?.replace(',', "").parse().ok()
}

#[test]
fn a_turn_that_is_held_down_leaves_no_descriptor_and_no_thread() {
    let mut tty = program(&["semaphore", "--speed", "max"]);
    tty.wait_until("the end", is_over);
    let rest = at_rest(&mut tty);
    for key in ["\x1b[C", "\x1b[D"] {
        for _ in 0..50 {
            let drawn = tty.written();
            tty.keys(key);
            tty.draws(drawn);
        }
    }
    comes_to_rest(&tty, &rest);
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn restarts_on_the_real_clock_do_not_pile_up() {
    let mut tty = program(&["workers", "--clock", "real", "--workers", "4"]);
    tty.sees("live");
    let few = most_threads(&tty, Duration::from_millis(500));
    let mut most = 0;
    for _ in 0..25 {
        // A live run asks first.
        tty.keys("ry");
        most = most.max(most_threads(&tty, Duration::from_millis(160)));
    }
    // One run on screen, and one that is ending.
    assert!(most <= 2 * few, "{most} threads, and {few} for one run");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

/// The most threads seen within that time.
fn most_threads(tty: &Tty, time: Duration) -> u64 {
    let until = Instant::now() + time;
    let mut most = 0;
    while Instant::now() < until {
        most = most.max(tty.threads());
        std::thread::sleep(Duration::from_millis(5));
    }
    most
}
