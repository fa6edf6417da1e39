//! Maps keys to actions, and the table of actions to help texts.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::form::fields::Field;
use crate::app::input::action::Action;
use crate::app::input::bindings::{Binding, Bindings, Context, Group, Key};
use crate::app::mode::{Mode, Overlay, Wanted};
use crate::app::model::Model;
use crate::app::panes::{ExplainTab, Pane};
use crate::app::run::predict;
use crate::app::sketch::shown;

/// What receives the keys now.
pub fn context(model: &Model) -> Context {
    match &model.mode {
        Mode::Browse => Context::Pane(model.focus),
        Mode::Search => Context::Search,
        Mode::Edit(_) => Context::Edit,
        Mode::Ask(_) => Context::Ask,
        Mode::Prompt(prompt) => match prompt.what {
            Wanted::Time => Context::Time,
            Wanted::Filter => Context::Filter,
            Wanted::Search(_) => Context::Find,
            Wanted::File { .. } | Wanted::Export { .. } => Context::File,
            Wanted::Folder => Context::Folder,
        },
        Mode::Overlay(overlay) => match overlay {
            Overlay::Help { .. } => Context::Help,
            Overlay::Why { .. } => Context::Explain(ExplainTab::Why),
            Overlay::Findings { .. } => Context::Explain(ExplainTab::Findings),
            Overlay::Range { .. } => Context::Explain(ExplainTab::Path),
            Overlay::Resources { .. } => Context::Explain(ExplainTab::Resources),
            Overlay::Path { .. } => Context::Path,
            Overlay::Palette { .. } => Context::Palette,
            Overlay::Hunt { .. } => Context::Hunt,
            Overlay::Sweep { .. } => Context::Sweep,
            Overlay::Arrange { .. } => Context::Arrange,
            Overlay::Predict { .. } if predict::choices(model).is_some() => Context::Choices,
            Overlay::Predict { .. } => Context::Number,
        },
    }
}

/// What a key does now; `None` if nothing. Key releases do nothing.
pub fn key(model: &Model, event: KeyEvent) -> Option<Action> {
    let context = context(model);
    let key = Key::of(event)?;
    if let (KeyCode::Char(digit), true) = (key.code, key.is_digit() && takes_digits(model, context)) {
        return Some(Action::Type(digit));
    }
    // A schedule is a number or a list.
    if let (KeyCode::Char(between @ (':' | ',')), Context::Edit) = (key.code, context)
        && model.form.field() == Field::Schedule
    {
        return Some(Action::Type(between));
    }
    let bound = model.bindings.bound(context, key);
    // Errors in the place of the lanes have the keys of a list.
    if context == Context::Pane(Pane::Timeline) && key.code == KeyCode::Enter && shown::shows_problems(model) {
        return Some(Action::OpenProblem);
    }
    // Enter opens a row of other lanes; the table's help says so.
    if context == Context::Pane(Pane::Timeline) && key.code == KeyCode::Enter && !model.timeline.shows_tasks() {
        return Some(Action::Open);
    }
    // A key that is no digit leaves a numeric field and acts as it does outside.
    let outside = || model.bindings.bound(Context::FORM, key).filter(|_| context == Context::Edit);
    bound.or_else(outside).map(|binding| binding.action.clone()).or_else(|| typed(context, key))
}

/// Whether a digit is part of a number there, even if it is bound to something else.
fn takes_digits(model: &Model, context: Context) -> bool {
    matches!(context, Context::Edit | Context::Choices)
        || (context == Context::FORM && model.programs.is_none() && model.form.field().takes_digits())
}

/// What pasted text does: it goes into the text field, if there is one.
pub fn paste(model: &Model, text: String) -> Option<Action> {
    let context = context(model);
    (context.is_text() || context == Context::Edit).then_some(Action::Paste(text))
}

/// In a text field, a key without a binding is text.
fn typed(context: Context, key: Key) -> Option<Action> {
    let KeyCode::Char(c) = key.code else { return None };
    (context.is_text() && !c.is_control() && !key.ctrl).then_some(Action::Type(c))
}

/// One line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpLine {
    /// A section begins.
    Heading(&'static str),
    /// Keys and what they do.
    Keys {
        /// The keys, spelled for the screen, separated by spaces.
        keys: String,
        /// What they do, in one sentence.
        help: &'static str,
    },
}

/// Everything that can be done while a pane has the focus: its own keys first.
pub fn help_lines(bindings: &Bindings, pane: Pane, unicode: bool) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        let bound = bindings.within(Context::Pane(pane)).filter(|binding| binding.group == group && !binding.keys.is_empty());
        let keys: Vec<HelpLine> = bound.filter_map(|binding| help_line(binding, pane, unicode)).collect();
        if !keys.is_empty() {
            lines.push(HelpLine::Heading(if group == Group::Here { bindings.title(pane) } else { group.title() }));
            lines.extend(keys);
        }
    }
    lines
}

/// A row of the table in the help of a pane. In the form, where digits are typed, no digit is a key.
fn help_line(binding: &Binding, pane: Pane, unicode: bool) -> Option<HelpLine> {
    let works = |key: &&Key| pane != Pane::Parameters || !key.is_digit();
    let keys: Vec<String> = binding.keys.iter().filter(works).map(|key| key.text(unicode)).collect();
    (!keys.is_empty()).then(|| HelpLine::Keys { keys: keys.join(" "), help: binding.help })
}

#[cfg(test)]
mod tests;
