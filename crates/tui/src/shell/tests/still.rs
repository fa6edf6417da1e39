//! Reduced motion: few frames without input, but each key is answered at once.

use super::*;

fn frames(reduced_motion: bool, steps: Vec<Step>) -> usize {
    let (world, mut shell) = shell(steps);
    shell.model.options.reduced_motion = reduced_motion;
    shell.turn_until_exit().expect("no error");
    world.count("draw")
}

#[test]
fn what_moves_by_itself_is_seen_four_times_a_second() {
    let second = || vec![quiet(1_000), ch('q')];
    assert!(frames(false, second()) > 50);
    let few = frames(true, second());
    assert!((4..=8).contains(&few), "{few} frames");
}

#[test]
fn a_key_is_answered_at_once() {
    let keys = || (0..10).flat_map(|_| [ch('t'), quiet(20)]).chain([ch('q')]).collect();
    let answered = frames(true, keys());
    assert!((10..=16).contains(&answered), "{answered} frames");
}

#[test]
fn the_last_picture_is_seen_however_soon_the_run_ends() {
    let (_, mut shell) = shell([quiet(5_000), ch('q')]);
    shell.model.options.reduced_motion = true;
    shell.turn_until_exit().expect("no error");
    let header: String =
        shell.surface.terminal.backend().buffer().content[..100].iter().map(ratatui::buffer::Cell::symbol).collect();
    assert!(header.contains("00:02.000 / 00:02.000"), "{header}");
}
