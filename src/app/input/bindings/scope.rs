//! Where a key works, and what takes the keys at a moment.

use crate::app::panes::Pane;

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
