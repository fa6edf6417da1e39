//! What is searched for, as plain data.

use crate::app::panes::Pane;

/// So many characters of a text are looked at.
pub(super) const LOOKED: usize = 1_000;

/// What is searched for, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The pane.
    pub pane: Pane,
    /// What is searched for, in lower case.
    pub text: String,
    /// Which match the code shows, counted from the first; it goes round.
    pub nth: i64,
    /// The line of the log that was found last, counted from the oldest one of its level.
    pub line: Option<usize>,
}

impl Search {
    /// Whether a text has what is searched for, in whatever case. Of a very long text only the beginning is looked at.
    pub fn is_in(&self, text: &str) -> bool {
        let text: String = text.chars().take(LOOKED).flat_map(char::to_lowercase).collect();
        text.contains(&self.text)
    }

    /// The place of the match that is shown, of so many.
    pub fn place(&self, all: usize) -> Option<usize> {
        usize::try_from(self.nth.checked_rem_euclid(i64::try_from(all).ok()?)?).ok()
    }
}
