//! Runs Python in the folder of the twins.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use scenario::Scenario;
use serde_json::Value as Json;

use super::served::served;

/// The twin's file, without `.py`.
pub(crate) fn module(scenario: &Scenario) -> String {
    scenario.id.replace('-', "_")
}

/// True if there is a Python that can run the twins: 3.11 or later.
pub(crate) fn python_is_here() -> bool {
    let version = "import sys; sys.exit(sys.version_info < (3, 11))";
    if Command::new("python3").args(["-c", version]).status().is_ok_and(|status| status.success()) {
        return true;
    }
    assert!(!in_ci(), "CI needs Python 3.11 or later");
    // Not `eprintln!`, which the test harness hides when a test passes.
    let _ = writeln!(std::io::stderr(), "skipped: there is no python3 of version 3.11 or later");
    false
}

/// True in CI, where a test that cannot run is a failure. Services set `CI` to `true`, and `.ci/run` to 1.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// Python in the folder of the twins.
pub(crate) fn command(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut python = Command::new("python3");
    python.args(args).current_dir(beside).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
    python
}

/// Runs Python in the folder of the twins.
pub(crate) fn python(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    command(args).output().expect("python3 starts, as it did a moment ago")
}

/// The report of a twin that ends.
pub(crate) fn report_of_twin(scenario: &Scenario, args: impl IntoIterator<Item = impl AsRef<str>>) -> Json {
    let output = served(scenario, args);
    let told = serde_json::from_slice(&output.stdout);
    told.unwrap_or_else(|error| panic!("{}: {error}\n{}", scenario.id, String::from_utf8_lossy(&output.stderr)))
}

/// Runs a twin as a user does: in a process of its own.
pub(crate) fn twin(scenario: &Scenario, args: impl IntoIterator<Item = impl AsRef<str>>) -> Output {
    let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
    python(std::iter::once(format!("{}.py", module(scenario))).chain(args))
}

/// Runs code that imports the twins, and returns its output.
pub(crate) fn python_code(code: &str, args: impl IntoIterator<Item = String>) -> String {
    let output = python(["-c".to_owned(), code.to_owned()].into_iter().chain(args));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
