//! The meaning of the marks on the lanes, for the second page of the help.

use ratatui::style::{Modifier, Style};

use crate::ui::theme::Look;
use trace::{End, Family, Fill, State};

/// What a task waits for, in words.
fn waiting(family: Family) -> &'static str {
    match family {
        Family::Time => "waiting for time to pass: a sleep, an interval, a deadline",
        Family::Lock => "waiting for a lock or a permit that others hold",
        Family::Channel => "waiting for a message, room, a notification or a barrier",
        Family::Join => "waiting for another task to end",
        Family::Io => "waiting for IO: a socket, a file, a process",
        Family::Other => "waiting for its next turn, or for a future outside Tokio",
    }
}

/// The marks on the lanes and their meaning.
pub(super) fn legend(look: Look, programs: bool) -> Vec<(String, Style, &'static str)> {
    let g = look.glyphs;
    let (running, run) = look.state(State::Running(0));
    let (ready, ready_style) = look.state(State::Ready);
    let mut parts = g.lane.running_part.to_vec();
    parts.dedup();
    let mut marks = vec![
        (running.to_owned(), run, "running: a worker polls the task"),
        (parts.concat(), run, "running for part of the cell's time, or for an instant"),
        (g.lane.several.to_owned(), run, "polled several times in the cell, each time briefly"),
        (ready.to_owned(), ready_style, "ready: no worker has polled it yet"),
    ];
    marks.extend(Family::ALL.map(|family| {
        let (mark, style) = look.wait(family);
        (mark.to_owned(), style, waiting(family))
    }));
    for (fill, text) in [
        (Fill::Waiting { family: Family::Time, holds: true }, "waiting while holding a lock or a permit"),
        (Fill::Waiting { family: Family::Lock, holds: true }, "queued for a lock or a permit while holding another"),
        (Fill::Forever, "in place of an end: the task can never run again"),
    ] {
        let (mark, style) = look.cell(fill);
        marks.push((mark.to_owned(), style, text));
    }
    marks.push((g.held.repeat(3), look.wait(Family::Lock).1, "below a lane: the task holds what is named there"));
    marks.push((g.moment.to_owned(), look.strong(), "a decisive moment, named above the ruler"));
    marks.push((
        g.preempted.to_owned(),
        look.warn(),
        "the run's schedule cut a poll: the task continues after all that are ready",
    ));
    marks.push((g.join.concat(), look.error(), "at the end of a deadlock: these tasks wait for each other in a cycle"));
    marks.push((g.levels[3..].concat(), look.warn(), "a warning or an error in the log"));
    let ends = [
        (End::Completed, "ended: returned"),
        (End::Failed, "ended: returned after an error"),
        (End::Cancelled, "ended: cancelled, its future was dropped"),
        (End::Panicked, "ended: panicked"),
    ];
    marks.extend(ends.map(|(how, text)| {
        let (mark, style) = look.end(how);
        (mark.to_owned(), style, text)
    }));
    marks.push((
        g.inferred.to_owned(),
        look.inferred(),
        "behind an end: how it ended is inferred, because the start of its last poll was lost",
    ));
    marks.push((
        "name?".replace('?', g.inferred),
        look.inferred(),
        "behind a cause or a task: inferred from earlier wakes, not observed",
    ));
    let (waits, style) = look.wait(Family::Time);
    marks.push((format!("{} {}", g.cursor_head, g.cursor), look.cursor(), "the time cursor: all panes show that moment"));
    marks.push((g.bookmark.to_owned(), look.changed(), "on the ruler: a bookmark"));
    marks.push((g.lane.running_part[2].to_owned(), run, "before a name: the step reached a poll of this task"));
    marks.push((g.finding.to_owned(), look.warn(), "behind a name: a finding names this task (e shows it)"));
    marks.push((g.differs.to_owned(), look.changed(), "behind a name, before a figure: differs from the pinned run"));
    let turned = waits.repeat(3);
    marks.push((turned, style.add_modifier(Modifier::REVERSED | Modifier::BOLD), "inverted: on the critical path"));
    marks.push((g.path[0].to_owned(), look.strong(), "behind a name: the critical path goes through this task"));
    marks.push((format!("[ {} ]", g.edge), look.strong(), "on the ruler and the lanes: the ends of the range"));
    marks.push((
        g.link.concat(),
        look.key(),
        "from the waker to the woken task: all wakes, or with many lanes only the selected task's",
    ));
    marks.push((format!("{}9", g.folded), look.text(), "behind a name: this many descendants are folded"));
    marks.push(("height: 9".to_owned(), look.dim(), "beside a group: the number of tasks at full height"));
    marks.push(("scale 9".to_owned(), look.dim(), "beside a figure: the value at the full height of its chart"));
    marks.push((
        "7".to_owned(),
        look.strong(),
        "on a quantity's chart: its value from there on; behind its name, the value at the cursor",
    ));
    marks.push((g.chosen.concat(), run, "on the lane of a thread: it polled the selected task"));
    marks.push(("label".to_owned(), look.span_label(), "a span that the program opened"));
    if programs {
        marks.push((g.dot.to_owned(), look.changed(), "in the list: the program on screen"));
        return marks;
    }
    marks.push((g.lane.ends[0].to_owned(), look.dim(), "in the list of scenarios: you have run it before"));
    marks.push((g.dot.to_owned(), look.changed(), "in the list: the scenario on screen; in the form: a changed value"));
    marks
}
