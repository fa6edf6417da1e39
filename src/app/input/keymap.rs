//! From keys to actions, and from the table of actions to words about keys.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::input::action::Action;
use crate::app::input::bindings::{Binding, Bindings, Context, Group, Key};
use crate::app::mode::{Mode, Overlay, Wanted};
use crate::app::model::Model;
use crate::app::panes::Pane;

/// What takes the keys now.
pub fn context(model: &Model) -> Context {
    match &model.mode {
        Mode::Browse => Context::Pane(model.focus),
        Mode::Search => Context::Search,
        Mode::Edit(_) => Context::Edit,
        Mode::Prompt(prompt) => match prompt.what {
            Wanted::Time => Context::Time,
            Wanted::Filter => Context::Filter,
            Wanted::File { .. } => Context::File,
        },
        Mode::Overlay(overlay) => match overlay {
            Overlay::Help { .. } => Context::Help,
            Overlay::Why { .. } => Context::Why,
            Overlay::Path { .. } => Context::Path,
            Overlay::Findings { .. } => Context::Findings,
            Overlay::Palette { .. } => Context::Palette,
            Overlay::Range { .. } => Context::Range,
        },
    }
}

/// What a key does now; none when it does nothing. Releases do nothing.
pub fn key(model: &Model, event: KeyEvent) -> Option<Action> {
    let context = context(model);
    let key = Key::of(event)?;
    let bound = model.bindings.bound(context, key);
    // As the table says of Enter there.
    if context == Context::Pane(Pane::Timeline) && key.code == KeyCode::Enter && !model.timeline.shows_tasks() {
        return Some(Action::Open);
    }
    bound.map(|binding| binding.action.clone()).or_else(|| typed(context, key))
}

/// What pasted text does: it goes to the text that is typed, or nowhere.
pub fn paste(model: &Model, text: String) -> Option<Action> {
    is_typed(context(model)).then_some(Action::Paste(text))
}

/// Whether letters are text there.
pub fn is_typed(context: Context) -> bool {
    matches!(context, Context::Search | Context::Edit | Context::Time | Context::File | Context::Filter | Context::Palette)
}

/// A key that the table does not know is text where text is typed; in the form a digit starts a value.
fn typed(context: Context, key: Key) -> Option<Action> {
    let KeyCode::Char(c) = key.code else { return None };
    let text = match context {
        Context::Pane(Pane::Parameters) => c.is_ascii_digit(),
        context => is_typed(context) && !c.is_control(),
    };
    (text && !key.ctrl).then_some(Action::Type(c))
}

/// What the footer shows: keys and a label each, the most important first.
pub fn hints(model: &Model) -> Vec<(String, &'static str)> {
    let context = context(model);
    let mut bindings: Vec<&Binding> = model.bindings.within(context).filter(|binding| !binding.label.is_empty()).collect();
    bindings.sort_by_key(|binding| binding.rank);
    let mut hints: Vec<(String, &'static str)> = Vec::new();
    for binding in bindings {
        let Some(key) = binding.keys.first() else { continue };
        let text = key.text(model.options.theme.unicode);
        let label = if binding.action == Action::PauseOrGo { space_label(model) } else { binding.label };
        match hints.last_mut() {
            Some((keys, last)) if *last == label => join(keys, &text),
            _ => hints.push((text, label)),
        }
    }
    hints
}

/// Glyphs stand together (`←→`), words are set apart (`Left/Right`).
fn join(keys: &mut String, more: &str) {
    if !(keys.chars().count() == 1 && more.chars().count() == 1 && !keys.is_ascii()) {
        keys.push('/');
    }
    keys.push_str(more);
}

/// What the space bar does to the run on screen.
fn space_label(model: &Model) -> &'static str {
    match &model.run {
        None => "start",
        Some(run) if run.cursor.playing => "pause",
        Some(run) if run.trace.closed && run.cursor.at_ns >= run.trace.end_ns => "play again",
        Some(_) => "go on",
    }
}

/// One line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpLine {
    /// A part begins.
    Heading(&'static str),
    /// Keys, and what they do.
    Keys {
        /// The keys, in words, separated by spaces.
        keys: String,
        /// What they do, in one sentence.
        help: &'static str,
    },
}

/// All that can be done while that pane has the focus: its own keys first.
pub fn help_lines(bindings: &Bindings, pane: Pane, unicode: bool) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        let bound = bindings.within(Context::Pane(pane)).filter(|binding| binding.group == group && !binding.keys.is_empty());
        let keys: Vec<HelpLine> = bound.map(|binding| help_line(binding, unicode)).collect();
        if !keys.is_empty() {
            lines.push(HelpLine::Heading(if group == Group::Here { pane.title() } else { group.title() }));
            lines.extend(keys);
        }
    }
    lines
}

fn help_line(binding: &Binding, unicode: bool) -> HelpLine {
    let keys: Vec<String> = binding.keys.iter().map(|key| key.text(unicode)).collect();
    HelpLine::Keys { keys: keys.join(" "), help: binding.help }
}

#[cfg(test)]
mod tests;
