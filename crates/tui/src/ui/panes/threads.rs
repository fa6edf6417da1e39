//! The timeline by thread: which task each thread polled, and when it was idle.
//!
//! A cell is filled in proportion to the polls in it; cells filled by a single poll form a bar with the task's name,
//! if that fits. On the virtual clock polls take no time and are thin marks. If there is room, each thread has more
//! rows for the names of polls that are too thin for a name, in polling order.

use std::borrow::Cow;
use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use scenario::Clock;

use super::kinds::{self, Row};
use crate::app::model::{Areas, Model, RunView, Timeline};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::axis::Axis;
use crate::ui::widgets::bars::{self, Bit};
use crate::ui::{format, words};
use trace::{State, TaskIx, ThreadPolls, Turn};

/// The most rows of a thread.
const HIGHEST: u16 = 12;
/// In a cell with more polls than this, none is named.
const NAMED: usize = 32;
/// How many polls of the selected task are considered in one cell.
const LOOKED_AT: usize = 64;

/// Draws the threads, and records where they are.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, inside: Rect, areas: &mut Areas) {
    let trace = &run.trace;
    let threads: Vec<u16> = trace.polling_threads().collect();
    let rows: Vec<Row> = threads.iter().map(|thread| label(run, *thread)).collect();
    let heights = kinds::even(rows.len(), inside, HIGHEST);
    let Some(place) = kinds::labels(buf, look, (model, run), inside, (&rows, &heights, "no task has been polled yet"), areas)
    else {
        return;
    };
    for (ix, cells) in place.rows {
        let Some(polls) = trace.polls_on(threads[ix]) else { continue };
        let turns = polls.turns(place.axis.left_ns, place.axis.cell_ns, usize::from(cells.width), place.axis.cursor_ns);
        let chosen = chosen(model, run, threads[ix], &place.axis, turns.len());
        let bits: Vec<Bit> =
            turns.iter().enumerate().map(|(x, turn)| bit(look, turn, place.axis.cell_ns, chosen.contains(&x))).collect();
        let name = |poll: u64| polls.get(poll as usize).map_or(Cow::default(), |poll| words::name(trace, poll.task));
        bars::row(buf, look, Rect { height: 1, ..cells }, &bits, name);
        if cells.height > 1 {
            let below = Rect { y: cells.y + 1, height: cells.height - 1, ..cells };
            names(buf, look, below, run, &polls, &turns, &model.timeline);
        }
    }
}

/// The name of a thread, and how busy it was; on the virtual clock, where polls take no time, how many polls it made.
fn label(run: &RunView, thread: u16) -> Row {
    let at_ns = run.cursor.at_ns;
    let name = run.trace.thread_name(thread);
    let polls = run.trace.polls_on(thread);
    let made = polls.as_ref().map_or(0, |polls| polls.begun_by(at_ns)) as u64;
    let made = format::counted(made, "poll");
    if run.spec.clock == Clock::Virtual {
        return Row { name, mark: None, value: made, more: Vec::new() };
    }
    let busy_ns = polls.map_or(0, |polls| polls.busy_by(at_ns));
    let percent = (u128::from(busy_ns) * 100).checked_div(u128::from(at_ns)).unwrap_or(0);
    Row { name, mark: None, value: format!("busy {percent} %"), more: vec![made] }
}

