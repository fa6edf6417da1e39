//! The timeline by source line: how many tasks wait at each await, over time.
//!
//! A line has some rows of height. Those that are polled and had waited there
//! last stand at the foot, those that wait above them, with the mark of what
//! they wait for. On a single row the height of a bar says how many.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::density;
use super::kinds::{self, Row};
use crate::app::model::{Areas, Model, RunView};
use crate::trace::{Activity, Await, Family, Peak, Stretch};
use crate::ui::theme::Look;
use crate::ui::widgets::chart;
use crate::ui::{format, words};

/// Draws the lines, and says where they stand.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, inside: Rect, areas: &mut Areas) {
    let awaits = run.trace.awaits();
    let rows: Vec<Row> = awaits.iter().map(|line| label(look, line, run.cursor.at_ns)).collect();
    let most: Vec<u32> = awaits.iter().map(most).collect();
    let heights = density::heights(&most, inside.height.saturating_sub(1));
    let Some(place) = kinds::labels(buf, look, (model, run), inside, (&rows, &heights, "no task has waited yet"), areas) else {
        return;
    };
    for (row, cells) in place.rows {
        let (line, most) = (&awaits[row], most[row].max(1));
        let peaks = line.peaks(place.axis.left_ns, place.axis.cell_ns, usize::from(cells.width), place.axis.cursor_ns);
        let family = Family::of(line.cause);
        if cells.height == 1 {
            let columns: Vec<Option<f64>> =
                peaks.iter().map(|peak| (peak.waiting > 0).then(|| f64::from(peak.waiting))).collect();
            chart::render(buf, look, cells, &columns, f64::from(most), look.wait(family).1);
        } else {
            let stretches: Vec<Stretch> = peaks.iter().map(|peak| stretch(*peak, family)).collect();
            density::pile(buf, look, cells, &stretches, most);
        }
    }
}

/// What fills the height of a row.
fn most(line: &Await<'_>) -> u32 {
    let most = line.most();
    most.waiting.max(most.running)
}

/// The most that waited and ran, as a pile shows them. Both can have been so many at different moments of one cell.
fn stretch(peak: Peak, family: Family) -> Stretch {
    let mut stretch = Stretch::default();
    stretch.counts[Activity::Running.index()] = peak.running.into();
    stretch.counts[Activity::Waiting(family).index()] = peak.waiting.into();
    stretch
}

fn label(look: Look, line: &Await<'_>, at_ns: u64) -> Row {
    let now = line.at(at_ns);
    let place = line.place.map_or_else(|| "no known line".to_owned(), words::short);
    let running = if now.running > 0 { format!(", {} polled", format::count(now.running.into())) } else { String::new() };
    Row {
        name: place,
        mark: Some(look.wait(Family::of(line.cause))),
        value: format::count(now.waiting.into()),
        more: vec![line.cause.name().to_owned(), format!("most {}{running}", format::count(line.most().waiting.into()))],
    }
}
