//! The one table that says which key does what, and where.
//!
//! Key dispatch, footer, help and whatever else lists what can be done are all
//! read from [`Bindings`], so a key that works is a key that is explained. The
//! table is written down in parts, a file each: to add a key, add a row there.
//! The user may give a row other keys, by its name; so each model has a table of
//! its own, and rows of one name have one set of keys.

mod key;
mod overlays;
mod panes;
mod program;
mod reading;
mod run;
#[cfg(test)]
mod tests;
mod view;

use std::borrow::Cow;

use crossterm::event::KeyCode;
pub use key::{Key, NoKey};

use super::action::{Action, Landmark, Stride};
use super::model::Pane;

/// Where a binding works: what takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Wherever the keys go.
    Always,
    /// In these panes.
    Panes(&'static [Pane]),
    /// In the help overlay.
    Help,
    /// In the overlay that says why a task waits.
    Why,
    /// In the path through the catalogue.
    Path,
    /// In the list of findings.
    Findings,
    /// In the command palette.
    Palette,
    /// In what was measured.
    Range,
    /// While a filter is typed.
    Filter,
    /// In any overlay, but not where text is typed.
    Overlays,
    /// While a search or a field is typed.
    Text,
    /// While a search is typed.
    Search,
    /// While a field is typed.
    Edit,
    /// While a time is typed.
    Time,
    /// While a file is typed.
    File,
}

/// What takes the keys at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// A pane.
    Pane(Pane),
    /// The help overlay.
    Help,
    /// The overlay that says why a task waits.
    Why,
    /// The path through the catalogue.
    Path,
    /// The list of findings.
    Findings,
    /// The command palette.
    Palette,
    /// What was measured.
    Range,
    /// The filter of the lanes.
    Filter,
    /// The search of the list.
    Search,
    /// A field of the form.
    Edit,
    /// A time to go to.
    Time,
    /// A file to save in.
    File,
}

impl Context {
    /// All of them.
    pub const ALL: [Context; 18] = [
        Context::Pane(Pane::Scenarios),
        Context::FORM,
        Context::Pane(Pane::Timeline),
        Context::Pane(Pane::Metrics),
        Context::Pane(Pane::Log),
        Context::Pane(Pane::Code),
        Context::Pane(Pane::Task),
        Context::Help,
        Context::Why,
        Context::Path,
        Context::Findings,
        Context::Palette,
        Context::Range,
        Context::Filter,
        Context::Search,
        Context::Edit,
        Context::Time,
        Context::File,
    ];

    /// The form.
    pub const FORM: Context = Context::Pane(Pane::Parameters);

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Context::Pane(pane) => pane.title(),
            Context::Help => "the help",
            Context::Why => "why a task waits",
            Context::Path => "the path",
            Context::Findings => "the findings",
            Context::Palette => "the command palette",
            Context::Range => "what was measured",
            Context::Filter => "a filter that is typed",
            Context::Search => "a search",
            Context::Edit => "a field",
            Context::Time => "a time that is typed",
            Context::File => "a file that is typed",
        }
    }
}

impl Scope {
    /// Whether a binding of this scope works in that context.
    pub fn covers(self, context: Context) -> bool {
        match (self, context) {
            (Scope::Panes(panes), Context::Pane(pane)) => panes.contains(&pane),
            (Scope::Always, _)
            | (Scope::Help | Scope::Overlays, Context::Help)
            | (Scope::Why | Scope::Overlays, Context::Why)
            | (Scope::Path | Scope::Overlays, Context::Path)
            | (Scope::Findings | Scope::Overlays, Context::Findings)
            | (Scope::Text | Scope::Palette, Context::Palette)
            | (Scope::Range | Scope::Overlays, Context::Range)
            | (Scope::Text | Scope::Filter, Context::Filter)
            | (Scope::Text | Scope::Search, Context::Search)
            | (Scope::Text | Scope::Edit, Context::Edit)
            | (Scope::Text | Scope::Time, Context::Time)
            | (Scope::Text | Scope::File, Context::File) => true,
            _ => false,
        }
    }
}

/// The part of the help that a binding stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What only this pane or overlay does.
    Here,
    /// The run and its clock.
    Run,
    /// The cursor: where in the run we look.
    Time,
    /// What is looked at.
    View,
    /// The program.
    Program,
}

impl Group {
    /// All of them, in the order of the help.
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

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// What the configuration calls it. Rows of one name do one thing, in several places, with the same keys.
    pub name: &'static str,
    /// What is done.
    pub action: Action,
    /// The keys that do it; the first one is the one to show when there is no room for all.
    pub keys: Cow<'static, [Key]>,
    /// One or two words for the footer; neighbours with the same label share a hint. Empty: not in the footer.
    pub label: &'static str,
    /// One sentence for the help.
    pub help: &'static str,
    /// Where it works.
    pub scope: Scope,
    /// Where it stands in the help.
    pub group: Group,
    /// Its place in the footer: smaller is further left and the last to be left out.
    pub rank: u8,
}

