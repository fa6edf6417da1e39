//! The folders of one program, and what it leaves in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use super::PROGRAM;

/// A private folder for temporary files and one for the state.
pub(crate) struct Folders(TempDir);

impl Folders {
    pub(crate) fn new() -> Self {
        let folders = Self(TempDir::new().expect("a folder"));
        fs::create_dir(folders.temporary()).expect("it is made");
        folders
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn temporary(&self) -> PathBuf {
        self.path().join("tmp")
    }

    /// The variables that point the program to them.
    pub(crate) fn env(&self) -> [(&'static str, String); 2] {
        let text = |path: PathBuf| path.to_str().expect("a plain name").to_owned();
        [("TMPDIR", text(self.temporary())), ("XDG_STATE_HOME", text(self.path().join("state")))]
    }

    /// A recording, made once and shared.
    pub(crate) fn recording(&self) -> String {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        let file = self.path().join("a.rec");
        let bytes = BYTES.get_or_init(|| {
            let run = std::process::Command::new(PROGRAM).args(["run", "gather", "--record"]).arg(&file).output();
            assert!(run.is_ok_and(|run| run.status.success()), "the recording is made");
            fs::read(&file).expect("it is there")
        });
        fs::write(&file, bytes).expect("it is written");
        file.to_str().expect("a plain name").to_owned()
    }

    /// The temporary files, in words.
    pub(crate) fn left(&self) -> Vec<String> {
        let names = fs::read_dir(self.temporary()).expect("it is there").map(|file| file.expect("it is read").file_name());
        names
            .map(|name| match name.to_string_lossy().into_owned() {
                name if name.starts_with("async-playground-") && name.ends_with(".sqlite") => "the database".to_owned(),
                name => name,
            })
            .collect()
    }

    /// Asserts that the state kept between sessions is intact, and that nothing else is there.
    pub(crate) fn assert_state_is_whole(&self) {
        let folder = self.path().join("state/async-playground");
        let names: Vec<_> = fs::read_dir(&folder).into_iter().flatten().flatten().map(|file| file.file_name()).collect();
        if !names.is_empty() {
            assert_eq!(names, ["seen"]);
            let seen = fs::read_to_string(folder.join("seen")).expect("it can be read");
            assert!(seen.ends_with('\n') && seen.lines().all(|id| scenarios::find(id).is_some()), "{seen:?}");
        }
    }
}

/// The process that this process started.
pub(crate) fn child(of: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// True if a process is stopped.
pub(crate) fn is_stopped(pid: u32) -> bool {
    state(pid) == Some('T')
}

/// True if a process has ended, even if it has not been reaped yet.
pub(crate) fn is_over(pid: u32) -> bool {
    matches!(state(pid), None | Some('Z'))
}

/// The system's letter for the state of a process.
fn state(pid: u32) -> Option<char> {
    // After the name, which is in parentheses.
    fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.rsplit(')').next()?.trim_start().chars().next()
}
