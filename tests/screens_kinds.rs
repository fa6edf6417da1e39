//! Screens of the other kinds of lanes, the folded spawn tree, and wakes: from real runs, and from synthetic threads, since
//! real threads differ every time.

#[path = "screens/paint.rs"]
mod paint;
#[path = "screens/recorded.rs"]
mod recorded;
#[path = "screens/settled.rs"]
mod settled;

use std::num::NonZeroU64;
use std::panic::Location;

use engine::{Ending, Phase, Report, Spec};
use facts::event::{Event, LastPoll, Named, TaskId, What};
use insta::assert_snapshot;
use paint::{frame, styled, text};
use scenario::{Clock, Outcome, Scenario};
use scenarios::CATALOGUE;
use settled::settled;
use trace::{TaskIx, Trace, Waker};
use tui::app::input::action::Action;
use tui::app::model::{LaneKind, Model, Pane, Theme};
use tui::app::run::{lifecycle, playback};
use tui::app::update::update;

const MS: u64 = 1_000_000;
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
const ASCII: Theme = Theme { colors: None, unicode: false };
const MONO: Theme = Theme { colors: None, unicode: true };

fn scenario(id: &str) -> &'static Scenario {
    CATALOGUE.iter().find(|scenario| scenario.id == id).expect("it is in the catalogue")
}

/// A finished run of a scenario on the virtual clock, with a full-screen timeline and the cursor at a fraction of the run.
fn run(id: &str, part: f64) -> Model {
    let spec = Spec { seed: 7, ..Spec::new(scenario(id)) };
    let mut model = recorded::fresh(spec.clone());
    recorded::record(&mut model, spec);
    shown(model, part)
}

fn shown(mut model: Model, part: f64) -> Model {
    let view = model.run.as_mut().expect("it has been run");
    view.trace.samples.clear();
    view.cost_ns = Some(25.0);
    playback::recorded(&mut model);
    let view = model.run.as_mut().expect("it has been run");
    view.cursor.at_ns = (view.trace.end_ns as f64 * part) as u64;
    (model.focus, model.full) = (Pane::Timeline, Some(Pane::Timeline));
    model
}

/// Two workers on the real clock: one computes for long and takes a task over from the other, which has many short ones.
fn threads() -> Model {
    let spec = Spec { clock: Clock::Real, workers: 2, ..Spec::new(scenario("workers")) };
    let mut model = recorded::fresh(spec.clone());
    lifecycle::started(&mut model, spec);
    let view = model.run.as_mut().expect("it has just been started");
    let mut trace = Trace::default();
    for (index, name) in (0..).zip(["worker 0", "worker 1"]) {
        trace.name_thread(index, name);
    }
    let id = |task: u64| TaskId(NonZeroU64::MIN.saturating_add(task));
    let mut facts: Vec<(u64, u16, What)> = Vec::new();
    for (task, name) in (0..).zip(["main", "index pages", "compress", "ping 1", "ping 2"]) {
        trace.push(0, Event { at_ns: 0, what: What::Named(Box::new(Named { task: id(task), name: name.into(), bytes: 0 })) });
        let parent = (task > 0).then(|| id(0));
        trace.push(0, Event { at_ns: 0, what: What::Spawn { task: id(task), parent, at: Location::caller().into() } });
    }
    let mut poll = |thread, from_ms: u64, to_ms: u64, task| {
        facts.push((from_ms, thread, What::PollStart(id(task))));
        facts.push((to_ms, thread, What::PollEnd(id(task))));
    };
    poll(0, 0, 1, 0);
    poll(0, 10, 310, 1);
    poll(0, 310, 500, 2);
    poll(0, 700, 980, 1);
    for turn in 0..60 {
        poll(1, 5 + turn * 12, 7 + turn * 12, 3 + turn % 2);
    }
    poll(1, 730, 960, 2);
    facts.sort_by_key(|(at_ms, ..)| *at_ms);
    for (at_ms, thread, what) in facts {
        trace.push(thread, Event { at_ns: at_ms * MS, what });
    }
    let last = What::Terminate { task: id(2), last: LastPoll::Polled };
    trace.push(1, Event { at_ns: 990 * MS, what: last });
    trace.close(1_000 * MS);
    view.report = Some(Report { ending: Ending::Finished(Outcome::new()), elapsed_ns: trace.end_ns, runtime_polls: None });
    (view.trace, view.phase, view.cursor.live) = (trace, Phase::Over, false);
    shown(model, 0.95)
}

