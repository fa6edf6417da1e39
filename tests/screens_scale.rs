//! Screens of a run with more tasks than rows: grouped tasks, an open group, the map of the whole run.

#[path = "screens/paint.rs"]
mod paint;
#[path = "screens/settled.rs"]
mod settled;

use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use engine::{Ending, Phase, Report, Spec};
use facts::event::{Event, LastPoll, Named, NewSite, SiteId, TaskId, What};
use insta::assert_snapshot;
use paint::{frame, styled, text};
use scenario::Outcome;
use scenarios::CATALOGUE;
use settled::settled;
use trace::{self, Cause, Place, Site, TaskIx, Trace};
use tui::app::input::action::{Action, Move};
use tui::app::input::keymap;
use tui::app::model::{Cursor, GroupBy, Grouping, Model, Options, Pane, RunView, Theme};
use tui::app::update::update;

const MS: u64 = 1_000_000;
const REQUESTS: u64 = 400;
const WORKERS: u64 = 12;
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
const THEMES: [(&str, Theme); 4] = [
    ("colour", Theme::plain(true, true)),
    ("mono", Theme::plain(false, true)),
    ("ascii", Theme::plain(true, false)),
    ("ascii_mono", Theme::plain(false, false)),
];
const CAUSES: [Cause; 3] = [Cause::Semaphore, Cause::Time, Cause::MpscRecv];

/// Facts in any order of time.
#[derive(Default)]
struct Script(Vec<Event>);

fn id(task: u64) -> TaskId {
    TaskId(NonZeroU64::MIN.saturating_add(task))
}

impl Script {
    fn at(&mut self, at_ms: u64, what: What) {
        self.0.push(Event { at_ns: at_ms * MS, what });
    }

    fn spawn(&mut self, at_ms: u64, task: u64, name: &str, at: &'static Location<'static>) {
        self.at(at_ms, What::Named(Box::new(Named { task: id(task), name: name.into(), bytes: 0 })));
        self.at(at_ms, What::Spawn { task: id(task), parent: (task > 0).then(|| id(0)), at: at.into() });
    }

    /// A poll of that many milliseconds, after which the task waits for that cause.
    fn poll(&mut self, at_ms: u64, long_ms: u64, task: u64, cause: u32) {
        self.at(at_ms, What::PollStart(id(task)));
        self.at(at_ms + long_ms, What::Pending { task: id(task), op: None, resource: None, site: SiteId(cause + 1) });
        self.at(at_ms + long_ms, What::PollEnd(id(task)));
    }

    fn wake(&mut self, at_ms: u64, task: u64) {
        self.at(at_ms, What::Wake { task: id(task), by: None });
    }

    fn trace(mut self) -> Trace {
        let mut trace = Trace::default();
        for (cause, number) in CAUSES.into_iter().zip(1..) {
            let place = Some(Place { file: "a.rs".into(), line: number });
            let site = Arc::new(Site { cause, place, ..Site::default() });
            trace.push(0, Event { at_ns: 0, what: What::Site(Box::new(NewSite { id: SiteId(number), site })) });
        }
        self.0.sort_by_key(|event| event.at_ns);
        self.0.into_iter().for_each(|event| trace.push(0, event));
        trace.close(trace.end_ns);
        trace
    }
}

/// Requests come in a wave, queue for a permit, are served for 300 ms and end; workers take turns all the time.
fn service() -> Trace {
    let mut script = Script::default();
    let (main, request, worker) = places();
    script.spawn(0, 0, "main", main);
    script.poll(0, 0, 0, 2);
    for i in 0..WORKERS {
        script.spawn(0, 1 + i, &format!("worker {i}"), worker);
        for turn in 0..20 {
            let at_ms = turn * 240 + i * 20;
            script.poll(at_ms, 20, 1 + i, 2);
            script.wake(at_ms + 200, 1 + i);
        }
    }
    for i in 0..REQUESTS {
        let (task, comes_ms) = (1 + WORKERS + i, i * 5);
        let served_ms = 400 + i * 10;
        script.spawn(comes_ms, task, &format!("request {i}"), request);
        script.poll(comes_ms, 0, task, 0);
        if served_ms > comes_ms {
            script.wake(served_ms, task);
            script.poll(served_ms + 20, 0, task, 1);
        }
        script.wake(served_ms + 320, task);
        script.at(served_ms + 320, What::PollStart(id(task)));
        script.at(served_ms + 320, What::Terminate { task: id(task), last: LastPoll::Polled });
        script.at(served_ms + 320, What::PollEnd(id(task)));
    }
    script.trace()
}

/// Three places where tasks are spawned. Do not move them: their lines are on the screens.
fn places() -> (&'static Location<'static>, &'static Location<'static>, &'static Location<'static>) {
    #[track_caller]
    fn here() -> &'static Location<'static> {
        Location::caller()
    }
    let main = here();
    let request = here();
    let worker = here();
    (main, request, worker)
}

/// The timeline fills the screen; the cursor is at 2.5 s of a finished run.
fn model(by: Option<GroupBy>) -> Model {
    let options =
        Options { theme: THEMES[0].1, mouse: true, reduced_motion: false, console: None, limit: Duration::from_secs(60) };
    let mut model = Model::new(CATALOGUE, options, None);
    let trace = service();
    let report = Report { ending: Ending::Finished(Outcome::new()), elapsed_ns: trace.end_ns, runtime_polls: None };
    model.run = Some(RunView {
        spec: Spec::new(&CATALOGUE[0]),
        trace,
        phase: Phase::Over,
        report: Some(report),
        stall: None,
        cursor: Cursor { at_ns: 2_500 * MS, playing: false, speed: 1.0, live: false, poll: None },
        held: false,
        found: tui::app::run::found::Found::default(),
        cost_ns: None,
        disturbed: false,
        before: None,
    });
    (model.focus, model.full) = (Pane::Timeline, Some(Pane::Timeline));
    model.timeline.grouping = Grouping { by, ..Grouping::default() };
    model
}

