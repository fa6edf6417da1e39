//! The command palette: everything that can be done, found by what it is called.
//!
//! It lists what the table of keys has, whether it has a key or not, and every scenario of the catalogue. A command is found by
//! its short name, by another word for it, or by what its help says; a scenario by its name alone. A word that is none of these
//! finds nothing: to start a scenario since its letters happen to be in the right order would be a surprise.

use scenarios::Scenario;

use crate::app::input::action::Action;
use crate::app::input::bindings::{Binding, Context, Scope};
use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::overlay::synonyms;
use crate::app::panes::Pane;

/// Shorter words are not looked for in helps, nor in the middle of a scenario's name.
const SHORT: usize = 4;
/// A word with a wrong letter is understood from this length on.
const LONG: usize = 6;
/// A longer text is nothing's name: it is not compared, letter by letter, with all there is.
const LONGEST: usize = 64;

/// Something that can be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// What is done.
    pub what: What,
    /// What it is called.
    pub name: String,
    /// What it does.
    pub text: &'static str,
    /// The keys that do it, as they are written on screen.
    pub keys: String,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// An action, and the pane that has to have the focus for it.
    Do(Action, Option<Pane>),
    /// Picks and starts a scenario, by its place in the catalogue.
    Run(usize),
}

/// How well a query fits, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is the name.
    Name,
    /// It is another word for it.
    Word,
    /// The name, or another word, begins with it.
    Begins,
    /// Each of its words begins one of the name's or of another word's.
    Words,
    /// It is a part of the name.
    Part,
    /// Each of its words begins one of what it does.
    Help,
    /// It is the name but for one letter.
    Typo,
}

/// What fits a query, best first; for an empty one all there is, what the focused pane is for first.
pub fn found(model: &Model, query: &str) -> Vec<Command> {
    let query = query.trim().to_lowercase();
    if query.chars().nth(LONGEST).is_some() {
        return Vec::new();
    }
    let rows = rows(model);
    let actions = rows.iter().filter_map(|(binding, pane)| {
        let fit = fit(&query, binding)?;
        Some((fit, command(model, binding, *pane)))
    });
    let scenarios = (0..).zip(model.catalogue).filter_map(|(at, scenario)| {
        let name = format!("run {}", scenario.id);
        Some((fit_scenario(&query, scenario)?, Command { what: What::Run(at), name, text: scenario.lesson, keys: String::new() }))
    });
    let mut all: Vec<(Fit, Command)> = actions.chain(scenarios).collect();
    all.sort_by_key(|(fit, _)| *fit);
    all.into_iter().map(|(_, command)| command).collect()
}

/// How a query fits a command.
fn fit(query: &str, binding: &Binding) -> Option<Fit> {
    #[cfg(test)]
    crate::work_count::count(query.len() + binding.help.len());
    let name = title(binding.name);
    let words = || [name.as_str()].into_iter().chain(synonyms::of(binding.name).iter().copied());
    let long = |word: &str| word.len() >= SHORT;
    if query == name {
        Some(Fit::Name)
    } else if words().any(|word| word == query) {
        Some(Fit::Word)
    } else if words().any(|word| word.starts_with(query)) {
        Some(Fit::Begins)
    } else if begins_words(query, &words()) {
        Some(Fit::Words)
    } else if query.split(' ').all(long) && begins_words(query, &[binding.help.to_lowercase().as_str()].into_iter()) {
        Some(Fit::Help)
    } else {
        words().any(|word| is_typo(query, word)).then_some(Fit::Typo)
    }
}

/// How a query fits a scenario. A `run` before its name counts for nothing.
fn fit_scenario(query: &str, scenario: &Scenario) -> Option<Fit> {
    let query = query.strip_prefix("run ").unwrap_or(query).trim_start();
    let (id, title) = (title(scenario.id), scenario.title.to_lowercase());
    let names = || [scenario.id, id.as_str(), title.as_str()].into_iter();
    if names().any(|name| name == query) {
        Some(Fit::Name)
    } else if names().any(|name| name.starts_with(query)) {
        Some(Fit::Begins)
    } else if begins_words(query, &names()) {
        Some(Fit::Words)
    } else if query.len() >= SHORT && names().any(|name| name.contains(query)) {
        Some(Fit::Part)
    } else {
        names().any(|name| is_typo(query, name)).then_some(Fit::Typo)
    }
}

