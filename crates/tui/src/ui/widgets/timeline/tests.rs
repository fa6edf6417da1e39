use super::*;
use trace::{Cause, End, Ended, LogLine, Mark, Segment, State};

const RUN: State = State::Running(0);

fn task(changes: &[(u64, State)], end: Option<(u64, End)>) -> Task {
    Task {
        spawned_ns: changes[0].0,
        segments: changes.iter().map(|(start_ns, state)| Segment::new(*start_ns, *state)).collect(),
        ended: end.map(|(at_ns, how)| Ended { at_ns, how, inferred: false }),
        ..Task::default()
    }
}

/// A run with only that task.
fn run(task: &Task) -> Trace {
    let task = Task {
        spawned_ns: task.spawned_ns,
        segments: task.segments.clone(),
        ended: task.ended,
        spans: task.spans.to_vec().into(),
        marks: task.marks.to_vec().into(),
        ..Task::default()
    };
    let line =
        |level, mark: Option<&str>| LogLine { at_ns: 0, task: None, level, message: String::new(), mark: mark.map(Into::into) };
    let log = vec![line(Level::Info, None), line(Level::Info, Some("r5")), line(Level::Error, None)];
    let mut trace = Trace::default();
    (trace.tasks, trace.log) = (vec![task], log);
    trace
}

fn draw(buf: &mut Buffer, axis: &Axis, task: &Task) {
    draw_in(Look::sample(), buf, axis, task);
}

fn draw_in(look: Look, buf: &mut Buffer, axis: &Axis, task: &Task) {
    let lane_of = Lane { trace: &run(task), task: 0, poll: None, tail: 0, selected: false };
    lane(buf, look, Rect { height: 1, ..buf.area }, axis, lane_of);
}

/// The lane at 10 ns per cell, 12 cells wide.
fn drawn(task: &Task, left_ns: u64, cursor_ns: u64) -> String {
    drawn_in(Look::sample(), task, left_ns, cursor_ns)
}

fn drawn_in(look: Look, task: &Task, left_ns: u64, cursor_ns: u64) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
    draw_in(look, &mut buf, &Axis { left_ns, cell_ns: 10, cursor_ns }, task);
    buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
}

fn sleeper() -> Task {
    let changes = [
        (20, State::Ready),
        (20, RUN),
        (20, State::Waiting(Cause::Time)),
        (70, State::Ready),
        (70, RUN),
        (70, State::Waiting(Cause::Time)),
        (95, RUN),
    ];
    task(&changes, Some((95, End::Completed)))
}

#[test]
fn polls_without_length_are_seen_and_do_not_drown_the_waits() {
    assert_eq!(drawn(&sleeper(), 0, 1_000), "  ▎────▎─✓  ");
}

#[test]
fn nothing_after_the_cursor_is_drawn() {
    assert_eq!(drawn(&sleeper(), 0, 19), "            ");
    assert_eq!(drawn(&sleeper(), 0, 20), "  ▎         ");
    assert_eq!(drawn(&sleeper(), 0, 45), "  ▎──       ");
    assert_eq!(drawn(&sleeper(), 0, 69), "  ▎────     ");
    assert_eq!(drawn(&sleeper(), 0, 70), "  ▎────▎    ");
    assert_eq!(drawn(&sleeper(), 0, 94), "  ▎────▎──  ");
    assert_eq!(drawn(&sleeper(), 0, 95), "  ▎────▎─✓  ");
}

#[test]
fn a_poll_belongs_to_the_cell_in_which_it_happened_also_when_scrolled() {
    assert_eq!(drawn(&sleeper(), 65, 1_000), "▎──✓        ");
    assert_eq!(drawn(&sleeper(), 71, 1_000), "──✓         ");
}

#[test]
fn a_poll_with_length_fills_its_part_of_the_cell() {
    let task = task(
        &[
            (0, RUN),
            (25, State::Waiting(Cause::Time)),
            (40, RUN),
            (41, State::Waiting(Cause::Time)),
            (58, State::Ready),
            (80, RUN),
        ],
        None,
    );
    assert_eq!(drawn(&task, 0, 99), "██▌─▎─▒▒██  ");
}

#[test]
fn the_state_that_lasted_longest_wins() {
    let task = task(
        &[(0, State::Ready), (6, RUN), (6, State::Waiting(Cause::Time)), (16, State::Ready), (24, State::Waiting(Cause::Time))],
        None,
    );
    assert_eq!(drawn(&task, 10, 200), "──────────  ".replace("  ", "──"));
    assert_eq!(drawn(&task, 14, 200), "▒───────────");
}