const fn key(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

const fn ch(c: char) -> Key {
    key(KeyCode::Char(c))
}

const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: true }
}

const UP: &[Key] = &[key(KeyCode::Up), ch('k')];
const DOWN: &[Key] = &[key(KeyCode::Down), ch('j')];
const LEFT: &[Key] = &[key(KeyCode::Left), ch('h')];
const RIGHT: &[Key] = &[key(KeyCode::Right), ch('l')];
const PAGE_UP: &[Key] = &[key(KeyCode::PageUp)];
const PAGE_DOWN: &[Key] = &[key(KeyCode::PageDown)];
const FIRST: &[Key] = &[ch('g'), key(KeyCode::Home)];
const LAST: &[Key] = &[ch('G'), key(KeyCode::End)];
const ENTER: &[Key] = &[key(KeyCode::Enter)];

const ALL: Scope = Scope::Panes(&Pane::ALL);
const LIST: Scope = Scope::Panes(&[Pane::Scenarios]);
const FORM: Scope = Scope::Panes(&[Pane::Parameters]);
/// Where `/` finds a scenario, and no lanes.
const NOT_LANES: Scope = Scope::Panes(&[Pane::Scenarios, Pane::Parameters, Pane::Metrics, Pane::Log, Pane::Code, Pane::Task]);
const METRICS: Scope = Scope::Panes(&[Pane::Metrics]);
const LANES: Scope = Scope::Panes(&[Pane::Timeline]);
const TASKS: Scope = Scope::Panes(&[Pane::Timeline, Pane::Task]);
const LOG: Scope = Scope::Panes(&[Pane::Log]);
const CODE: Scope = Scope::Panes(&[Pane::Code]);
/// In the form a digit is the start of a value.
const NOT_FORM: Scope = Scope::Panes(&[Pane::Scenarios, Pane::Timeline, Pane::Metrics, Pane::Log, Pane::Code, Pane::Task]);
/// Where Enter has nothing else to do.
const ENTER_FREE: Scope = Scope::Panes(&[Pane::Metrics, Pane::Log, Pane::Code, Pane::Task]);

impl Binding {
    const fn new(name: &'static str, action: Action, keys: &'static [Key], scope: Scope, help: &'static str) -> Self {
        Self { name, action, keys: Cow::Borrowed(keys), label: "", help, scope, group: Group::Here, rank: u8::MAX }
    }

    /// A step of the cursor, in any pane.
    const fn step(name: &'static str, stride: Stride, keys: &'static [Key], help: &'static str) -> Self {
        Self::new(name, Action::Step(stride), keys, ALL, help).group(Group::Time)
    }

    /// A jump of the cursor, in any pane.
    const fn jump(name: &'static str, landmark: Landmark, keys: &'static [Key], help: &'static str) -> Self {
        Self::new(name, Action::Jump(landmark), keys, ALL, help).group(Group::Time)
    }

    /// In the footer too.
    const fn hint(mut self, rank: u8, label: &'static str) -> Self {
        self.rank = rank;
        self.label = label;
        self
    }

    const fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }
}

/// The parts of the table, in the order in which footer and help have them. [`Action`]s that are not here come from the
/// pointer, from typing or from time passing.
static TABLES: [&[Binding]; 6] = [panes::ROWS, run::ROWS, view::ROWS, reading::ROWS, program::ROWS, overlays::ROWS];

/// Every binding.
#[derive(Debug, Clone, PartialEq)]
pub struct Bindings {
    rows: Vec<Binding>,
}

impl Default for Bindings {
    fn default() -> Self {
        Self { rows: TABLES.into_iter().flatten().cloned().collect() }
    }
}

impl Bindings {
    /// All rows, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.rows.iter()
    }

    /// The first row of that name.
    pub fn named(&self, name: &str) -> Option<&Binding> {
        self.rows.iter().find(|binding| binding.name == name)
    }

    /// Gives all rows of that name these keys.
    pub fn give(&mut self, name: &str, keys: Vec<Key>) {
        let keys = Cow::from(keys);
        for binding in self.rows.iter_mut().filter(|binding| binding.name == name) {
            binding.keys.clone_from(&keys);
        }
    }

    /// The rows that work in a context.
    pub fn within(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.rows.iter().filter(move |binding| binding.scope.covers(context))
    }

    /// What a key does in a context.
    pub fn bound(&self, context: Context, key: Key) -> Option<&Binding> {
        self.within(context).find(|binding| binding.keys.contains(&key))
    }

    /// The key to show for an action, as it is written on screen; empty when no key does it.
    pub fn shown(&self, action: &Action, unicode: bool) -> String {
        let row = self.rows.iter().find(|binding| binding.action == *action && !binding.keys.is_empty());
        row.and_then(|binding| binding.keys.first()).map_or_else(String::new, |key| key.text(unicode))
    }
}
