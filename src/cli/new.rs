//! `new`: lays a crate for a scenario of one's own, or a service with a playground.

use async_playground::sketch;
use tui::text;

use super::args::NewArgs;
use super::out;
use super::spec;
use super::stop::Stop;

/// Makes the crate, and says what to do with it.
pub(super) fn new(args: &NewArgs) -> Result<(), Stop> {
    let folder = text::path(&args.folder);
    let word = word(&folder);
    let failed = |error: sketch::LayError| Stop::Usage(format!("{folder}: {error}"));
    let what = if let Some(id) = &args.from {
        let file = sketch::from_scenario(spec::scenario(id)?, &args.folder).map_err(failed)?;
        format!("your own {id}: change {folder}/{file}")
    } else {
        sketch::service(&args.folder).map_err(failed)?;
        format!("a service: 'cargo run' in {folder} starts it, 'cargo test' tests it, and {folder}/playground shows it")
    };
    out::print(&format!("{what}\nasync-playground open {word}\n"))
}

/// A path as one word of a command line, which is no flag.
fn word(path: &str) -> String {
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    if path.chars().all(|c| c.is_alphanumeric() || "-_./+,:@%".contains(c)) {
        path
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn the_command_takes_a_folder_of_any_name() {
        for (path, expected) in
            [("a/größe-2", "a/größe-2"), ("my own", "'my own'"), ("-x", "./-x"), ("it's", "'it'\\''s'"), ("$HOME", "'$HOME'")]
        {
            assert_eq!(word(path), expected);
        }
    }
}
