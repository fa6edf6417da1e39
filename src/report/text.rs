//! The text report of a run: how it ended, its results, and its timeline.

use std::fmt::Write;

use scenario::{Outcome, unit_after};

use super::units::{count, ground, number, time};
use super::{Look, findings, timeline, waits};
use engine::{Ending, Report, Spec};
use facts::event::Level;
use facts::site::Part;
use recording::Program;
use trace::{Missing, Stall, Trace};
use tui::text;

/// More figures and more checks than this are counted, not listed.
const LISTED: usize = 100;
/// The widest column of figure names.
const FIGURE: usize = 40;
/// At most this many log lines are printed.
const LOG_LINES: usize = 20;
/// At most this many preemptions are listed.
const CUTS: usize = 8;
/// The width of the labels left of the counts.
const LABEL: usize = 8;

/// The report of a finished run as text.
pub fn text(spec: &Spec, trace: &Trace, report: &Report, look: Look) -> String {
    let mut text = format!("{}: {}\n{}\n\n", spec.scenario.id, spec.scenario.lesson, spec.share());
    text.push_str(&lacking(trace.missing, look));
    let _ = writeln!(text, "{} at {} ({})", ending(spec, &report.ending), time(report.elapsed_ns), ground(spec));
    if let Ending::Finished(outcome) = &report.ending {
        text.push_str(&results(outcome, look));
    }
    text.push_str(&observed(trace, report, look));
    // Every part should already be escaped, or its columns would be wrong. This catches any that is not.
    text::page(&text).into_owned()
}

/// The report of a program as text.
pub fn program_text(program: &Program, trace: &Trace, report: &Report, look: Look) -> String {
    let command = text::message(&program.args.join(" "));
    let mut text = format!("{}, process {}\n{command}\n\n", text::name(&program.name), program.pid);
    for lack in &program.lacks {
        text.push_str(&findings::wrapped(&format!("warning: {}", text::message(lack)), 0, look));
        text.push('\n');
    }
    text.push_str(&lacking(trace.missing, look));
    let since = if trace.since_ns > 0 { format!(", known since {}", time(trace.since_ns)) } else { String::new() };
    let ended = ending(&engine::program::spec(program), &report.ending);
    let _ = writeln!(text, "{ended} at {}{since}", time(report.elapsed_ns));
    text.push_str(&observed(trace, report, look));
    text::page(&text).into_owned()
}

/// What was observed, of a scenario and of a program alike.
fn observed(trace: &Trace, report: &Report, look: Look) -> String {
    let mut text = reason(report.stall(trace), look);
    text.push_str(&counts(trace, report, look));
    text.push_str(&troubles(trace, look));
    text.push_str(&findings::section(&trace.findings(), look));
    text.push_str(&waits::table(&trace.wait_totals(), look));
    let _ = write!(text, "\n{}", timeline::timeline(trace, report.ending == Ending::Stalled, look));
    text
}

/// What the build lacks to resolve lines, and how to add it; empty if it lacks nothing.
fn lacking(missing: Missing, look: Look) -> String {
    let part = |part: Part| format!("no {} (add `{}` to {})", part.what, part.setting, part.whose);
    let parts: Vec<_> = missing.parts().map(part).collect();
    if parts.is_empty() {
        return String::new();
    }
    let text = format!("warning: lines of waits and some causes are unknown because the build has {}", parts.join(" and "));
    findings::wrapped(&text, 0, look) + "\n"
}

/// How a run ended, in one line.
pub fn ending(spec: &Spec, ending: &Ending) -> String {
    text::message(&ending.says(spec))
}

/// Why tasks can never continue, if some are stuck.
fn reason(stall: Option<Stall>, look: Look) -> String {
    stall.map_or_else(String::new, |stall| format!("\n{}", findings::wrapped(&stall.text, 2, look)))
}

