//! Notices that a source was saved, by looking at the times of all sources.
//!
//! An editor saves by writing a file, or by putting another one in its place; there are few files, so looking at each costs less
//! than telling these apart.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many files are looked at.
const MOST: usize = 2_000;
/// What is built besides the sources.
const ALSO: [&str; 4] = ["Cargo.toml", "Cargo.lock", "build.rs", ".cargo/config.toml"];

/// The files of some packages, each with its time and its length.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp(HashMap<PathBuf, (Option<SystemTime>, u64)>);

impl Stamp {
    /// The files of the packages in these folders, as they are now.
    pub(super) fn of(folders: &[PathBuf]) -> Self {
        let mut stamp = Self::default();
        for folder in folders {
            // `Cargo.lock` is written by the first build.
            for name in ALSO {
                stamp.add(&folder.join(name));
            }
            stamp.walk(&folder.join("src"));
        }
        stamp
    }

    fn walk(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // A link to a folder could lead in a circle.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.walk(&entry.path()),
                _ => self.add(&entry.path()),
            }
        }
    }

    fn add(&mut self, path: &Path) {
        // The backups of an editor are no sources.
        let hidden =
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.') || name.to_string_lossy().ends_with('~'));
        if let Ok(found) = fs::metadata(path)
            && found.is_file()
            && !hidden
            && self.0.len() < MOST
        {
            self.0.insert(path.to_owned(), (found.modified().ok(), found.len()));
        }
    }

    /// Whether anything other than the lock file differs.
    pub(super) fn differs(&self, other: &Self) -> bool {
        let is_lock = |path: &PathBuf| path.ends_with("Cargo.lock");
        let missing =
            |of: &Self, there: &Self| of.0.iter().any(|(path, stamp)| !is_lock(path) && there.0.get(path) != Some(stamp));
        missing(self, other) || missing(other, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_saved_a_new_and_a_removed_source_are_noticed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("src/deep")).expect("it is made");
        for name in ["Cargo.toml", "src/main.rs", "src/deep/a.rs"] {
            fs::write(path(name), "a").expect("it is written");
        }
        let stamp = || Stamp::of(&[folder.path().to_owned()]);
        let before = stamp();
        assert!(!stamp().differs(&before));
        for name in ["src/.main.rs.swp", "src/main.rs~", "README.md", "Cargo.lock"] {
            fs::write(path(name), "b").expect("it is written");
        }
        assert!(!stamp().differs(&before), "no sources");
        let file = fs::File::options().write(true).open(path("src/deep/a.rs")).expect("it is there");
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1)).expect("it is ours");
        assert!(stamp().differs(&before), "a saved source of the same length");
        let before = stamp();
        fs::write(path("src/b.rs"), "b").expect("it is written");
        assert!(stamp().differs(&before), "a new source");
        let before = stamp();
        fs::remove_file(path("src/b.rs")).expect("it is removed");
        assert!(stamp().differs(&before), "a removed source");
    }
}
