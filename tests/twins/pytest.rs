//! The tests of the twins, which the Test tab shows, pass in pytest with pytest-asyncio.
//!
//! `.ci/run` installs pytest-asyncio into a virtual environment in the target folder. Without it, and if `python3` has none, this
//! test says so and passes; in CI it fails.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use scenarios::CATALOGUE;

use super::python::in_ci;

/// A Python that has pytest-asyncio.
fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let has_it = |python: &PathBuf| {
        let output = Command::new(python).args(["-c", "import pytest_asyncio"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    [target.join("twins/bin/python"), PathBuf::from("python3")].into_iter().find(has_it)
}

#[test]
fn the_tests_of_the_twins_pass() {
    let Some(python) = python() else {
        assert!(!in_ci(), "CI needs pytest-asyncio");
        // Not `eprintln!`, which the test harness hides when a test passes.
        let _ = writeln!(std::io::stderr(), "skipped: there is no pytest-asyncio; python3 -m pip install pytest-asyncio");
        return;
    };
    // Some run on the real clock, and a busy machine may delay them.
    scenario::testing::in_a_calm_moment(|| {
        let mut pytest = Command::new(&python);
        pytest.args(["-m", "pytest", "-q", "scenarios"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        let output = pytest.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1").output().expect("Python starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    });
}

#[test]
fn every_twin_has_a_test() {
    for scenario in CATALOGUE {
        let (_, test) = scenario.twin.split_once("\n# The test, for pytest with pytest-asyncio ").unwrap_or_default();
        assert!(test.contains("\nasync def test_") && test.contains(" assert "), "{} has no test", scenario.id);
    }
}
