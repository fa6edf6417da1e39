//! Pause, step poll by poll, go back, and return: on a real terminal, on both clocks.
//!
//! Nothing here waits for time to pass: every step waits for what it wants to see.

use super::support::Tty;
use super::{command, header, program};
use scenario::testing::in_a_calm_moment;

/// The cursor and the end of the run in milliseconds, from the header.
pub(super) fn times(screen: &str) -> Option<(u64, u64)> {
    let (before, after) = header(screen).split_once(" / ")?;
    Some((millis(before.split_whitespace().last()?)?, millis(after.split_whitespace().next()?)?))
}

/// `00:02.413` in milliseconds.
fn millis(moment: &str) -> Option<u64> {
    let (minutes, seconds) = moment.trim_end_matches('…').split_once(':')?;
    let (seconds, millis) = seconds.split_once('.')?;
    Some((minutes.parse::<u64>().ok()? * 60 + seconds.parse::<u64>().ok()?) * 1_000 + millis.parse::<u64>().ok()?)
}

/// The name of the poll stepped to, in the last row of the timeline.
fn poll(screen: &str) -> Option<String> {
    let row = screen.lines().find(|line| line.contains("⏸ poll"))?;
    let told = row.split("⏸ poll").nth(1)?;
    Some(told.split(['│', '┃', '·']).next()?.trim().to_owned())
}

/// The timeline pane: title, ruler, lanes and last row.
fn timeline(screen: &str) -> Vec<String> {
    screen.lines().skip(1).take(24).map(|line| line.chars().skip(24).take(58).collect()).collect()
}

/// Starts a run, lets it reach about one second, and pauses it. Returns the program and its screen.
fn paused_at_a_second(args: &[&str]) -> (Tty, String) {
    in_a_calm_moment(|| pause_at_a_second(program(args)))
}

fn pause_at_a_second(mut tty: Tty) -> (Tty, String) {
    tty.wait_until("a second", |screen| times(screen).is_some_and(|(at, _)| at >= 1_000));
    tty.keys(" ");
    // The footer is drawn last.
    let paused = tty.wait_until("the pause", |screen| {
        header(screen).contains("paused") && screen.lines().last().is_some_and(|line| line.contains("space resume"))
    });
    let (at, _) = times(&paused).expect("the header has times");
    assert!((1_000..3_000).contains(&at), "paused at {at} ms");
    (tty, paused)
}

#[test]
fn at_the_speed_max_the_end_is_seen_at_once() {
    let mut tty = program(&["semaphore", "--speed", "max"]);
    let ended = tty.wait_until("the end", |screen| header(screen).contains("ended"));
    assert!(header(&ended).contains("virtual clock max"), "{}", header(&ended));
    tty.keys("{");
    tty.wait_until("the speed below", |screen| header(screen).contains("virtual clock 100×"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn on_the_virtual_clock_steps_there_and_back_lead_to_the_same_screen() {
    let (mut tty, before) = paused_at_a_second(&["semaphore", "-p", "requests=100"]);
    tty.keys(".....");
    let stepped = tty.wait_until("the fifth poll", |screen| poll(screen).is_some_and(|poll| poll.starts_with("5 of ")));
    assert_ne!(timeline(&stepped), timeline(&before));
    assert!(times(&stepped) > times(&before));
    tty.keys(",,,,,");
    tty.wait_until("the screen from before", |screen| screen == before);

    tty.keys("}");
    tty.wait_until("twice the speed", |screen| header(screen).contains("virtual clock 2×"));
    let changed = tty.screen();
    assert_eq!(times(&changed), times(&before), "another speed does not move the cursor");
    tty.keys("TL\r");
    tty.sees("'L' is not a time");
    tty.keys("\x150.5s\r");
    tty.wait_until("half a second", |screen| times(screen).is_some_and(|(at, _)| at == 500));
    command(&mut tty, "share");
    tty.sees("async-playground run semaphore -p requests=100");
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    // That line in base64, for the clipboard.
    assert!(ended.wrote("\x1b]52;c;YXN5bmMtcGxheWdyb3VuZCBydW4gc2VtYXBob3JlIC1wIHJlcXVlc3RzPTEwMA==\x07"));
}

#[test]
fn a_recording_goes_on_while_an_earlier_moment_is_seen() {
    // Tens of thousands of tasks take some seconds to simulate, and the usual limit must not end the run before.
    let mut tty = program(&["semaphore", "-p", "requests=40000", "-p", "permits=20", "--limit", "1000000"]);
    let growing = |screen: &str| header(screen).split(" / ").nth(1).is_some_and(|end| end.trim_start().contains('…'));
    tty.wait_until("two seconds", |screen| times(screen).is_some_and(|(_, end)| end >= 2_000) && growing(screen));
    tty.keys("T0.5s\r");
    let rewound = tty.wait_until("half a second", |screen| times(screen).is_some_and(|(at, _)| at == 500));
    let (_, end) = times(&rewound).expect("the header has times");
    let later = tty.wait_until("more", |screen| times(screen).is_some_and(|(_, now)| now > end));
    assert_eq!(times(&later).map(|(at, _)| at), Some(500), "the cursor rests");
    // Without the last rows: the number of lanes depends on the legend, which follows what was drawn.
    assert_eq!(timeline(&later)[2..16], timeline(&rewound)[2..16], "and so do the lanes");
    tty.keys("$");
    tty.wait_until("the newest event", |screen| times(screen).is_some_and(|(at, now)| at == now && now > end));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn on_the_real_clock_the_gate_lets_single_polls_through() {
    let (mut tty, paused) = paused_at_a_second(&["semaphore", "--clock", "real", "-p", "requests=200"]);
    assert!(header(&paused).contains("keeps running"), "{}", header(&paused));
    let mut last = poll(&paused);
    for _ in 0..5 {
        tty.keys(".");
        let stepped = tty.wait_until("another poll", |screen| poll(screen).is_some() && poll(screen) != last);
        last = poll(&stepped);
    }
    let stepped = tty.screen();
    tty.keys(",,,,,");
    let back = tty.wait_until("the timeline from before", |screen| timeline(screen) == timeline(&paused));
    assert!(header(&back).contains("behind"), "what has happened since is there: {}", header(&back));
    assert_eq!(times(&back).map(|(at, _)| at), times(&paused).map(|(at, _)| at));
    assert!(times(&back).map(|(_, end)| end) >= times(&stepped).map(|(_, end)| end));

    // Past events can be played at any speed. When released, the run goes on while an earlier moment is on screen.
    tty.keys("}$ ");
    tty.wait_until("live", |screen| header(screen).contains("live"));
    tty.keys("T500\r");
    let rewound = tty.wait_until("half a second", |screen| times(screen).is_some_and(|(at, _)| at == 500));
    assert!(header(&rewound).contains("behind") && header(&rewound).contains("real clock 2×"), "{}", header(&rewound));
    let (_, end) = times(&rewound).expect("the header has times");
    tty.wait_until("more", |screen| times(screen).is_some_and(|(at, now)| at == 500 && now > end));
    tty.keys("$");
    tty.wait_until("live again", |screen| header(screen).contains("live") && times(screen).is_some_and(|(at, _)| at > end));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
