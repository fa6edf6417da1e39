//! The meaning of the marks on the lanes, for the second page of the help.

use ratatui::style::{Modifier, Style};

use crate::trace::{End, Family, Fill, State};
use crate::ui::theme::Look;

/// What a task waits for, in words.
fn waiting(family: Family) -> &'static str {
    match family {
        Family::Time => "waiting for time to pass: a sleep, an interval, a deadline",
        Family::Lock => "waiting for a lock or a permit that others hold",
        Family::Channel => "waiting for others to send, to take, to notify or to come to a barrier",
        Family::Join => "waiting for another task to end",
        Family::Io => "waiting for the world outside: a socket, a file, a process",
        Family::Other => "waiting for its next turn, or for a future that is not Tokio's",
    }
}

/// The marks on the lanes and their meaning.
pub(super) fn legend(look: Look) -> Vec<(String, Style, &'static str)> {
    let g = look.glyphs;
    let (running, run) = look.state(State::Running(0));
    let (ready, ready_style) = look.state(State::Ready);
    let mut parts = g.lane.running_part.to_vec();
    parts.dedup();
    let mut marks = vec![
        (running.to_owned(), run, "running: a worker polls the task"),
        (parts.concat(), run, "running for a part of the cell's time, or for no time at all"),
        (g.lane.several.to_owned(), run, "polled more than once in the cell's time, and for little of it"),
        (ready.to_owned(), ready_style, "ready: woken, new, or its timer is late; no worker polls it yet"),
    ];
    marks.extend(Family::ALL.map(|family| {
        let (mark, style) = look.wait(family);
        (mark.to_owned(), style, waiting(family))
    }));
    for (fill, text) in [
        (Fill::Waiting { family: Family::Time, holds: true }, "waiting with a lock or a permit in hand"),
        (Fill::Waiting { family: Family::Lock, holds: true }, "in line for a lock or a permit, with another one in hand"),
        (Fill::Forever, "in place of an end: nothing can ever run again"),
    ] {
        let (mark, style) = look.cell(fill);
        marks.push((mark.to_owned(), style, text));
    }
    marks.push((g.held.repeat(3), look.wait(Family::Lock).1, "below a lane: as long as the task holds what is named there"));
    marks.push((g.moment.to_owned(), look.strong(), "a moment that decides the run; the word is above the ruler"));
    marks.push((g.join.concat(), look.error(), "behind a stall: the tasks between wait for each other in a circle"));
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
        "behind an end: how it ended is inferred and was not observed, since the beginning of the last poll was lost",
    ));
    marks.push((
        "name?".replace('?', g.inferred),
        look.inferred(),
        "behind what is waited for, or who is waited for: inferred from who has woken the task so far, and not observed",
    ));
    let (waits, style) = look.wait(Family::Time);
    marks.push((format!("{} {}", g.cursor_head, g.cursor), look.cursor(), "the time cursor: all panes show that moment"));
    marks.push((g.bookmark.to_owned(), look.changed(), "on the ruler: a bookmark"));
    marks.push((g.lane.running_part[2].to_owned(), run, "before a name: the poll that was stepped to is one of this task"));
    marks.push((
        g.finding.to_owned(),
        look.warn(),
        "behind a name: something is wrong with this task, and the list of findings says what",
    ));
    let turned = waits.repeat(3);
    marks.push((turned, style.add_modifier(Modifier::REVERSED | Modifier::BOLD), "turned round: it is on the critical path"));
    marks.push((g.path[0].to_owned(), look.strong(), "behind a name: the critical path goes through this task"));
    marks.push((format!("[ {} ]", g.edge), look.strong(), "on the ruler and down the lanes: the ends of the range"));
    marks.push((
        g.link.concat(),
        look.key(),
        "from who woke to who was woken: with few lanes all wakes, else those of the selected task",
    ));
    marks.push((format!("{}9", g.folded), look.text(), "behind a name: so many tasks that descend from it are folded away"));
    marks.push(("height: 9".to_owned(), look.dim(), "beside a group: how many tasks its full height is"));
    marks.push(("scale 9".to_owned(), look.dim(), "beside a figure: the value at the full height of its chart"));
    marks.push((
        "7".to_owned(),
        look.strong(),
        "on the chart of a quantity: its value from there on, and behind its name that at the cursor",
    ));
    marks.push((g.chosen.concat(), run, "on the lane of a thread: it polled the selected task"));
    marks.push(("label".to_owned(), look.span_label(), "a span that the scenario opened"));
    marks
}