/// Figures in columns, then the checks.
fn results(outcome: &Outcome, look: Look) -> String {
    let mut text = "\n".to_owned();
    let figures = outcome.figures.iter().take(LISTED);
    let rows: Vec<_> = figures
        .map(|figure| {
            (
                text::fit(&figure.name, FIGURE, look.more()),
                number(figure.value),
                text::name(&unit_after(figure.value, figure.unit)).into_owned(),
            )
        })
        .collect();
    let name = rows.iter().map(|row| text::width(&row.0)).max().unwrap_or(0);
    let value = rows.iter().map(|row| row.1.len()).max().unwrap_or(0);
    for row in &rows {
        let pad = name - text::width(&row.0);
        let _ = writeln!(text, "  {}{:pad$}  {:>value$} {}", row.0, "", row.1, row.2);
    }
    text += &left_out(outcome.figures.len(), LISTED, "figure", look);
    text.push('\n');
    for check in outcome.checks.iter().take(LISTED) {
        let mark = if check.holds { look.pick("✓", "[ok]") } else { look.pick("✗", "[BROKEN]") };
        let _ = writeln!(text, "  {mark} {}", text::message(&check.name));
    }
    text + &left_out(outcome.checks.len(), LISTED, "check", look)
}

/// How many things are not listed, if any.
fn left_out(all: usize, listed: usize, thing: &str, look: Look) -> String {
    let more = |left: usize| format!("  {} and {} more\n", look.more(), count(left, thing));
    all.checked_sub(listed).filter(|left| *left > 0).map_or_else(String::new, more)
}

/// The counts of tasks, polls and events.
fn counts(trace: &Trace, report: &Report, look: Look) -> String {
    let totals = trace.totals();
    let ends = [
        (totals.completed, "completed"),
        (totals.failed, "failed"),
        (totals.cancelled, "cancelled"),
        (totals.panicked, "panicked"),
        (totals.unknown, "ended in an unknown way"),
        (totals.alive, "alive"),
    ];
    let mut tasks = format!("{} spawned", totals.spawned);
    for (n, how) in ends.into_iter().filter(|(n, _)| *n > 0) {
        let _ = write!(tasks, ", {n} {how}");
    }
    let runtime = report.runtime_polls.map_or(String::new(), |polls| format!(" (Tokio counted {polls})"));
    let mut text = "\n".to_owned();
    let _ = writeln!(text, "{:LABEL$}{tasks}", "tasks");
    let _ = writeln!(text, "{:LABEL$}{}{runtime}", "polls", trace.polls);
    text.push_str(&cut(trace, look));
    let _ = writeln!(text, "{:LABEL$}{} recorded, {} lost", "events", trace.recorded, trace.lost);
    let _ = writeln!(text, "{:LABEL$}{:016x}", "trace", trace.hash());
    text
}

/// The polls that the schedule cut, as a schedule that gives the same run; empty if there are none.
fn cut(trace: &Trace, look: Look) -> String {
    let cuts = trace.preemptions();
    if cuts.is_empty() {
        return String::new();
    }
    let mut listed: Vec<_> = cuts.iter().take(CUTS).map(|cut| format!("{}:{}", cut.poll, cut.operations)).collect();
    listed.extend((cuts.len() > CUTS).then(|| look.more().to_owned()));
    format!("{:LABEL$}{} by the schedule: {}\n", "cut", count(cuts.len(), "poll"), listed.join(","))
}

