//! What receives the keys: one thing at a time.
//!
//! A search, a field, a prompt and an overlay exclude each other, so they are variants of one type, and each carries
//! its own text or selection.

use crate::app::input::text_field::TextField;
use crate::app::panes::{ExplainTab, Pane};
use trace::TaskIx;

/// What receives the keys now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Mode {
    /// The focused pane.
    #[default]
    Browse,
    /// The search of the list of scenarios. Its text is kept in the list, since the list stays narrowed after the
    /// search.
    Search,
    /// The form's field under the cursor, with the text so far.
    Edit(TextField),
    /// A prompt in place of the footer.
    Prompt(Prompt),
    /// A yes-or-no question in place of the footer.
    Ask(Question),
    /// What covers the panes.
    Overlay(Overlay),
}

impl Mode {
    /// The text of the form's field while it is edited.
    pub fn edited(&self) -> Option<&TextField> {
        if let Self::Edit(text) = self { Some(text) } else { None }
    }

    /// The open prompt.
    pub fn prompt(&self) -> Option<&Prompt> {
        if let Self::Prompt(prompt) = self { Some(prompt) } else { None }
    }

    /// The open prompt, mutable.
    pub fn prompt_mut(&mut self) -> Option<&mut Prompt> {
        if let Self::Prompt(prompt) = self { Some(prompt) } else { None }
    }

    /// The open overlay.
    pub fn overlay(&self) -> Option<&Overlay> {
        if let Self::Overlay(overlay) = self { Some(overlay) } else { None }
    }
}

/// What covers the panes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// The keys of a pane, or the meaning of the marks.
    Help {
        /// The pane whose keys come first.
        pane: Pane,
        /// Whether the marks are shown instead of the keys.
        marks: bool,
        /// Rows scrolled off the top.
        top: usize,
    },
    /// The tour of the catalogue: what was run, what comes next, what builds on what.
    Path {
        /// The scenario under the cursor, by its catalogue index.
        row: usize,
    },
    /// Why a task waits at the cursor, from holder to holder.
    Why {
        /// The task; `None` if no task waits.
        task: Option<TaskIx>,
        /// Rows scrolled off the top.
        top: usize,
    },
    /// The command palette.
    Palette {
        /// The query.
        text: TextField,
        /// The row under the cursor.
        row: usize,
    },
    /// The measurements of the range or of the whole run, and its critical path.
    Range {
        /// The step under the cursor.
        row: usize,
    },
    /// The findings.
    Findings {
        /// The selected finding.
        row: usize,
    },
    /// A sweep.
    Sweep {
        /// The value under the cursor, by its index.
        at: usize,
    },
    /// The hunt for a run that goes wrong.
    Hunt {
        /// The selected run.
        row: usize,
    },
    /// The run's resources at the cursor.
    Resources {
        /// Rows scrolled off the top.
        top: usize,
    },
    /// A question before a run.
    Predict {
        /// The choice under the cursor.
        row: usize,
        /// The number or time so far.
        text: TextField,
        /// What is wrong with it, after an attempt to answer.
        error: Option<String>,
    },
    /// The menu that arranges the lanes.
    Arrange {
        /// The row under the cursor.
        row: usize,
    },
}

impl Overlay {
    /// The tab of the explaining overlay that this is; `None` for other overlays.
    pub const fn explains(&self) -> Option<ExplainTab> {
        match self {
            Self::Why { .. } => Some(ExplainTab::Why),
            Self::Findings { .. } => Some(ExplainTab::Findings),
            Self::Range { .. } => Some(ExplainTab::Path),
            Self::Resources { .. } => Some(ExplainTab::Resources),
            Self::Help { .. }
            | Self::Path { .. }
            | Self::Palette { .. }
            | Self::Hunt { .. }
            | Self::Sweep { .. }
            | Self::Predict { .. }
            | Self::Arrange { .. } => None,
        }
    }
}

/// A question asked before an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether to abandon a live run and start it again.
    Restart,
}

/// Text that is typed in place of the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked for.
    pub what: Wanted,
    /// The text so far.
    pub text: TextField,
    /// The error, after an attempt to commit.
    pub error: Option<String>,
}

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A time to go to.
    Time,
    /// Which lanes to show.
    Filter,
    /// What to search for in a pane.
    Search(Pane),
    /// The folder for a sketch.
    Folder,
    /// The form of an export, and its file.
    Export {
        /// As for a recording.
        overwrite: bool,
    },
    /// The file to save the recording in.
    File {
        /// Whether the user has been warned that the file exists; a second Enter overwrites it.
        overwrite: bool,
    },
}
