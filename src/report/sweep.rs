//! A sweep as a table with a chart, as JSON and as CSV.

use std::fmt::Write;

use engine::compare;
use engine::sweep::{self, Point, Series, Stat, Sweep};
use scenario::{Kind, Value};
use serde::Serialize;
use tui::text;

use super::units::{count, number};
use super::values::{self, Checked, Named, Number, Typed};
use super::{Look, chart, ending, findings, table};
use tui::json;

/// The widest name of a figure at the head of a column.
const NAMED: usize = 30;

/// The command that repeats the sweep, without its figure.
fn share(sweep: &Sweep) -> String {
    let mut spec = engine::Spec { seed: 0, ..sweep.spec.clone() };
    spec.values.set(sweep.param, sweep.param.default());
    let mut line = spec.share().replacen(" run ", " sweep ", 1);
    let name = sweep.param.name;
    let _ = write!(line, " -p {name}={}", range(&sweep.values));
    if sweep.seeds != (0..=0) {
        let _ = write!(line, " --seeds {}..{}", sweep.seeds.start(), sweep.seeds.end());
    }
    line
}

/// The values as they can be typed.
fn range(values: &[Value]) -> String {
    let numbers: Vec<u64> =
        values.iter().filter_map(|value| if let Value::Number(n) = value { Some(*n) } else { None }).collect();
    if let ([first, second, ..], Some(last)) = (&*numbers, numbers.last()) {
        let step = second.saturating_sub(*first);
        if numbers.len() == values.len() && numbers.windows(2).all(|two| two[0] < two[1] && two[1] - two[0] == step) {
            return if step == 1 { format!("{first}..{last}") } else { format!("{first}..{last}:{step}") };
        }
    }
    match values {
        [Value::Number(only)] => format!("{only}..{only}"),
        _ => values.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    }
}

/// A sweep as text: a row for each value, a chart, and which other figures there are.
pub fn sweep_text(sweep: &Sweep, points: &[Point], figure: &str, look: Look) -> String {
    let series = sweep::series(points, figure);
    let scenario = sweep.spec.scenario;
    let quote = if figure.contains(|c: char| !c.is_ascii_alphanumeric()) { "'" } else { "" };
    let share = format!("{} --figure {quote}{}{quote}", share(sweep), text::name(figure));
    let mut text = format!("{}: {}\n{share}\n\n", scenario.id, scenario.lesson);
    text += &rows(sweep, &series, look);
    let axis = axis(sweep);
    let drawn = chart::chart(&series, &axis, look);
    if !drawn.is_empty() {
        let seeds = sweep.seeds.end() - sweep.seeds.start() + 1;
        let (band, line) = look.pick(("▒", "━"), (":", "="));
        let note =
            if seeds > 1 { format!("{band} from the least to the most over the seeds  {line} median\n") } else { String::new() };
        let _ = write!(text, "\n{drawn}{note}");
    }
    let others: Vec<_> = sweep::figures(points).into_iter().map(|(name, _)| name).filter(|name| name != figure).collect();
    if !others.is_empty() {
        let others = format!("other figures, for --figure: {}", text::message(&others.join(", ")));
        let _ = write!(text, "\n{}", findings::wrapped(&others, 0, look));
    }
    text::page(&text).into_owned()
}

/// The name of the parameter and its unit, if that is another word.
fn axis(sweep: &Sweep) -> String {
    match sweep.param.kind {
        Kind::Number { unit, .. } if unit != sweep.param.name => format!("{} ({unit})", sweep.param.name),
        _ => sweep.param.name.to_owned(),
    }
}

fn rows(sweep: &Sweep, series: &Series, look: Look) -> String {
    let several = sweep.seeds.start() != sweep.seeds.end();
    let named = text::fit(&chart::title(series), NAMED, look.more()).into_owned();
    let mut lines = vec![vec![sweep.param.name.to_owned(), named]];
    lines[0].extend(several.then(|| ["least", "most"].map(str::to_owned)).into_iter().flatten());
    let figure = |figure: Option<f64>| figure.map_or_else(|| look.pick("–", "-").to_owned(), number);
    for stat in &series.stats {
        let mut line = vec![stat.value.to_string(), figure(stat.figure.map(|[_, median, _]| median))];
        if several {
            line.extend([figure(stat.figure.map(|[min, ..]| min)), figure(stat.figure.map(|[.., max]| max))]);
        }
        lines.push(line);
    }
    if several {
        lines[0][1] = format!("median {}", lines[0][1]);
    }
    let table = table::table(&lines, 0);
    let width = table.lines().map(text::width).max().unwrap_or(0);
    let mut text = String::new();
    for (at, line) in table.lines().enumerate() {
        let note = at.checked_sub(1).map_or(String::new(), |at| note(&series.stats[at], look));
        if note.is_empty() || width + 2 + text::width(&note) <= look.width {
            let pad = width - text::width(line);
            let _ = writeln!(text, "{}", format!("{line}{:pad$}  {note}", "").trim_end());
        } else {
            let _ = write!(text, "{line}\n{}", findings::wrapped(&note, 6, look));
        }
    }
    text
}

/// What went wrong at a value, with how many of its runs.
fn note(stat: &Stat, look: Look) -> String {
    let of = |n: usize| if stat.runs > 1 { format!(" ({n} of {})", stat.runs) } else { String::new() };
    let mark = look.pick("✗", "[BROKEN]");
    let failed = stat.failed.iter().map(|(check, n)| format!("{mark} {}{}", text::message(check), of(*n)));
    let troubles = stat.troubles.iter().map(|(trouble, n)| format!("{}{}", text::message(trouble), of(*n)));
    failed.chain(troubles).collect::<Vec<_>>().join("; ")
}

