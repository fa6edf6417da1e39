//! The one table that says which key does what, and where.
//!
//! Key dispatch, footer, help and whatever else lists what can be done are all
//! read from [`Bindings`], so a key that works is a key that is explained. The
//! table is written down in parts, a file each: to add a key, add a row there.
//! The user may give a row other keys, by its name; so each model has a table of
//! its own, and rows of one name have one set of keys.

mod binding;
mod cursor;
mod key;
mod overlays;
mod panes;
mod program;
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

/// The parts of the table, in the order in which footer and help have them. [`Action`]s that are not here come from the
/// pointer, from typing or from time passing.
static TABLES: [&[Binding]; 8] =
    [panes::ROWS, run::ROWS, cursor::ROWS, view::ROWS, timeline::ROWS, program::ROWS, overlays::ROWS, themes::ROWS];

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
