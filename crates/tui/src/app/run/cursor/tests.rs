use std::num::NonZeroU64;
use std::panic::Location;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers};
use scenario::Clock;

use super::among;
use crate::app::effect::Effect;
use crate::app::input::action::{Action, Target};
use crate::app::input::pointer::mouse;
use crate::app::model::Model;
use crate::app::run::playback::recorded;
use crate::app::testing::*;
use crate::app::update::update;
use engine::Phase;
use facts::event::{CallLine, Event, LastPoll, Log, Named, Panic, TaskId, What};
use trace::Trace;

/// A run in which every kind of end happens, event by event.
///
/// | ms | what |
/// |---|---|
/// | 0 | polls of main, A, B and C, in this order |
/// | 500 | A is woken, and fails; B is woken by A, and waits on |
/// | 1000 | B is cancelled |
/// | 1500 | C is woken, and panics; main is woken, and waits on |
/// | 2000 | the recording stops |
fn told() -> Trace {
    let mut script = Script::default();
    let [main, a, b, c] = [1, 2, 3, 4].map(|n| TaskId(NonZeroU64::new(n).expect("not 0")));
    script.spawn(main, "main", None).poll(0, main);
    for (task, name) in [(a, "A"), (b, "B"), (c, "C")] {
        script.spawn(task, name, Some(main)).poll(0, task);
    }
    script.wake(500, a, None).start(500, a);
    let failed = Log {
        task: Some(a),
        level: facts::event::Level::Error,
        message: "failed".into(),
        counters: Vec::new(),
        failed: true,
        cues: facts::event::Cues::default(),
    };
    script.tell(500, What::Log(Box::new(failed))).wake(500, b, Some(a)).end(500, a, LastPoll::Polled).poll(500, b);
    script.start(1_000, b).end(1_000, b, LastPoll::Dropped);
    script.wake(1_500, c, None).start(1_500, c);
    let panic = Panic { task: c, message: "boom".into(), place: "a.rs:7".into() };
    script.tell(1_500, What::Panic(Box::new(panic))).end(1_500, c, LastPoll::Polled);
    script.wake(1_500, main, Some(c)).poll(1_500, main);
    script.0.close(2_000 * MS);
    script.0
}

#[derive(Default)]
pub(super) struct Script(pub(super) Trace);

impl Script {
    fn tell(&mut self, ms: u64, what: What) -> &mut Self {
        self.0.push(0, Event { at_ns: ms * MS, what });
        self
    }

    fn spawn(&mut self, task: TaskId, name: &str, parent: Option<TaskId>) -> &mut Self {
        self.tell(0, What::Named(Box::new(Named { task, name: name.into(), bytes: 0 })));
        self.tell(0, What::Spawn { task, parent, at: CallLine::Known(Location::caller()) })
    }

    fn start(&mut self, ms: u64, task: TaskId) -> &mut Self {
        self.tell(ms, What::PollStart(task))
    }

    fn poll(&mut self, ms: u64, task: TaskId) -> &mut Self {
        self.start(ms, task).tell(ms, What::PollEnd(task))
    }

    fn wake(&mut self, ms: u64, task: TaskId, by: Option<TaskId>) -> &mut Self {
        self.tell(ms, What::Wake { task, by })
    }

    fn end(&mut self, ms: u64, task: TaskId, last: LastPoll) -> &mut Self {
        self.tell(ms, What::Terminate { task, last }).tell(ms, What::PollEnd(task))
    }
}

/// That run on screen, with the cursor at its start and playing.
pub(in crate::app::run) fn through() -> Model {
    let mut model = played();
    shown_mut(&mut model).trace = told();
    recorded(&mut model);
    model
}

/// The cursor's time in milliseconds, and its poll.
fn at(model: &Model) -> (u64, Option<u64>) {
    (shown(model).cursor.at_ns / MS, shown(model).cursor.poll)
}

#[test]
fn steps_go_from_poll_to_poll_also_within_one_moment() {
    let mut model = through();
    ask(&mut model, Action::Tick(Duration::from_millis(100)));
    let mut places = Vec::new();
    for _ in 0..6 {
        keys(&mut model, ".");
        places.push(at(&model));
        assert!(!shown(&model).cursor.playing, "it rests");
    }
    let polls = [(500, 4), (500, 5), (1_000, 6), (1_500, 7), (1_500, 8)].map(|(ms, poll)| (ms, Some(poll)));
    assert_eq!(places[..5], polls);
    assert_eq!(places[5], places[4], "there is none after the last");
    assert!(notice(&model).contains("no later poll"));
    assert_eq!((among(shown(&model), 5), among(shown(&model), 6)), (Some((2, 2)), Some((1, 1))));
}

