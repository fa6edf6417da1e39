//! The user's settings: keys, theme, mouse, motion, colours.
//!
//! [`parse`] turns the text of the file into a [`Config`], and [`standard`] writes a
//! file with all defaults. An unknown setting is an error: a key that silently does
//! nothing is worse than a program that does not start. A [`Flaw`] names the line
//! and the key.

mod keys;
mod renamed;
mod standard;
#[cfg(test)]
mod tests;

use std::fmt;

pub use standard::standard;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::app::colors::{Colors, OwnColor, ThemeName};
use crate::app::input::bindings::Bindings;
use crate::text;

/// The setting that picks a theme to suit the terminal.
pub const AUTO: &str = "auto";

/// How similar a name must be to be suggested.
const ALIKE: f64 = 0.75;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The keys of each action.
    pub bindings: Bindings,
    /// The theme. `None` is `auto`: `okabe-ito` if the terminal announces true colour, else its own sixteen colours.
    pub theme: Option<ThemeName>,
    /// Whether to use the mouse.
    pub mouse: bool,
    /// Whether to avoid motion.
    pub reduced_motion: bool,
    /// Whether to ask before each run what the user expects.
    pub predict: bool,
    /// The user's own colours by role, which replace the theme's; see [`Colors::ROLES`].
    pub colors: Vec<OwnColor>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bindings: Bindings::default(),
            theme: None,
            mouse: true,
            reduced_motion: false,
            predict: false,
            colors: Vec::new(),
        }
    }
}

/// What is wrong with a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The line, from 1.
    pub line: usize,
    /// The setting; empty if the file is not valid TOML.
    pub key: String,
    /// What is wrong, in one line.
    pub reason: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.key.is_empty() { "" } else { ": " };
        write!(f, "{}: {}{between}{}", self.line, text::name(&self.key), self.reason)
    }
}

impl std::error::Error for Flaw {}

/// A setting in the file.
struct Setting<'a> {
    line: usize,
    /// The full name.
    key: String,
    value: &'a DeValue<'a>,
}

impl Setting<'_> {
    fn flaw(&self, reason: impl Into<String>) -> Flaw {
        Flaw { line: self.line, key: self.key.clone(), reason: reason.into() }
    }

    fn flag(&self) -> Result<bool, Flaw> {
        self.value.as_bool().ok_or_else(|| self.flaw("expected true or false"))
    }

    fn text(&self) -> Result<&str, Flaw> {
        self.value.as_str().ok_or_else(|| self.flaw("expected a quoted string"))
    }
}

/// The settings of a table in the order of their lines. `of` is the table's name and a dot.
fn settings<'a>(lines: &Lines, of: &str, table: &'a DeTable<'a>) -> Vec<(&'a str, Setting<'a>)> {
    let setting = |(name, value): (&'a Spanned<toml::de::DeString<'a>>, &'a Spanned<DeValue<'a>>)| {
        let (line, key) = (lines.at(name.span().start), format!("{of}{}", name.get_ref()));
        (name.get_ref().as_ref(), Setting { line, key, value: value.get_ref() })
    };
    let mut all: Vec<_> = table.iter().map(setting).collect();
    all.sort_by_key(|(_, setting)| setting.line);
    all
}

/// The byte offsets at which the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        #[cfg(any(test, feature = "count-steps"))]
        crate::work_count::count(text.len());
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, from 1.
    fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte) + 1
    }
}

/// Reads the settings.
///
/// # Errors
///
/// The first flaw: invalid TOML, an unknown name, an invalid value, or a key with two actions.
pub fn parse(text: &str) -> Result<Config, Flaw> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| Flaw {
        line: error.span().map_or(1, |span| lines.at(span.start)),
        key: String::new(),
        reason: text::message(error.message()),
    })?;
    let mut config = Config::default();
    for (name, setting) in settings(&lines, "", table.get_ref()) {
        match name {
            "theme" => config.theme = theme(&setting)?,
            "mouse" => config.mouse = setting.flag()?,
            "reduced-motion" => config.reduced_motion = setting.flag()?,
            "predict" => config.predict = setting.flag()?,
            "keys" => keys::read(&settings(&lines, "keys.", part(&setting)?), &mut config.bindings)?,
            "colors" => config.colors = colors(&settings(&lines, "colors.", part(&setting)?))?,
            _ => return Err(setting.flaw(unknown(name, &["theme", "mouse", "reduced-motion", "predict", "keys", "colors"]))),
        }
    }
    Ok(config)
}

fn part<'a>(setting: &Setting<'a>) -> Result<&'a DeTable<'a>, Flaw> {
    setting
        .value
        .as_table()
        .ok_or_else(|| setting.flaw(format!("expected a table: [{}] on a line of its own", text::name(&setting.key))))
}

/// The names of all themes, with `auto` first.
fn theme_names() -> Vec<&'static str> {
    [AUTO].into_iter().chain(ThemeName::ALL.map(ThemeName::name)).collect()
}

fn theme(setting: &Setting<'_>) -> Result<Option<ThemeName>, Flaw> {
    let typed = setting.text()?;
    if typed == AUTO {
        return Ok(None);
    }
    let known = ThemeName::ALL.into_iter().find(|theme| theme.name() == typed);
    let no_theme = || setting.flaw(format!("unknown theme '{}'{}", text::name(typed), offer(typed, &theme_names())));
    known.map(Some).ok_or_else(no_theme)
}

fn colors(settings: &[(&str, Setting<'_>)]) -> Result<Vec<OwnColor>, Flaw> {
    let names: Vec<&str> = Colors::ROLES.iter().map(|(name, _)| *name).collect();
    let color = |(name, setting): &(&str, Setting<'_>)| {
        if !names.contains(name) {
            return Err(setting.flaw(unknown(name, &names)));
        }
        let typed = setting.text()?;
        let wanted = "is not a colour; expected a name such as 'green' or 'light-blue', '#56B4E9', or a number from 0 to 255";
        let color = typed.parse().map_err(|_| setting.flaw(format!("'{}' {wanted}", text::name(typed))))?;
        Ok(((*name).to_owned(), color))
    };
    settings.iter().map(color).collect()
}

fn unknown(typed: &str, names: &[&str]) -> String {
    format!("unknown setting{}", offer(typed, names))
}

/// Suggests a similar name; without one, lists the names if there are few.
fn offer(typed: &str, names: &[&str]) -> String {
    match text::meant(typed, names, ALIKE) {
        Some(name) => format!("; did you mean '{name}'?"),
        None if names.len() < 8 => format!(" (available: {})", names.join(", ")),
        None => "; 'async-playground config --default' lists them all".to_owned(),
    }
}
