//! The source files in what the user names.
//!
//! A named file is checked whatever its folder. A folder is searched without the parts that hold other people's code or none at
//! all: build output, packages, hidden folders and virtual environments. Links to folders are not followed, since they may lead
//! back.

use std::fs;
use std::path::{Path, PathBuf};

use tui::text;

/// Folders that are not searched, besides hidden ones and virtual environments.
const SKIPPED: [&str; 4] = ["target", "node_modules", "site-packages", "__pycache__"];

/// Files that mark a folder as a virtual environment or as a cache, such as a target folder with another name.
const MARKERS: [&str; 2] = ["pyvenv.cfg", "CACHEDIR.TAG"];

/// A language, by the ending of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Python,
}

impl Language {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "rs" => Some(Language::Rust),
            "py" => Some(Language::Python),
            _ => None,
        }
    }
}

/// A file to check.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub path: PathBuf,
    pub language: Language,
}

/// The files that these paths name or contain, in order. What is wrong with a path becomes one line of `faults`.
pub(super) fn sources(paths: &[PathBuf], faults: &mut Vec<String>) -> Vec<Source> {
    let mut sources = Vec::new();
    for path in paths {
        let before = sources.len();
        let name = text::path(path);
        match fs::metadata(path) {
            Err(error) => faults.push(format!("{name}: {error}")),
            Ok(there) if there.is_dir() => {
                folder(path, &mut sources, faults);
                if sources.len() == before {
                    faults.push(format!("{name}: the folder contains no .rs or .py file"));
                }
            }
            Ok(_) => match Language::of(path) {
                Some(language) => sources.push(Source { path: path.clone(), language }),
                None => faults.push(format!("{name}: neither a .rs nor a .py file")),
            },
        }
    }
    sources
}

/// Adds the files of a folder and of the folders in it.
fn folder(top: &Path, sources: &mut Vec<Source>, faults: &mut Vec<String>) {
    let mut left = vec![top.to_path_buf()];
    while let Some(path) = left.pop() {
        let entries = fs::read_dir(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                faults.push(format!("{}: {error}", text::path(&path)));
                continue;
            }
        };
        if path != top && entries.iter().any(|entry| MARKERS.iter().any(|marker| entry.file_name() == *marker)) {
            continue;
        }
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in &entries {
            if let (true, Some(language)) = (entry.path().is_file(), Language::of(&entry.path())) {
                sources.push(Source { path: entry.path(), language });
            }
        }
        // The last one is searched first.
        let folders =
            entries.iter().rev().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_skipped(entry));
        left.extend(folders.map(fs::DirEntry::path));
    }
}

fn is_skipped(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    name.starts_with('.') || SKIPPED.contains(&&*name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files found in a folder that contains these, relative to it.
    fn found(files: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("it is in the folder")).expect("it is made");
            fs::write(path, "").expect("it is written");
        }
        let mut faults = Vec::new();
        let sources = sources(&[folder.path().to_path_buf()], &mut faults);
        assert_eq!(faults, Vec::<String>::new());
        let relative = |source: Source| source.path.strip_prefix(folder.path()).expect("it is inside").display().to_string();
        sources.into_iter().map(relative).collect()
    }

    #[test]
    fn folders_of_other_peoples_code_are_not_searched() {
        let files = [
            "b.py",
            "a.rs",
            "c.txt",
            "src/deep/d.rs",
            "target/debug/e.rs",
            ".git/f.py",
            "web/node_modules/g/h.py",
            "env/pyvenv.cfg",
            "env/lib/i.py",
            "out/CACHEDIR.TAG",
            "out/j.rs",
        ];
        assert_eq!(found(&files), ["a.rs", "b.py", "src/deep/d.rs"]);
    }

    #[test]
    fn what_cannot_be_checked_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let [none, text, empty] = ["none.rs", "notes.txt", "empty"].map(|name| folder.path().join(name));
        fs::write(&text, "").expect("it is written");
        fs::create_dir(&empty).expect("it is made");
        let mut faults = Vec::new();
        assert_eq!(sources(&[none, text, empty], &mut faults), []);
        let ends = ["No such file or directory (os error 2)", "neither a .rs nor a .py file", "contains no .rs or .py file"];
        assert_eq!(faults.len(), ends.len());
        for (fault, end) in faults.iter().zip(ends) {
            assert!(fault.ends_with(end), "{fault}");
        }
    }
}
