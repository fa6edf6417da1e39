//! A twin in asyncio's debug mode: the warnings are shown, and the report stays the same.

use super::python::{python_is_here, twin};
use super::scenario;

/// A twin's standard output and standard error with these arguments, and its exit code.
fn run(id: &str, args: &[&str]) -> (String, String, Option<i32>) {
    let output = twin(scenario(id), args);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[test]
fn warnings_are_shown_in_debug_mode_and_the_report_stays_the_same() {
    if !python_is_here() {
        return;
    }
    // What asyncio warns about, how often, and what it says then.
    for (id, setting, says, times) in [
        ("blocking", "variant=block", "Executing <Task finished name='report'", 1),
        ("blocking", "variant=yield", "Executing <", 0),
        ("fairness", "variant=no-yield", "took 3.000 seconds", 1),
        ("forgotten-await", "variant=forgotten", "was never awaited", 3),
        ("forgotten-await", "variant=await", "was never awaited", 0),
        ("semaphore", "seed=0", "", 0),
    ] {
        let (report, _, code) = run(id, &[setting]);
        let (same_report, said, same_code) = run(id, &["--debug", setting]);
        assert_eq!((&same_report, same_code), (&report, code), "{id} {setting}");
        let warnings: Vec<_> = said.lines().filter(|line| line.starts_with(&format!("{id}: "))).collect();
        assert_eq!(warnings.iter().filter(|line| line.contains(says)).count(), times, "{id} {setting}: {said}");
        assert_eq!(warnings.len(), times, "{id} {setting}: {said}");
        // Debug mode also says where the coroutine comes from.
        assert_eq!(said.contains("Coroutine created at"), says.contains("never awaited") && times > 0, "{id}: {said}");
    }
}
