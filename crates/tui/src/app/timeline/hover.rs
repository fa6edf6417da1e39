//! What is under the pointer on the lanes.

use std::ops::RangeInclusive;

use ratatui::layout::Position;

use crate::app::model::Model;
use crate::app::run::view::RunView;
use crate::app::timeline::kinds;
use crate::app::timeline::tip::{Column, Piece, Tip};
use trace::{TaskIx, Trace};

/// What is under the pointer, up to the time of the cursor; only for lanes and groups of tasks.
pub fn under(model: &Model, at: Position) -> Option<Tip> {
    piece(model, at).map(Tip::Piece).or_else(|| column(model, at).map(Tip::Column))
}

/// The segment of a task's life there.
pub fn piece(model: &Model, at: Position) -> Option<Piece> {
    let (run, stretch) = cell(model, at)?;
    let task = model.areas.lane_rows.iter().find(|(_, row)| row.contains(at)).map(|(task, _)| *task)?;
    longest(&run.trace, task, stretch)
}

/// The column of a group there.
fn column(model: &Model, at: Position) -> Option<Column> {
    let (_, stretch) = cell(model, at)?;
    let groups = model.timeline.grouping.shows_groups() && !kinds::is_on(model);
    let row = model.areas.group_rows.iter().filter(|_| groups).find(|(_, rows)| rows.contains(at)).map(|(row, _)| *row)?;
    Some(Column { row, from_ns: *stretch.start(), to_ns: *stretch.end() })
}

/// The stretch of time of the cell there, up to the cursor.
fn cell(model: &Model, at: Position) -> Option<(&RunView, RangeInclusive<u64>)> {
    let run = model.run.as_ref()?;
    let lanes = model.areas.lanes;
    if model.mode.overlay().is_some() || model.mode.prompt().is_some() || !lanes.contains(at) {
        return None;
    }
    let cell = model.timeline.cell_ns;
    let from_ns = model.timeline.left_ns.saturating_add(u64::from(at.x - lanes.x).saturating_mul(cell));
    let to_ns = from_ns.saturating_add(cell - 1).min(run.cursor.at_ns);
    (from_ns <= to_ns).then_some((run, from_ns..=to_ns))
}

/// The segment of a task's life that fills most of a stretch of time.
fn longest(trace: &Trace, ix: TaskIx, stretch: RangeInclusive<u64>) -> Option<Piece> {
    let task = trace.tasks.get(ix as usize)?;
    let (from_ns, to_ns) = (*stretch.start(), *stretch.end());
    if task.spawned_ns > to_ns || task.end_at(from_ns).is_some_and(|end| end.at_ns < from_ns) {
        return None;
    }
    let pieces = task.segments_in(from_ns, to_ns);
    let first = task.segments.partition_point(|segment| segment.start_ns <= to_ns) - pieces.len();
    let until = |i: usize| task.segments.get(first + i + 1).map(|next| next.start_ns).or(task.ended.map(|end| end.at_ns));
    let all = pieces.iter().enumerate().map(|(i, piece)| Piece {
        task: ix,
        state: piece.state,
        from_ns: piece.start_ns,
        to_ns: until(i),
        pieces: pieces.len(),
    });
    let seen =
        |piece: &Piece| piece.to_ns.unwrap_or(u64::MAX).min(to_ns.saturating_add(1)).saturating_sub(piece.from_ns.max(from_ns));
    all.max_by_key(seen)
}

#[cfg(test)]
mod tests;
