//! Moments: lines through all lanes, with a word above the ruler.
//!
//! A run depends on a few decisive events: a cancellation, a signal, a breaker that opens. The scenario names them
//! (`moment = "cancel"` in an event), and some are built in. The line passes through idle cells only, so it hides no
//! poll and no end.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::RunView;
use crate::text;
use crate::ui::format;
use crate::ui::pen::{self, Pen};
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use trace::Moment;

/// How many rows are kept for the words: two if some moments follow each other closely.
pub(super) fn rows(run: &RunView) -> u16 {
    let mut moments = run.trace.moments.iter().map(|moment| (moment.at_ns, &moment.word));
    let first = moments.next();
    u16::from(first.is_some()) + u16::from(moments.any(|moment| Some(moment) != first))
}

/// The visible moments up to the cursor, with their columns.
fn in_sight<'a>(run: &'a RunView, axis: &'a Axis, width: u16) -> impl Iterator<Item = (u16, &'a Moment)> {
    let at_ns = run.cursor.at_ns;
    let known = run.trace.moments.iter().filter(move |moment| moment.known_ns <= at_ns);
    known.filter_map(move |moment| Some((u16::try_from(axis.cell(moment.at_ns)?).ok().filter(|x| *x < width)?, moment)))
}

/// Writes the words above the ruler, each after its line, or before it if there is no room after it, on the lowest
/// row that is free there.
pub(super) fn words(buf: &mut Buffer, look: Look, run: &RunView, area: Rect, axis: &Axis) {
    let mut free = vec![0; usize::from(area.height)];
    let mut last = None;
    for (x, moment) in in_sight(run, axis, area.width) {
        // Several tasks may name the same moment at once.
        if last.replace((x, &moment.word)) == Some((x, &moment.word)) {
            continue;
        }
        let word = text::name(&moment.word);
        let cells = format::width(&word) as u16 + 1;
        let style = if moment.at_ns > run.cursor.at_ns { look.dim() } else { look.strong() };
        let rule = look.glyphs.moment;
        let from = if x + cells <= area.width { x } else { (x + 1).saturating_sub(cells) };
        let row = (0..area.height).rev().find(|row| free[usize::from(*row)] <= from);
        for y in row.map_or(0, |row| row + 1)..area.height {
            let cell = &mut buf[(area.x + x, area.y + y)];
            // No line goes through the word of another moment.
            if cell.symbol() == " " {
                cell.set_symbol(rule).set_style(style);
            }
        }
        let Some(row) = row else { continue };
        let place = Rect { x: area.x + from, y: area.y + row, width: cells.min(area.width - from), height: 1 };
        let mut pen = Pen::new(buf, look, place, 0);
        if from == x {
            pen.put(rule, style).put(&word, style)
        } else {
            pen.put(&word, style).put(rule, style)
        };
        // Words do not touch each other.
        free[usize::from(row)] = from + cells + 1;
    }
}

/// Draws the lines through the lanes.
pub(super) fn rules(buf: &mut Buffer, look: Look, run: &RunView, lanes: Rect, axis: &Axis) {
    let lanes = lanes.intersection(buf.area);
    for (x, moment) in in_sight(run, axis, lanes.width) {
        let style = if moment.at_ns > run.cursor.at_ns { look.dim() } else { look.strong() };
        for y in lanes.y..lanes.bottom() {
            if pen::joins_words(buf, (lanes.x + x, y)) {
                continue;
            }
            let cell = &mut buf[(lanes.x + x, y)];
            let there = cell.symbol();
            let lane = &look.glyphs.lane;
            if there == " " || there == look.glyphs.cursor || there == look.glyphs.held || lane.is_idle(there) {
                cell.set_symbol(look.glyphs.moment).set_style(style);
            }
        }
    }
}