/// A sweep as a JSON object on one line.
///
/// # Errors
///
/// If serialization fails, which should never happen.
pub fn sweep_json(sweep: &Sweep, points: &[Point], figure: &str) -> serde_json::Result<String> {
    let series = sweep::series(points, figure);
    let stats = series.stats.iter().map(|stat| StatObject {
        value: Typed(stat.value),
        runs: stat.runs,
        median: stat.figure.map(|[_, median, _]| Number(median)),
        min: stat.figure.map(|[min, ..]| Number(min)),
        max: stat.figure.map(|[.., max]| Number(max)),
        failed: stat.failed.iter().map(|(name, runs)| Counted { name, runs: *runs }).collect(),
        troubles: stat.troubles.iter().map(|(name, runs)| Counted { name, runs: *runs }).collect(),
    });
    let unit = if let Kind::Number { unit, .. } = sweep.param.kind { Some(unit) } else { None };
    json::to_string(&SweepObject {
        scenario: sweep.spec.scenario.id,
        share: share(sweep),
        param: ParamObject { name: sweep.param.name, unit },
        seeds: [*sweep.seeds.start(), *sweep.seeds.end()],
        figure,
        unit: series.unit,
        figures: sweep::figures(points).into_iter().map(|(name, unit)| FigureName { name, unit }).collect(),
        series: stats.collect(),
        runs: points.iter().map(|point| run(sweep, point)).collect(),
    })
}

fn run<'a>(sweep: &Sweep, point: &'a Point) -> RunObject<'a> {
    let report = point.report.as_ref();
    let ended = report.ok().map(|report| report.ending.word());
    RunObject {
        value: Typed(point.value),
        seed: point.seed,
        ended: ended.unwrap_or("not run"),
        why: why(sweep, point),
        elapsed_ms: report.ok().map(|report| Number(report.elapsed_ns as f64 / 1e6)),
        outcome: report.map_or_else(|_| Vec::new(), values::figures),
        checks: report.map_or_else(|_| Vec::new(), values::checks),
    }
}

/// Why a run did not end well, besides its checks; `None` if it did.
fn why(sweep: &Sweep, point: &Point) -> Option<String> {
    match &point.report {
        Err(reason) => Some(reason.clone()),
        Ok(report) if compare::outcome(report).is_some() => point.stall.clone(),
        Ok(report) => Some(ending(&sweep.spec, &report.ending)),
    }
}

/// A sweep as CSV: a line for each value and seed.
pub fn sweep_csv(sweep: &Sweep, points: &[Point]) -> String {
    let figures = sweep::figures(points);
    let figures: Vec<_> = figures.iter().filter(|(name, _)| name != "elapsed").collect();
    let mut heads = vec![sweep.param.name.to_owned(), "seed".to_owned(), "ended".to_owned(), "elapsed (ms)".to_owned()];
    heads.extend(figures.iter().map(|(name, unit)| if unit.is_empty() { name.clone() } else { format!("{name} ({unit})") }));
    heads.extend(["failed checks", "why"].map(str::to_owned));
    let mut text = csv_line(&heads);
    for point in points {
        let run = run(sweep, point);
        let outcome = point.report.as_ref().ok().and_then(compare::outcome);
        let value = |name: &str| outcome.and_then(|outcome| outcome.value(name)).map_or(String::new(), |value| value.to_string());
        let failed = outcome.iter().flat_map(|outcome| &outcome.checks).filter(|check| !check.holds).map(|check| &*check.name);
        let mut cells = vec![point.value.to_string(), point.seed.to_string(), run.ended.to_owned()];
        cells.push(run.elapsed_ms.map_or(String::new(), |ms| ms.0.to_string()));
        cells.extend(figures.iter().map(|(name, _)| value(name)));
        cells.extend([failed.collect::<Vec<_>>().join("; "), run.why.unwrap_or_default()]);
        text += &csv_line(&cells);
    }
    text
}

/// A line of CSV. A cell with a comma or a quote is quoted; whatever a terminal would obey is escaped.
fn csv_line(cells: &[String]) -> String {
    let cell = |cell: &String| {
        let cell = text::line(cell).into_owned();
        if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"
}

/// How many of the runs are done, in one line.
pub fn sweep_progress(done: u64, runs: u64) -> String {
    format!("{done} of {}", count(runs as usize, "run"))
}

#[derive(Serialize)]
struct SweepObject<'a> {
    scenario: &'static str,
    /// The command that repeats it.
    share: String,
    param: ParamObject,
    /// The first and the last.
    seeds: [u64; 2],
    figure: &'a str,
    unit: &'a str,
    /// All figures that there are.
    figures: Vec<FigureName>,
    /// The figure over the values.
    series: Vec<StatObject<'a>>,
    /// By value, then by seed.
    runs: Vec<RunObject<'a>>,
}

#[derive(Serialize)]
struct ParamObject {
    name: &'static str,
    unit: Option<&'static str>,
}

#[derive(Serialize)]
struct FigureName {
    name: String,
    unit: &'static str,
}

#[derive(Serialize)]
struct StatObject<'a> {
    value: Typed,
    runs: usize,
    median: Option<Number>,
    min: Option<Number>,
    max: Option<Number>,
    failed: Vec<Counted<'a>>,
    troubles: Vec<Counted<'a>>,
}

#[derive(Serialize)]
struct Counted<'a> {
    name: &'a str,
    runs: usize,
}

#[derive(Serialize)]
struct RunObject<'a> {
    value: Typed,
    seed: u64,
    /// As `ended` of `replay --json`; `not run` if the scenario refuses the settings.
    ended: &'static str,
    why: Option<String>,
    elapsed_ms: Option<Number>,
    outcome: Vec<Named<'a>>,
    checks: Vec<Checked<'a>>,
}
