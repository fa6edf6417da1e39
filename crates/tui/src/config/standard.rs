//! The settings file with all defaults.

use std::fmt::Write as _;

use super::{AUTO, Config, theme_names};
use crate::app::colors::{Colors, ThemeName};
use crate::app::input::bindings::Bindings;

const HEAD: &str = "\
# Settings of async-playground. These are the defaults:
# keep the lines that you change, and delete the rest.
";

/// A file with every setting at its default, each with a comment.
pub fn standard() -> String {
    let config = Config::default();
    let mut text = HEAD.to_owned();
    let themes = theme_names().join(", ");
    let mut put = |help: &str, line: &str| {
        let _ = write!(text, "\n# {help}\n{line}\n");
    };
    put(
        &format!("Colours: {themes}. 'auto' is okabe-ito if COLORTERM says truecolor, else ansi."),
        &assign("theme", config.theme.map_or(AUTO, ThemeName::name)),
    );
    put("Use the mouse. If false, the terminal selects text.", &format!("mouse = {}", config.mouse));
    put(
        "Reduce motion: the cursor moves in steps, and the timeline by pages.",
        &format!("reduced-motion = {}", config.reduced_motion),
    );
    put("Ask before each run what you expect.", &format!("predict = {}", config.predict));
    put(
        "A key or a list of keys for each action; an empty list removes them.\n# A key is a character, a name such as \"Up\", \"PgDn\", \"Enter\", \"Space\" or \"F5\", or either with Ctrl: \"Ctrl-S\".",
        "[keys]",
    );
    keys(&mut text, &config.bindings);
    text.push_str("\n# Your own colours: a name, \"#RRGGBB\" or a number from 0 to 255.\n[colors]\n");
    let mut ansi = Colors::ANSI;
    for (name, help) in Colors::ROLES {
        let color = ansi.role(name).map_or_else(String::new, |color| color.to_string().to_lowercase());
        let _ = writeln!(text, "#{help}\n# {}", assign(name, &color));
    }
    text
}

fn keys(text: &mut String, bindings: &Bindings) {
    let mut told: Vec<&str> = Vec::new();
    for binding in bindings.iter().filter(|binding| bindings.named(binding.name).is_some_and(|first| first == *binding)) {
        if told.contains(&binding.name) {
            continue;
        }
        told.push(binding.name);
        let keys: Vec<String> = binding.keys.iter().map(|key| quoted(&key.name())).collect();
        let keys = if let [key] = &keys[..] { key.clone() } else { format!("[{}]", keys.join(", ")) };
        let _ = writeln!(text, "# {}\n{} = {keys}", binding.help, binding.name);
    }
}

fn assign(name: &str, value: &str) -> String {
    format!("{name} = {}", quoted(value))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
