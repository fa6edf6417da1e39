//! The keys of the overlays, and those that work while something is typed.

use crossterm::event::KeyCode;

use super::binding::{Binding, DOWN, ENTER, FIRST, LAST, PAGE_DOWN, PAGE_UP, UP, ch, ctrl, key};
use super::scope::Scope;
use crate::app::input::action::{Action, Move, Stride, TextKey};

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    // The overlays.
    Binding::new("close-help", Action::Close, &[key(KeyCode::Esc), ch('?')], Scope::Help, "Close the help.").hint(1, "close"),
    Binding::new("close-why", Action::Why, &[key(KeyCode::Esc), ch('e')], Scope::Why, "Close it.").hint(1, "close"),
    Binding::new("close-path", Action::Path, &[key(KeyCode::Esc), ch('P')], Scope::Path, "Close it.").hint(2, "close"),
    Binding::new("start", Action::Pick, ENTER, Scope::Path, "Start the scenario under the cursor.").hint(1, "start"),
    Binding::new("pause", Action::PauseOrGo, &[ch(' ')], Scope::Why, "Pause; go on.").hint(4, "pause"),
    Binding::new("next-poll", Action::Step(Stride::Poll), &[ch('n')], Scope::Why, "To the next poll.").hint(3, "step"),
    Binding::new("previous-poll", Action::Step(Stride::PollBack), &[ch('N')], Scope::Why, "Back to the poll before.")
        .hint(3, "step"),
    Binding::new("close-findings", Action::Findings, &[key(KeyCode::Esc), ch('i')], Scope::Findings, "Close the list.")
        .hint(3, "close"),
    Binding::new(
        "show-finding",
        Action::ShowFinding,
        ENTER,
        Scope::Findings,
        "Select its task and go to the moment at which it can be seen.",
    )
    .hint(1, "go there"),
    Binding::new("up", Action::Move(Move::Up), UP, Scope::Overlays, "One line up.").hint(2, "scroll"),
    Binding::new("down", Action::Move(Move::Down), DOWN, Scope::Overlays, "One line down.").hint(2, "scroll"),
    Binding::new("page-up", Action::Move(Move::PageUp), PAGE_UP, Scope::Overlays, "One page up."),
    Binding::new("page-down", Action::Move(Move::PageDown), PAGE_DOWN, Scope::Overlays, "One page down."),
    Binding::new("first", Action::Move(Move::First), FIRST, Scope::Overlays, "The first line."),
    Binding::new("last", Action::Move(Move::Last), LAST, Scope::Overlays, "The last line."),
    Binding::new("quit", Action::Quit, &[ch('q')], Scope::Overlays, "Quit.").hint(6, "quit"),
    Binding::new("run-command", Action::RunCommand, ENTER, Scope::Palette, "Do it.").hint(1, "do it"),
    Binding::new("choose-up", Action::Move(Move::Up), &[key(KeyCode::Up), ctrl('p')], Scope::Palette, "The command above.")
        .hint(2, "choose"),
    Binding::new("choose-down", Action::Move(Move::Down), &[key(KeyCode::Down), ctrl('n')], Scope::Palette, "The command below.")
        .hint(2, "choose"),
    Binding::new("page-up", Action::Move(Move::PageUp), PAGE_UP, Scope::Palette, "One page up."),
    Binding::new("page-down", Action::Move(Move::PageDown), PAGE_DOWN, Scope::Palette, "One page down."),
    Binding::new("close", Action::Close, &[key(KeyCode::Esc)], Scope::Palette, "Close it.").hint(3, "close"),
    // Typing.
    Binding::new("start", Action::Pick, ENTER, Scope::Search, "Pick the scenario under the cursor and start it.")
        .hint(1, "start"),
    Binding::new("choose-up", Action::Move(Move::Up), &[key(KeyCode::Up), ctrl('p')], Scope::Search, "The scenario above.")
        .hint(2, "choose"),
    Binding::new("choose-down", Action::Move(Move::Down), &[key(KeyCode::Down), ctrl('n')], Scope::Search, "The scenario below.")
        .hint(2, "choose"),
    Binding::new("close", Action::Close, &[key(KeyCode::Esc)], Scope::Search, "End the search.").hint(3, "end search"),
    Binding::new(
        "take",
        Action::Commit,
        &[key(KeyCode::Enter), key(KeyCode::Tab)],
        Scope::Edit,
        "Take the value and run at once.",
    )
    .hint(1, "take"),
    Binding::new("close", Action::Close, &[key(KeyCode::Esc)], Scope::Edit, "Keep the value from before.").hint(2, "keep old"),
    Binding::new("take-time", Action::GoToTime, ENTER, Scope::Time, "Go to that time.").hint(1, "go"),
    Binding::new("close", Action::Close, &[key(KeyCode::Esc)], Scope::Time, "Stay where it is.").hint(2, "stay"),
    Binding::new("save", Action::Save, ENTER, Scope::File, "Save the recording there.").hint(1, "save"),
    Binding::new("close", Action::Close, &[key(KeyCode::Esc)], Scope::File, "Save nothing.").hint(2, "do not save"),
    Binding::new("text-left", Action::Text(TextKey::Left), &[key(KeyCode::Left)], Scope::Text, "One character left."),
    Binding::new("text-right", Action::Text(TextKey::Right), &[key(KeyCode::Right)], Scope::Text, "One character right."),
    Binding::new("text-home", Action::Text(TextKey::Home), &[key(KeyCode::Home)], Scope::Text, "To the start."),
    Binding::new("text-end", Action::Text(TextKey::End), &[key(KeyCode::End)], Scope::Text, "Behind the end."),
    Binding::new(
        "text-backspace",
        Action::Text(TextKey::Backspace),
        &[key(KeyCode::Backspace)],
        Scope::Text,
        "Take away the character before.",
    ),
    Binding::new("text-delete", Action::Text(TextKey::Delete), &[key(KeyCode::Delete)], Scope::Text, "Take away this character."),
    Binding::new("text-clear", Action::Text(TextKey::Clear), &[ctrl('u')], Scope::Text, "Empty the field.").hint(3, "empty"),
];
