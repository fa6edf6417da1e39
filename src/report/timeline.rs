//! The timeline as text: one row a task, one character a stretch of time.
//!
//! It is the picture that the screen draws, for a reader without one: the same
//! marks, over the whole run, without colour.

use std::fmt::Write;

use super::Look;
use super::units::{count, time};
use crate::marks::{self, Marks};
use crate::text;
use crate::trace::{End, Family, State, Task, Trace};

/// More tasks than this are counted, not drawn.
const ROWS: usize = 30;
/// The widest column of names.
const NAME: usize = 24;
/// Columns between the names and the lanes.
const GAP: usize = 2;
/// The fewest cells that still make a picture.
const CELLS: usize = 10;
/// How far apart the times on the ruler stand, at least.
const TICK: u64 = 10;

/// The lanes of a whole run under a ruler, with a legend.
pub(super) fn timeline(trace: &Trace, look: Look) -> String {
    let (marks, more) = (look.pick(&marks::UNICODE, &marks::ASCII), look.more());
    let drawn = &trace.tasks[..trace.tasks.len().min(ROWS)];
    let names: Vec<_> = drawn.iter().map(|task| text::fit_name(&task.name, NAME, more)).collect();
    let name = names.iter().map(|name| text::width(name)).max().unwrap_or(0);
    let cells = look.width.saturating_sub(name + GAP).max(CELLS) as u64;
    // The end itself needs a cell: a run that ends at 3.5 s has a mark there.
    let cell_ns = (trace.end_ns + 1).div_ceil(cells).max(1);
    let mut text = format!("{:name$}{:GAP$}{}\n", "", "", ruler(cell_ns, cells));
    for (task, label) in drawn.iter().zip(&names) {
        let lane: String = (0..cells).map(|cell| mark(task, cell * cell_ns, (cell + 1) * cell_ns, marks)).collect();
        let pad = name - text::width(label) + GAP;
        let _ = writeln!(text, "{label}{:pad$}{}", "", lane.trim_end());
    }
    if let Some(left) = trace.tasks.len().checked_sub(ROWS).filter(|left| *left > 0) {
        let _ = writeln!(text, "{more} and {} more", count(left, "task"));
    }
    let _ = writeln!(text, "\n{}", legend(marks, cell_ns));
    text
}

/// Round times, each above the cell that it falls in.
fn ruler(cell_ns: u64, cells: u64) -> String {
    let step = round_up(cell_ns.saturating_mul(TICK));
    let mut line = String::new();
    for at in (0..cells.saturating_mul(cell_ns)).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let column = (at / cell_ns) as usize;
        let label = if at == 0 { "0".to_owned() } else { time(at) };
        // A label that does not fit before the right edge would break the line.
        if column + label.len() <= cells as usize && column >= line.len() {
            let _ = write!(line, "{:pad$}{label}", "", pad = column - line.len());
        }
    }
    line
}

/// The next of 1, 2, 5, 10, 20, 50 …
fn round_up(ns: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5] {
            let round = power.saturating_mul(step);
            if round >= ns {
                return round;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// What a task did from `from` up to, and without, `to`.
fn mark(task: &Task, from: u64, to: u64, marks: &Marks) -> &'static str {
    if task.spawned_ns >= to {
        return " ";
    }
    if let Some(end) = task.ended.filter(|end| end.at_ns < to) {
        match end.how {
            _ if end.at_ns < from => return " ",
            // It lived on when the recording stopped: no end to show.
            End::Dropped => {}
            how => return marks.end(how),
        }
    }
    stretch(task, from, to, marks)
}

/// What a living task did: its polls by the part of the time that they took, else the state that lasted longest.
fn stretch(task: &Task, from: u64, to: u64, marks: &Marks) -> &'static str {
    let segments = task.segments_in(from, to - 1);
    let (mut running, mut ready, mut waits, mut polled) = (0, 0, [0; Family::ALL.len()], false);
    for (i, segment) in segments.iter().enumerate() {
        let until = segments.get(i + 1).map_or(to, |next| next.start_ns);
        let ns = until.saturating_sub(segment.start_ns.max(from));
        match segment.state {
            State::Running(_) => {
                running += ns;
                // On the virtual clock a poll takes no time, and is seen all the same.
                polled |= ns > 0 || segment.start_ns >= from;
            }
            State::Ready => ready += ns,
            State::Waiting(cause) => waits[Family::of(cause) as usize] += ns,
        }
    }
    if polled {
        return marks.poll((running.saturating_mul(8) / (to - from)).min(8) as u8);
    }
    if segments.is_empty() {
        return " ";
    }
    if ready > waits.iter().sum() {
        return marks.ready;
    }
    let longest = (0..waits.len()).max_by_key(|family| waits[*family]).unwrap_or(0);
    marks.waits[longest]
}

