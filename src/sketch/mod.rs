//! Lays a crate for a scenario of one's own: what `new` and the screen's key do.
//!
//! A sketch is an ordinary crate that its owner keeps. It has path dependencies on the checkout that this program was built from,
//! and that checkout's lock file, so it builds without the network once the program was built. The crate is written into a
//! temporary folder beside its place and then renamed, so nothing is half there.

mod manifest;
mod service;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use scenario::Scenario;
use tempfile::TempDir;

/// The checkout that this program was built from.
const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");
/// The scenario's source in its crate.
const SOURCE: &str = "src/scenario.rs";

/// Why a crate was not made.
#[derive(Debug)]
pub enum LayError {
    /// The folder exists and is not empty.
    Taken,
    /// The checkout that this program was built from is gone, or lacks a file.
    Checkout(PathBuf),
    /// A file cannot be written.
    Write(io::Error),
}

impl fmt::Display for LayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("the folder is not empty; name a new one"),
            Self::Checkout(path) => {
                write!(
                    f,
                    "{} is missing: a sketch uses the checkout that this program was built from, so put it back there, or \
                           build the program from another one",
                    path.display()
                )
            }
            Self::Write(error) => write!(f, "cannot be written: {error}"),
        }
    }
}

impl std::error::Error for LayError {}

impl From<io::Error> for LayError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Puts a scenario into a new folder as a crate of its own. Returns its source file, relative to the folder.
///
/// # Errors
///
/// If the folder is taken, the checkout is gone, or a file cannot be written.
pub fn from_scenario(scenario: &Scenario, folder: &Path) -> Result<String, LayError> {
    let id = id(folder);
    let source = checkout(scenario.path)?;
    let stem = stem(scenario);
    let renamed = |text: &str| {
        text.replacen(&format!("id: \"{}\",", scenario.id), &format!("id: \"{id}\","), 1).replacen(
            &format!("title: \"{}\",", scenario.title),
            &format!("title: \"{}\",", title(&id)),
            1,
        )
    };
    let text = renamed(&read(&source)?).replace(&format!("include_str!(\"{stem}.rs\")"), "include_str!(\"scenario.rs\")");
    let mut files = vec![
        (SOURCE.to_owned(), text),
        (format!("src/{stem}.py"), scenario.twin.to_owned()),
        ("src/main.rs".to_owned(), manifest::main(&id)),
    ];
    parts(&source.with_extension(""), "src/scenario", &mut files)?;
    let sources: Vec<_> = files.iter().map(|(_, text)| text.as_str()).collect();
    files.push(("Cargo.toml".to_owned(), manifest::sketch(&id, &checkout("")?, &sources)?));
    files.extend(shared()?);
    lay(folder, &files)?;
    Ok(SOURCE.to_owned())
}

/// Adds the files of a scenario's modules, if it has a folder with some.
fn parts(from: &Path, to: &str, files: &mut Vec<(String, String)>) -> Result<(), LayError> {
    if !from.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = format!("{to}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            parts(&path, &name, files)?;
        } else {
            files.push((name, read(&path)?));
        }
    }
    Ok(())
}

/// Puts a service into a new folder: what a program in production begins with, and beside it a playground that shows it.
///
/// # Errors
///
/// If the folder is taken, the checkout is gone, or a file cannot be written.
pub fn service(folder: &Path) -> Result<(), LayError> {
    let id = id(folder);
    let mut files = service::files(&id, &checkout("")?);
    // The service builds without the network too.
    files.push(("Cargo.lock".to_owned(), read(&checkout("Cargo.lock")?)?));
    files.extend(shared()?.into_iter().map(|(name, text)| (format!("playground/{name}"), text)));
    lay(folder, &files)
}

/// The files that every sketch shares: flags, lock file, and what git ignores.
fn shared() -> Result<Vec<(String, String)>, LayError> {
    Ok(vec![
        (".cargo/config.toml".to_owned(), manifest::FLAGS.to_owned()),
        (".gitignore".to_owned(), "/target\n".to_owned()),
        ("Cargo.lock".to_owned(), read(&checkout("Cargo.lock")?)?),
    ])
}

