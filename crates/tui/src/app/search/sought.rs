//! A search as plain data.

use crate::app::panes::Pane;

/// How many characters of a text are searched.
pub(super) const LOOKED: usize = 1_000;

/// What to search for, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The pane.
    pub pane: Pane,
    /// The text to find, in lower case.
    pub text: String,
    /// The match that the code pane shows, counted from the first; it wraps around.
    pub nth: i64,
    /// The log line that was found last, counted from the oldest one of its level.
    pub line: Option<usize>,
}

impl Search {
    /// Whether a text contains the query, in any case. Only the beginning of a very long text is searched.
    pub fn is_in(&self, text: &str) -> bool {
        let text: String = text.chars().take(LOOKED).flat_map(char::to_lowercase).collect();
        text.contains(&self.text)
    }

    /// The index of the current match among all matches.
    pub fn place(&self, all: usize) -> Option<usize> {
        usize::try_from(self.nth.checked_rem_euclid(i64::try_from(all).ok()?)?).ok()
    }
}
