//! Runs that take a while to stop when another one is requested.

use super::*;
use crate::app::model::Pending;

/// A shell on the real clock, where runs go on until they are stopped. `lingers` says how many milliseconds each takes to be
/// gone, in order.
fn on_the_real_clock(lingers: &[u64], steps: impl IntoIterator<Item = Step>) -> (World, Scripted) {
    let (world, mut shell) = shell(command("clock").into_iter().chain([quiet(100)]).chain(steps));
    // The first run, on the virtual clock, is over and gone at once.
    shell.engine.lingers = [0].iter().chain(lingers).map(|ms| Duration::from_millis(*ms)).collect();
    (world, shell)
}

/// The keys that restart, held down for so many milliseconds.
fn held(ms: u64) -> impl Iterator<Item = Step> {
    (0..ms / 33).flat_map(|_| again().into_iter().chain([quiet(33)]))
}

fn header(shell: &Scripted) -> String {
    shell.surface.terminal.backend().buffer().content[..100].iter().map(ratatui::buffer::Cell::symbol).collect()
}

fn starts(world: &World) -> usize {
    world.count("start real with 3")
}

#[test]
fn the_next_run_starts_when_the_one_before_is_gone() {
    let (world, mut shell) = on_the_real_clock(&[400], steps([again(), vec![quiet(350), ch('q')]]));
    shell.turn_until_exit().expect("no error");
    assert_eq!((starts(&world), world.count("leave")), (1, 1), "it is not gone yet");
    assert!(shell.next.is_some() && shell.run.is_none());

    let (world, mut shell) = on_the_real_clock(&[400], steps([again(), vec![quiet(450), ch('q')]]));
    shell.turn_until_exit().expect("no error");
    assert_eq!((starts(&world), world.count("leave")), (2, 1));
    assert!(shell.model.run.is_some_and(|run| !run.disturbed) && shell.next.is_none());
}

#[test]
fn while_the_one_before_goes_its_picture_stays_and_keys_are_answered() {
    let (world, mut shell) =
        on_the_real_clock(&[900], steps([again(), vec![quiet(100)], command("log level"), vec![quiet(100)]]));
    shell.turn_until_exit().expect("no error");
    assert_eq!(cursor_ms(&shell), 2_000, "the run from before");
    assert!(header(&shell).contains("stopping"), "{}", header(&shell));
    assert_ne!(shell.model.log.level, facts::event::Level::Info, "the key has had its effect");
    let journal = world.journal();
    let told = journal.iter().position(|entry| entry == "leave").expect("it was asked to stop");
    assert!(journal[told..].iter().any(|entry| entry == "draw"), "{journal:?}");
}

#[test]
fn restarts_are_taken_together_while_a_key_is_held() {
    let lingers = [200; 100];
    let (world, mut shell) = on_the_real_clock(&lingers, held(10_000).chain([quiet(500), ch('q')]));
    shell.turn_until_exit().expect("no error");
    let runs = starts(&world);
    assert!((30..=52).contains(&runs), "{runs} runs in 10 s, each of which takes 0.2 s to be gone");
    // A run starts only after all earlier ones are gone.
    let mut at_work = 0_i32;
    for entry in world.journal() {
        match &*entry {
            "start real with 3" => at_work += 1,
            "leave" => at_work -= 1,
            _ => {}
        }
        assert!((0..=1).contains(&at_work));
    }
    assert!(shell.run.is_some() && shell.next.is_none(), "the last one runs");
}

#[test]
fn of_what_is_asked_for_meanwhile_the_last_is_run() {
    let turned = [ch('r'), ch('y'), quiet(50), key(KeyCode::Down), key(KeyCode::Right), quiet(50), key(KeyCode::Right)];
    let (world, mut shell) = on_the_real_clock(&[400], turned.into_iter().chain([quiet(1_000), ch('q')]));
    shell.turn_until_exit().expect("no error");
    let runs: Vec<_> = world.journal().into_iter().filter(|entry| entry.starts_with("start real")).collect();
    assert_eq!(runs, ["start real with 3", "start real with 5"]);
}

#[test]
fn one_run_that_never_goes_is_left_behind_and_the_screen_says_so() {
    let (world, mut shell) =
        on_the_real_clock(&[1 << 40], [ch('r'), ch('y'), quiet(950), Step::Input(Input::Resized), quiet(100)]);
    shell.turn_until_exit().expect("no error");
    assert_eq!(starts(&world), 2, "after a second");
    assert!(shell.model.run.as_ref().is_some_and(|run| run.disturbed));
    assert!(header(&shell).contains("disturbed"), "{}", header(&shell));
}

#[test]
fn no_second_one_is_left_behind_and_the_screen_says_what_is_waited_for() {
    let never = 1 << 40;
    let (world, mut shell) = on_the_real_clock(&[never, 5_000], [ch('r'), ch('y'), quiet(1_200), ch('r'), ch('y'), quiet(1_200)]);
    shell.turn_until_exit().expect("no error");
    assert_eq!((starts(&world), shell.model.pending), (2, Pending::Blocked));
    assert!(header(&shell).contains("blocked"), "{}", header(&shell));
    let told = shell.model.notice.as_ref().map(|notice| &*notice.text).unwrap_or_default();
    assert!(told.contains("starts when one ends"), "{told}");

    // Keys held for four seconds, then a minute of quiet: only the third run starts, when the second one is gone.
    let keys = [ch('r'), ch('y'), quiet(1_200)].into_iter().chain(held(4_000));
    let (world, mut shell) = on_the_real_clock(&[never, 5_000, never], keys.chain([quiet(60_000), ch('q')]));
    shell.turn_until_exit().expect("no error");
    assert_eq!((starts(&world), shell.model.pending), (3, Pending::Nothing));
}

#[test]
fn a_turned_run_waits_for_those_before_it_too() {
    // On the virtual clock the old run stays on screen until the next one is ready.
    let (world, mut shell) = shell([key(KeyCode::Down), key(KeyCode::Right), quiet(300), key(KeyCode::Right), quiet(1_000)]);
    shell.engine.lingers = VecDeque::from([Duration::from_millis(400)]);
    shell.turn_until_exit().expect("no error");
    let runs: Vec<_> = world.journal().into_iter().filter(|entry| entry.starts_with("start")).collect();
    assert_eq!(runs, ["start virtual with 3", "start virtual with 5"]);
}

#[test]
fn a_run_that_is_left_is_closed_when_none_can_take_its_place() {
    let (_, mut shell) = on_the_real_clock(&[200], [ch('r'), ch('y'), quiet(500), ch('q')]);
    shell.engine.most = 2;
    shell.turn_until_exit().expect("no error");
    let run = shell.model.run.as_ref().expect("the run from before");
    assert!(run.trace.closed && run.phase == Phase::Over);
    assert_eq!(run.report.as_ref().map(|report| report.ending.clone()), Some(Ending::Stopped));
}

#[test]
fn leaving_the_program_waits_for_what_is_going() {
    let (world, shell) = on_the_real_clock(&[300], [ch('r'), ch('y'), quiet(100), ch('q')]);
    assert_eq!(shell.run().expect("no error"), Exit::Quit);
    assert_eq!(starts(&world), 1);
    assert_eq!(world.journal().last().map(String::as_str), Some("wait for it to be gone"));
}
