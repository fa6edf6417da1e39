//! The keys of the other overlays, of a question, and of text fields.

use crossterm::event::KeyCode;

use super::binding::{Binding, DOWN, ENTER, ESC, FAR_LEFT, FAR_RIGHT, LEFT, PAGE_DOWN, PAGE_UP, RIGHT, UP, ch, ctrl, key};
use super::key::Key;
use super::scope::Scope;
use crate::app::input::action::{Action, Move, TextKey};

const CHOOSE_UP: &[Key] = &[key(KeyCode::Up), ctrl('p')];
const CHOOSE_DOWN: &[Key] = &[key(KeyCode::Down), ctrl('n')];

const FIGURE_UP: &[Key] = &[key(KeyCode::Up), ch('k'), key(KeyCode::BackTab)];
const FIGURE_DOWN: &[Key] = &[key(KeyCode::Down), ch('j'), key(KeyCode::Tab)];

const fn text(name: &'static str, does: TextKey, keys: &'static [Key], scope: Scope, help: &'static str) -> Binding {
    Binding::new(name, Action::Text(does), keys, scope, help)
}

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    // The overlays.
    Binding::new("close-help", Action::Close, &[key(KeyCode::Esc), ch('?')], Scope::Help, "Close the help.").hint(1, "close"),
    Binding::new(
        "help-marks",
        Action::Help,
        &[key(KeyCode::Tab), key(KeyCode::Right), ch('l'), key(KeyCode::Left), ch('h')],
        Scope::Help,
        "Switch between keys and marks.",
    )
    .hint(2, "keys, marks"),
    Binding::new("close", Action::Close, ESC, Scope::Path, "Close the tour.").hint(2, "close"),
    Binding::new("start", Action::Pick, ENTER, Scope::Path, "Start this scenario.").hint(1, "start"),
    Binding::new("up", Action::Move(Move::Up), UP, Scope::Overlays, "Scroll up one line.").hint(5, "scroll"),
    Binding::new("down", Action::Move(Move::Down), DOWN, Scope::Overlays, "Scroll down one line.").hint(5, "scroll"),
    Binding::new("page-up", Action::Move(Move::PageUp), PAGE_UP, Scope::Overlays, "Go one page up."),
    Binding::new("page-down", Action::Move(Move::PageDown), PAGE_DOWN, Scope::Overlays, "Go one page down."),
    Binding::new("top", Action::Move(Move::First), &[ch('g'), key(KeyCode::Home)], Scope::Overlays, "Go to the first line."),
    Binding::new("bottom", Action::Move(Move::Last), &[ch('G'), key(KeyCode::End)], Scope::Overlays, "Go to the last line."),
    Binding::new("quit", Action::Quit, &[ch('q')], Scope::Layers, "Quit.").hint(9, "quit"),
    Binding::new("palette", Action::Palette, &[ch(':'), ctrl('p')], Scope::Layers, "Find a command or a scenario.")
        .hint(8, "commands"),
    // The hunt.
    // The sweep.
    Binding::new("open-point", Action::Pick, ENTER, Scope::Sweep, "Open the run at this value.").hint(1, "open"),
    Binding::new("turn-down", Action::Turn(-1), LEFT, Scope::Sweep, "Go to the value before.").hint(2, "value"),
    Binding::new("turn-up", Action::Turn(1), RIGHT, Scope::Sweep, "Go to the next value.").hint(2, "value"),
    Binding::new("turn-down-ten", Action::Turn(-10), FAR_LEFT, Scope::Sweep, "Go ten values back."),
    Binding::new("turn-up-ten", Action::Turn(10), FAR_RIGHT, Scope::Sweep, "Go ten values on."),
    Binding::new("previous-figure", Action::Move(Move::Up), FIGURE_UP, Scope::Sweep, "Show the previous figure.")
        .hint(3, "figure"),
    Binding::new("next-figure", Action::Move(Move::Down), FIGURE_DOWN, Scope::Sweep, "Show the next figure.").hint(3, "figure"),
    Binding::new("sweep", Action::Sweep, &[ch('S')], Scope::Sweep, "Sweep again.").hint(5, "again"),
    Binding::new("close", Action::Close, ESC, Scope::Sweep, "Close, and stop the sweep.").hint(4, "close"),
    Binding::new("open-found", Action::Pick, ENTER, Scope::Hunt, "Open this run where it goes wrong.").hint(1, "open"),
    Binding::new("hunt", Action::Hunt, &[ch('F')], Scope::Hunt, "Hunt again.").hint(3, "again"),
    Binding::new("close", Action::Close, ESC, Scope::Hunt, "Close, and stop the hunt.").hint(2, "close"),
    // The palette.
    Binding::new("run-command", Action::RunCommand, ENTER, Scope::Palette, "Run the command.").hint(1, "run"),
    Binding::new("choose-up", Action::Move(Move::Up), CHOOSE_UP, Scope::Palette, "Go to the command above.").hint(2, "choose"),
    Binding::new("choose-down", Action::Move(Move::Down), CHOOSE_DOWN, Scope::Palette, "Go to the command below.")
        .hint(2, "choose"),
    Binding::new("choose-page-up", Action::Move(Move::PageUp), &[key(KeyCode::PageUp)], Scope::Palette, "Go one page up."),
    Binding::new(
        "choose-page-down",
        Action::Move(Move::PageDown),
        &[key(KeyCode::PageDown)],
        Scope::Palette,
        "Go one page down.",
    ),
    Binding::new("close", Action::Close, ESC, Scope::Palette, "Close the palette.").hint(3, "close"),
    // A question before a run.
    Binding::new("answer", Action::Answer, ENTER, Scope::Predict, "Answer, and go on.").hint(1, "answer"),
    Binding::new("choose-up", Action::Move(Move::Up), CHOOSE_UP, Scope::Predict, "Go to the choice above.").hint(2, "choose"),
    Binding::new("choose-down", Action::Move(Move::Down), CHOOSE_DOWN, Scope::Predict, "Go to the choice below.")
        .hint(2, "choose"),
    Binding::new("close", Action::Close, ESC, Scope::Predict, "Run without an answer.").hint(3, "run without an answer"),
    // A question.
    Binding::new("yes", Action::Yes, &[ch('y')], Scope::Ask, "Yes, do it.").hint(1, "yes"),
    Binding::new("no", Action::Close, &[ch('n'), key(KeyCode::Esc)], Scope::Ask, "No, cancel.").hint(2, "no"),
    // Typing.
    Binding::new("start", Action::Pick, ENTER, Scope::Search, "Start this scenario.").hint(1, "start"),
    Binding::new("choose-up", Action::Move(Move::Up), CHOOSE_UP, Scope::Search, "Go to the scenario above.").hint(2, "choose"),
    Binding::new("choose-down", Action::Move(Move::Down), CHOOSE_DOWN, Scope::Search, "Go to the scenario below.")
        .hint(2, "choose"),
    Binding::new("close", Action::Close, ESC, Scope::Search, "End the search.").hint(3, "end search"),
    Binding::new("take-search", Action::TakeSearch, ENTER, Scope::Find, "Go to the first match.").hint(1, "go"),
    Binding::new("close", Action::Close, ESC, Scope::Find, "End the search.").hint(2, "end search"),
    Binding::new("take", Action::Commit, ENTER, Scope::Edit, "Use the value and run.").hint(1, "use"),
    Binding::new("close", Action::Close, ESC, Scope::Edit, "Keep the previous value.").hint(2, "cancel"),
    Binding::new("take-time", Action::GoToTime, ENTER, Scope::Time, "Go to that time.").hint(1, "go"),
    Binding::new("close", Action::Close, ESC, Scope::Time, "Stay at this time.").hint(2, "cancel"),
    Binding::new("save", Action::Save, ENTER, Scope::File, "Write the file.").hint(1, "write"),
    Binding::new("next-format", Action::NextFormat, &[key(KeyCode::Tab)], Scope::File, "Next form of an export.").hint(2, "form"),
    Binding::new("close", Action::Close, ESC, Scope::File, "Close without writing.").hint(3, "cancel"),
    Binding::new("take-folder", Action::MakeOwn, ENTER, Scope::Folder, "Put the crate there, and open it.").hint(1, "make"),
    Binding::new("close", Action::Close, ESC, Scope::Folder, "Close without making one.").hint(2, "cancel"),
    text("text-left", TextKey::Left, &[key(KeyCode::Left)], Scope::Text, "Go one character left."),
    text("text-right", TextKey::Right, &[key(KeyCode::Right)], Scope::Text, "Go one character right."),
    text("text-home", TextKey::Home, &[key(KeyCode::Home)], Scope::Text, "Go to the start."),
    text("text-end", TextKey::End, &[key(KeyCode::End)], Scope::Text, "Go to the end."),
    text("text-backspace", TextKey::Backspace, &[key(KeyCode::Backspace)], Scope::Typing, "Delete the previous character."),
    text("text-delete", TextKey::Delete, &[key(KeyCode::Delete)], Scope::Typing, "Delete this character."),
    text("text-clear", TextKey::Clear, &[ctrl('u')], Scope::Typing, "Clear the field.").hint(3, "clear"),
];
