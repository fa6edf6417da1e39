//! Stand-ins: what the app's action table and list will answer, in the form in which the screen asks for it.
//!
//! The only place that is to go when `app::action` is there: its users import these names from here.

use crate::app::model::{List, Model, Pane};

/// One row of the help: a group's heading starts where `group` changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HelpLine {
    /// What the action belongs to.
    pub(crate) group: &'static str,
    /// Its keys.
    pub(crate) keys: String,
    /// What it does.
    pub(crate) text: &'static str,
}

/// The keys that matter now, most important first, for the footer.
pub(crate) fn hints(_model: &Model) -> Vec<(String, &'static str)> {
    [
        ("space", "pause"),
        ("arrows", "tune"),
        ("r", "restart"),
        ("/", "find"),
        ("Tab", "pane"),
        ("f", "full"),
        ("?", "help"),
        ("q", "quit"),
    ]
    .map(|(key, text)| (key.to_owned(), text))
    .to_vec()
}

/// All actions, those of the pane first.
pub(crate) fn help_lines(_pane: Pane) -> Vec<HelpLine> {
    [
        ("Run", "space", "pause and go on"),
        ("Run", "r", "run again"),
        ("Screen", "Tab", "next pane"),
        ("Screen", "?", "close this help"),
    ]
    .map(|(group, keys, text)| HelpLine { group, keys: keys.to_owned(), text })
    .to_vec()
}

/// The scenarios that the search leaves, as places in the catalogue.
pub(crate) fn matches(model: &Model, list: &List) -> Vec<usize> {
    let wanted = list.search.text().to_lowercase();
    let hit = |text: &str| text.to_lowercase().contains(&wanted);
    let found =
        model.catalogue.iter().enumerate().filter(|(_, s)| hit(s.id) || hit(s.title) || s.patterns.iter().any(|p| hit(p)));
    found.map(|(i, _)| i).collect()
}
