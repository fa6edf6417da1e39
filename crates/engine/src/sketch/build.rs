//! Builds a sketch with cargo, in a process of its own.
//!
//! Cargo's messages are read as JSON, and none of its output reaches the terminal.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::process::Group;

/// What a build needs most: an error of the compiler, or why there was no build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Option<Spot>,
    /// What is wrong, in one line.
    pub text: String,
}

/// A place in a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file, relative to the folder of the sketch or absolute.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// The result of a build.
#[derive(Debug)]
pub(super) enum Made {
    /// The executable.
    Executable(PathBuf),
    /// It failed, for these reasons.
    Broken(Vec<Problem>),
}

/// A message of cargo.
#[derive(Debug, Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-message")]
    Said { message: Diagnostic },
    #[serde(rename = "compiler-artifact")]
    Artifact { package_id: String, manifest_path: PathBuf, executable: Option<PathBuf> },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<Span>,
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
}

#[derive(Debug, Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
    label: Option<String>,
    expansion: Option<Box<Expansion>>,
}

/// The macro whose expansion a span is in.
#[derive(Debug, Deserialize)]
struct Expansion {
    span: Span,
}

/// A build in progress. Dropping it kills it.
pub(super) struct Build {
    pub(super) group: Arc<Group>,
    messages: Receiver<Message>,
    problems: Vec<Problem>,
    executable: Option<PathBuf>,
    /// How many crates are ready.
    pub(super) crates: usize,
    /// The folders of the packages that are on this machine and not from a registry.
    pub(super) folders: Vec<PathBuf>,
}

impl Build {
    /// Starts cargo.
    ///
    /// # Errors
    ///
    /// In one line, if it cannot be started.
    pub(super) fn start(folder: &Path) -> Result<Self, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(&cargo);
        command.args(["build", "--message-format=json", "--color=never"]).current_dir(folder).stdin(Stdio::null());
        let failed = |error: std::io::Error| format!("cannot start {}: {error}", cargo.display());
        let (group, stdout) = Group::start(&mut command, true).map_err(failed)?;
        let (sender, messages) = mpsc::channel();
        let read = move || {
            for line in stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines().map_while(Result::ok)) {
                // A build script may print anything.
                let Ok(message) = serde_json::from_str(&line) else { continue };
                if sender.send(message).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("cargo".to_owned()).spawn(read).map_err(failed)?;
        Ok(Self { group: Arc::new(group), messages, problems: Vec::new(), executable: None, crates: 0, folders: Vec::new() })
    }

    /// Waits for the end of the build up to `at_most`.
    pub(super) fn wait(&mut self, at_most: Duration) -> Option<Made> {
        let until = Instant::now() + at_most;
        loop {
            match self.messages.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(message) => self.take(message),
                Err(mpsc::RecvTimeoutError::Timeout) => return None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return Some(self.made()),
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Said { message } if message.level.starts_with("error") => {
                self.problems.extend(problem(message));
            }
            Message::Artifact { package_id, manifest_path, executable } => {
                self.crates += 1;
                self.executable = executable.or(self.executable.take());
                if package_id.starts_with("path+")
                    && let Some(folder) = manifest_path.parent()
                {
                    self.folders.push(folder.to_owned());
                }
            }
            Message::Said { .. } | Message::Other => {}
        }
    }

    fn made(&mut self) -> Made {
        let status = self.group.wait();
        match self.executable.take().filter(|_| status.is_some_and(|status| status.success())) {
            Some(executable) => Made::Executable(executable),
            None if self.problems.is_empty() => Made::Broken(vec![said(&self.group.last_lines())]),
            None => Made::Broken(std::mem::take(&mut self.problems)),
        }
    }
}

/// An error of the compiler; `None` if it only counts the others.
fn problem(error: Diagnostic) -> Option<Problem> {
    let primary = error.spans.into_iter().find(|span| span.is_primary)?;
    let label = primary.label.clone().filter(|label| !error.message.contains(label.as_str()));
    let mut text = match error.code {
        Some(code) => format!("{}: {}", code.code, error.message),
        None => error.message,
    };
    if let Some(label) = label {
        text = format!("{text}; {label}");
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // The call of a macro is where the user can mend it.
    let mut span = primary;
    while let Some(expansion) = span.expansion {
        span = expansion.span;
    }
    let place = Spot { file: span.file_name, line: span.line_start, column: span.column_start };
    Some(Problem { place: Some(place), text })
}

/// What cargo said instead of building, such as an error in the manifest.
fn said(lines: &[String]) -> Problem {
    let first = lines.iter().find_map(|line| line.strip_prefix("error: ")).map(str::to_owned);
    let caused = lines.iter().skip_while(|line| line.as_str() != "Caused by:").nth(1).map(|line| line.trim());
    let text = match (first, caused) {
        (Some(first), Some(caused)) => format!("{first}: {caused}"),
        (Some(first), None) => first,
        (None, _) => lines.last().cloned().unwrap_or_else(|| "cargo has built no executable".to_owned()),
    };
    let place = lines.iter().find_map(|line| line.trim_start().strip_prefix("--> ")).and_then(|place| {
        let mut parts = place.rsplitn(3, ':');
        let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Spot { file: parts.next()?.to_owned(), line, column })
    });
    Problem { place, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> Option<Problem> {
        match serde_json::from_str(json).expect("a message") {
            Message::Said { message } => problem(message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_has_its_place_and_one_line() {
        let found = parsed(
            r#"{"reason":"compiler-message","package_id":"p","message":{"level":"error","message":"mismatched\n types",
                "code":{"code":"E0308","explanation":""},"spans":[
                {"file_name":"src/a.rs","line_start":1,"column_start":1,"is_primary":false,"label":null,"expansion":null},
                {"file_name":"src/b.rs","line_start":7,"column_start":3,"is_primary":true,"label":"expected `u64`",
                 "expansion":null}]}}"#,
        );
        let place = Spot { file: "src/b.rs".to_owned(), line: 7, column: 3 };
        let text = "E0308: mismatched types; expected `u64`".to_owned();
        assert_eq!(found, Some(Problem { place: Some(place), text }));
    }

    #[test]
    fn an_error_in_a_macro_is_where_the_macro_is_called() {
        let found = parsed(
            r#"{"reason":"compiler-message","message":{"level":"error","message":"no","code":null,"spans":[
                {"file_name":"/lib/macros.rs","line_start":9,"column_start":9,"is_primary":true,"label":null,
                 "expansion":{"span":{"file_name":"src/b.rs","line_start":7,"column_start":3,"is_primary":false,"label":null,
                                      "expansion":null},"macro_decl_name":"m!"}}]}}"#,
        );
        let place = found.and_then(|problem| problem.place).map(|place| (place.file, place.line));
        assert_eq!(place, Some(("src/b.rs".to_owned(), 7)));
    }

    #[test]
    fn a_sum_of_errors_is_no_error() {
        let sum = r#"{"reason":"compiler-message","message":{"level":"error","message":"aborting due to 2 errors",
            "code":null,"spans":[]}}"#;
        assert_eq!(parsed(sum), None);
    }

    #[test]
    fn an_error_of_the_manifest_has_its_place() {
        let lines = ["error: invalid type: integer `1`", " --> Cargo.toml:8:9", "  |", "8 | tokio = 1", "  |         ^"];
        let found = said(&lines.map(str::to_owned));
        let place = Spot { file: "Cargo.toml".to_owned(), line: 8, column: 9 };
        assert_eq!(found, Problem { place: Some(place), text: "invalid type: integer `1`".to_owned() });
    }
}