#[test]
fn waits_are_drawn_by_their_cause_and_the_longest_in_a_cell_wins() {
    let causes = [Cause::Time, Cause::Mutex, Cause::MpscRecv, Cause::Join, Cause::Io, Cause::Yield];
    let changes: Vec<_> = (0..).map(|i| i * 10).zip(causes.map(State::Waiting)).collect();
    assert_eq!(drawn(&task(&changes, None), 0, 59), "─░┄·≈▒      ");
    let short =
        task(&[(0, State::Waiting(Cause::Time)), (3, State::Waiting(Cause::Semaphore)), (9, State::Waiting(Cause::Time))], None);
    assert_eq!(drawn(&short, 0, 19), "░─          ");
}

#[test]
fn a_crowded_cell_is_told_by_sums() {
    let busy = |run: u64| {
        let changes = (0..1_000_u64).flat_map(|i| [(i, RUN), (i, State::Waiting(Cause::Time))]).collect::<Vec<_>>();
        let mut task = task(&changes, None);
        for segment in &mut task.segments {
            let long = segment.start_ns < run;
            segment.state = if long { RUN } else { segment.state };
        }
        task
    };
    let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
    draw(&mut buf, &Axis { left_ns: 0, cell_ns: 250, cursor_ns: 2_000 }, &busy(250));
    assert_eq!(buf.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>(), "█║║║");
}

#[test]
fn an_event_has_its_own_text_on_the_lane_or_the_mark_of_an_error_and_else_nothing() {
    let mut task = sleeper();
    task.marks = vec![Mark { at_ns: 20, line: 0 }, Mark { at_ns: 31, line: 1 }, Mark { at_ns: 75, line: 2 }].into();
    assert_eq!(drawn(&task, 0, 1_000), "  ▎r5──✗─✓  ");
    assert_eq!(drawn(&task, 0, 40), "  ▎r5       ");
    assert_eq!(drawn(&task, 0, 30), "  ▎─        ");
}

#[test]
fn texts_of_events_do_not_run_into_each_other() {
    let mut task = sleeper();
    let mark = |at_ns| Mark { at_ns, line: 1 };
    task.marks = vec![mark(20), mark(30), mark(40), mark(70)].into();
    assert_eq!(drawn(&task, 0, 1_000), "  r5─r5▎─✓  ");
    task.marks = vec![mark(80)].into();
    assert_eq!(drawn(&task, 0, 1_000), "  ▎────r5✓  ");
    let ascii = Look::new(crate::app::model::Theme::plain(true, false));
    assert_eq!(drawn_in(ascii, &task, 0, 1_000), "  +---r5-v  ");
}

#[test]
fn a_span_labels_the_bar_when_there_is_room() {
    let mut task = sleeper();
    let span = |label: &str| SpanLabel { start_ns: 20, end_ns: Some(70), label: label.into() };
    task.spans = vec![span("ab")].into();
    assert_eq!(drawn(&task, 0, 1_000), "  ▎ab──▎─✓  ");
    task.spans = vec![span("abcd")].into();
    assert_eq!(drawn(&task, 0, 1_000), "  ▎────▎─✓  ");
}

#[test]
fn ends_have_their_marks() {
    for (how, mark) in [
        (End::Completed, "✓"),
        (End::Failed, "✗"),
        (End::Cancelled, "⊘"),
        (End::Panicked, "‼"),
        (End::Dropped, "─"),
        (End::Unknown, "?"),
    ] {
        let task = task(&[(0, State::Ready), (0, State::Waiting(Cause::Time))], Some((30, how)));
        assert_eq!(drawn(&task, 0, 99).trim_end(), format!("───{mark}"));
    }
}

#[test]
fn an_inferred_end_carries_a_mark() {
    let mut task = sleeper();
    task.ended = Some(Ended { at_ns: 95, how: End::Completed, inferred: true });
    assert_eq!(drawn(&task, 0, 1_000), "  ▎────▎─✓? ");
}

#[test]
fn the_cursor_line_leaves_lanes_alone() {
    let area = Rect::new(0, 0, 6, 2);
    let mut buf = Buffer::empty(area);
    let look = Look::sample();
    let axis = Axis { left_ns: 0, cell_ns: 10, cursor_ns: 25 };
    draw(&mut buf, &axis, &task(&[(0, State::Waiting(Cause::Time))], None));
    cursor_line(&mut buf, look, area, &axis);
    let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
    assert_eq!(text, "───     │   ");
    buf.set_string(0, 1, "ab cd", Style::new());
    cursor_line(&mut buf, look, area, &axis);
    let label: String = buf.content[6..11].iter().map(ratatui::buffer::Cell::symbol).collect();
    assert_eq!(label, "ab cd");
}
