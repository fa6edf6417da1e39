//! Why a program that was started does not listen, in one sentence.
//!
//! The recorder says itself what its build lacks. A program without the recorder says nothing, but its executable shows it:
//! the recorder's texts are not in it. The executable also names the version of Tokio, in the paths of its panics.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use memchr::memmem;
use recording::files;
use tui::{signals, text};

/// How long a program without the recorder runs until it is given up. It may yet start one with it.
const GIVEN_UP: Duration = Duration::from_secs(3);
/// Text of the recorder that is in each program that calls it.
const RECORDER: &str = "async-playground: not recording: ";
/// The names of Tokio's threads, in each program that has a runtime.
const TOKIO: [&str; 2] = ["tokio-rt-worker", "tokio-runtime-worker"];
/// The first version of Tokio that reports everything.
const NEEDED: (u64, u64) = (1, 54);
/// Programs that build others. Some of them are large, and some use Tokio.
const TOOLS: [&str; 12] = ["cargo", "clippy-driver", "cc", "gcc", "cc1", "as", "ld", "collect2", "clang", "mold", "sh", "bash"];
/// How the names of others begin, or how they end.
const TOOL: [&str; 2] = ["rust", "lld"];
/// Larger executables are not searched.
const LARGEST: u64 = 2 << 30;

/// What an executable shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shown {
    recorder: bool,
    tokio: bool,
    versions: BTreeSet<(u64, u64, u64)>,
}

impl Shown {
    /// Reads an executable.
    fn read(path: &Path) -> Option<Self> {
        let file = files::open(path).ok()?;
        let small = file.metadata().is_ok_and(|found| found.len() <= LARGEST);
        small.then(|| fs::read(path).ok()).flatten().map(|bytes| Self::of(&bytes))
    }

    fn of(bytes: &[u8]) -> Self {
        let has = |text: &str| memmem::find(bytes, text.as_bytes()).is_some();
        let versions = memmem::find_iter(bytes, b"/tokio-").filter_map(|at| version(&bytes[at + 7..]));
        Self { recorder: has(RECORDER), tokio: TOKIO.iter().any(|name| has(name)), versions: versions.collect() }
    }

    /// What a program with this executable lacks; none if it has the recorder.
    fn lack(&self, name: &str) -> Option<String> {
        let old = |(major, minor, _): &&(u64, u64, u64)| (*major, *minor) < NEEDED;
        if self.recorder {
            return None;
        }
        if let Some((major, minor, patch)) = self.versions.iter().next_back().filter(old) {
            return Some(format!("{name} uses tokio {major}.{minor}.{patch}; it needs tokio 1.54 or later, and the recorder"));
        }
        let line = "run 'cargo add async-playground-recorder' and call async_playground_recorder::init() first in main";
        let what = if self.tokio { "no recorder" } else { "neither Tokio nor the recorder" };
        Some(format!("{name} has {what} in it; {line}"))
    }
}