/// Warnings, errors and panics from the log.
fn troubles(trace: &Trace, look: Look) -> String {
    let lines: Vec<_> = trace.log.iter().filter(|line| line.level >= Level::Warn).collect();
    let mut text = String::new();
    for line in lines.iter().take(LOG_LINES) {
        let gap = if text.is_empty() { "\n" } else { "" };
        let level = if line.level == Level::Error { "error" } else { "warn" };
        let name = line
            .task
            .and_then(|task| trace.tasks.get(task as usize))
            .map_or(String::new(), |task| format!("{}: ", text::name(&task.name)));
        let _ = writeln!(text, "{gap}{:>9}  {level:5}  {name}{}", time(line.at_ns), text::message(&line.message));
    }
    if lines.len() > LOG_LINES {
        let _ = writeln!(text, "{:>9}  {} and {} more", "", look.more(), count(lines.len() - LOG_LINES, "line"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace::LogLine;
    use tui::work_count;

    fn spec() -> Spec {
        Spec::new(&scenarios::semaphore::SCENARIO)
    }

    fn told(ending: Ending, unicode: bool) -> String {
        let mut trace = Trace::default();
        trace.log =
            vec![LogLine { at_ns: 2_000_000, task: None, level: Level::Warn, message: "two\nlines".to_owned(), mark: None }];
        let report = Report { ending, elapsed_ns: 3_500_000_000, runtime_polls: Some(65) };
        text(&spec(), &trace, &report, Look { width: 80, unicode })
    }

    #[test]
    fn figures_stand_in_columns_and_checks_have_marks() {
        let outcome = Outcome::new().figure("completed", 20_u64, "requests").figure("peak", 3_u64, "requests");
        let outcome = outcome.check("sound", true).check("quick", false);
        let text = told(Ending::Finished(outcome.clone()), true);
        assert!(text.contains("finished at 3.5 s (virtual clock, one thread)\n"), "{text}");
        assert!(text.contains("\n  completed  20 requests\n  peak        3 requests\n\n  ✓ sound\n  ✗ quick\n"), "{text}");
        assert!(text.contains("polls   0 (Tokio counted 65)"), "{text}");
        let ascii = told(Ending::Finished(outcome), false);
        assert!(ascii.contains("  [ok] sound\n  [BROKEN] quick\n") && ascii.is_ascii(), "{ascii}");
    }

    #[test]
    fn one_of_a_thing_is_in_the_singular() {
        let outcome = Outcome::new().figure("completed", 1_u64, "requests").figure("lost", 0_u64, "entries");
        let text = told(Ending::Finished(outcome), true);
        assert!(text.contains("\n  completed  1 request\n  lost       0 entries\n"), "{text}");
    }

    #[test]
    fn what_the_build_lacks_is_told_first_and_once() {
        let report = Report { ending: Ending::Stopped, elapsed_ns: 0, runtime_polls: None };
        let told = |missing| {
            let mut trace = Trace::default();
            trace.missing = missing;
            text(&spec(), &trace, &report, Look { width: 60, unicode: true })
        };
        let whole = told(Missing::default());
        assert!(!whole.contains("warning"), "{whole}");
        let lacking = told(Missing { frame_pointers: true, lines: true, symbols: false });
        let (before, after) = lacking.split_once("\n\n").expect("the head, and what comes after it");
        assert!(whole.starts_with(before));
        let first = after.split_once("\n\n").expect("a warning, and what comes after it").0;
        assert!(first.starts_with("warning: lines of waits") && first.lines().all(|line| line.len() <= 60), "{first}");
        let words = first.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("no frame pointers (add `-C force-frame-pointers=yes` to rustflags)"), "{words}");
        assert!(words.contains("and no debug information (add `debug = \"line-tables-only\"` to the profile)"), "{words}");
        assert_eq!(lacking.matches("warning").count(), 1);
    }

    #[test]
    fn what_went_wrong_is_one_line() {
        let text = told(Ending::Panicked("so\nit goes".to_owned()), true);
        assert!(text.contains("main panicked: so it goes at 3.5 s"), "{text}");
        assert!(text.contains("2 ms  warn   two lines"), "{text}");
    }

    #[test]
    fn columns_are_counted_in_cells_and_long_lists_are_cut() {
        let outcome = Outcome::new().figure("日本", 20_u64, "回").figure("peak", 3_u64, "件");
        let text = told(Ending::Finished(outcome), true);
        assert!(text.contains("\n  日本  20 回\n  peak   3 件\n"), "{text}");
        let many = (0..300).fold(Outcome::new(), |outcome, n| outcome.figure("n", n as u64, "").check("c", true));
        let text = told(Ending::Finished(many), true);
        assert!(text.contains("  … and 200 figures more\n") && text.contains("  … and 200 checks more\n"), "{text}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_told_and_not_done() {
        let outcome = Outcome::new().figure("\x1b[2J", 1_u64, "\u{9b}m").check("\u{202e}so\nund", true);
        let text = told(Ending::Finished(outcome), true);
        assert!(text.contains("\n  \\u{1b}[2J  1 \\u{9b}m\n\n  ✓ \\u{202e}so und\n"), "{text}");
        let text = told(Ending::Failed("\x1b]0;title\x07".into()), false);
        assert!(text.contains("main failed: \\u{1b}]0;title\\u{7} at"), "{text}");
    }

    #[test]
    fn a_report_looks_at_no_more_of_a_text_than_it_prints() {
        for piece in ["\u{200b}", "\u{301}", "\x1b", "日", "a", "a "] {
            let long = piece.repeat(1 << 20);
            let outcome = (0..9).fold(Outcome::new(), |outcome, n| outcome.figure(&long, n as u64, "ms").check(&long, true));
            let steps = work_count::of(|| drop(told(Ending::Finished(outcome), true)));
            assert!(steps < 50_000, "{steps} of {piece:?}");
        }
    }
}
