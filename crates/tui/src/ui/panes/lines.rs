//! The timeline by source line: how many tasks wait at each await, over time.
//!
//! A line has several rows. A column is as high as the most tasks that waited there at once, with the mark of what
//! they wait for. If a task that last waited there was polled, there is a poll's mark at the foot. On a single row,
//! the height of a bar shows the number.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::grouping;
use super::kinds::{self, Row};
use crate::app::model::{Areas, Model, RunView};
use crate::ui::theme::Look;
use crate::ui::widgets::chart;
use crate::ui::{format, words};
use trace::{Activity, Await, Family, Peak, Stretch};

/// Draws the lines, and records where they are.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, inside: Rect, areas: &mut Areas) {
    let awaits = run.trace.awaits();
    let rows: Vec<Row> = awaits.iter().map(|line| label(look, line, run.cursor.at_ns)).collect();
    let most: Vec<u32> = awaits.iter().map(most).collect();
    let heights = grouping::heights(&most, inside.height.saturating_sub(1));
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
            grouping::pile(buf, look, cells, &stretches, most);
        }
    }
}

/// The number of tasks at full height.
fn most(line: &Await<'_>) -> u32 {
    let most = line.most();
    most.waiting.max(most.running)
}

/// The most tasks that waited, as a pile. Running tasks add a mark but no height: they may have run at another moment
/// of the cell, and the sum may never have existed. If nobody waited, the running tasks are the pile.
fn stretch(peak: Peak, family: Family) -> Stretch {
    let mut stretch = Stretch::default();
    match peak.waiting {
        0 => stretch.counts[Activity::Running.index()] = peak.running.into(),
        waiting => stretch.counts[Activity::waiting(family).index()] = waiting.into(),
    }
    stretch.polls = peak.running.into();
    stretch
}

fn label(look: Look, line: &Await<'_>, at_ns: u64) -> Row {
    let now = line.at(at_ns);
    let place = line.place.map_or_else(|| "unknown line".to_owned(), words::short);
    let running = if now.running > 0 { format!(", {} polled", format::count(now.running.into())) } else { String::new() };
    Row {
        name: place,
        mark: Some(look.wait(Family::of(line.cause))),
        value: format::count(now.waiting.into()),
        more: vec![line.cause.name().to_owned(), format!("most {}{running}", format::count(line.most().waiting.into()))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pile_is_never_higher_than_there_were_tasks_at_once() {
        let told = |waiting, running| {
            let stretch = stretch(Peak { waiting, running }, Family::Lock);
            (stretch.alive().round() as u32, stretch.polls)
        };
        assert_eq!((told(7, 0), told(7, 2), told(0, 2), told(0, 0)), ((7, 0), (7, 2), (2, 2), (0, 0)));
    }
}
