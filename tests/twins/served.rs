//! Runs twins without starting Python for each, which takes longer than almost every run.
//!
//! A server imports what the twins need and copies itself for each run, so no run sees another one. The rest is as in
//! [`twin`](super::python::twin): `__main__`, arguments, outputs and exit code.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Output, Stdio};
use std::sync::{Mutex, PoisonError};

use scenario::Scenario;

use super::python::{command, module};

/// The servers that are idle.
static IDLE: Mutex<Vec<Server>> = Mutex::new(Vec::new());

/// A Python that runs one twin at a time. It ends when its input ends, at the latest with this process.
struct Server {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    process: Child,
}

impl Server {
    fn start() -> Self {
        let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/twins/served.py");
        let mut python = command([code]);
        let mut process = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        let input = process.stdin.take().expect("it is a pipe");
        let output = BufReader::new(process.stdout.take().expect("it is a pipe"));
        Self { input, output, process }
    }

    fn run(&mut self, line: &[String]) -> Output {
        let request = serde_json::to_string(line).expect("it is text");
        writeln!(self.input, "{request}").expect("the server reads");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("it is text");
        let answer = serde_json::from_str(&answer);
        let (status, stdout, stderr): (i32, String, String) =
            answer.unwrap_or_else(|error| panic!("{line:?}: {error}; the server: {:?}", self.process.try_wait()));
        Output { status: ExitStatus::from_raw(status), stdout: stdout.into(), stderr: stderr.into() }
    }
}

/// Runs a twin on a server.
pub(crate) fn served(scenario: &Scenario, args: impl IntoIterator<Item = impl AsRef<str>>) -> Output {
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut line = vec![format!("{}.py", module(scenario))];
    line.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
    let first = idle().pop();
    let mut server = first.unwrap_or_else(Server::start);
    let output = server.run(&line);
    idle().push(server);
    output
}
