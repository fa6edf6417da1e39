//! The timeline by resource: who held each resource that tasks had to wait for, and how many waited.
//!
//! The first row of a resource has a bar for each stretch with one holder, with the task's name, or with several
//! holders, with their number. The rows below show how many tasks waited, as a pile. If there is little room they are
//! left out, and where nobody held it the first row shows the waiting tasks.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::grouping;
use super::kinds::{self, Row};
use crate::app::model::{Areas, Model, RunView};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::bars::{self, Bit};
use crate::ui::{format, words};
use trace::{Activity, Family, Grip, ResourceIx, Stage, Stretch};

/// The most rows of the pile of waiting tasks.
const HIGHEST: u32 = 4;
/// Shown if there are no such resources.
const NONE: &str = "no task has waited for a lock, semaphore or channel";
/// Marks a bar with several holders instead of a task.
const SEVERAL: u64 = 1 << 33;
/// Marks a bar whose holder is a thread outside all tasks.
const OUTSIDE: u64 = 1 << 32;

/// Draws the resources, and records where they are.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, inside: Rect, areas: &mut Areas) {
    let trace = &run.trace;
    let all: Vec<ResourceIx> = trace.contended().collect();
    // Resources with longer queues get more rows.
    let most: Vec<u32> = all.iter().map(|ix| 1 + trace.resources[*ix as usize].most().1.min(HIGHEST)).collect();
    let heights = grouping::heights(&most, inside.height.saturating_sub(1));
    // The state is computed only for rows that may be visible.
    let near = near(model, all.len(), inside);
    let rows: Vec<Row> = all
        .iter()
        .enumerate()
        .map(|(row, ix)| if near.contains(&row) { label(look, run, *ix) } else { Row::default() })
        .collect();
    let Some(place) = kinds::labels(buf, look, (model, run), inside, (&rows, &heights, NONE), areas) else { return };
    for (row, cells) in place.rows {
        let resource = &trace.resources[all[row] as usize];
        let stages = resource.stages(place.axis.left_ns, place.axis.cell_ns, usize::from(cells.width), place.axis.cursor_ns);
        let bits: Vec<Bit> = stages.iter().map(|stage| bit(look, stage, cells.height == 1)).collect();
        bars::row(buf, look, Rect { height: 1, ..cells }, &bits, |bar| holder(run, bar));
        if cells.height > 1 {
            queue(buf, look, Rect { y: cells.y + 1, height: cells.height - 1, ..cells }, &stages, resource.most().1);
        }
    }
}

/// The rows that may be visible: there can be thousands of locks.
fn near(model: &Model, rows: usize, inside: Rect) -> std::ops::RangeInclusive<usize> {
    let (selected, height) = (crate::app::timeline::kinds::selected(model, rows), usize::from(inside.height));
    selected.saturating_sub(height)..=selected + height
}

fn label(look: Look, run: &RunView, ix: ResourceIx) -> Row {
    let at_ns = run.cursor.at_ns;
    let resource = &run.trace.resources[ix as usize];
    let holdings = resource.at_with(at_ns, 0);
    let stands = words::standing(resource.kind, &holdings);
    let inferred = if holdings.inferred { look.glyphs.inferred } else { "" };
    let place = resource.made_at.and_then(|site| run.trace.site(site).place.as_ref()).map(words::short);
    let stands = stands.map(|stands| format!("{stands}{inferred}"));
    // After a name that ends with a number, a bare number would look like a part of it.
    let value = format!("queue {}", format::count(u64::from(holdings.waiting)));
    Row { name: run.trace.resource_kind(ix), mark: None, value, more: place.into_iter().chain(stands).collect() }
}

/// The holder that a bar shows.
fn holder(run: &RunView, bar: u64) -> Cow<'_, str> {
    match bar {
        OUTSIDE => "outside all tasks".into(),
        bar if bar >= SEVERAL => format!("{} hold", bar - SEVERAL).into(),
        task => words::name(&run.trace, task as u32),
    }
}

