//! The list of scenarios: its rows, its search, and the scenario under its cursor.

use scenario::Scenario;

use crate::app::input::text_field::TextField;

/// The list of scenarios. Its rows are the scenarios that match the search.
#[derive(Debug, Default)]
pub struct List {
    /// The row under the cursor, among the scenarios that match (headings are not rows).
    pub row: usize,
    /// The search that narrows the list.
    pub search: TextField,
}

impl List {
    /// The catalogue indices of the scenarios that match the search: those that contain each typed word, in any case.
    pub fn matches(&self, catalogue: &[Scenario]) -> Vec<usize> {
        matching(catalogue, self.search.text()).collect()
    }

    /// The catalogue index of the scenario under the cursor; `None` if no scenario matches.
    pub fn selected(&self, catalogue: &[Scenario]) -> Option<usize> {
        self.matches(catalogue).get(self.row).copied()
    }

    /// Whether a search would leave any scenario.
    pub fn would_match(&self, catalogue: &[Scenario], search: &str) -> bool {
        matching(catalogue, search).next().is_some()
    }

    /// Puts the cursor on a scenario, by its place in the catalogue.
    pub fn select(&mut self, catalogue: &[Scenario], at: usize) {
        self.row = self.matches(catalogue).iter().position(|m| *m == at).unwrap_or(0);
    }

    /// Clears the search and keeps the cursor on the same scenario.
    pub fn clear_search(&mut self, catalogue: &[Scenario]) {
        let at = self.selected(catalogue);
        self.search.clear();
        self.select(catalogue, at.unwrap_or(0));
    }
}

/// The scenarios that match a search, by their places in the catalogue.
fn matching(catalogue: &[Scenario], search: &str) -> impl Iterator<Item = usize> {
    let query = search.to_lowercase();
    let found = move |scenario: &Scenario| {
        let mut text = [scenario.id, scenario.title, scenario.group.title(), scenario.lesson].join(" ").to_lowercase();
        for pattern in scenario.patterns {
            text.push(' ');
            text.push_str(&pattern.to_lowercase());
        }
        query.split_whitespace().all(|word| text.contains(word))
    };
    catalogue.iter().enumerate().filter(move |(_, scenario)| found(scenario)).map(|(at, _)| at)
}
