//! The keys of the timeline: filter, range, critical path, order, kinds of lanes; and of the figures.

use crossterm::event::KeyCode;

use super::binding::{ALL, Binding, DOWN, ENTER, FIRST, Group, LANES, LAST, METRICS, UP, ch, key};
use super::scope::Scope;
use crate::app::input::action::{Action, Move};

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    Binding::new(
        "filter",
        Action::Filter,
        &[ch('/')],
        LANES,
        "Show only lanes that are asked for: web, state=waiting, wait>500ms cause=lock.",
    )
    .hint(3, "filter"),
    Binding::new("clear-filter", Action::ClearFilter, &[ch('\\')], LANES, "Show all lanes again."),
    Binding::new(
        "range",
        Action::MarkRange,
        &[ch('v')],
        ALL,
        "Set an end of a range at the cursor, then the other one; then clear it.",
    )
    .group(Group::Time),
    Binding::new(
        "critical-path",
        Action::CriticalPath,
        &[ch('p')],
        ALL,
        "Show what decided how long the range or the run took; hide it.",
    )
    .group(Group::View),
    Binding::new(
        "order",
        Action::Order,
        &[ch('O')],
        ALL,
        "Sort the lanes by duration, by longest wait, by polls, by spawn tree, by spawn.",
    )
    .group(Group::View),
    Binding::new("lane-kind", Action::NextKind, &[ch('A')], ALL, "Lanes of tasks, of threads, of resources, of source lines.")
        .group(Group::View),
    Binding::new("fold", Action::Fold, &[ch('Z')], ALL, "Fold away what the selected task spawned, or unfold it.")
        .group(Group::View),
    Binding::new("counters", Action::Counters, &[ch('C')], ALL, "Show the counters under the lanes, or hide them.")
        .group(Group::View),
    Binding::new(
        "branches",
        Action::Branches,
        &[ch('Y')],
        ALL,
        "Show a lane for each future that a task waits on at once, or hide them.",
    )
    .group(Group::View),
    // What was measured.
    Binding::new("close", Action::Close, &[key(KeyCode::Esc)], Scope::Range, "Close it; what is marked on the lanes stays.")
        .hint(4, "close"),
    Binding::new("critical-path", Action::CriticalPath, &[ch('p')], Scope::Range, "Close it, and mark no path.")
        .hint(5, "hide path"),
    Binding::new("range", Action::MarkRange, &[ch('v')], Scope::Range, "Clear the range."),
    Binding::new("path-to", Action::PathTo, &[ch('t')], Scope::Range, "The path to the selected task, or to the end again.")
        .hint(3, "to selected"),
    Binding::new("show-step", Action::ShowStep, ENTER, Scope::Range, "Select its task and go to the end of the step.")
        .hint(1, "go there"),
    // A filter that is typed.
    Binding::new("take-filter", Action::TakeFilter, ENTER, Scope::Filter, "Keep the filter.").hint(1, "keep"),
    Binding::new("close", Action::Close, &[key(KeyCode::Esc)], Scope::Filter, "The filter from before.").hint(2, "as before"),
    // The figures.
    Binding::new("up", Action::Move(Move::Up), UP, METRICS, "The figure before; its meaning is at the foot.").hint(1, "explain"),
    Binding::new("down", Action::Move(Move::Down), DOWN, METRICS, "The next figure.").hint(1, "explain"),
    Binding::new("first", Action::Move(Move::First), FIRST, METRICS, "The first figure."),
    Binding::new("last", Action::Move(Move::Last), LAST, METRICS, "The last figure."),
];