/// A cell of the first row.
fn bit(look: Look, stage: &Stage, alone: bool) -> Bit {
    let style = look.chart();
    let full = look.glyphs.lane.running;
    match stage.grip {
        Some(Grip::One(task)) => Bit { glyph: full, style, bar: Some(task.map_or(OUTSIDE, u64::from)) },
        Some(Grip::Many(holders)) => Bit { glyph: full, style, bar: Some(SEVERAL + u64::from(holders)) },
        // Held for no time at all, as on the virtual clock.
        Some(Grip::Free) if stage.taken > 1 => Bit { glyph: look.glyphs.lane.several, style, bar: None },
        Some(Grip::Free) if stage.taken == 1 || stage.holders > 0 => Bit { glyph: look.glyphs.lane.poll(0), style, bar: None },
        None if stage.holders > 0 => Bit { glyph: look.glyphs.lane.several, style, bar: None },
        _ if alone && stage.waiting > 0 => {
            let (glyph, style) = look.wait(Family::Lock);
            Bit { glyph, style, bar: None }
        }
        _ => Bit::EMPTY,
    }
}

/// Draws how many tasks waited, as a pile.
fn queue(buf: &mut Buffer, look: Look, area: Rect, stages: &[Stage], most: u32) {
    let stretch = |stage: &Stage| {
        let mut stretch = Stretch::default();
        stretch.counts[Activity::Lock.index()] = stage.waiting.into();
        stretch
    };
    let stretches: Vec<Stretch> = stages.iter().map(stretch).collect();
    grouping::pile(buf, look, area, &stretches, most);
    numbers(buf, look, area, stages);
}

/// Writes the number of waiting tasks over the chart where it changes and then stays long enough.
fn numbers(buf: &mut Buffer, look: Look, area: Rect, stages: &[Stage]) {
    let row = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    let mut x = row.x;
    for same in stages.chunk_by(|a, b| a.waiting == b.waiting) {
        let text = format::count(u64::from(same[0].waiting));
        let cells = format::width(&text);
        if same[0].waiting > 0 && cells + 2 <= same.len() {
            let place = Rect { x, width: same.len() as u16, ..row }.intersection(row);
            Pen::new(buf, look, place, 0).put(&text, look.strong());
        }
        x += same.len() as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Stage = Stage { grip: Some(Grip::Free), inferred: false, taken: 0, holders: 0, waiting: 0 };

    #[test]
    fn a_cell_says_who_held_it_and_is_never_empty_when_it_was_held() {
        let look = Look::sample();
        let told = |stage: Stage| {
            let bit = bit(look, &stage, false);
            (bit.glyph, bit.bar)
        };
        assert_eq!(told(FREE), ("", None));
        assert_eq!(told(Stage { grip: Some(Grip::One(Some(7))), holders: 1, ..FREE }), ("█", Some(7)));
        assert_eq!(told(Stage { grip: Some(Grip::One(None)), holders: 1, ..FREE }), ("█", Some(OUTSIDE)));
        assert_eq!(told(Stage { grip: Some(Grip::Many(3)), holders: 3, ..FREE }), ("█", Some(SEVERAL + 3)));
        assert_eq!(told(Stage { taken: 1, ..FREE }), ("▎", None));
        assert_eq!(told(Stage { taken: 9, ..FREE }), ("║", None));
        assert_eq!(told(Stage { grip: None, holders: 2, ..FREE }), ("║", None));
    }

    #[test]
    fn the_number_in_line_stands_where_it_stays() {
        let look = Look::sample();
        let row = Rect::new(0, 0, 14, 1);
        let mut buf = Buffer::empty(row);
        let stages: Vec<Stage> = [4, 4, 4, 4, 3, 0, 0, 0, 12, 12, 12, 12, 1].map(|waiting| Stage { waiting, ..FREE }).to_vec();
        queue(&mut buf, look, row, &stages, 12);
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "4░░░░   12░░░ ");
    }
}
