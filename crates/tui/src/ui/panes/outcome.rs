//! The outcome of the run: its checks and its figures, once the cursor is at the end.
//!
//! The task pane shows all of it while no task is selected; the status line of the timeline shows as much as fits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use scenario::{Figure, Group, Outcome, unit_after};

use crate::app::model::RunView;
use crate::app::run::compare::{Comparison, compare};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::{format, view};
use engine::Ending;

/// Draws the outcome, one check or figure per row.
pub(crate) fn render(buf: &mut Buffer, look: Look, inside: Rect, run: &RunView, ending: &Ending) {
    let [ok, broken, ..] = look.glyphs.lane.ends;
    let Ending::Finished(outcome) = ending else {
        let row = headline(look, run).map_or(0, |(mark, text, style)| wrapped(buf, look, inside, 0, (mark, &text, style)));
        comparison(buf, look, inside, row + 1, run);
        return;
    };
    let mut row = 0;
    for check in &outcome.checks {
        let (mark, style) = if check.holds { (ok, look.good()) } else { (broken, look.error()) };
        row = wrapped(buf, look, inside, row, (mark, &check.name, style));
    }
    let top = row + u16::from(!outcome.checks.is_empty());
    figures(buf, look, inside, top, &outcome.figures);
    comparison(buf, look, inside, top.saturating_add(outcome.figures.len() as u16 + 1), run);
}

/// Draws what was otherwise in the previous run of the scenario: its settings, and each result before and now.
fn comparison(buf: &mut Buffer, look: Look, inside: Rect, top: u16, run: &RunView) {
    let Some(Comparison { settings, rows, ratio }) = compare(run) else { return };
    let heading = match (settings.as_slice(), rows.is_empty()) {
        ([], true) => "the previous run had the same results".into(),
        ([], false) => format!("compared with the previous run{}", speed(look, ratio)),
        (settings, true) => format!("the same results with {}", settings.join(" ")),
        (settings, false) => format!("compared with {}{}", settings.join(" "), speed(look, ratio)),
    };
    let lines = format::wrap(&heading, usize::from(inside.width.saturating_sub(2)));
    for (row, line) in (top..inside.height).zip(&lines) {
        Pen::new(buf, look, inside, row).space(1).put(line, look.heading());
    }
    let top = top.saturating_add(lines.len() as u16);
    let value = |value: Option<f64>| value.map_or_else(|| "never".into(), format::number);
    for (row, result) in (top..inside.height).zip(&rows) {
        let mut pen = Pen::new(buf, look, inside, row);
        let unit = unit_after(result.now.unwrap_or_default(), result.unit);
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        pen.space(1).put(&result.name, look.dim()).space(2).put(&value(result.now), look.strong());
        pen.put(&unit, look.text()).put(&format!(", was {}", value(result.before)), look.dim());
    }
}

/// How much faster or slower the run was than one that took `ratio` times as long.
fn speed(look: Look, ratio: Option<f64>) -> String {
    let times = |factor: f64| {
        let text = format!("{factor:.2}");
        format!("{}{}", text.trim_end_matches('0').trim_end_matches('.'), look.glyphs.times)
    };
    match ratio {
        Some(ratio) if ratio >= 1.05 => format!(": {} faster", times(ratio)),
        Some(ratio) if ratio <= 0.95 => format!(": {} slower", times(1.0 / ratio)),
        _ => String::new(),
    }
}

/// Draws the figures in columns, or one by one if the columns would be too wide.
fn figures(buf: &mut Buffer, look: Look, inside: Rect, top: u16, figures: &[Figure]) {
    let widest = |text: &dyn Fn(&Figure) -> usize| figures.iter().map(text).max().unwrap_or(0);
    let names = widest(&|figure| format::width(&figure.name));
    let values = widest(&|figure| format::width(&format::number(figure.value)));
    let units = widest(&|figure| format::width(figure.unit));
    let columns = names + values + units + 4 <= usize::from(inside.width);
    for (row, figure) in (top..inside.height).zip(figures) {
        let value = format::number(figure.value);
        let (name_cells, value_cells) =
            if columns { (names, values) } else { (format::width(&figure.name), format::width(&value)) };
        let mut pen = Pen::new(buf, look, inside, row);
        pen.space(1).left(&figure.name, name_cells, look.dim()).space(2);
        pen.right(&value, value_cells, look.strong()).space(1).put(&unit_after(figure.value, figure.unit), look.text());
    }
}

