//! `lint`: finds blocking calls in async functions, in Rust and in Python.
//!
//! A blocking call keeps the thread, and with it every task that the thread would run. On screen that is a long poll; in the
//! source it is one line, which this module names with the reason and the remedy. It reads one file at a time and follows
//! imports, but no calls into other functions: it prefers false negatives to false positives, because nobody reads a list that is
//! not believed. `docs/lint.md` lists what it finds and what it cannot know.

mod python;
mod rust;
mod walk;

use std::path::PathBuf;

use recording::files;
use serde::Serialize;
use tui::text;

use walk::Language;

/// The maximum size of a source file in bytes; a larger one was not written by hand.
const MOST: u64 = 8 << 20;

/// A blocking call in an async function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Find {
    /// The file, as it was named or reached from the folder that was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The async function, or `async block`.
    pub function: String,
    /// What blocks.
    pub what: String,
    /// Why it blocks.
    pub why: String,
    /// What to write instead.
    pub remedy: String,
}

impl Find {
    /// The find in one line.
    pub fn line(&self) -> String {
        let Find { file, line, function, what, why, remedy } = self;
        format!("{file}:{line}: {what} in {function}: {why}; {remedy}")
    }
}

/// What was found, and the files that could not be read or parsed.
#[derive(Debug, Default)]
pub struct Report {
    /// What was found, by file and line.
    pub finds: Vec<Find>,
    /// One line for each file or folder that could not be checked, or only in part.
    pub faults: Vec<String>,
}

/// What one file contains: a find, without its file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    line: usize,
    function: String,
    what: String,
    why: String,
    remedy: String,
}

/// Why a file cannot be checked, or only in part: a line of it, if known, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    line: Option<usize>,
    reason: String,
}

/// The result for one file.
#[derive(Debug, Default)]
struct Checked {
    found: Vec<Found>,
    fault: Option<Fault>,
}

/// Checks files, and the `.rs` and `.py` files in folders.
pub fn lint(paths: &[PathBuf]) -> Report {
    let mut report = Report::default();
    let mut python = Vec::new();
    for source in walk::sources(paths, &mut report.faults) {
        let name = text::path(&source.path);
        let text = match files::read_text(&source.path, MOST) {
            Ok(text) => text,
            Err(error) => {
                report.faults.push(format!("{name}: cannot be read: {error}"));
                continue;
            }
        };
        match source.language {
            Language::Rust => report.add(&name, rust::lint(&text)),
            Language::Python => python.push((name, text)),
        }
    }
    if !python.is_empty() {
        let (names, texts): (Vec<_>, Vec<_>) = python.into_iter().unzip();
        match python::lint(&texts) {
            Ok(files) => names.iter().zip(files).for_each(|(name, file)| report.add(name, file)),
            Err(reason) => report.faults.push(reason),
        }
    }
    report.finds.sort();
    report.finds.dedup();
    report
}

impl Report {
    fn add(&mut self, file: &str, checked: Checked) {
        self.finds.extend(checked.found.into_iter().map(|Found { line, function, what, why, remedy }| {
            let file = file.to_owned();
            Find { file, line, function, what, why, remedy }
        }));
        self.faults.extend(checked.fault.map(|Fault { line, reason }| match line {
            Some(line) => format!("{file}:{line}: {reason}"),
            None => format!("{file}: {reason}"),
        }));
    }
}
