//! Where a binding works, and what receives the keys.

use crate::app::panes::{ExplainTab, Pane};

/// Where a binding works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    Always,
    /// In these panes.
    Panes(&'static [Pane]),
    /// In the help.
    Help,
    /// In the overlay that explains the run, on any tab.
    Explain,
    /// On the tabs of that overlay that list places to go to.
    Places,
    /// On the critical path tab of that overlay.
    Range,
    /// In the tour of the catalogue.
    Path,
    /// In the command palette.
    Palette,
    /// In the menu that arranges the lanes.
    Arrange,
    /// In the hunt.
    Hunt,
    /// In the sweep.
    Sweep,
    /// While a question before a run is answered.
    Predict,
    /// In an overlay that scrolls or has a list.
    Overlays,
    /// In any overlay without a text field.
    Layers,
    /// While a question is asked.
    Ask,
    /// While a filter is typed.
    Filter,
    /// In a text field, but not a numeric one.
    Text,
    /// In any field.
    Typing,
    /// While a search of the list is typed.
    Search,
    /// While a search of another pane is typed.
    Find,
    /// While a field of the form is typed.
    Edit,
    /// While a time is typed.
    Time,
    /// While a file name is typed.
    File,
    /// While the folder for a sketch is typed.
    Folder,
}

/// What receives the keys now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// A pane.
    Pane(Pane),
    /// The help.
    Help,
    /// A tab of the overlay that explains the run.
    Explain(ExplainTab),
    /// The tour of the catalogue.
    Path,
    /// The command palette.
    Palette,
    /// The menu that arranges the lanes.
    Arrange,
    /// The hunt.
    Hunt,
    /// The sweep.
    Sweep,
    /// A question before a run, with choices.
    Choices,
    /// A question before a run, with a number to type.
    Number,
    /// A question.
    Ask,
    /// The filter of the lanes.
    Filter,
    /// The search of the list.
    Search,
    /// The search of another pane.
    Find,
    /// A field of the form.
    Edit,
    /// A time to go to.
    Time,
    /// A file to save the recording in.
    File,
    /// A folder for a sketch.
    Folder,
}

impl Context {
    /// All contexts.
    pub const ALL: [Context; 27] = [
        Context::Pane(Pane::Scenarios),
        Context::FORM,
        Context::Pane(Pane::Timeline),
        Context::Pane(Pane::Metrics),
        Context::Pane(Pane::Log),
        Context::Pane(Pane::Code),
        Context::Pane(Pane::Task),
        Context::Help,
        Context::Explain(ExplainTab::Why),
        Context::Explain(ExplainTab::Findings),
        Context::Explain(ExplainTab::Path),
        Context::Explain(ExplainTab::Resources),
        Context::Path,
        Context::Palette,
        Context::Arrange,
        Context::Hunt,
        Context::Sweep,
        Context::Choices,
        Context::Number,
        Context::Ask,
        Context::Filter,
        Context::Search,
        Context::Find,
        Context::Edit,
        Context::Time,
        Context::File,
        Context::Folder,
    ];

    /// The form.
    pub const FORM: Context = Context::Pane(Pane::Parameters);

    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Context::Pane(pane) => pane.title(),
            Context::Help => "the help",
            Context::Explain(ExplainTab::Why) => "the tab Why",
            Context::Explain(ExplainTab::Findings) => "the tab Findings",
            Context::Explain(ExplainTab::Path) => "the critical path",
            Context::Explain(ExplainTab::Resources) => "the resources",
            Context::Path => "the tour",
            Context::Palette => "the command palette",
            Context::Arrange => "the menu that arranges lanes",
            Context::Hunt => "the hunt",
            Context::Sweep => "the sweep",
            Context::Choices | Context::Number => "a question before a run",
            Context::Ask => "a question",
            Context::Filter => "a filter that is typed",
            Context::Search | Context::Find => "a search",
            Context::Edit => "a field",
            Context::Time => "a time that is typed",
            Context::File => "a file that is typed",
            Context::Folder => "a folder that is typed",
        }
    }

    /// Whether every letter is text there.
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Context::Search
                | Context::Find
                | Context::Time
                | Context::File
                | Context::Folder
                | Context::Filter
                | Context::Palette
                | Context::Number
        )
    }
}

impl Scope {
    /// Whether a binding with this scope works in a context.
    pub fn covers(self, context: Context) -> bool {
        match (self, context) {
            (Scope::Panes(panes), Context::Pane(pane)) => panes.contains(&pane),
            (Scope::Always, _)
            | (Scope::Help, Context::Help)
            | (Scope::Explain, Context::Explain(_))
            | (Scope::Places, Context::Explain(ExplainTab::Why | ExplainTab::Findings | ExplainTab::Path))
            | (Scope::Range, Context::Explain(ExplainTab::Path))
            | (Scope::Path, Context::Path)
            | (Scope::Palette, Context::Palette)
            | (Scope::Arrange, Context::Arrange)
            | (Scope::Hunt, Context::Hunt)
            | (Scope::Sweep, Context::Sweep)
            | (Scope::Predict, Context::Choices | Context::Number)
            | (Scope::Overlays, Context::Help | Context::Explain(_) | Context::Path | Context::Hunt)
            | (
                Scope::Layers,
                Context::Help | Context::Explain(_) | Context::Path | Context::Arrange | Context::Hunt | Context::Sweep,
            )
            | (Scope::Ask, Context::Ask)
            | (Scope::Filter, Context::Filter)
            | (Scope::Search, Context::Search)
            | (Scope::Find, Context::Find)
            | (Scope::Typing | Scope::Edit, Context::Edit)
            | (Scope::Time, Context::Time)
            | (Scope::File, Context::File)
            | (Scope::Folder, Context::Folder) => true,
            (Scope::Text | Scope::Typing, context) => context.is_text(),
            _ => false,
        }
    }
}
