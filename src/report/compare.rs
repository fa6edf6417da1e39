//! Several runs of one scenario side by side, as text and as JSON.

use std::fmt::Write;

use engine::compare::{self, Check, Figure, Lanes, Setting};
use engine::{Report, Spec};
use serde::Serialize;
use trace::{Trace, Window, marks};
use tui::text;

use super::units::{count, number, time};
use super::values::Number;
use super::{Look, ending, json, table, timeline};

/// More lanes of a run than this are counted, not drawn.
const LANES: usize = 16;
/// More figures and more checks than this are counted, not listed.
const LISTED: usize = 100;
/// The widest column of names.
const NAME: usize = 40;

/// A finished run.
#[derive(Debug, Clone, Copy)]
pub struct Ran<'a> {
    /// Its settings.
    pub spec: &'a Spec,
    /// What happened.
    pub trace: &'a Trace,
    /// How it ended.
    pub report: &'a Report,
}

/// How the runs differ.
struct Differences {
    settings: Vec<Setting>,
    figures: Vec<Figure>,
    checks: Vec<Check>,
    /// Of each run but the first; empty if times cannot be compared.
    lanes: Vec<Lanes>,
}

impl Differences {
    fn of(runs: &[Ran<'_>]) -> Self {
        let specs: Vec<_> = runs.iter().map(|run| run.spec).collect();
        let outcomes: Vec<_> = runs.iter().map(|run| compare::outcome(run.report)).collect();
        let lanes = runs.iter().skip(1).filter(|_| compare::have_equal_times(&specs));
        Self {
            settings: compare::settings(&specs),
            figures: compare::figures(&outcomes),
            checks: compare::checks(&outcomes),
            lanes: lanes.map(|run| compare::lanes(runs[0].trace, run.trace, u64::MAX)).collect(),
        }
    }
}

/// The letter of a run: the first is A.
fn letter(run: usize) -> String {
    let letter = char::from(b'A' + (run % 26) as u8);
    if run < 26 { letter.to_string() } else { format!("{letter}{}", run / 26) }
}

/// The runs side by side as text: the settings that differ, the outcomes, and the lanes on one axis.
pub fn compare_text(runs: &[Ran<'_>], look: Look) -> String {
    let Some(first) = runs.first() else { return String::new() };
    let differences = Differences::of(runs);
    let mut text = format!("{}: {}\n\n", first.spec.scenario.id, first.spec.scenario.lesson);
    for (at, run) in runs.iter().enumerate() {
        let _ = writeln!(text, "{}  {}", letter(at), run.spec.share());
    }
    text += "\n";
    text += &values(runs, &differences, look);
    text += "\n";
    text += &checks(&differences.checks, look);
    for (at, run) in runs.iter().enumerate() {
        if let Some(stall) = run.report.stall(run.trace) {
            let _ = writeln!(text, "\n{}: {}", letter(at), text::message(&stall.text));
        }
    }
    text += &first_difference(&differences, look);
    text += &lanes(runs, &differences.lanes, look);
    text::page(&text).into_owned()
}

/// One table of the settings that differ, the ends and the figures, a column for each run and for its differences.
fn values(runs: &[Ran<'_>], differences: &Differences, look: Look) -> String {
    let mut rows = Vec::new();
    let settings = differences.settings.iter().map(|setting| (setting.name, setting.unit, setting.values.clone()));
    let ends = [
        ("ended", "", runs.iter().map(|run| run.report.ending.word().to_owned()).collect()),
        ("at", "", runs.iter().map(|run| time(run.report.elapsed_ns)).collect()),
    ];
    rows.extend(settings.chain(ends).map(|(name, unit, values)| Cells {
        name: name.to_owned(),
        unit: unit.to_owned(),
        values,
        differences: vec![String::new(); runs.len()],
        ratios: vec![String::new(); runs.len()],
    }));
    rows.extend(differences.figures.iter().take(LISTED).map(|figure| figure_cells(figure, look)));
    let heads = (0..runs.len()).map(letter);
    let minus = look.pick("−", "-");
    let mut text = String::new();
    for (with_differences, with_ratios) in [(true, true), (true, false), (false, false)] {
        let mut head = vec![String::new(), String::new()];
        let mut lines: Vec<Vec<String>> = rows
            .iter()
            .map(|row| vec![text::fit(&row.name, NAME, look.more()).into_owned(), text::name(&row.unit).into_owned()])
            .collect();
        for (run, letter) in heads.clone().enumerate() {
            head.push(letter.clone());
            lines.iter_mut().zip(&rows).for_each(|(line, row)| line.push(row.values[run].clone()));
            if run > 0 && with_differences {
                head.push(format!("{letter} {minus} A"));
                lines.iter_mut().zip(&rows).for_each(|(line, row)| line.push(row.differences[run].clone()));
            }
            if run > 0 && with_ratios {
                head.push(format!("{letter} / A"));
                lines.iter_mut().zip(&rows).for_each(|(line, row)| line.push(row.ratios[run].clone()));
            }
        }
        lines.insert(0, head);
        text = table::table(&lines, 2);
        if text.lines().all(|line| text::width(line) <= look.width) {
            break;
        }
    }
    text + &left_out(differences.figures.len(), "figure", look)
}

/// A row of the table.
struct Cells {
    name: String,
    unit: String,
    values: Vec<String>,
    differences: Vec<String>,
    ratios: Vec<String>,
}

fn figure_cells(figure: &Figure, look: Look) -> Cells {
    let runs = 0..figure.values.len();
    let told = |value: &Option<f64>| value.map_or_else(|| look.pick("–", "-").to_owned(), number);
    let difference = |run| match figure.difference(run) {
        Some(0.0) => "=".to_owned(),
        Some(more) if more > 0.0 => format!("+{}", number(more)),
        Some(less) => format!("{}{}", look.pick("−", "-"), number(-less)),
        None => String::new(),
    };
    let ratio = |run| match (figure.difference(run), figure.ratio(run)) {
        (Some(0.0), _) | (_, None) => String::new(),
        (_, Some(ratio)) => format!("{}{ratio:.2}", look.pick("×", "x")),
    };
    Cells {
        name: figure.name.clone(),
        unit: figure.unit.to_owned(),
        values: figure.values.iter().map(told).collect(),
        differences: runs.clone().map(difference).collect(),
        ratios: runs.map(ratio).collect(),
    }
}

/// The checks, each with a mark for every run.
fn checks(checks: &[Check], look: Look) -> String {
    let mut text = String::new();
    for check in checks.iter().take(LISTED) {
        for (run, holds) in check.holds.iter().enumerate() {
            let mark = match holds {
                Some(true) => look.pick("✓", "[ok]"),
                Some(false) => look.pick("✗", "[BROKEN]"),
                None => look.pick("–", "-"),
            };
            let _ = write!(text, "  {} {mark}", letter(run));
        }
        let _ = writeln!(text, "  {}", text::message(&check.name));
    }
    text + &left_out(checks.len(), "check", look)
}

fn left_out(all: usize, thing: &str, look: Look) -> String {
    let more = |left: usize| format!("  {} and {} more\n", look.more(), count(left, thing));
    all.checked_sub(LISTED).filter(|left| *left > 0).map_or_else(String::new, more)
}

/// When each run first differs from the first.
fn first_difference(differences: &Differences, look: Look) -> String {
    let mut text = String::new();
    for (at, lanes) in differences.lanes.iter().enumerate() {
        let run = letter(at + 1);
        let told = match &lanes.first {
            Some((at_ns, task)) => {
                let lanes = lanes.since_ns.iter().flatten().count();
                let task = text::name(task);
                format!("{run} differs from A from {} on, first in {task}; {} differ", time(*at_ns), count(lanes, "lane"))
            }
            None => format!("{run} does not differ from A"),
        };
        let _ = write!(text, "\n{}", super::findings::wrapped(&told, 0, look));
    }
    text
}

/// The lanes of the runs below each other, on one axis. A lane that differs from its counterpart in the first run has a mark.
fn lanes(runs: &[Ran<'_>], differences: &[Lanes], look: Look) -> String {
    let (marks, more) = (look.pick(&marks::UNICODE, &marks::ASCII), look.more());
    let names: Vec<Vec<_>> = runs
        .iter()
        .map(|run| run.trace.tasks.iter().take(LANES).map(|task| text::fit_name(&task.name, timeline::NAME, more)).collect())
        .collect();
    let name = names.iter().flatten().map(|name| text::width(name)).max().unwrap_or(0) + 2;
    let cells = look.width.saturating_sub(name + timeline::GAP).max(timeline::CELLS);
    let stalls = runs.iter().any(|run| is_stalled(run));
    let tail = if stalls { trace::tail(cells) } else { 0 };
    let end_ns = runs.iter().map(|run| run.trace.end_ns).max().unwrap_or(0);
    let cell_ns = (end_ns + 1).div_ceil((cells - tail) as u64).max(1);
    let mut text = format!("\n{:name$}{:gap$}{}\n", "", "", timeline::ruler(cell_ns, cells as u64), gap = timeline::GAP);
    for (at, run) in runs.iter().enumerate() {
        let tail = if is_stalled(run) { tail } else { 0 };
        let window = Window { left_ns: 0, cell_ns, until_ns: run.trace.end_ns, tail };
        let _ = writeln!(text, "{}", letter(at));
        for (task, label) in (0..).zip(&names[at]) {
            let lanes = at.checked_sub(1).and_then(|at| differences.get(at));
            let differs = lanes.is_some_and(|lanes| lanes.since_ns.get(task as usize).copied().flatten().is_some());
            let mark = if differs { look.pick("≠", "&") } else { " " };
            let lane = timeline::lane(run.trace, task, window, cells, marks);
            let pad = name - 2 - text::width(label) + timeline::GAP;
            let _ = writeln!(text, "{}", format!("{mark} {label}{:pad$}{lane}", "").trim_end());
        }
        if let Some(left) = run.trace.tasks.len().checked_sub(LANES).filter(|left| *left > 0) {
            let _ = writeln!(text, "  {more} and {} more", count(left, "task"));
        }
    }
    let legend = timeline::legend(runs[0].trace, marks, stalls, cell_ns);
    let differs = if differences.is_empty() { "" } else { look.pick("\n≠ differs from A", "\n& differs from A") };
    let _ = writeln!(text, "\n{legend}{differs}");
    text
}

fn is_stalled(run: &Ran<'_>) -> bool {
    run.report.ending == engine::Ending::Stalled
}

/// The runs as a JSON object on one line: the object of each, and how they differ.
///
/// # Errors
///
/// If serialization fails, which should never happen.
pub fn compare_json(runs: &[Ran<'_>]) -> serde_json::Result<String> {
    let found = Differences::of(runs);
    let figures = found.figures.iter().map(|figure| FigureOf {
        name: &figure.name,
        unit: figure.unit,
        values: figure.values.iter().map(|value| value.map(Number)).collect(),
        differences: (0..runs.len()).map(|run| figure.difference(run).map(Number)).collect(),
        ratios: (0..runs.len()).map(|run| figure.ratio(run).map(Number)).collect(),
    });
    let differences = DifferencesObject {
        settings: found.settings.iter().map(|setting| SettingOf { name: setting.name, values: &setting.values }).collect(),
        endings: runs.iter().map(|run| ending(run.spec, &run.report.ending)).collect(),
        figures: figures.collect(),
        checks: found.checks.iter().map(|check| CheckOf { name: &check.name, holds: &check.holds }).collect(),
        lanes: found.lanes.iter().enumerate().map(|(at, lanes)| lanes_of(at + 1, &runs[at + 1], lanes)).collect(),
    };
    let runs = runs.iter().map(|run| json::object(run.spec, run.trace, run.report)).collect();
    tui::json::to_string(&Compared { runs, differences })
}

fn lanes_of<'a>(at: usize, run: &Ran<'a>, lanes: &'a Lanes) -> LanesOf<'a> {
    let differ = run.trace.tasks.iter().zip(&lanes.since_ns).filter_map(|(task, since_ns)| {
        let since_ms = Number((*since_ns)? as f64 / 1e6);
        Some(LaneOf { task: &task.name, since_ms })
    });
    let first = lanes.first.as_ref().map(|(at_ns, task)| LaneOf { task, since_ms: Number(*at_ns as f64 / 1e6) });
    LanesOf { run: at, first, differ: differ.collect() }
}

#[derive(Serialize)]
struct Compared<'a> {
    runs: Vec<json::Object<'a>>,
    differences: DifferencesObject<'a>,
}

#[derive(Serialize)]
struct DifferencesObject<'a> {
    settings: Vec<SettingOf<'a>>,
    /// How each run ended.
    endings: Vec<String>,
    figures: Vec<FigureOf<'a>>,
    checks: Vec<CheckOf<'a>>,
    /// One for each run but the first; empty on the real clock, where no two runs have the same times.
    lanes: Vec<LanesOf<'a>>,
}

#[derive(Serialize)]
struct SettingOf<'a> {
    name: &'a str,
    values: &'a [String],
}

#[derive(Serialize)]
struct FigureOf<'a> {
    name: &'a str,
    unit: &'a str,
    values: Vec<Option<Number>>,
    /// From the first run.
    differences: Vec<Option<Number>>,
    /// To the first run.
    ratios: Vec<Option<Number>>,
}

#[derive(Serialize)]
struct CheckOf<'a> {
    name: &'a str,
    holds: &'a [Option<bool>],
}

#[derive(Serialize)]
struct LanesOf<'a> {
    /// The index of the run.
    run: usize,
    /// The first difference, in either run.
    first: Option<LaneOf<'a>>,
    /// The tasks of the run that differ.
    differ: Vec<LaneOf<'a>>,
}

#[derive(Serialize)]
struct LaneOf<'a> {
    task: &'a str,
    since_ms: Number,
}