fn legend(marks: &Marks, cell_ns: u64) -> String {
    let Marks { running, running_part: [part, ..], ready, ends: [completed, failed, cancelled, panicked], .. } = marks;
    let waits = Family::ALL.map(|family| format!("{} {}", marks.wait(family), family.name())).join("  ");
    format!(
        "{running} running  {part} a short poll  {ready} ready\nwaiting for: {waits}\n\
         {completed} completed  {failed} failed  {cancelled} cancelled  {panicked} panicked  (a column is {})",
        time(cell_ns)
    )
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::trace::Cause;
    use crate::trace::{Ended, Segment};

    const MS: u64 = 1_000_000;
    const RUN: State = State::Running(0);

    fn task(name: &str, changes: &[(u64, State)], end: Option<(u64, End)>) -> Task {
        Task {
            name: name.to_owned(),
            spawned_ns: changes[0].0,
            segments: changes.iter().map(|(start_ns, state)| Segment::new(*start_ns, *state)).collect(),
            ended: end.map(|(at_ns, how)| Ended { at_ns, how, inferred: false }),
            ..Task::default()
        }
    }

    fn trace(tasks: Vec<Task>, end_ns: u64) -> Trace {
        let mut trace = Trace::default();
        (trace.tasks, trace.end_ns) = (tasks, end_ns);
        trace
    }

    fn drawn(task: &Task, unicode: bool) -> String {
        let marks = if unicode { &marks::UNICODE } else { &marks::ASCII };
        (0..10).map(|cell| mark(task, cell * 10, (cell + 1) * 10, marks)).collect()
    }

    #[test]
    fn a_lane_shows_polls_waits_and_the_end() {
        let changes = [
            (20, State::Ready),
            (20, RUN),
            (20, State::Waiting(Cause::Time)),
            (70, State::Ready),
            (70, RUN),
            (70, State::Waiting(Cause::Time)),
        ];
        let task = task("t", &changes, Some((85, End::Completed)));
        assert_eq!(drawn(&task, true), "  ▎────▎✓ ");
        assert_eq!(drawn(&task, false), "  +----+v ");
    }

    #[test]
    fn a_poll_with_length_fills_its_part() {
        let task = task("t", &[(0, RUN), (25, State::Waiting(Cause::Time)), (58, State::Ready), (70, RUN)], None);
        assert_eq!(drawn(&task, true), "██▌───▒███");
    }

    #[test]
    fn waits_are_drawn_by_their_cause() {
        let changes =
            [(0, State::Waiting(Cause::Semaphore)), (44, State::Waiting(Cause::MpscSend)), (70, State::Waiting(Cause::Join))];
        let task = task("t", &changes, None);
        assert_eq!(drawn(&task, true), "░░░░┄┄┄···");
        assert_eq!(drawn(&task, false), "::::~~~...");
    }

    #[test]
    fn what_lived_at_the_end_has_no_mark_of_an_end() {
        let task = task("t", &[(0, State::Waiting(Cause::Time))], Some((99, End::Dropped)));
        assert_eq!(drawn(&task, true), "──────────");
    }

    #[test]
    fn the_last_moment_of_a_run_is_in_the_picture() {
        let main = task("main", &[(0, RUN), (0, State::Waiting(Cause::Time))], Some((3500 * MS, End::Completed)));
        let text = timeline(&trace(vec![main], 3500 * MS), Look { width: 80, unicode: true });
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("      0         500 ms"), "{text}");
        assert!(lines[1].starts_with("main  ▎──") && lines[1].ends_with("──✓"), "{text}");
        assert!(lines.iter().all(|line| line.width() <= 80), "{text}");
    }

    #[test]
    fn many_tasks_are_counted_and_long_names_are_cut() {
        let name = "a name that is much too long for its column";
        let tasks = (0..33).map(|_| task(name, &[(0, State::Waiting(Cause::Time))], None)).collect();
        let text = timeline(&trace(tasks, 100), Look { width: 40, unicode: false });
        assert_eq!(text.lines().filter(|line| line.contains("a name that is much t...  ")).count(), 30, "{text}");
        assert!(text.contains("... and 3 tasks more"), "{text}");
        assert!(text.is_ascii());
    }

    #[test]
    fn a_run_without_tasks_or_time_is_no_fault() {
        let text = timeline(&trace(Vec::new(), 0), Look { width: 0, unicode: true });
        assert!(text.starts_with("  0"), "{text}");
    }
}
