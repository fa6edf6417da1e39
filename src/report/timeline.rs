//! The timeline as text: a row per task, a character per stretch of time.
//!
//! It shows the whole run with the same marks as the screen, without colour.

use std::fmt::Write;

use super::Look;
use super::units::{count, time};
use trace::marks::{self, Marks};
use trace::{self, Family, Fill, TaskIx, Trace, Window};
use tui::text;

/// More tasks than this are counted, not drawn.
const ROWS: usize = 30;
/// The widest column of names.
pub(super) const NAME: usize = 24;
/// Columns between the names and the lanes.
pub(super) const GAP: usize = 2;
/// The fewest cells in a lane.
pub(super) const CELLS: usize = 10;
/// The smallest distance between two times on the ruler, in cells.
const TICK: u64 = 10;

/// Draws the lanes of a whole run under a ruler, with a legend.
pub(super) fn timeline(trace: &Trace, stalled: bool, look: Look) -> String {
    let (marks, more) = (look.pick(&marks::UNICODE, &marks::ASCII), look.more());
    let drawn = &trace.tasks[..trace.tasks.len().min(ROWS)];
    let names: Vec<_> = drawn.iter().map(|task| text::fit_name(&task.name, NAME, more)).collect();
    let name = names.iter().map(|name| text::width(name)).max().unwrap_or(0);
    let cells = look.width.saturating_sub(name + GAP).max(CELLS) as u64;
    // The end itself needs a cell: a run that ends at 3.5 s has a mark at 3.5 s.
    let tail = if stalled { trace::tail(cells as usize) } else { 0 };
    let cell_ns = (trace.end_ns + 1).div_ceil(cells - tail as u64).max(1);
    let mut text = format!("{:name$}{:GAP$}{}\n", "", "", ruler(cell_ns, cells));
    let window = Window { left_ns: 0, cell_ns, until_ns: trace.end_ns, tail };
    for (task, label) in (0..).zip(&names) {
        let lane = lane(trace, task, window, cells as usize, marks);
        let pad = name - text::width(label) + GAP;
        let _ = writeln!(text, "{label}{:pad$}{}", "", lane.trim_end());
    }
    if let Some(left) = trace.tasks.len().checked_sub(ROWS).filter(|left| *left > 0) {
        let _ = writeln!(text, "{more} and {} more", count(left, "task"));
    }
    let _ = writeln!(text, "\n{}", legend(trace, marks, stalled, cell_ns));
    text
}

/// Round times, each above its cell.
pub(super) fn ruler(cell_ns: u64, cells: u64) -> String {
    let step = round_up(cell_ns.saturating_mul(TICK));
    let mut line = String::new();
    for at in (0..cells.saturating_mul(cell_ns)).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let column = (at / cell_ns) as usize;
        let label = if at == 0 { "0".to_owned() } else { time(at) };
        // A label that crosses the right edge would wrap the line.
        if column + label.len() <= cells as usize && column >= line.len() {
            let _ = write!(line, "{:pad$}{label}", "", pad = column - line.len());
        }
    }
    line
}

/// Rounds up to the next of 1, 2, 5, 10, 20, 50 …
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

/// Draws the lane of a task.
pub(super) fn lane(trace: &Trace, task: TaskIx, window: Window, cells: usize, marks: &Marks) -> String {
    let mark = |fill: Fill| Some(marks.cell(fill)).filter(|mark| !mark.is_empty()).unwrap_or(" ");
    trace.cells(task, window, cells, None).into_iter().map(mark).collect()
}

pub(super) fn legend(trace: &Trace, marks: &Marks, stalled: bool, cell_ns: u64) -> String {
    let Marks { running, running_part: [part, ..], ends: [completed, failed, cancelled, panicked], .. } = marks;
    let forever = if stalled { format!("  {} for ever", marks.forever) } else { String::new() };
    format!(
        "{running} running  {part} a short poll  {}\n\
         {completed} completed  {failed} failed  {cancelled} cancelled  {panicked} panicked{forever}  (a column is {})",
        idle(trace, marks),
        time(cell_ns)
    )
}

/// The part of the legend about tasks that are not polled.
fn idle(trace: &Trace, marks: &Marks) -> String {
    let ready = marks.ready;
    if !trace.knows_ready() {
        let between = marks.wait(Family::Other, false);
        return format!("{ready} not polled yet\n{between} {}: waiting or ready, not recorded", Family::UNKNOWN);
    }
    let waits = Family::ALL.map(|family| format!("{} {}", marks.wait(family, false), family.name())).join("  ");
    let [holds, in_line] = marks.holding;
    format!(
        "{ready} ready\nwaiting for: {waits}\n\
         {holds} holding a lock or a permit while waiting  {in_line} also queued for another"
    )
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use trace::Cause;
    use trace::{End, Ended, Segment, State, Task};

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

    fn drawn(task: Task, unicode: bool) -> String {
        let marks = if unicode { &marks::UNICODE } else { &marks::ASCII };
        let trace = trace(vec![task], 99);
        lane(&trace, 0, Window { left_ns: 0, cell_ns: 10, until_ns: 99, tail: 0 }, 10, marks)
    }

    #[test]
    fn a_lane_is_drawn_as_on_the_screen() {
        let changes = [
            (20, State::Ready),
            (20, RUN),
            (20, State::Waiting(Cause::Time)),
            (70, State::Ready),
            (70, RUN),
            (70, State::Waiting(Cause::Time)),
            (71, RUN),
            (71, State::Waiting(Cause::Time)),
        ];
        let task = || task("t", &changes, Some((85, End::Completed)));
        assert_eq!(drawn(task(), true), "  ▎────║✓ ");
        assert_eq!(drawn(task(), false), "  +----%v ");
    }

    #[test]
    fn what_lived_at_the_end_has_no_mark_of_an_end() {
        let task = task("t", &[(0, State::Waiting(Cause::Time))], Some((99, End::Dropped)));
        assert_eq!(drawn(task, true), "──────────");
    }

    #[test]
    fn the_last_moment_of_a_run_is_in_the_picture() {
        let main = task("main", &[(0, RUN), (0, State::Waiting(Cause::Time))], Some((3500 * MS, End::Completed)));
        let text = timeline(&trace(vec![main], 3500 * MS), false, Look { width: 80, unicode: true });
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("      0         500 ms"), "{text}");
        assert!(lines[1].starts_with("main  ▎──") && lines[1].ends_with("──✓"), "{text}");
        assert!(lines.iter().all(|line| line.width() <= 80), "{text}");
    }

    #[test]
    fn many_tasks_are_counted_and_long_names_are_cut() {
        let name = "a name that is much too long for its column";
        let tasks = (0..33).map(|_| task(name, &[(0, State::Waiting(Cause::Time))], None)).collect();
        let text = timeline(&trace(tasks, 100), false, Look { width: 40, unicode: false });
        assert_eq!(text.lines().filter(|line| line.contains("a name that is much t...  ")).count(), 30, "{text}");
        assert!(text.contains("... and 3 tasks more"), "{text}");
        assert!(text.is_ascii());
    }

    #[test]
    fn a_run_without_tasks_or_time_is_no_fault() {
        let text = timeline(&trace(Vec::new(), 0), false, Look { width: 0, unicode: true });
        assert!(text.starts_with("  0"), "{text}");
    }
}