#[test]
fn as_many_steps_back_lead_to_where_the_first_one_was_taken_from() {
    for start in [0, 100, 499, 500, 1_200, 1_999] {
        for steps in 1..=5 {
            let mut model = through();
            ask(&mut model, Action::Tick(Duration::from_millis(start)));
            keys(&mut model, "++ ");
            let before = (shown(&model).cursor, model.timeline);
            // At most as many steps as there are polls.
            let taken = (0..steps).take_while(|_| {
                keys(&mut model, ".");
                model.notice.is_none()
            });
            let taken = taken.count();
            keys(&mut model, &",".repeat(taken));
            assert_eq!((shown(&model).cursor, model.timeline), before, "{steps} steps from {start} ms");
        }
    }
}

#[test]
fn steps_back_go_on_to_the_start() {
    let mut model = through();
    ask(&mut model, Action::Tick(Duration::from_millis(600)));
    let mut places = Vec::new();
    for _ in 0..7 {
        keys(&mut model, ",");
        places.push(at(&model));
    }
    let polls = [(500, 5), (500, 4), (0, 3), (0, 2), (0, 1), (0, 0)].map(|(ms, poll)| (ms, Some(poll)));
    assert_eq!((&places[..6], notice(&model)), (&polls[..], "no earlier poll"));
}

#[test]
fn the_lane_of_the_poll_is_brought_in_sight_and_the_selection_stays() {
    let mut model = through();
    ask(&mut model, Action::Point(Target::Task(0)));
    model.areas.lanes.height = 2;
    keys(&mut model, "...");
    let poll = shown(&model).poll().and_then(|number| shown(&model).trace.poll(number)).expect("a poll");
    assert!((model.timeline.top..model.timeline.top + 2).contains(&(poll.task as usize)));
    assert_eq!(model.timeline.selected, Some(0));
}

#[test]
fn strides_go_to_what_they_say() {
    let table: &[(&str, Option<u32>, u64, u64)] = &[
        ("task-step", Some(1), 100, 500),
        ("task-step", Some(2), 500, 1_000),
        ("task-step-back", Some(2), 1_200, 1_000),
        ("task-step-back", Some(2), 1_000, 500),
        ("task-step-back", Some(0), 1_000, 0),
        ("next-wake", None, 100, 500),
        ("next-wake", None, 500, 1_500),
        ("next-time", None, 500, 1_000),
        ("previous-time", None, 500, 0),
        ("previous-time", None, 501, 500),
        ("next-time next-time", None, 500, 1_500),
    ];
    for (pressed, selected, from, to) in table {
        let mut model = through();
        if let Some(task) = selected {
            ask(&mut model, Action::Point(Target::Task(*task)));
        }
        ask(&mut model, Action::Tick(Duration::from_millis(*from)));
        for name in pressed.split(' ') {
            command(&mut model, name);
        }
        assert_eq!(at(&model), (*to, None), "{pressed} from {from} with {selected:?}");
    }
}

#[test]
fn a_stride_that_leads_nowhere_says_so_and_stays() {
    let table = [
        ("task-step", None, "no task selected"),
        ("task-step", Some(1), "no later event of this task"),
        ("task-step-back", Some(1), ""),
        ("next-wake", None, "no later wake"),
        ("next-time", None, "no later poll"),
    ];
    for (pressed, selected, told) in table {
        let mut model = through();
        model.timeline.selected = selected;
        ask(&mut model, Action::Tick(Duration::from_millis(1_900)));
        command(&mut model, pressed);
        assert!(notice(&model).starts_with(told), "{pressed}: {}", notice(&model));
    }
    let mut model = opened();
    for name in ["step", "step-back", "task-step", "next-wake", "next-time", "previous-time", "cursor-left", "rewind"] {
        command(&mut model, name);
        assert_eq!(notice(&model), "no run yet: space starts one", "{name}");
    }
    keys(&mut model, ".,<>0hlp");
    assert_eq!(notice(&model), "no run yet: space starts one");
}

#[test]
fn the_cursor_moves_by_cells_and_stays_within_the_run() {
    let mut model = through();
    let cell = model.timeline.cell_ns;
    keys(&mut model, "lll");
    assert_eq!(shown(&model).cursor.at_ns, 3 * cell);
    keys(&mut model, "h");
    assert_eq!(shown(&model).cursor.at_ns, 2 * cell);
    keys(&mut model, &"h".repeat(9));
    assert_eq!(at(&model).0, 0);
    keys(&mut model, &"l".repeat(200));
    assert_eq!(at(&model).0, 2_000);
    for (code, end) in [(KeyCode::Home, 0), (KeyCode::End, 2_000), (KeyCode::Char('0'), 0), (KeyCode::Char('$'), 2_000)] {
        press(&mut model, code);
        assert_eq!(at(&model).0, end, "{code:?}");
    }
}