/// The screens of a view: at three sizes, the smallest also in mono with its styles, and in ASCII.
fn screens(name: &str, model: &mut Model) {
    for size @ (width, height) in SIZES {
        assert_snapshot!(format!("{name}_{width}x{height}"), text(&settled(model, size)));
    }
    let colour = text(&settled(model, SIZES[0]));
    model.options.theme = MONO;
    let mono = settled(model, SIZES[0]);
    assert_eq!(colour, text(&mono), "a state is shown by colour alone");
    assert_snapshot!(format!("{name}_mono"), styled(&mono));
    model.options.theme = ASCII;
    let ascii = text(&settled(model, SIZES[0]));
    assert!(ascii.is_ascii(), "a glyph beyond ASCII was drawn:\n{ascii}");
    assert_snapshot!(format!("{name}_ascii"), ascii);
}

fn of_kind(mut model: Model, kind: LaneKind) -> Model {
    while model.timeline.lanes.kind != kind {
        update(&mut model, Action::NextKind);
    }
    model
}

#[test]
fn threads_with_what_ran_on_them() {
    let mut model = of_kind(threads(), LaneKind::Threads);
    model.timeline.selected = Some(2);
    screens("threads", &mut model);
}

#[test]
fn the_one_thread_of_the_virtual_clock() {
    screens("thread_virtual", &mut of_kind(run("lock-contention", 0.5), LaneKind::Threads));
}

#[test]
fn resources_with_their_holders_and_queues() {
    screens("resources", &mut of_kind(run("lock-contention", 0.1), LaneKind::Resources));
    screens("resources_several", &mut of_kind(run("semaphore", 0.8), LaneKind::Resources));
}

#[test]
fn lines_with_how_many_wait_there() {
    screens("lines", &mut of_kind(run("semaphore", 0.5), LaneKind::Lines));
}

#[test]
fn where_there_is_no_row_it_is_said() {
    let mut model = of_kind(run("gather", 0.5), LaneKind::Resources);
    let seen = text(&settled(&mut model, SIZES[0]));
    assert!(seen.contains("no task has waited for a lock"), "{seen}");
}

#[test]
fn the_spawn_tree_folded() {
    let mut model = run("task-group", 0.45);
    let tasks = &model.run.as_ref().expect("it has been run").trace.tasks;
    let inner = tasks.iter().position(|task| task.parent.is_some_and(|parent| parent > 0)).and_then(|child| tasks[child].parent);
    assert!(inner.is_some(), "it has a group within a group");
    settled(&mut model, SIZES[0]);
    model.timeline.selected = inner;
    update(&mut model, Action::Fold);
    screens("folded", &mut model);
}

#[test]
fn the_futures_of_a_task_side_by_side() {
    let mut model = run("shutdown", 0.62);
    screens("branches", &mut model);
    let mut model = run("futurelock", 0.5);
    let open = text(&settled(&mut model, SIZES[1]));
    assert!(open.contains("└ lock"), "{open}");
    update(&mut model, Action::Branches);
    let closed = text(&settled(&mut model, SIZES[1]));
    assert!(!closed.contains('└'), "{closed}");
}

#[test]
fn who_woke_the_selected_task_and_whom_it_woke() {
    let mut model = run("lock-contention", 0.5);
    let woken = |model: &Model, task: TaskIx| {
        let run = model.run.as_ref().expect("it has been run");
        let wake = run.trace.tasks[task as usize].wake_at(run.cursor.at_ns);
        matches!(wake.map(|wake| wake.by), Some(Waker::Task(by)) if by != task)
    };
    let task = (1..6).find(|task| woken(&model, *task)).expect("some task was woken by another one");
    model.timeline.selected = Some(task);
    screens("links", &mut model);
}

#[test]
fn each_kind_survives_every_size_at_every_time() {
    for kind in LaneKind::ALL {
        let mut model = of_kind(threads(), kind);
        for part in [0, 1, 500, 1_000] {
            model.run.as_mut().expect("there is one").cursor.at_ns = part * MS;
            for (width, height) in (0..=90).step_by(7).flat_map(|width| (0..=30).map(move |height| (width, height))) {
                let (buf, areas) = frame(&model, width, height);
                assert!(buf.area.width == width && areas.lanes.bottom() <= height);
            }
        }
    }
}