/// The version that a path of a crate goes on with: `1.54.1/`.
fn version(bytes: &[u8]) -> Option<(u64, u64, u64)> {
    let end = bytes.iter().take(24).position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    if !matches!(bytes[end], b'/' | b'+' | b'-') {
        return None;
    }
    let mut parts = std::str::from_utf8(&bytes[..end]).ok()?.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// The executables that were seen to run.
#[derive(Debug, Default)]
pub(super) struct Seen {
    shown: HashMap<PathBuf, (Shown, Instant)>,
    /// In the order in which they were seen.
    order: Vec<PathBuf>,
}

impl Seen {
    /// Takes a look at what runs now. Returns what the program lacks if that is certain enough to give up.
    pub(super) fn look(&mut self, running: Vec<PathBuf>) -> Option<String> {
        let running: Vec<PathBuf> = running.into_iter().filter(|path| is_program(path)).collect();
        for path in &running {
            if !self.shown.contains_key(path)
                && let Some(shown) = Shown::read(path)
            {
                self.shown.insert(path.clone(), (shown, Instant::now()));
                self.order.push(path.clone());
            }
        }
        let shown: Vec<_> = running.iter().filter_map(|path| Some((path, self.shown.get(path)?))).collect();
        if shown.iter().any(|(_, (shown, _))| shown.recorder) {
            return None;
        }
        let late = |since: &Instant| since.elapsed() > GIVEN_UP;
        shown.iter().find(|(_, (shown, since))| shown.tokio && late(since)).and_then(|(path, (shown, _))| shown.lack(&name(path)))
    }

    /// Why nothing has listened, after the command has ended. `lines` are the last ones of its output.
    pub(super) fn after_end(&mut self, command: &str, is_cargo: bool, status: ExitStatus, lines: &[String]) -> String {
        let ended = ended(status);
        let announced: Vec<PathBuf> = lines.iter().filter_map(|line| started(line)).filter(|_| is_cargo).collect();
        _ = self.look(announced);
        // Without cargo, a program that is not Tokio's is a shell or another tool that was to run one.
        let is_tokios = |path: &&PathBuf| is_cargo || self.shown.get(*path).is_some_and(|(shown, _)| shown.tokio);
        let Some(path) = self.order.iter().rev().find(is_tokios) else {
            return match (is_cargo, status.success()) {
                (true, false) if lines.iter().any(|line| line.contains("error")) => {
                    format!("{command} {ended} and started no program; its errors are above")
                }
                (true, _) => {
                    format!("{command} {ended} before a program was seen; use a command that runs one, such as cargo run")
                }
                (false, _) => format!("{command} {ended} before it listened{}", last(lines)),
            };
        };
        let name = name(path);
        let lack = self.shown.get(path).and_then(|(shown, _)| shown.lack(&name));
        lack.unwrap_or_else(|| format!("{name} {ended} before it listened{}", last(lines)))
    }
}

/// Whether an executable is a program and not a tool that builds one, or part of a build.
fn is_program(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_tool = TOOLS.contains(&&*name) || name.starts_with(TOOL[0]) || name.ends_with(TOOL[1]);
    !is_tool && !name.starts_with("build-script-")
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    text::name(name.trim_end_matches(" (deleted)")).into_owned()
}

/// The executable in cargo's line about it: ``Running `target/debug/server --port 80` ``, or that of a test in parentheses.
fn started(line: &str) -> Option<PathBuf> {
    let (_, after) = line.split_once("Running")?;
    let (_, path) = after.split_once(" (").or_else(|| after.split_once('`'))?;
    let path = path.split(['`', ' ', ')']).next().filter(|path| !path.is_empty())?;
    std::path::absolute(path).ok()
}

/// How a process ended, as the end of a sentence.
fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by {}", signals::name(signal)),
        (None, None) => "ended".to_owned(),
    }
}

/// The last line that says something.
fn last(lines: &[String]) -> String {
    let line = lines.iter().rev().find(|line| !line.trim().is_empty());
    line.map_or_else(String::new, |line| format!("; its last line: {}", text::message(line.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_tokio_is_read_from_paths() {
        let bytes = b"\0/registry/src/x/tokio-1.20.3/src/lib.rs/tokio-util-0.7.1/src/a/tokio-0.2.25/src\0/tokio-1.99";
        assert_eq!(Shown::of(bytes).versions, BTreeSet::from([(1, 20, 3), (0, 2, 25)]));
    }

    #[test]
    fn one_sentence_says_what_is_missing() {
        let shown = |text: &str| Shown::of(text.as_bytes()).lack("server");
        assert_eq!(shown("tokio-rt-worker async-playground: not recording: "), None);
        assert!(shown("tokio-rt-worker /tokio-1.54.1/src").is_some_and(|said| said.contains("init() first in main")));
        assert!(shown("tokio-runtime-worker /tokio-1.20.0/src").is_some_and(|said| said.contains("uses tokio 1.20.0;")));
        assert!(shown("main").is_some_and(|said| said.contains("neither Tokio nor")));
    }

    #[test]
    fn cargo_says_what_it_starts() {
        let path = |line| started(line).and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        assert_eq!(path("\u{1b}[1m     Running\u{1b}[0m `target/debug/server --port 80`").as_deref(), Some("server"));
        assert_eq!(path("     Running unittests src/lib.rs (target/debug/deps/x-1)").as_deref(), Some("x-1"));
        assert_eq!(path("   Compiling server v0.1.0"), None);
    }

    #[test]
    fn this_test_is_a_program_with_tokio_and_the_compiler_is_a_tool() {
        let own = std::env::current_exe().expect("it runs");
        assert!(is_program(&own) && !is_program(Path::new("/usr/bin/rustc")) && !is_program(Path::new("/a/ld.lld")));
        assert!(!is_program(Path::new("/a/target/debug/build/x-1/build-script-main")));
        assert!(Shown::read(&own).is_some_and(|shown| shown.tokio));
    }
}
