//! Where a key works, and what takes the keys at a moment.

use crate::app::panes::{ExplainTab, Pane};

/// Where a binding works: what takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Wherever the keys go.
    Always,
    /// In these panes.
    Panes(&'static [Pane]),
    /// In the help.
    Help,
    /// In the layer that explains the run, on any of its tabs.
    Explain,
    /// On the tabs of that layer that list places to go to.
    Places,
    /// On its tab with the critical path.
    Range,
    /// In the tour of the catalogue.
    Path,
    /// In the command palette.
    Palette,
    /// In the menu that arranges the lanes.
    Arrange,
    /// In a layer that is scrolled or walked along.
    Overlays,
    /// In any layer but where text is typed.
    Layers,
    /// While a question is asked.
    Ask,
    /// While a filter is typed.
    Filter,
    /// Where text is typed, and not only a number.
    Text,
    /// Where anything is typed.
    Typing,
    /// While a search of the list is typed.
    Search,
    /// While a search of another pane is typed.
    Find,
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
    /// The help.
    Help,
    /// The layer that explains the run, on that tab.
    Explain(ExplainTab),
    /// The tour of the catalogue.
    Path,
    /// The command palette.
    Palette,
    /// The menu that arranges the lanes.
    Arrange,
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
    /// A file to save in.
    File,
}

impl Context {
    /// All of them.
    pub const ALL: [Context; 22] = [
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
        Context::Ask,
        Context::Filter,
        Context::Search,
        Context::Find,
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
            Context::Explain(ExplainTab::Why) => "why a task waits",
            Context::Explain(ExplainTab::Findings) => "the findings",
            Context::Explain(ExplainTab::Path) => "the critical path",
            Context::Explain(ExplainTab::Resources) => "the resources",
            Context::Path => "the tour",
            Context::Palette => "the command palette",
            Context::Arrange => "the menu that arranges lanes",
            Context::Ask => "a question",
            Context::Filter => "a filter that is typed",
            Context::Search | Context::Find => "a search",
            Context::Edit => "a field",
            Context::Time => "a time that is typed",
            Context::File => "a file that is typed",
        }
    }

    /// Whether every letter is text there.
    pub const fn is_text(self) -> bool {
        matches!(self, Context::Search | Context::Find | Context::Time | Context::File | Context::Filter | Context::Palette)
    }
}

impl Scope {
    /// Whether a binding of this scope works in that context.
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
            | (Scope::Overlays, Context::Help | Context::Explain(_) | Context::Path)
            | (Scope::Layers, Context::Help | Context::Explain(_) | Context::Path | Context::Arrange)
            | (Scope::Ask, Context::Ask)
            | (Scope::Filter, Context::Filter)
            | (Scope::Search, Context::Search)
            | (Scope::Find, Context::Find)
            | (Scope::Typing | Scope::Edit, Context::Edit)
            | (Scope::Time, Context::Time)
            | (Scope::File, Context::File) => true,
            (Scope::Text | Scope::Typing, context) => context.is_text(),
            _ => false,
        }
    }
}
