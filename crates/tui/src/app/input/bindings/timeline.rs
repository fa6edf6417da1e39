//! The keys of the overlay that explains the run, of the menu that arranges lanes, and of the filter field.

use crossterm::event::KeyCode;

use super::binding::{Binding, DOWN, ENTER, ESC, UP, ch, key};
use super::scope::Scope;
use crate::app::input::action::{Action, Move, Stride};

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    // The overlay that explains.
    Binding::new("show", Action::Show, ENTER, Scope::Places, "Go there and select its task.").hint(1, "go there"),
    Binding::new(
        "previous-explain",
        Action::TurnExplain { on: false },
        &[key(KeyCode::Left), ch('h'), key(KeyCode::BackTab)],
        Scope::Explain,
        "Show the previous tab.",
    )
    .hint(2, "tab"),
    Binding::new(
        "next-explain",
        Action::TurnExplain { on: true },
        &[key(KeyCode::Right), ch('l'), key(KeyCode::Tab)],
        Scope::Explain,
        "Show the next tab.",
    )
    .hint(2, "tab"),
    Binding::new("close-explain", Action::Close, &[key(KeyCode::Esc), ch('e')], Scope::Explain, "Close the layer.")
        .hint(3, "close"),
    Binding::new("path-to", Action::PathTo, &[ch('t')], Scope::Range, "Show the path to the selected task.")
        .hint(4, "to selected"),
    Binding::new("range", Action::MarkRange, &[ch('v')], Scope::Range, "Clear the range."),
    Binding::new("pause", Action::PauseOrGo, &[ch(' ')], Scope::Explain, "Pause or resume.").hint(6, "pause"),
    Binding::new("step", Action::Step(Stride::Poll), &[ch('.')], Scope::Explain, "Step to the next poll.").hint(7, "step"),
    Binding::new("step-back", Action::Step(Stride::PollBack), &[ch(',')], Scope::Explain, "Step back to the previous poll.")
        .hint(7, "step"),
    // The menu that arranges.
    Binding::new(
        "choose",
        Action::Choose,
        &[key(KeyCode::Enter), key(KeyCode::Right), ch('l')],
        Scope::Arrange,
        "Change the setting under the cursor.",
    )
    .hint(1, "change"),
    Binding::new("up", Action::Move(Move::Up), UP, Scope::Arrange, "Go to the row above.").hint(2, "choose"),
    Binding::new("down", Action::Move(Move::Down), DOWN, Scope::Arrange, "Go to the row below.").hint(2, "choose"),
    Binding::new("close-arrange", Action::Close, &[key(KeyCode::Esc), ch('o')], Scope::Arrange, "Close the menu.")
        .hint(3, "close"),
    // A filter that is typed.
    Binding::new("take-filter", Action::TakeFilter, ENTER, Scope::Filter, "Apply the filter.").hint(1, "apply"),
    Binding::new("close", Action::Close, ESC, Scope::Filter, "Keep the previous filter.").hint(2, "cancel"),
];
