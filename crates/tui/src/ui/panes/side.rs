//! The outcome of the run on screen beside that of the pinned run; what differs is marked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::RunView;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::{format, view};
use engine::{Ending, compare};

/// The widest column of names.
const NAME: usize = 24;

/// A row: what it is, its value in the pinned run and in the run below, and its unit.
struct Row {
    name: String,
    values: [String; 2],
    unit: String,
    differs: bool,
}

/// Draws the settings that differ, the ends, the figures and the checks.
pub(super) fn render(buf: &mut Buffer, look: Look, inside: Rect, pinned: &RunView, run: &RunView) {
    let rows = rows(look, pinned, run);
    let cells = |text: &dyn Fn(&Row) -> usize| rows.iter().map(text).max().unwrap_or(0);
    let name = cells(&|row| format::width(&row.name)).min(NAME);
    let heads = ["pinned", "below"];
    let values = [0, 1].map(|run: usize| cells(&|row| format::width(&row.values[run])).max(heads[run].len()));
    let mut pen = Pen::new(buf, look, inside, 0);
    pen.space(1).left("", name, look.dim()).space(2).right(heads[0], values[0], look.heading());
    pen.space(2).right(heads[1], values[1], look.heading());
    for (y, row) in (1..inside.height).zip(&rows) {
        let style = if row.differs { look.changed() } else { look.text() };
        let mut pen = Pen::new(buf, look, inside, y);
        pen.put(if row.differs { look.glyphs.differs } else { " " }, style);
        pen.left(&format::fit(look, &row.name, name), name, look.dim()).space(2);
        pen.right(&row.values[0], values[0], look.text()).space(2).right(&row.values[1], values[1], style);
        pen.space(1).put(&row.unit, look.dim());
    }
    checks(
        buf,
        look,
        Rect { y: inside.y + (rows.len() as u16 + 1).min(inside.height), ..inside },
        (pinned, run),
        inside.bottom(),
    );
}

fn rows(look: Look, pinned: &RunView, run: &RunView) -> Vec<Row> {
    let settings = compare::settings(&[&pinned.spec, &run.spec]).into_iter().map(|setting| {
        let values = [0, 1].map(|run: usize| setting.values[run].clone());
        Row { name: setting.name.to_owned(), values, unit: setting.unit.to_owned(), differs: true }
    });
    let ends = [pinned, run].map(|run| run.report.as_ref().map_or("", |report| ended(&report.ending)).to_owned());
    let length = [pinned, run].map(|run| format::span(look, view::end_ns(run)));
    let row = |name: &str, values: [String; 2]| {
        let differs = values[0] != values[1];
        Row { name: name.to_owned(), values, unit: String::new(), differs }
    };
    let outcomes = [pinned, run].map(|run| run.report.as_ref().and_then(compare::outcome));
    let value = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), format::number);
    let figures = compare::figures(&outcomes).into_iter().map(|figure| {
        let values = [0, 1].map(|run: usize| value(figure.values[run]));
        let ratio = figure.ratio(1).filter(|_| figure.differs());
        let ratio = ratio.map_or_else(String::new, |ratio| format!(" {}{ratio:.2}", look.glyphs.times));
        Row { differs: figure.differs(), unit: format!("{}{ratio}", figure.unit), name: figure.name, values }
    });
    let ends = (ends[0] != ends[1]).then(|| row("ended", ends));
    settings.chain(ends).chain([row("length", length)]).chain(figures).collect()
}

/// The checks of both runs, below each other.
fn checks(buf: &mut Buffer, look: Look, area: Rect, (pinned, run): (&RunView, &RunView), bottom: u16) {
    let outcomes = [pinned, run].map(|run| run.report.as_ref().and_then(compare::outcome));
    let area = Rect { height: bottom.saturating_sub(area.y), ..area };
    let [ok, broken, ..] = look.glyphs.lane.ends;
    for (y, check) in (0..area.height).zip(compare::checks(&outcomes)) {
        let mut pen = Pen::new(buf, look, area, y);
        pen.put(if check.differs() { look.glyphs.differs } else { " " }, look.changed());
        for holds in &check.holds {
            match holds {
                Some(true) => pen.put(ok, look.good()),
                Some(false) => pen.put(broken, look.error()),
                None => pen.put("-", look.dim()),
            };
            pen.space(1);
        }
        let text = format::fit(look, &check.name, pen.room()).into_owned();
        pen.put(&text, look.text());
    }
}

fn ended(ending: &Ending) -> &'static str {
    match ending {
        Ending::Finished(_) | Ending::Exited => "finished",
        Ending::Failed(_) => "failed",
        Ending::Panicked(_) => "panicked",
        Ending::Stalled => "stuck",
        Ending::Limit => "limit",
        Ending::Stopped => "stopped",
        Ending::Abandoned => "abandoned",
        Ending::CutOff | Ending::Lost(_) => "unknown",
    }
}
