//! The settings file: where it is, reading it, printing the standard one.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use async_playground::app::colors::{Colors, ThemeName};
use async_playground::config::{self, Config};
use async_playground::{files, text};

use super::args::{Color, ConfigArgs, ScreenArgs};
use super::out;
use super::stop::Stop;

/// The most bytes of a settings file: a hundred times what the standard one has.
const MOST: u64 = 1 << 20;

/// The file; none where there is neither `XDG_CONFIG_HOME` nor a home.
fn file() -> Option<PathBuf> {
    // A path that is not absolute is to be ignored, as the XDG Base Directory Specification says.
    let folder = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = folder.or_else(|| Some(env::home_dir().filter(|home| home.is_absolute())?.join(".config")))?;
    Some(folder.join("async-playground/config.toml"))
}

/// Prints the standard file, or where it is looked for.
pub(super) fn tell(args: &ConfigArgs) -> Result<(), Stop> {
    if args.default {
        return out::print(&config::standard());
    }
    let file = file().ok_or_else(|| Stop::Failed("there is neither XDG_CONFIG_HOME nor a home folder".to_owned()))?;
    let file = file.to_string_lossy();
    // A script gets the path as it is.
    let file = if io::stdout().is_terminal() { text::safe(&file) } else { file };
    out::print(&format!("{file}\n"))
}

/// Reads the settings: of the file that is named, or of the usual one if there is one.
pub(super) fn load(args: &ScreenArgs) -> Result<Config, Stop> {
    let Some(path) = args.config.clone().or_else(file) else { return Ok(Config::default()) };
    let text = match files::read_text(&path, MOST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && args.config.is_none() => return Ok(Config::default()),
        Err(error) => return Err(Stop::Usage(format!("cannot read the settings in {}: {error}", text::path(&path)))),
        Ok(text) => text,
    };
    config::parse(&text).map_err(|flaw| Stop::Usage(format!("{}:{flaw}", text::path(&path))))
}

/// The colours to draw with. A flag counts more than the file, and that more than `NO_COLOR`, which counts when it is set
/// and not empty (<https://no-color.org>).
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