/// A path in the checkout, which must exist.
fn checkout(path: &str) -> Result<PathBuf, LayError> {
    let path = Path::new(CHECKOUT).join(path);
    if path.exists() { Ok(path) } else { Err(LayError::Checkout(path)) }
}

fn read(path: &Path) -> Result<String, LayError> {
    fs::read_to_string(path).map_err(|_| LayError::Checkout(path.to_owned()))
}

/// Writes files into a new folder, all or none.
fn lay(folder: &Path, files: &[(String, String)]) -> Result<(), LayError> {
    match fs::read_dir(folder).map(Iterator::count) {
        Ok(0) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        _ => return Err(LayError::Taken),
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let beside = TempDir::with_prefix_in(".new-", parent)?;
    for (name, text) in files {
        let file = beside.path().join(name);
        fs::create_dir_all(file.parent().unwrap_or(beside.path()))?;
        fs::write(file, text)?;
    }
    let beside = beside.keep();
    // An empty folder gives way.
    fs::rename(&beside, folder).map_err(|error| {
        let _ = fs::remove_dir_all(&beside);
        error.into()
    })
}

/// The file name of a scenario's source, without its ending.
fn stem(scenario: &Scenario) -> String {
    Path::new(scenario.path).file_stem().map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The ID and the package name of a sketch: the folder's name, as far as it is a valid one.
fn id(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().to_lowercase());
    let valid = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let words: Vec<_> = name.split(|c: char| valid(c) == '-').filter(|word| !word.is_empty()).collect();
    let id = words.join("-");
    // A package name begins with a letter, and is no keyword.
    if id.starts_with(|c: char| c.is_ascii_alphabetic()) && !RESERVED.contains(&id.as_str()) {
        id
    } else {
        format!("my-{id}").trim_end_matches('-').to_owned()
    }
}

/// Names that cargo refuses or that clash with a dependency.
const RESERVED: [&str; 14] = [
    "test", "core", "std", "alloc", "self", "super", "crate", "engine", "scenario", "tokio", "tracing", "build", "deps",
    "examples",
];

/// The title for an ID: its words, the first with a capital.
fn title(id: &str) -> String {
    let words = id.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_any_name_has_a_valid_id() {
        for (folder, expected) in [
            ("/tmp/none/semaphore", "semaphore"),
            ("/tmp/none/My Own_Thing", "my-own-thing"),
            ("/tmp/none/2fast", "my-2fast"),
            ("/tmp/none/tokio", "my-tokio"),
            ("/tmp/none/größe", "gr-e"),
            ("/tmp/none/日本", "my"),
            ("/tmp/none/--x--", "x"),
        ] {
            assert_eq!(id(Path::new(folder)), expected, "{folder}");
        }
        assert_eq!(title("my-own-thing"), "My own thing");
    }

    #[test]
    fn every_scenario_can_be_laid_and_a_taken_folder_is_left_alone() {
        let parent = TempDir::new().expect("a folder");
        for scenario in scenarios::CATALOGUE {
            let folder = parent.path().join(scenario.id);
            let file = from_scenario(scenario, &folder).unwrap_or_else(|error| panic!("{}: {error}", scenario.id));
            let text = fs::read_to_string(folder.join(&file)).expect("its source");
            assert!(text.contains("async fn run(") && text.contains(&format!("id: \"{}\"", id(&folder))), "{}", scenario.id);
            for file in ["Cargo.toml", "Cargo.lock", "src/main.rs", ".cargo/config.toml", ".gitignore"] {
                assert!(folder.join(file).is_file(), "{}: {file}", scenario.id);
            }
            assert!(matches!(from_scenario(scenario, &folder), Err(LayError::Taken)), "{}", scenario.id);
        }
        assert_eq!(fs::read_dir(parent.path()).expect("it is there").count(), scenarios::CATALOGUE.len(), "nothing else is left");
    }
}
