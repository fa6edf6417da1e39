//! The terminal, lent to an editor.

use super::*;
use crate::app::effect::SourceLine;

/// Moves the focus from the form to the code, and opens its line.
fn code_opened() -> impl Iterator<Item = Step> {
    (0..4).map(|_| key(KeyCode::Tab)).chain(command("edit line"))
}

fn after(world: &World, what: &str) -> Vec<String> {
    let journal = world.journal();
    let at = journal.iter().position(|entry| entry == what).expect("it happened");
    journal[at..].to_vec()
}

#[test]
fn no_key_is_taken_from_an_editor_and_the_screen_is_drawn_again() {
    let (world, mut shell) = shell([quiet(100)].into_iter().chain(code_opened()).chain([quiet(100), ch('q')]));
    shell.turn_until_exit().expect("no error");
    assert_eq!(after(&world, "hold")[..4], ["hold", "lend", "let go", "draw"]);
    assert!(cursor_ms(&shell) <= 220, "what was not seen was not played: {} ms", cursor_ms(&shell));
}

#[test]
fn a_live_run_is_recorded_while_an_editor_has_the_terminal() {
    let (world, mut shell) =
        shell(steps([command("clock"), vec![quiet(100)], code_opened().collect(), vec![quiet(100), ch('q')]]));
    shell.turn_until_exit().expect("no error");
    assert_eq!(after(&world, "hold")[1], "lend, and a run is recorded");
}

#[test]
fn without_a_line_nothing_is_opened() {
    let (world, mut shell) = shell(steps([vec![quiet(100), key(KeyCode::Tab)], command("edit line"), vec![quiet(10)]]));
    shell.turn_until_exit().expect("no error");
    assert_eq!(world.count("hold"), 0);
    let told = shell.model.notice.map(|notice| notice.text);
    assert_eq!(told.as_deref(), Some("no line to open: select a task or focus the code"));
}

/// A recording names files, and may come from anyone.
#[test]
fn a_file_from_elsewhere_is_not_opened_and_the_user_reads_why() {
    let (world, mut shell) = shell([quiet(10)]);
    for file in ["/etc/passwd", "../../../../../../../../etc/passwd", "scenarios/../../../../../../../../etc/passwd"] {
        shell.edit(&SourceLine { file: file.to_owned(), line: 1, text: None }).expect("no error");
        let told = shell.model.notice.take().map(|notice| notice.text).unwrap_or_default();
        assert_eq!(told, format!("{file} is not one of this program's sources"));
    }
    assert_eq!(world.count("hold"), 0);
    shell.edit(&SourceLine { file: "scenarios/gather.rs".to_owned(), line: 1, text: None }).expect("no error");
    assert_eq!(world.count("hold"), 1);
}
