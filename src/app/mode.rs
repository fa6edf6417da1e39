//! What has the keys: one thing at a time.
//!
//! A search, a field, a prompt and an overlay exclude each other, so they are
//! variants of one type, and each carries what is typed or chosen in it.

use crate::app::input::text_field::TextField;
use crate::app::panes::Pane;
use crate::trace::TaskIx;

/// What has the keys now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Mode {
    /// The focused pane.
    #[default]
    Browse,
    /// The search of the list of scenarios; its text is in the list, since the list stays narrowed after the search.
    Search,
    /// The field of the form under the cursor, with what has been typed.
    Edit(TextField),
    /// A line that is typed in the footer's place.
    Prompt(Prompt),
    /// What lies over the panes.
    Overlay(Overlay),
}

impl Mode {
    /// The text of the field of the form, while it is typed.
    pub fn edited(&self) -> Option<&TextField> {
        if let Self::Edit(text) = self { Some(text) } else { None }
    }

    /// The line that is typed in the footer's place.
    pub fn prompt(&self) -> Option<&Prompt> {
        if let Self::Prompt(prompt) = self { Some(prompt) } else { None }
    }

    /// The line that is typed in the footer's place, to be changed.
    pub fn prompt_mut(&mut self) -> Option<&mut Prompt> {
        if let Self::Prompt(prompt) = self { Some(prompt) } else { None }
    }

    /// What lies over the panes.
    pub fn overlay(&self) -> Option<&Overlay> {
        if let Self::Overlay(overlay) = self { Some(overlay) } else { None }
    }
}

/// What lies over the panes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// Keys and the meaning of the marks; scrolled down by so many rows.
    Help {
        /// The pane whose keys come first.
        pane: Pane,
        /// Rows scrolled away.
        top: usize,
    },
    /// The way through the catalogue: what was run, what comes next, what builds on what.
    Path {
        /// The scenario under the cursor, by its place in the catalogue.
        row: usize,
    },
    /// Why a task waits at the cursor, from holder to holder.
    Why {
        /// The task.
        task: TaskIx,
        /// Rows scrolled away.
        top: usize,
    },
    /// The command palette.
    Palette {
        /// What is searched for.
        text: TextField,
        /// The row under the cursor.
        row: usize,
    },
    /// What was measured of the range or of the whole run, and its critical path.
    Range {
        /// The step under the cursor.
        row: usize,
    },
    /// The findings.
    Findings {
        /// The one that is opened.
        row: usize,
    },
}

/// Something that is typed in the footer's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What it is.
    pub what: Wanted,
    /// What has been typed.
    pub text: TextField,
    /// What is wrong with it, once it was to be taken.
    pub error: Option<String>,
}

/// What can be typed in the footer's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A time to go to.
    Time,
    /// Which lanes there are to be.
    Filter,
    /// The file that the recording of the run is to be saved in.
    File {
        /// Whether there is such a file, and the user has been told: to take it once more overwrites it.
        overwrite: bool,
    },
}