#[test]
fn a_time_is_typed_and_what_is_no_time_is_told_where_it_was_typed() {
    let mut model = through();
    keys(&mut model, "T1.5s");
    assert_eq!(model.mode.prompt().map(|field| field.text.text()), Some("1.5s"));
    press(&mut model, KeyCode::Enter);
    assert_eq!((at(&model), model.mode.prompt().is_some()), ((1_500, None), false));
    for (typed, reason) in [("12x", "'12x' is not a time"), ("2001", "the run ends at 00:02.000"), ("", "'' is not a time")] {
        keys(&mut model, "T");
        keys(&mut model, typed);
        press(&mut model, KeyCode::Enter);
        let error = model.mode.prompt().and_then(|field| field.error.clone()).unwrap_or_default();
        assert!(error.starts_with(reason), "{error}");
        assert_eq!(at(&model).0, 1_500);
        // The next character clears the error; Esc closes the prompt.
        keys(&mut model, "0");
        assert_eq!(model.mode.prompt().and_then(|field| field.error.as_ref()), None);
        press(&mut model, KeyCode::Esc);
        assert_eq!(model.mode.prompt(), None);
    }
    shown_mut(&mut model).trace.closed = false;
    keys(&mut model, "T5s");
    press(&mut model, KeyCode::Enter);
    let error = model.mode.prompt().and_then(|field| field.error.clone()).unwrap_or_default();
    assert_eq!(error, "recorded up to 00:02.000 so far");
}

#[test]
fn the_pointer_drags_the_cursor_by_the_ruler() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mut model = through();
    let lanes = model.areas.lanes;
    let mut point = |kind, column| {
        let event = MouseEvent { kind, column, row: lanes.y - 1, modifiers: KeyModifiers::NONE };
        if let Some(action) = mouse(&model, event) {
            ask(&mut model, action);
        }
        (shown(&model).cursor.at_ns / model.timeline.cell_ns, shown(&model).cursor.playing, model.timeline.left_ns)
    };
    assert_eq!(point(MouseEventKind::Down(MouseButton::Left), lanes.x + 20), (20, false, 0));
    assert_eq!(point(MouseEventKind::Drag(MouseButton::Left), lanes.x + 7), (7, false, 0));
    assert_eq!(point(MouseEventKind::Drag(MouseButton::Left), 0), (0, false, 0));
    assert_eq!(point(MouseEventKind::Drag(MouseButton::Left), lanes.x + 9), (9, false, 0));
    assert_eq!(point(MouseEventKind::Up(MouseButton::Left), lanes.x + 9), (9, false, 0));
    assert_eq!(point(MouseEventKind::Drag(MouseButton::Left), lanes.x + 30), (9, false, 0), "it was let go");
}

/// That run on the real clock and under way, recorded up to now; two more events come when it grows.
fn under_way() -> Model {
    let mut model = through();
    let run = shown_mut(&mut model);
    run.spec.clock = Clock::Real;
    (run.phase, run.cursor.live, run.trace.closed) = (Phase::Running, true, false);
    recorded(&mut model);
    model
}

#[test]
fn at_the_newest_event_of_a_live_run_a_step_lets_one_poll_through_the_gate() {
    let mut model = under_way();
    assert!(matches!(update(&mut model, Action::Step(crate::app::input::action::Stride::Poll))[..], [Effect::Step]));
    let run = shown(&model);
    assert!(run.held && run.cursor.live && !run.cursor.playing && !run.is_behind());
    assert_eq!(run.poll(), Some(8), "the last one is marked");
    // Behind it, steps move through the recording, and affect the run only at its newest event.
    keys(&mut model, ",,,");
    assert!(shown(&model).is_behind() && shown(&model).held);
    assert!(update(&mut model, Action::Step(crate::app::input::action::Stride::Poll)).is_empty());
    keys(&mut model, "$");
    assert!(shown(&model).cursor.live && !shown(&model).cursor.playing, "it is still held");
    assert!(matches!(update(&mut model, Action::PauseOrGo)[..], [Effect::Pause(false)]));
}

#[test]
fn a_virtual_run_under_way_is_never_held() {
    let mut model = through();
    let run = shown_mut(&mut model);
    (run.phase, run.trace.closed) = (Phase::Running, false);
    keys(&mut model, "$");
    assert!(shown(&model).cursor.live);
    assert!(update(&mut model, Action::Step(crate::app::input::action::Stride::Poll)).is_empty());
    assert_eq!(notice(&model), "no later poll so far");
}