fn press(model: &mut Model, code: KeyCode) {
    let action = keymap::key(model, KeyEvent::from(code)).expect("the key does something");
    update(model, action);
}

#[test]
fn tasks_put_together_by_name_at_three_sizes_in_four_themes() {
    let mut model = model(Some(GroupBy::Name));
    model.timeline.grouping.row = 2;
    for size @ (width, height) in SIZES {
        let mut colour = String::new();
        for (name, theme) in THEMES {
            model.options.theme = theme;
            let buf = settled(&mut model, size);
            // A small screen includes its styles, the others only their text.
            let shown = if height == 24 { styled(&buf) } else { text(&buf) };
            assert_snapshot!(format!("groups_{width}x{height}_{name}"), shown);
            assert!(theme.unicode || text(&buf).is_ascii(), "a glyph beyond ASCII was drawn");
            match name {
                "colour" | "ascii" => colour = text(&buf),
                _ => assert_eq!(text(&buf), colour, "a state is shown by colour alone"),
            }
        }
    }
}

#[test]
fn tasks_put_together_by_place_and_by_state() {
    assert_snapshot!("places_120x40", text(&settled(&mut model(Some(GroupBy::Place)), SIZES[1])));
    for (name, theme) in [THEMES[0], THEMES[2]] {
        let mut model = model(Some(GroupBy::State));
        model.options.theme = theme;
        assert_snapshot!(format!("states_120x40_{name}"), text(&settled(&mut model, SIZES[1])));
    }
}

#[test]
fn the_map_shows_where_in_the_run_the_lanes_are() {
    let mut model = model(None);
    for size @ (width, height) in SIZES {
        settled(&mut model, size);
        for action in [Action::ZoomIn, Action::ZoomIn, Action::ZoomIn, Action::Pan(2)] {
            update(&mut model, action);
        }
        for (name, theme) in THEMES {
            model.options.theme = theme;
            let (buf, _) = frame(&model, width, height);
            let map = text(&buf).lines().filter(|line| line.contains("run 4.")).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(map.len(), usize::from(height >= 32), "{size:?}: the map has a row where there is room");
            if name == "colour" {
                assert_snapshot!(format!("map_{width}x{height}"), text(&buf));
            } else if let Some(map) = map.first() {
                assert_snapshot!(format!("map_{width}_{name}"), map);
            }
        }
    }
}

#[test]
fn a_group_opens_with_enter_and_closes_with_escape() {
    let mut model = model(None);
    settled(&mut model, SIZES[1]);
    for _ in 0..2 {
        update(&mut model, Action::Group);
    }
    assert_eq!(model.timeline.grouping.by, Some(GroupBy::Name));
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Enter);
    let buf = settled(&mut model, SIZES[1]);
    assert_snapshot!("opened_120x40", text(&buf));
    let (_, areas) = frame(&model, 120, 40);
    let workers: Vec<TaskIx> = areas.lane_rows.iter().map(|(task, _)| *task).collect();
    assert_eq!(workers, (1..=WORKERS as TaskIx).collect::<Vec<_>>());

    // The selected task is in the group.
    update(&mut model, Action::Move(Move::Last));
    assert_eq!(model.timeline.selected, Some(WORKERS as TaskIx));
    update(&mut model, Action::Move(Move::Up));
    assert_eq!(model.timeline.selected, Some(WORKERS as TaskIx - 1));

    press(&mut model, KeyCode::Esc);
    assert!(model.timeline.grouping.shows_groups() && model.full.is_some(), "one thing at a time");
    for _ in 0..2 {
        update(&mut model, Action::Group);
    }
    assert_eq!(model.timeline.grouping, Grouping::default());
}

#[test]
fn a_state_opens_with_those_that_are_in_it_at_the_cursor() {
    let mut model = model(Some(GroupBy::State));
    settled(&mut model, SIZES[1]);
    let run = model.run.as_ref().expect("there is one");
    let waits = |task: &trace::Task| {
        task.segment_at(run.cursor.at_ns).is_some_and(|segment| segment.state.is_waiting())
            && task.wakes.iter().all(|wake| wake.at_ns > run.cursor.at_ns)
            && task.name.starts_with("request")
    };
    let queued: Vec<TaskIx> = (0..).zip(&run.trace.tasks).filter(|(_, task)| waits(task)).map(|(ix, _)| ix).collect();
    // Running and ready come first.
    model.timeline.grouping.row = 2;
    update(&mut model, Action::Open);
    assert!(queued.len() > 50);
    assert_eq!(model.session.opened, queued);
    update(&mut model, Action::Move(Move::First));
    assert_eq!(model.timeline.selected, queued.first().copied());
}

#[test]
fn all_groups_together_are_all_tasks() {
    let trace = service();
    for by in [trace::Grouping::Place, trace::Grouping::Name] {
        let mut tasks: Vec<TaskIx> = trace.groups(by).iter().flat_map(|group| group.tasks.iter().copied()).collect();
        tasks.sort_unstable();
        assert_eq!(tasks, (0..trace.tasks.len() as TaskIx).collect::<Vec<_>>());
    }
}
