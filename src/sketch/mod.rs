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
/// The crates that a sketch may depend on.
const LOCK: &str = include_str!("../../Cargo.lock");
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
            Self::Taken => f.write_str("it exists and is not empty; name another folder"),
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
        ("rustfmt.toml".to_owned(), read(&checkout("rustfmt.toml")?)?),
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

/// Writes files into a folder that does not exist or is empty: all of them, or none.
fn lay(folder: &Path, files: &[(String, String)]) -> Result<(), LayError> {
    let exists = match fs::read_dir(folder).map(Iterator::count) {
        Ok(0) => true,
        Ok(_) => return Err(LayError::Taken),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error.into()),
    };
    // Through a link, and for `.`, the folder itself counts.
    let folder = if exists { folder.canonicalize()? } else { folder.to_owned() };
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let beside = TempDir::with_prefix_in(".new-", parent)?;
    // The temporary folder itself is for its owner only.
    let made = beside.path().join("crate");
    for (name, text) in files {
        let file = made.join(name);
        fs::create_dir_all(file.parent().unwrap_or(&made))?;
        fs::write(file, text)?;
    }
    if !exists {
        return Ok(fs::rename(&made, &folder)?);
    }
    // Someone may be in the folder, so it stays.
    for entry in fs::read_dir(&made)? {
        let entry = entry?;
        fs::rename(entry.path(), folder.join(entry.file_name()))?;
    }
    Ok(())
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
    // A package name begins with a letter, and is not that of a dependency.
    let is_used = RESERVED.contains(&id.as_str()) || LOCK.contains(&format!("\nname = \"{id}\"\n"));
    if id.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_used {
        id
    } else {
        format!("my-{id}").trim_end_matches('-').to_owned()
    }
}

/// Names that cargo or the source of a sketch has a use for.
const RESERVED: [&str; 14] = [
    "alloc",
    "build",
    "core",
    "crate",
    "deps",
    "engine",
    "examples",
    "incremental",
    "scenario",
    "self",
    "service",
    "std",
    "super",
    "test",
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
            ("/tmp/none/sqlx", "my-sqlx"),
            ("/tmp/none/incremental", "my-incremental"),
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
        service(&parent.path().join("orders")).expect("a service");
        assert_eq!(
            fs::read_dir(parent.path()).expect("it is there").count(),
            scenarios::CATALOGUE.len() + 1,
            "nothing else is left"
        );
    }

    #[test]
    fn an_empty_folder_is_used_and_a_file_is_not() {
        let parent = TempDir::new().expect("a folder");
        let (empty, file) = (parent.path().join("empty"), parent.path().join("file"));
        fs::create_dir(&empty).expect("it is made");
        fs::write(&file, "mine").expect("it is written");
        service(&empty).expect("a service");
        assert!(empty.join("playground/src/main.rs").is_file() && empty.join("src/lib.rs").is_file());
        assert!(matches!(service(&file), Err(LayError::Write(_))));
        assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
    }
}
