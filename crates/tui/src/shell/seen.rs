//! State kept between sessions: which scenarios were run on screen, the results of predictions, and the layout.
//!
//! A file in the user's state directory, as the XDG Base Directory Specification
//! defines it (<https://specifications.freedesktop.org/basedir-spec/latest/>), has
//! one scenario ID per line. Unknown IDs, perhaps of a newer version, stay in it.
//! Losing the file only loses a row of ticks, so no error with it prevents a start.
//! The layout is a word in a file beside it; the results of predictions and the solved challenges have files there too.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use scenario::Scenario;
use tempfile::NamedTempFile;

use crate::app::panes::Layout;
use crate::app::run::prediction::Score;
use recording::files;

/// The maximum size of the file in bytes: a thousand times the catalogue.
const MOST: u64 = 1 << 20;

/// The name of the layout's file.
const LAYOUT: &str = "layout";

/// The name of the file with results of predictions.
const SCORES: &str = "predictions";

/// The name of the file with solved challenges.
const SOLVED: &str = "solved";

/// The path of the file; `None` if neither `XDG_STATE_HOME` nor a home directory is set.
pub fn file() -> Option<PathBuf> {
    // The specification says to ignore relative paths.
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(env::home_dir().filter(|home| home.is_absolute())?.join(".local/state")))?;
    Some(state.join("async-playground/seen"))
}

/// The scenarios of the catalogue that are in the file; empty if it cannot be read.
pub fn load(file: &Path, catalogue: &'static [Scenario]) -> BTreeSet<&'static str> {
    let text = files::read_text(file, MOST).unwrap_or_default();
    text.lines().filter_map(|line| Some(catalogue.iter().find(|scenario| scenario.id == line.trim())?.id)).collect()
}

/// Adds a scenario to the file. Another session may have added others meanwhile.
///
/// # Errors
///
/// If the file cannot be written.
pub fn add(file: &Path, id: &str) -> io::Result<()> {
    let before = match files::read_text(file, MOST) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        read => read.unwrap_or_default(),
    };
    if before.lines().any(|line| line.trim() == id) {
        return Ok(());
    }
    let end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    write(file, &format!("{before}{end}{id}\n"))
}

/// Replaces a file atomically: the text goes into a temporary file first, so a crash leaves the old one intact.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut new = NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.persist(file)?;
    Ok(())
}

/// The results of predictions, from the file beside `seen`: on each line a scenario ID, how many were right, and of how many.
pub fn scores(seen: &Path, catalogue: &'static [Scenario]) -> BTreeMap<&'static str, Score> {
    let text = files::read_text(&seen.with_file_name(SCORES), MOST).unwrap_or_default();
    let score = |line: &str| {
        let mut words = line.split_whitespace();
        let (id, right, made) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let scenario = catalogue.iter().find(|scenario| scenario.id == id)?;
        (right <= made).then_some((scenario.id, Score { right, made }))
    };
    text.lines().filter_map(score).collect()
}

/// Writes the result of predictions about a scenario into the file beside `seen`, in place of an earlier one.
///
/// # Errors
///
/// If the file cannot be written.
pub fn keep_score(seen: &Path, id: &str, score: Score) -> io::Result<()> {
    let file = seen.with_file_name(SCORES);
    let before = match files::read_text(&file, MOST) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        read => read.unwrap_or_default(),
    };
    let others = before.lines().filter(|line| line.split_whitespace().next() != Some(id));
    let mut text: String = others.flat_map(|line| [line, "\n"]).collect();
    let _ = writeln!(text, "{id} {} {}", score.right, score.made);
    write(&file, &text)
}

/// The scenarios whose challenge was solved, from the file beside `seen`.
pub fn solved(seen: &Path, catalogue: &'static [Scenario]) -> BTreeSet<&'static str> {
    load(&seen.with_file_name(SOLVED), catalogue)
}

/// Adds a scenario to the file beside `seen` with solved challenges.
///
/// # Errors
///
/// If the file cannot be written.
pub fn keep_solved(seen: &Path, id: &str) -> io::Result<()> {
    add(&seen.with_file_name(SOLVED), id)
}

/// The last layout, from the file beside `seen`.
pub fn layout(seen: &Path) -> Layout {
    let word = files::read_text(&seen.with_file_name(LAYOUT), MOST).unwrap_or_default();
    Layout::ALL.into_iter().find(|layout| layout.name() == word.trim()).unwrap_or_default()
}

/// Writes the layout into the file beside `seen`.
///
/// # Errors
///
/// If the file cannot be written.
pub fn keep_layout(seen: &Path, layout: Layout) -> io::Result<()> {
    write(&seen.with_file_name(LAYOUT), &format!("{}\n", layout.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_run_is_there_again_and_what_is_unknown_stays() {
        let folder = env::temp_dir().join(format!("async-playground-seen-{}", std::process::id()));
        let file = folder.join("state/seen");
        assert_eq!(load(&file, scenarios::CATALOGUE), BTreeSet::new());
        add(&file, "gather").expect("the folder is made");
        fs::write(&file, "gather\nfrom-a-newer-version").expect("it is there");
        add(&file, "semaphore").expect("it is written");
        add(&file, "gather").expect("it is there already");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), "gather\nfrom-a-newer-version\nsemaphore\n");
        assert_eq!(load(&file, scenarios::CATALOGUE), BTreeSet::from(["gather", "semaphore"]));
        assert_eq!(fs::read_dir(folder.join("state")).expect("it is there").count(), 1, "nothing else is left behind");
        assert!(add(&folder, "gather").is_err(), "a directory is not a file");
        assert_eq!(layout(&file), Layout::Explore);
        for kept in Layout::ALL {
            keep_layout(&file, kept).expect("it is written");
            assert_eq!(layout(&file), kept);
        }
        fs::write(file.with_file_name(LAYOUT), "of a newer version").expect("it is there");
        assert_eq!(layout(&file), Layout::Explore);
        keep_solved(&file, "deadlock").expect("it is written");
        assert_eq!(solved(&file, scenarios::CATALOGUE), BTreeSet::from(["deadlock"]));
        let score = |right, made| Score { right, made };
        assert!(scores(&file, scenarios::CATALOGUE).is_empty());
        for (id, right) in [("gather", 0), ("semaphore", 2), ("gather", 1)] {
            keep_score(&file, id, score(right, 2)).expect("it is written");
        }
        let predictions = file.with_file_name(SCORES);
        let text = fs::read_to_string(&predictions).expect("it is there");
        fs::write(&predictions, format!("{text}from-a-newer-version 1 1\nspawn 3 2\ntimeout 1\n\n")).expect("it is there");
        let expected = BTreeMap::from([("gather", score(1, 2)), ("semaphore", score(2, 2))]);
        assert_eq!(scores(&file, scenarios::CATALOGUE), expected);
        keep_score(&file, "gather", score(2, 2)).expect("it is written");
        assert!(fs::read_to_string(&predictions).expect("it is there").contains("from-a-newer-version 1 1"));
        fs::remove_dir_all(folder).expect("it is ours");
    }
}
