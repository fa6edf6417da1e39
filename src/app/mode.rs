//! What has the keys: one thing at a time.
//!
//! A search, a field, a prompt and an overlay exclude each other, so they are
//! variants of one type, and each carries what is typed or chosen in it.

use crate::app::input::text_field::TextField;
use crate::app::panes::{ExplainTab, Pane};
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
    /// A question in the footer's place: yes or no.
    Ask(Question),
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
    /// The keys of a pane, or the meaning of the marks; scrolled down by so many rows.
    Help {
        /// The pane whose keys come first.
        pane: Pane,
        /// Whether the marks are shown, and not the keys.
        marks: bool,
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
        /// The task; none where no task waits.
        task: Option<TaskIx>,
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
    /// The run's resources at the cursor; scrolled down by so many rows.
    Resources {
        /// Rows scrolled away.
        top: usize,
    },
    /// The menu that arranges the lanes.
    Arrange {
        /// The row under the cursor.
        row: usize,
    },
}

impl Overlay {
    /// Which tab of the layer that explains the run it is; none where it is something else.
    pub const fn explains(&self) -> Option<ExplainTab> {
        match self {
            Self::Why { .. } => Some(ExplainTab::Why),
            Self::Findings { .. } => Some(ExplainTab::Findings),
            Self::Range { .. } => Some(ExplainTab::Path),
            Self::Resources { .. } => Some(ExplainTab::Resources),
            Self::Help { .. } | Self::Path { .. } | Self::Palette { .. } | Self::Arrange { .. } => None,
        }
    }
}

/// What is asked before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether a live run is to be given up and made again.
    Restart,
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
    /// What to look for in a pane.
    Search(Pane),
    /// The file that the recording of the run is to be saved in.
    File {
        /// Whether there is such a file, and the user has been told: to take it once more overwrites it.
        overwrite: bool,
    },
}
