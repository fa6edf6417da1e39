//! Decisive moments: a rule down all lanes, with a word above the ruler.
//!
//! A run turns on few things: a cancel, a signal, a breaker that opens. The
//! scenario says which (`moment = "cancel"` in an event), and some are known ahead.
//! A rule goes through idle cells and hides no poll and no end.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::RunView;
use crate::text;
use crate::trace::Moment;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;

/// Whether a row is kept for the words.
pub(super) fn has_row(run: &RunView) -> bool {
    !run.trace.moments.is_empty()
}

/// The moments that are known at the cursor and in sight, with their columns.
fn in_sight<'a>(run: &'a RunView, axis: &'a Axis, width: u16) -> impl Iterator<Item = (u16, &'a Moment)> {
    let at_ns = run.cursor.at_ns;
    let known = run.trace.moments.iter().filter(move |moment| moment.known_ns <= at_ns);
    known.filter_map(move |moment| Some((u16::try_from(axis.cell(moment.at_ns)?).ok().filter(|x| *x < width)?, moment)))
}

/// Writes the words above the ruler: behind the rule, or before it where the word behind would not fit.
pub(super) fn words(buf: &mut Buffer, look: Look, run: &RunView, row: Rect, axis: &Axis) {
    let mut free = 0;
    let all: Vec<(u16, &Moment)> = in_sight(run, axis, row.width).collect();
    for (i, (x, moment)) in all.iter().enumerate() {
        let next = all.get(i + 1).map_or(row.width, |(next, _)| *next);
        let word = text::name(&moment.word);
        let cells = format::width(&word) as u16;
        let style = if moment.at_ns > run.cursor.at_ns { look.dim() } else { look.strong() };
        let rule = look.glyphs.moment;
        if x + 1 + cells <= next || x + 1 + cells <= row.width && cells + free > *x {
            let place = Rect { x: row.x + x, width: row.width - x, height: 1, ..row };
            Pen::new(buf, look, place, 0).put(rule, style).put(&word, style);
            free = x + 1 + cells;
        } else if cells + free <= *x {
            let place = Rect { x: row.x + x - cells, width: cells + 1, height: 1, ..row };
            Pen::new(buf, look, place, 0).put(&word, style).put(rule, style);
            free = x + 1;
        }
    }
}

/// Draws the rules through the lanes.
pub(super) fn rules(buf: &mut Buffer, look: Look, run: &RunView, lanes: Rect, axis: &Axis) {
    let lanes = lanes.intersection(buf.area);
    for (x, moment) in in_sight(run, axis, lanes.width) {
        let style = if moment.at_ns > run.cursor.at_ns { look.dim() } else { look.strong() };
        for y in lanes.y..lanes.bottom() {
            let cell = &mut buf[(lanes.x + x, y)];
            let there = cell.symbol();
            let lane = &look.glyphs.lane;
            if there == " " || there == look.glyphs.cursor || there == look.glyphs.held || lane.is_idle(there) {
                cell.set_symbol(look.glyphs.moment).set_style(style);
            }
        }
    }
}