/// The cells in which a thread polled the selected task.
fn chosen(model: &Model, run: &RunView, thread: u16, axis: &Axis, cells: usize) -> HashSet<usize> {
    let mut chosen = HashSet::new();
    let Some(task) = model.timeline.selected.and_then(|task| run.trace.tasks.get(task as usize)) else { return chosen };
    let segments = &task.segments;
    let mut begun = segments.partition_point(|segment| segment.start_ns < axis.left_ns);
    for cell in 0..cells {
        let to_ns = axis.left_ns.saturating_add((cell as u64 + 1).saturating_mul(axis.cell_ns));
        let first = begun;
        begun += segments[begun..].partition_point(|segment| segment.start_ns < to_ns && segment.start_ns <= axis.cursor_ns);
        let from_ns = to_ns - axis.cell_ns.min(to_ns);
        let before = first.checked_sub(1).map(|last| segments[last]);
        let lasts = |end_ns: Option<u64>| end_ns.is_none_or(|end_ns| end_ns > from_ns);
        let next = segments.get(first).map(|next| next.start_ns).or(task.ended.map(|end| end.at_ns));
        let goes_on = before.filter(|_| lasts(next)).is_some_and(|segment| segment.state == State::Running(thread));
        let begins = segments[first..begun].iter().take(LOOKED_AT).any(|segment| segment.state == State::Running(thread));
        if goes_on || begins {
            chosen.insert(cell);
        }
    }
    chosen
}

/// A cell. Its mark differs if the selected task was polled in it.
fn bit(look: Look, turn: &Turn, cell_ns: u64, chosen: bool) -> Bit {
    if turn.polls == 0 {
        return Bit::EMPTY;
    }
    let (_, style) = look.state(State::Running(0));
    let eighths = (u128::from(turn.busy_ns) * 8 / u128::from(cell_ns.max(1))).min(8) as u8;
    let several = turn.polls > 1;
    let lane = &look.glyphs.lane;
    let glyph = match (chosen, several && eighths < 3) {
        (true, _) => look.glyphs.chosen[usize::from(eighths == 8)],
        (false, true) => lane.several,
        (false, false) => lane.poll(eighths),
    };
    let style = if chosen { style.add_modifier(Modifier::BOLD) } else { style };
    Bit { glyph, style, bar: turn.main.filter(|_| !several && eighths == 8).map(|poll| poll as u64) }
}

/// Names the tasks whose polls are too short for a name on the bar itself, in polling order from the left, as far as
/// there is room.
fn names(buf: &mut Buffer, look: Look, area: Rect, run: &RunView, polls: &ThreadPolls<'_>, turns: &[Turn], view: &Timeline) {
    let mut free = 0;
    for (x, turn) in turns.iter().enumerate() {
        let begins = turn.main != x.checked_sub(1).and_then(|before| turns[before].main);
        let Some(main) = turn.main.filter(|_| begins && x >= free && turn.polls <= NAMED) else { continue };
        let all: Vec<TaskIx> = (turn.first..turn.first + turn.polls).filter_map(|place| Some(polls.get(place)?.task)).collect();
        let name = |task: TaskIx| words::name(&run.trace, task);
        let full = |turn: &&Turn| turn.main == Some(main) && turn.polls == 1 && turn.busy_ns >= view.cell_ns;
        let in_bar = turns[x..].iter().skip(1).take_while(full).count();
        if turn.polls == 1 && polls.get(main).is_some_and(|poll| format::width(&name(poll.task)) < in_bar) {
            continue;
        }
        let rows = usize::from(area.height);
        let shown = if all.len() > rows { rows - 1 } else { rows };
        let cells = all.iter().take(shown.max(1)).map(|task| format::width(&name(*task))).max().unwrap_or(0);
        if x + cells > turns.len().max(usize::from(area.width)) {
            continue;
        }
        let place = Rect { x: area.x + x as u16, width: area.width - x as u16, ..area };
        for (row, task) in (0..).zip(all.iter().take(shown)) {
            let style = if view.selected == Some(*task) { look.strong() } else { look.dim() };
            Pen::new(buf, look, place, row).put(&name(*task), style);
        }
        if all.len() > shown {
            let text = match all.first().filter(|_| rows == 1) {
                Some(first) => format!("{} +{}", name(*first), all.len() - 1),
                None => format!("+{}", all.len() - shown),
            };
            Pen::new(buf, look, place, area.height - 1).put(&text, look.dim());
        }
        free = x + cells.max(if rows == 1 && all.len() > 1 { cells + 4 } else { 0 }) + 1;
    }
}
