//! The command palette: everything that can be done, found by what it is called.
//!
//! It lists what the table of keys has, so whatever has a key can be found here
//! by its help, its name or its key, and every scenario of the catalogue.

use crate::app::input::action::Action;
use crate::app::input::bindings::{Binding, Context, Scope};
use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::overlay::fuzzy::{self, Match};
use crate::app::panes::Pane;

/// Less for what does not belong to the focused pane, so that of two that fit alike its own comes first.
const ELSEWHERE: i32 = 10;
/// What it counts that something was found by its name: less for an action, whose name is not on screen.
const BY_NAME: i32 = 4;

/// Something that can be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// What is done.
    pub what: What,
    /// What it is called.
    pub text: String,
    /// The keys that do it, as they are written on screen.
    pub keys: String,
    /// The characters of the text that were searched for, by their place.
    pub places: Vec<usize>,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// An action, and the pane that has to have the focus for it.
    Do(Action, Option<Pane>),
    /// Picks and starts a scenario, by its place in the catalogue.
    Run(usize),
}

/// What fits a query, best first; for an empty one all there is, what is most useful in the focused pane first.
pub fn found(model: &Model, query: &str) -> Vec<Command> {
    let rows = rows(model);
    let actions = rows.iter().filter_map(|(binding, pane)| {
        let by_help = fuzzy::matches(query, binding.help);
        let by_name = fuzzy::matches(query, binding.name).map(|found| Match { score: found.score - BY_NAME, places: Vec::new() });
        let best = [by_help, by_name].into_iter().flatten().max_by_key(|found| found.score)?;
        let away = if pane.is_some() { ELSEWHERE } else { 0 };
        Some((best.score - away, command(model, binding, *pane, best.places)))
    });
    let scenarios = (0..).zip(model.catalogue).filter_map(|(at, scenario)| {
        let name = format!("run {}", scenario.id);
        let text = format!("{name}: {}", scenario.lesson);
        // What a scenario is called counts more than what its lesson speaks of.
        let by_name = fuzzy::matches(query, &name).map(|found| Match { score: found.score + BY_NAME, ..found });
        let best = by_name.or_else(|| fuzzy::matches(query, &text))?;
        Some((best.score - ELSEWHERE, Command { what: What::Run(at), text, keys: String::new(), places: best.places }))
    });
    let mut all: Vec<(i32, Command)> = actions.chain(scenarios).collect();
    all.sort_by_key(|(score, _)| -score);
    all.into_iter().map(|(_, command)| command).collect()
}

/// The rows of the table that can be done from the focused pane, each with the pane that it needs if that is another one: one
/// for each action, those of the footer first.
fn rows(model: &Model) -> Vec<(&Binding, Option<Pane>)> {
    let here = Context::Pane(model.focus);
    let mut rows: Vec<(&Binding, Option<Pane>)> = model.bindings.within(here).map(|binding| (binding, None)).collect();
    // Whoever wants to go one row on has a key for it.
    rows.sort_by_key(|(binding, _)| (matches!(binding.action, Action::Move(_)), binding.rank));
    let elsewhere = model.bindings.iter().filter_map(|binding| match binding.scope {
        Scope::Panes(panes) if !panes.contains(&model.focus) => Some((binding, panes.first().copied())),
        _ => None,
    });
    // To move in another pane one has to be there.
    rows.extend(elsewhere.filter(|(binding, _)| !matches!(binding.action, Action::Move(_))));
    let mut one_each: Vec<(&Binding, Option<Pane>)> = Vec::with_capacity(rows.len());
    for row in rows {
        let opens_itself = row.0.action == Action::Palette;
        if !opens_itself && !one_each.iter().any(|(known, _)| known.action == row.0.action) {
            one_each.push(row);
        }
    }
    one_each
}

fn command(model: &Model, binding: &Binding, pane: Option<Pane>, places: Vec<usize>) -> Command {
    let unicode = model.options.theme.unicode;
    let keys: Vec<String> = binding.keys.iter().map(|key| key.text(unicode)).collect();
    let what = What::Do(binding.action.clone(), pane);
    Command { what, text: binding.help.to_owned(), keys: keys.join(" "), places }
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
