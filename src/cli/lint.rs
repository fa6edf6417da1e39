//! `lint`: blocking calls in async functions, as text or JSON.

use std::process::ExitCode;

use async_playground::lint;
use async_playground::report;
use tui::text;

use super::args::LintArgs;
use super::out;
use super::stop::{FAILED, Stop, USAGE};

/// Checks files and folders. What cannot be checked is reported after what was found, and decides the exit code.
pub(super) fn lint(args: &LintArgs) -> Result<ExitCode, Stop> {
    let report = lint::lint(&args.paths);
    if args.json {
        out::line(report::escaped_json(&report.finds))?;
    } else {
        let lines = report.finds.iter().flat_map(|find| [text::line(&find.line()).into_owned(), "\n".to_owned()]);
        out::print(&lines.collect::<String>())?;
    }
    for fault in &report.faults {
        out::say(&format!("error: {fault}"));
    }
    Ok(match (report.faults.is_empty(), report.finds.is_empty()) {
        (false, _) => ExitCode::from(USAGE),
        (true, false) => ExitCode::from(FAILED),
        (true, true) => ExitCode::SUCCESS,
    })
}
