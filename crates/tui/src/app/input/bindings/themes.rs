//! The commands for themes: the next one, and each by name.
//!
//! Nobody changes the theme often, so these have no keys, only entries in the palette.

use super::binding::{ALL, Binding, Group};
use super::key::Key;
use crate::app::colors::ThemeName;
use crate::app::input::action::Action;

const NONE: &[Key] = &[];

const fn row(name: &'static str, action: Action, help: &'static str) -> Binding {
    Binding::new(name, action, NONE, ALL, help).group(Group::Program)
}

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    row("theme", Action::NextTheme, "Switch to the next theme."),
    row("theme-okabe-ito", Action::Theme(ThemeName::OkabeIto), "Use okabe-ito: colour-blind-safe, on black."),
    row("theme-light", Action::Theme(ThemeName::Light), "Use light: dark colours on white."),
    row("theme-projector", Action::Theme(ThemeName::Projector), "Use projector: the largest contrast."),
    row("theme-ansi", Action::Theme(ThemeName::Ansi), "Use ansi: the terminal's own colours."),
    row("theme-mono", Action::Theme(ThemeName::Mono), "Use mono: no colours."),
];
