//! The keys that the user binds to actions.

use toml::de::DeValue;

use super::{Flaw, Setting, offer, renamed};
use crate::app::input::bindings::{Bindings, Context, Key, NoKey, Scope};
use crate::app::panes::Pane;
use crate::text;

/// The maximum number of keys per action. Each key is compared with every other action's keys.
const MOST: usize = 16;

/// The one action that must have a key, so that the user can always quit.
const WAY_OUT: &str = "quit-anywhere";

/// Binds the keys in the file to their actions, and checks that no key has two actions in one place.
pub(super) fn read(settings: &[(&str, Setting<'_>)], bindings: &mut Bindings) -> Result<(), Flaw> {
    for (name, setting) in settings {
        if bindings.named(name).is_none() {
            if let Some(now) = renamed::now(name) {
                return Err(setting.flaw(format!("'{name}' is now '{now}'")));
            }
            let names: Vec<&str> = bindings.iter().map(|binding| binding.name).collect();
            return Err(setting.flaw(format!("unknown action '{}'{}", text::name(name), offer(name, &names))));
        }
        let keys = keys(setting)?;
        if keys.is_empty() && *name == WAY_OUT {
            return Err(setting.flaw("needs at least one key, so that you can always quit"));
        }
        bindings.give(name, keys);
    }
    for (name, setting) in settings {
        typing(name, setting, bindings)?;
    }
    // Report a conflict at the line that introduced it: the last.
    settings.iter().rev().try_for_each(|(name, setting)| conflicts(name, setting, bindings))
}

/// One key, or a list of them.
fn keys(setting: &Setting<'_>) -> Result<Vec<Key>, Flaw> {
    let key = |value: &DeValue<'_>| {
        let typed = value.as_str().ok_or_else(|| setting.flaw("expected a quoted key, or a list of them"))?;
        Key::parse(typed).map_err(|refused| setting.flaw(reason(typed, refused)))
    };
    match setting.value {
        DeValue::Array(list) if list.len() > MOST => Err(setting.flaw(format!("too many keys; an action has at most {MOST}"))),
        DeValue::Array(list) => list.iter().map(|value| key(value.get_ref())).collect(),
        value => Ok(vec![key(value)?]),
    }
}

/// Why a key cannot be bound.
fn reason(typed: &str, refused: NoKey) -> String {
    let shown = text::name(typed);
    match refused {
        NoKey::Unknown => format!("unknown key '{shown}'{}", offer(typed, &Key::NAMES)),
        NoKey::SameAs(same) => format!("a terminal sends '{same}' for '{shown}'; use '{same}', or another key"),
        NoKey::NoCode => format!("a terminal has no code for '{shown}'; use another key"),
    }
}

/// Rejects characters where they type text, and digits in the form, where they type a value.
fn typing(name: &str, setting: &Setting<'_>, bindings: &Bindings) -> Result<(), Flaw> {
    for binding in bindings.iter().filter(|binding| binding.name == name) {
        let typed = Context::ALL.iter().any(|context| context.is_text() && binding.scope.covers(*context));
        if let Some(key) = binding.keys.iter().find(|key| typed && key.is_text()) {
            return Err(setting.flaw(format!("'{}' types text where this action works; use a key with Ctrl", key.name())));
        }
        let form = matches!(binding.scope, Scope::Edit | Scope::Panes([Pane::Parameters]));
        if let Some(key) = binding.keys.iter().find(|key| form && key.is_digit()) {
            let name = key.name();
            return Err(setting.flaw(format!("'{name}' types a value where this action works; use a key that is not a digit")));
        }
    }
    Ok(())
}

/// Rejects a key of this action that another action has in the same place.
fn conflicts(name: &str, setting: &Setting<'_>, bindings: &Bindings) -> Result<(), Flaw> {
    for context in Context::ALL {
        let own = bindings.within(context).filter(|binding| binding.name == name);
        for key in own.flat_map(|binding| binding.keys.iter()) {
            let other = bindings.within(context).find(|other| other.name != name && other.keys.contains(key));
            if let Some(other) = other {
                let text = format!("'{}' is already the key of '{}' in {}", key.name(), other.name, context.name());
                return Err(setting.flaw(text));
            }
        }
    }
    Ok(())
}