/// Writes a mark and a wrapped text beside it, and returns the next row.
fn wrapped(buf: &mut Buffer, look: Look, inside: Rect, top: u16, (mark, text, style): (&str, &str, Style)) -> u16 {
    let lines = format::wrap(text, usize::from(inside.width.saturating_sub(4)));
    for (i, (row, line)) in (top..inside.height).zip(&lines).enumerate() {
        let mut pen = Pen::new(buf, look, inside, row);
        pen.space(1).left(if i == 0 { mark } else { "" }, 1, style).space(1).put(line, style);
    }
    top.saturating_add(lines.len() as u16).min(inside.height)
}

/// Writes how the run ended on one row: as many complete parts as fit, checks first.
pub(super) fn status(pen: &mut Pen<'_>, look: Look, run: &RunView) {
    let Some((mark, text, style)) = headline(look, run) else { return };
    pen.put(mark, style).space(1);
    match view::ending(run) {
        Some(Ending::Finished(outcome)) if outcome.holds() => good(pen, look, outcome),
        _ => {
            pen.put(&text, style);
        }
    }
}

/// Says that the checks passed, by name if all names fit.
fn checks(look: Look, outcome: &Outcome, room: usize) -> String {
    let between = format!(" {} ", look.glyphs.between);
    let names = outcome.checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>().join(&between);
    let fits = format::width(&names) + more(outcome.figures.is_empty()) <= room;
    if fits { names } else { holding(outcome) }
}

/// The checks, and as many figures as fit.
fn good(pen: &mut Pen<'_>, look: Look, outcome: &Outcome) {
    let between = format!(" {} ", look.glyphs.between);
    let checks = checks(look, outcome, pen.room());
    pen.put(&checks, look.good());
    let mut first = checks.is_empty();
    for (i, figure) in outcome.figures.iter().enumerate() {
        let text = format!("{} {} {}", figure.name, format::number(figure.value), unit_after(figure.value, figure.unit));
        let before = if first { "" } else { &between };
        let last = i + 1 == outcome.figures.len();
        if format::width(before) + format::width(&text) + more(last) > pen.room() {
            pen.put(&format!(" {}", look.glyphs.more), look.dim());
            return;
        }
        pen.put(before, look.dim()).put(&text, look.text());
        first = false;
    }
}

/// The cells to reserve for the mark for *more*.
fn more(last: bool) -> usize {
    if last { 0 } else { 2 }
}

/// Says briefly that all checks passed.
fn holding(outcome: &Outcome) -> String {
    match outcome.checks.len() {
        0 => String::new(),
        1 => "check passed".into(),
        2 => "both checks passed".into(),
        checks => format!("all {checks} checks passed"),
    }
}

/// How the run ended, once the cursor is there: mark, text and style. The text is empty if it ended well and checks nothing.
pub(in crate::ui) fn headline(look: Look, run: &RunView) -> Option<(&'static str, String, Style)> {
    let [ok, failed, cancelled, panicked] = look.glyphs.lane.ends;
    let line = match view::ending(run)? {
        Ending::Finished(outcome) if outcome.holds() => (ok, holding(outcome), look.good()),
        Ending::Finished(outcome) => {
            let broken = outcome.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect::<Vec<_>>();
            (failed, format!("check failed: {}", broken.join("; ")), look.error())
        }
        Ending::Failed(reason) => (failed, format!("main returned an error: {}", first_line(reason)), look.error()),
        Ending::Panicked(reason) => (panicked, format!("main panicked: {}", first_line(reason)), look.error()),
        Ending::Stalled => (failed, "stuck: no task can ever run again".into(), look.error()),
        Ending::Limit => (cancelled, format!("stopped at the limit of {} s", run.spec.limit.as_secs_f64()), look.warn()),
        Ending::Stopped => (cancelled, "stopped: tasks still alive were dropped".into(), look.warn()),
        Ending::Abandoned => {
            (failed, "abandoned: its code never yields, so its thread could not be stopped".into(), look.error())
        }
        Ending::CutOff => (cancelled, "the recording is cut off: its end is unknown".into(), look.warn()),
        Ending::Exited => (ok, "the program has ended".into(), look.text()),
        Ending::Lost(reason) if run.spec.scenario.group == Group::Sketches => {
            (failed, format!("the sketch {}", first_line(reason)), look.error())
        }
        Ending::Lost(reason) => (failed, format!("the program was lost: {}", first_line(reason)), look.error()),
    };
    Some(line)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
