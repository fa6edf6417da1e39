//! The keys that the user gives to actions.

use toml::de::DeValue;

use super::{Flaw, Setting, offer, renamed};
use crate::app::input::bindings::{Bindings, Context, Key, NoKey, Scope};
use crate::app::panes::Pane;
use crate::text;

/// The most keys of an action. Each is compared with those of all others.
const MOST: usize = 16;

/// The one action that needs a key: there has to be a way out.
const WAY_OUT: &str = "quit-anywhere";

/// Gives each action the keys that the file has for it, and looks whether each key still does one thing.
pub(super) fn read(settings: &[(&str, Setting<'_>)], bindings: &mut Bindings) -> Result<(), Flaw> {
    for (name, setting) in settings {
        if bindings.named(name).is_none() {
            if let Some(now) = renamed::now(name) {
                return Err(setting.flaw(format!("'{name}' is now '{now}'")));
            }
            let names: Vec<&str> = bindings.iter().map(|binding| binding.name).collect();
            return Err(setting.flaw(format!("no action is called '{}'{}", text::name(name), offer(name, &names))));
        }
        let keys = keys(setting)?;
        if keys.is_empty() && *name == WAY_OUT {
            return Err(setting.flaw("this needs a key, or there is no way out"));
        }
        bindings.give(name, keys);
    }
    for (name, setting) in settings {
        typing(name, setting, bindings)?;
    }
    // The last one that was given is the one to be told of.
    settings.iter().rev().try_for_each(|(name, setting)| conflicts(name, setting, bindings))
}

/// One key, or a list of them.
fn keys(setting: &Setting<'_>) -> Result<Vec<Key>, Flaw> {
    let key = |value: &DeValue<'_>| {
        let typed = value.as_str().ok_or_else(|| setting.flaw("a key in quotes is needed, or a list of them"))?;
        Key::parse(typed).map_err(|refused| setting.flaw(reason(typed, refused)))
    };
    match setting.value {
        DeValue::Array(list) if list.len() > MOST => Err(setting.flaw(format!("an action has at most {MOST} keys"))),
        DeValue::Array(list) => list.iter().map(|value| key(value.get_ref())).collect(),
        value => Ok(vec![key(value)?]),
    }
}

/// Why that is no key that can be bound.
fn reason(typed: &str, refused: NoKey) -> String {
    let shown = text::name(typed);
    match refused {
        NoKey::Unknown => format!("'{shown}' is no key{}", offer(typed, &Key::NAMES)),
        NoKey::SameAs(same) => format!("a terminal sends '{same}' for '{shown}': use '{same}', or another key"),
        NoKey::NoCode => format!("a terminal has no code for '{shown}': use another key"),
    }
}

/// Where text is typed a letter is text, and in the form a digit is a part of a value.
fn typing(name: &str, setting: &Setting<'_>, bindings: &Bindings) -> Result<(), Flaw> {
    for binding in bindings.iter().filter(|binding| binding.name == name) {
        let typed = Context::ALL.iter().any(|context| context.is_text() && binding.scope.covers(*context));
        if let Some(key) = binding.keys.iter().find(|key| typed && key.is_text()) {
            return Err(setting.flaw(format!("'{}' is text where this works; give it a key with Ctrl", key.name())));
        }
        let form = matches!(binding.scope, Scope::Edit | Scope::Panes([Pane::Parameters]));
        if let Some(key) = binding.keys.iter().find(|key| form && key.is_digit()) {
            return Err(setting.flaw(format!("'{}' is a part of a value where this works", key.name())));
        }
    }
    Ok(())
}

/// Whether a key of this action does something else in the same place.
fn conflicts(name: &str, setting: &Setting<'_>, bindings: &Bindings) -> Result<(), Flaw> {
    for context in Context::ALL {
        let own = bindings.within(context).filter(|binding| binding.name == name);
        for key in own.flat_map(|binding| binding.keys.iter()) {
            let other = bindings.within(context).find(|other| other.name != name && other.keys.contains(key));
            if let Some(other) = other {
                let text = format!("'{}' is the key of '{}' too, in {}", key.name(), other.name, context.name());
                return Err(setting.flaw(text));
            }
        }
    }
    Ok(())
}
