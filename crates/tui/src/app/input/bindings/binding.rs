//! A row of the table of keys, and shorthands for writing rows.

use std::borrow::Cow;

use crossterm::event::KeyCode;

use super::key::Key;
use super::scope::Scope;
use crate::app::input::action::{Action, Landmark, Stride};
use crate::app::panes::Pane;

/// The section of the help that a binding is listed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What only this pane or overlay does.
    Here,
    /// The run and its clock.
    Run,
    /// The cursor: the time of the run that is shown.
    Time,
    /// The view: zoom, place, lanes.
    View,
    /// The program.
    Program,
}

impl Group {
    /// All groups, in the order of the help.
    pub const ALL: [Group; 5] = [Group::Here, Group::Run, Group::Time, Group::View, Group::Program];

    /// The heading in the help.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Here => "Here",
            Group::Run => "Run",
            Group::Time => "Time",
            Group::View => "View",
            Group::Program => "Program",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The name in the configuration. Rows with the same name do the same thing in different places and share their
    /// keys.
    pub name: &'static str,
    /// What it does.
    pub action: Action,
    /// Its keys; the first is shown when there is no room for all. A row without keys appears only in the palette.
    pub keys: Cow<'static, [Key]>,
    /// One or two words for the footer; neighbours with the same label share a hint. If empty, the row is not in the
    /// footer.
    pub label: &'static str,
    /// One sentence for the help.
    pub help: &'static str,
    /// Where it works.
    pub scope: Scope,
    /// Its section of the help.
    pub group: Group,
    /// Its place in the footer: a lower rank is further left and is dropped later.
    pub rank: u8,
}

pub(super) const fn key(code: KeyCode) -> Key {
    Key { code, ctrl: false, shift: false }
}

pub(super) const fn ch(c: char) -> Key {
    key(KeyCode::Char(c))
}

pub(super) const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: true, shift: false }
}

pub(super) const fn shift(code: KeyCode) -> Key {
    Key { code, ctrl: false, shift: true }
}

/// Only in the palette, unless the user assigns a key.
pub(super) const NONE: &[Key] = &[];
pub(super) const UP: &[Key] = &[key(KeyCode::Up), ch('k')];
pub(super) const DOWN: &[Key] = &[key(KeyCode::Down), ch('j')];
pub(super) const LEFT: &[Key] = &[key(KeyCode::Left), ch('h')];
pub(super) const RIGHT: &[Key] = &[key(KeyCode::Right), ch('l')];
pub(super) const FAR_LEFT: &[Key] = &[shift(KeyCode::Left), ch('H')];
pub(super) const FAR_RIGHT: &[Key] = &[shift(KeyCode::Right), ch('L')];
/// The letters are Perfetto's.
pub(super) const PAN_LEFT: &[Key] = &[shift(KeyCode::Left), ch('H'), ch('a')];
pub(super) const PAN_RIGHT: &[Key] = &[shift(KeyCode::Right), ch('L'), ch('d')];
pub(super) const PAGE_UP: &[Key] = &[key(KeyCode::PageUp), ctrl('u'), ctrl('b')];
pub(super) const PAGE_DOWN: &[Key] = &[key(KeyCode::PageDown), ctrl('d'), ctrl('f')];
pub(super) const FIRST: &[Key] = &[ch('g')];
pub(super) const LAST: &[Key] = &[ch('G')];
pub(super) const ENTER: &[Key] = &[key(KeyCode::Enter)];
pub(super) const ESC: &[Key] = &[key(KeyCode::Esc)];

pub(super) const ALL: Scope = Scope::Panes(&Pane::ALL);
pub(super) const LIST: Scope = Scope::Panes(&[Pane::Scenarios]);
pub(super) const FORM: Scope = Scope::Panes(&[Pane::Parameters]);
pub(super) const METRICS: Scope = Scope::Panes(&[Pane::Metrics]);
pub(super) const TASKS: Scope = Scope::Panes(&[Pane::Timeline, Pane::Task]);
pub(super) const TASK: Scope = Scope::Panes(&[Pane::Task]);
/// Where a step means a step of any task.
pub(super) const NOT_TASK: Scope =
    Scope::Panes(&[Pane::Scenarios, Pane::Parameters, Pane::Timeline, Pane::Metrics, Pane::Log, Pane::Code]);
pub(super) const LOG: Scope = Scope::Panes(&[Pane::Log]);
pub(super) const CODE: Scope = Scope::Panes(&[Pane::Code]);
/// In the form, the arrows change a value.
pub(super) const NOT_FORM: Scope =
    Scope::Panes(&[Pane::Scenarios, Pane::Timeline, Pane::Metrics, Pane::Log, Pane::Code, Pane::Task]);
/// In the code pane, the arrows switch tabs.
pub(super) const ARROWS_FREE: Scope = Scope::Panes(&[Pane::Scenarios, Pane::Timeline, Pane::Metrics, Pane::Log, Pane::Task]);
/// Where Enter has no other meaning.
pub(super) const ENTER_FREE: Scope = Scope::Panes(&[Pane::Timeline, Pane::Metrics, Pane::Log, Pane::Code, Pane::Task]);

impl Binding {
    pub(super) const fn new(name: &'static str, action: Action, keys: &'static [Key], scope: Scope, help: &'static str) -> Self {
        Self { name, action, keys: Cow::Borrowed(keys), label: "", help, scope, group: Group::Here, rank: u8::MAX }
    }

    /// A step of the cursor, in any pane.
    pub(super) const fn step(name: &'static str, stride: Stride, keys: &'static [Key], help: &'static str) -> Self {
        Self::new(name, Action::Step(stride), keys, ALL, help).group(Group::Time)
    }

    /// A jump of the cursor, in any pane.
    pub(super) const fn jump(name: &'static str, landmark: Landmark, keys: &'static [Key], help: &'static str) -> Self {
        Self::new(name, Action::Jump(landmark), keys, ALL, help).group(Group::Time)
    }

    /// Adds a hint in the footer.
    pub(super) const fn hint(mut self, rank: u8, label: &'static str) -> Self {
        self.rank = rank;
        self.label = label;
        self
    }

    pub(super) const fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }
}
