//! The settings file: finds it, reads it, prints the default one.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use recording::files;
use tui::app::colors::{Colors, ThemeName};
use tui::config::{self, Config};
use tui::text;

use super::args::{Color, ConfigArgs, ScreenArgs};
use super::out;
use super::stop::Stop;

/// The maximum size of a settings file in bytes: a hundred times the default file.
const MOST: u64 = 1 << 20;

/// The path of the settings file; `None` if neither `XDG_CONFIG_HOME` nor a home directory is set.
fn file() -> Option<PathBuf> {
    // The XDG Base Directory Specification says to ignore relative paths.
    let folder = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = folder.or_else(|| Some(env::home_dir().filter(|home| home.is_absolute())?.join(".config")))?;
    Some(folder.join("async-playground/config.toml"))
}

/// Prints the default file, or the path of the settings file.
pub(super) fn tell(args: &ConfigArgs) -> Result<(), Stop> {
    if args.default {
        return out::print(&config::standard());
    }
    let none = || Stop::Failed("no settings path: neither XDG_CONFIG_HOME nor a home directory is set".to_owned());
    let file = file().ok_or_else(none)?;
    let file = file.to_string_lossy();
    // A script gets the path unescaped.
    let file = if io::stdout().is_terminal() { text::safe(&file) } else { file };
    out::print(&format!("{file}\n"))
}

/// Reads the file that `--config` names, or the default one if it exists.
pub(super) fn load(args: &ScreenArgs) -> Result<Config, Stop> {
    let Some(path) = args.config.clone().or_else(file) else { return Ok(Config::default()) };
    let text = match files::read_text(&path, MOST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && args.config.is_none() => return Ok(Config::default()),
        Err(error) => return Err(Stop::Usage(format!("cannot read the settings in {}: {error}", text::path(&path)))),
        Ok(text) => text,
    };
    config::parse(&text).map_err(|flaw| Stop::Usage(format!("{}:{flaw}", text::path(&path))))
}

/// The colours to draw with. A flag overrides the file, and the file overrides `NO_COLOR`, which applies if it is set and not
/// empty (<https://no-color.org>).
pub(super) fn colors(args: &ScreenArgs, config: &Config) -> Option<Colors> {
    let theme = args.theme.map_or(config.theme, Into::into);
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let plain = match args.color {
        Color::Never => true,
        Color::Always => false,
        Color::Auto => no_color && theme.is_none(),
    };
    if plain {
        return None;
    }
    let all = || env::var("COLORTERM").is_ok_and(|value| matches!(value.as_str(), "truecolor" | "24bit"));
    let auto = || if all() { ThemeName::OkabeIto } else { ThemeName::Ansi };
    Some(theme.unwrap_or_else(auto).colors()?.painted(&config.colors))
}