/// Whether each word of a query begins a word of these texts.
fn begins_words<'a>(query: &str, texts: &(impl Iterator<Item = &'a str> + Clone)) -> bool {
    let apart = |c: char| !c.is_alphanumeric();
    let is = |word: &str| texts.clone().flat_map(|text| text.split(apart)).any(|other| other.starts_with(word));
    query.split(apart).filter(|word| !word.is_empty()).all(is)
}

/// Whether a query is that text, or one of its words, but for one letter that is wrong, missing, too many or swapped.
fn is_typo(query: &str, text: &str) -> bool {
    let close = |word: &str| {
        let alike = query.len() >= LONG && word.len() >= LONG && query.chars().next() == word.chars().next();
        alike && strsim::osa_distance(query, word) <= 1
    };
    close(text) || text.split(' ').any(close)
}

/// A name as it is shown: words, and no dashes.
fn title(name: &str) -> String {
    name.replace('-', " ")
}

/// The rows of the table that can be done from the focused pane, each with the pane that it needs if that is another one: one
/// for each action and name, those of the pane alone first, and of the others those of the footer.
fn rows(model: &Model) -> Vec<(&Binding, Option<Pane>)> {
    let here = Context::Pane(model.focus);
    let mut rows: Vec<(&Binding, Option<Pane>)> = model.bindings.within(here).map(|binding| (binding, None)).collect();
    rows.sort_by_key(|(binding, _)| (!matches!(binding.scope, Scope::Panes([_])), binding.rank));
    let elsewhere = model.bindings.iter().filter_map(|binding| match binding.scope {
        Scope::Panes([only]) if *only != model.focus => Some((binding, Some(*only))),
        Scope::Panes(panes) if !panes.contains(&model.focus) => Some((binding, None)),
        _ => None,
    });
    rows.extend(elsewhere);
    let mut one_each: Vec<(&Binding, Option<Pane>)> = Vec::with_capacity(rows.len());
    for row in rows {
        // To go one row on there is a key, and the palette is open.
        let skipped = matches!(row.0.action, Action::Move(_) | Action::Palette | Action::Close);
        let known = |(known, _): &(&Binding, Option<Pane>)| known.action == row.0.action || known.name == row.0.name;
        if !skipped && !one_each.iter().any(known) {
            one_each.push(row);
        }
    }
    one_each
}

fn command(model: &Model, binding: &Binding, pane: Option<Pane>) -> Command {
    let unicode = model.options.theme.unicode;
    let keys: Vec<String> = binding.keys.iter().map(|key| key.text(unicode)).collect();
    let what = What::Do(binding.action.clone(), pane);
    Command { what, name: title(binding.name), text: binding.help, keys: keys.join(" ") }
}

/// Opens it, or closes it.
pub(in crate::app) fn toggle(model: &mut Model) {
    model.mode = match model.mode {
        Mode::Overlay(Overlay::Palette { .. }) => Mode::Browse,
        _ => Mode::Overlay(Overlay::Palette { text: TextField::default(), row: 0 }),
    };
}

/// The last row.
pub(in crate::app) fn last_row(model: &Model) -> usize {
    let Mode::Overlay(Overlay::Palette { text, .. }) = &model.mode else { return 0 };
    found(model, text.text()).len().saturating_sub(1)
}

/// Takes what is under the cursor and closes the palette.
pub(in crate::app) fn take(model: &mut Model) -> Option<What> {
    let Mode::Overlay(Overlay::Palette { text, row }) = &model.mode else { return None };
    let command = found(model, text.text()).into_iter().nth(*row)?;
    model.mode = Mode::Browse;
    Some(command.what)
}

#[cfg(test)]
mod tests;
