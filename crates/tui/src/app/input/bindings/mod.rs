//! The table of keys: which key does what, and where.
//!
//! Key dispatch, footer, help and palette all read [`Bindings`], so a key that works is a key that is explained. The
//! table is written in parts, one file each: to add a key, add a row there. The user can assign other keys to a row
//! by its name, so each model has a table of its own, and rows with the same name share their keys.

mod binding;
mod cursor;
mod key;
mod overlays;
mod panes;
mod program;
mod programs;
mod run;
mod scope;
#[cfg(test)]
mod tests;
mod themes;
mod timeline;
mod view;

use std::borrow::Cow;

pub use binding::{Binding, Group};
pub use key::{Key, NoKey};
pub use scope::{Context, Scope};

use crate::app::input::action::Action;
use crate::app::panes::Pane;

/// The parts of the table, in the order of the footer and the help. [`Action`]s without a row come from the pointer,
/// from typing or from time passing.
static TABLES: [&[Binding]; 8] =
    [panes::ROWS, run::ROWS, cursor::ROWS, view::ROWS, timeline::ROWS, program::ROWS, overlays::ROWS, themes::ROWS];

/// Every binding.
#[derive(Debug, Clone, PartialEq)]
pub struct Bindings {
    rows: Vec<Binding>,
    /// Whether this is the table of the screen for programs.
    programs: bool,
}

impl Default for Bindings {
    fn default() -> Self {
        Self { rows: TABLES.into_iter().flatten().cloned().collect(), programs: false }
    }
}

impl Bindings {
    /// The table of the screen for programs, with the user's keys.
    #[must_use]
    pub fn of_programs(self) -> Self {
        Self { rows: self.rows.into_iter().filter_map(programs::row).collect(), programs: true }
    }

    /// The same table without any key, for a picture.
    #[must_use]
    pub fn without_keys(mut self) -> Self {
        self.rows.iter_mut().for_each(|binding| binding.keys = Cow::default());
        self
    }

    /// Whether this is the table of the screen for programs.
    pub fn is_of_programs(&self) -> bool {
        self.programs
    }

    /// The name of a pane.
    pub fn title(&self, pane: Pane) -> &'static str {
        match pane {
            Pane::Scenarios if self.programs => "Processes",
            Pane::Parameters if self.programs => "Threads",
            pane => pane.title(),
        }
    }

    /// All rows, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.rows.iter()
    }

    /// The first row with that name.
    pub fn named(&self, name: &str) -> Option<&Binding> {
        self.rows.iter().find(|binding| binding.name == name)
    }

    /// Assigns these keys to all rows with that name.
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

    /// The key to show for an action, spelled for the screen; empty if it has none.
    pub fn shown(&self, action: &Action, unicode: bool) -> String {
        let row = self.rows.iter().find(|binding| binding.action == *action && !binding.keys.is_empty());
        row.and_then(|binding| binding.keys.first()).map_or_else(String::new, |key| key.text(unicode))
    }
}
