//! The command palette: everything that can be done, found by name.
//!
//! It lists every row of the table of keys, with or without a key, and every scenario of the catalogue. A command is
//! found by its short name, by a synonym, or by its help; a scenario by its name alone. Any other word finds nothing:
//! a fuzzy match by letters would start surprising scenarios.

use std::borrow::Cow;

use scenario::{Kind, Param, Scenario, Value};

use crate::app::form::fields::Field;
use crate::app::input::action::Action;
use crate::app::input::bindings::{Binding, Context, Key, Scope};
use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::overlay::synonyms;
use crate::app::panes::Pane;

/// Shorter words are not matched against helps, nor in the middle of a scenario's name.
const SHORT: usize = 4;
/// From this length on, a word may have one wrong letter.
const LONG: usize = 6;
/// A longer query cannot be a name, so it is not compared letter by letter.
const LONGEST: usize = 64;

/// What the palette begins with while nothing is typed: what a new user looks for.
const FIRST: [&str; 14] = [
    "why",
    "pause",
    "restart",
    "rewind",
    "next problem",
    "findings",
    "compare",
    "lesson",
    "rust",
    "asyncio",
    "arrange",
    "theme",
    "save as",
    "tour",
];

/// Something that can be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// What the command does.
    pub what: What,
    /// Its name.
    pub name: String,
    /// What it does.
    pub text: Cow<'static, str>,
    /// The keys that do it, as they are written on screen.
    pub keys: String,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// An action, and the pane that must have the focus for it.
    Do(Action, Option<Pane>),
    /// Goes to a parameter, by its row in the form.
    Set(usize),
    /// Gives a parameter, by its row in the form, another choice, and runs.
    Choose(usize, Value),
    /// Picks and starts a scenario, by its place in the catalogue.
    Run(usize),
}

/// How well a query matches, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The query is the name.
    Name,
    /// The query is a synonym.
    Word,
    /// The name begins with the query.
    Begins,
    /// A synonym begins with the query.
    WordBegins,
    /// Each word of the query begins a word of the name or of a synonym.
    Words,
    /// The name contains the query.
    Part,
    /// Each word of the query begins a word of the help.
    Help,
    /// The query is the name with one wrong letter.
    Typo,
}

/// The commands that match a query, best first. For an empty query, all commands, with the focused pane's first.
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
    let catalogue = if model.programs.is_some() { &[] } else { model.catalogue };
    let scenarios = (0..).zip(catalogue).filter_map(|(at, scenario)| {
        let name = format!("run {}", scenario.id);
        let text = scenario.lesson.into();
        Some((fit_scenario(&query, scenario)?, Command { what: What::Run(at), name, text, keys: String::new() }))
    });
    let parameters = if model.can_run() { parameters(model, &query) } else { Vec::new() };
    let mut all: Vec<(Fit, Command)> = actions.chain(parameters).chain(scenarios).collect();
    let first = |command: &Command| FIRST.iter().position(|name| *name == command.name).unwrap_or(FIRST.len());
    // Without a query all fit alike.
    all.sort_by_key(|(fit, command)| (*fit, if query.is_empty() { first(command) } else { 0 }));
    all.into_iter().map(|(_, command)| command).collect()
}

/// The parameters of the scenario that fit a query by name, and their choices by word.
fn parameters(model: &Model, query: &str) -> Vec<(Fit, Command)> {
    let mut found = Vec::new();
    for (row, field) in model.form.fields().into_iter().enumerate() {
        let Field::Param(param) = field else { continue };
        if let Some(value) = given(query, param) {
            let (what, text) = (What::Choose(row, value), format!("Set {} to {value} and run.", param.name));
            found.push((
                Fit::Name,
                Command { what, name: format!("{} {value}", param.name), text: text.into(), keys: String::new() },
            ));
        }
        if let Some(fit) = fit_name(query, param.name) {
            let what = What::Set(row);
            found
                .push((fit, Command { what, name: format!("set {}", param.name), text: param.help.into(), keys: String::new() }));
        }
        let Kind::Choice(choices) = param.kind else { continue };
        for choice in choices.iter().copied() {
            let fit = fit_name(query, choice).or_else(|| fit_name(query, param.name));
            let (what, text) = (What::Choose(row, Value::Choice(choice)), format!("Set {} to {choice} and run.", param.name));
            found.extend(fit.map(|fit| {
                (fit, Command { what, name: format!("{} {choice}", param.name), text: text.into(), keys: String::new() })
            }));
        }
    }
    found
}

/// The value of a query such as `permits=5` or `set permits 5`, if it is one for that parameter.
fn given(query: &str, param: &Param) -> Option<Value> {
    let (name, value) = query.strip_prefix("set ").unwrap_or(query).split_once(['=', ' '])?;
    (name == param.name).then(|| param.parse(value.trim()).ok())?
}

/// How a query fits the name of a parameter or of a choice.
fn fit_name(query: &str, name: &str) -> Option<Fit> {
    let (query, name) = (query.strip_prefix("set ").unwrap_or(query), title(name));
    if query == name {
        // A command of that name goes before it.
        Some(Fit::Word)
    } else {
        name.starts_with(query).then_some(Fit::Begins).or_else(|| is_typo(query, &name).then_some(Fit::Typo))
    }
}

/// How a query fits a command.
fn fit(query: &str, binding: &Binding) -> Option<Fit> {
    #[cfg(any(test, feature = "count-steps"))]
    crate::work_count::count(query.len() + binding.help.len());
    let name = title(binding.name);
    let words = || [name.as_str()].into_iter().chain(synonyms::of(binding.name).iter().copied());
    let long = |word: &str| word.len() >= SHORT;
    if query == name {
        Some(Fit::Name)
    } else if words().any(|word| word == query) {
        Some(Fit::Word)
    } else if name.starts_with(query) {
        Some(Fit::Begins)
    } else if words().any(|word| word.starts_with(query)) {
        Some(Fit::WordBegins)
    } else if begins_words(query, &words()) {
        Some(Fit::Words)
    } else if query.split(' ').all(long) && begins_words(query, &[binding.help.to_lowercase().as_str()].into_iter()) {
        Some(Fit::Help)
    } else {
        words().any(|word| is_typo(query, word)).then_some(Fit::Typo)
    }
}

/// How a query matches a scenario. A leading `run` is ignored.
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

/// Whether each word of the query begins a word of these texts.
fn begins_words<'a>(query: &str, texts: &(impl Iterator<Item = &'a str> + Clone)) -> bool {
    let apart = |c: char| !c.is_alphanumeric();
    let is = |word: &str| texts.clone().flat_map(|text| text.split(apart)).any(|other| other.starts_with(word));
    query.split(apart).filter(|word| !word.is_empty()).all(is)
}

/// Whether a query is that text or one of its words, except for one letter that is wrong, missing, extra or swapped.
fn is_typo(query: &str, text: &str) -> bool {
    let close = |word: &str| {
        let alike = query.len() >= LONG && word.len() >= LONG && query.chars().next() == word.chars().next();
        alike && strsim::osa_distance(query, word) <= 1
    };
    close(text) || text.split(' ').any(close)
}

/// A name as shown: dashes become spaces.
fn title(name: &str) -> String {
    name.replace('-', " ")
}

/// The rows that work from the focused pane, each with the pane that it needs if that is another one. There is one
/// row per action and name. The pane's own rows come first; of the others, those in the footer.
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
        // Moving by one row has a key, and the palette is already open.
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
    // In the form a digit is typed.
    let works = |key: &&Key| model.focus != Pane::Parameters || !key.is_digit();
    let keys: Vec<String> = binding.keys.iter().filter(works).map(|key| key.text(unicode)).collect();
    let what = What::Do(binding.action.clone(), pane);
    Command { what, name: title(binding.name), text: binding.help.into(), keys: keys.join(" ") }
}

/// Whether any command matches the typed text.
pub(in crate::app) fn any(model: &Model) -> bool {
    let Mode::Overlay(Overlay::Palette { text, .. }) = &model.mode else { return false };
    !found(model, text.text()).is_empty()
}

/// Opens or closes the palette.
pub(in crate::app) fn toggle(model: &mut Model) {
    model.mode = match model.mode {
        Mode::Overlay(Overlay::Palette { .. }) => Mode::Browse,
        _ => Mode::Overlay(Overlay::Palette { text: TextField::default(), row: 0 }),
    };
}

/// The index of the last row.
pub(in crate::app) fn last_row(model: &Model) -> usize {
    let Mode::Overlay(Overlay::Palette { text, .. }) = &model.mode else { return 0 };
    found(model, text.text()).len().saturating_sub(1)
}

/// Takes the selected command and closes the palette.
pub(in crate::app) fn take(model: &mut Model) -> Option<What> {
    let Mode::Overlay(Overlay::Palette { text, row }) = &model.mode else { return None };
    let command = found(model, text.text()).into_iter().nth(*row)?;
    model.mode = Mode::Browse;
    Some(command.what)
}

#[cfg(test)]
mod tests;
