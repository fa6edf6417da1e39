//! Kinds of lanes, folding, counters.

use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;

use crossterm::event::KeyCode;

use crate::app::input::action::{Action, Target};
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::lifecycle::started;
use crate::app::run::playback::recorded;
use crate::app::testing::*;
use crate::app::timeline::kinds;
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::order::Order;
use crate::app::timeline::view::{GroupBy, LaneKind};
use engine::Spec;
use facts::event::{Event, Log, NewSite, SiteId, TaskId, What};
use trace::{Cause, Place, Site, TaskIx, Trace};

fn id(task: TaskIx) -> TaskId {
    TaskId(NonZeroU64::MIN.saturating_add(task.into()))
}

/// Feeds a trace a tree of tasks. Each is polled for a millisecond on the thread with its number modulo two, and then
/// waits.
fn grow(trace: &mut Trace, parents: &[Option<TaskIx>]) {
    let place = Some(Place { file: "a.rs".into(), line: 7 });
    let site = Arc::new(Site { cause: Cause::Time, place, ..Site::default() });
    trace.push(0, Event { at_ns: 0, what: What::Site(Box::new(NewSite { id: SiteId(1), site })) });
    for parent in parents {
        let task = trace.tasks.len() as TaskIx;
        let at_ns = u64::from(task) * MS;
        let parent = parent.map(id);
        trace.push(0, Event { at_ns, what: What::Spawn { task: id(task), parent, at: Location::caller().into() } });
        trace.push((task % 2) as u16, Event { at_ns, what: What::PollStart(id(task)) });
        let pending = What::Pending { task: id(task), op: None, resource: None, site: SiteId(1) };
        trace.push((task % 2) as u16, Event { at_ns: at_ns + MS, what: pending });
        trace.push((task % 2) as u16, Event { at_ns: at_ns + MS, what: What::PollEnd(id(task)) });
    }
}

/// 0 ─ 1 ─ 3 ─ 5, 0 ─ 1 ─ 4, 0 ─ 2.
const TREE: [Option<TaskIx>; 6] = [None, Some(0), Some(0), Some(1), Some(1), Some(3)];

/// A run with that tree; the cursor is at its end, the timeline has the focus.
fn tree() -> Model {
    let mut model = played();
    let run = shown_mut(&mut model);
    run.trace = Trace::default();
    grow(&mut run.trace, &TREE);
    run.cursor.at_ns = run.trace.end_ns;
    recorded(&mut model);
    model.focus = Pane::Timeline;
    model
}

fn lanes(model: &Model) -> Vec<TaskIx> {
    let lanes = Lanes::of(model).expect("there is a run");
    (0..lanes.len()).filter_map(|row| lanes.task(row)).collect()
}

#[test]
fn the_key_goes_through_the_kinds_and_the_groups_make_room() {
    let mut model = tree();
    command(&mut model, "group");
    for kind in [LaneKind::Threads, LaneKind::Resources, LaneKind::Lines, LaneKind::Tasks] {
        command(&mut model, "lanes");
        assert_eq!((model.timeline.lanes.kind, model.timeline.grouping.by), (kind, None));
    }
    command(&mut model, "lanes");
    command(&mut model, "group");
    assert_eq!((model.timeline.lanes.kind, model.timeline.grouping.by), (LaneKind::Tasks, Some(GroupBy::Place)));
    let mut model = opened();
    command(&mut model, "lanes");
    assert!(model.notice.is_some() && !kinds::is_on(&model), "there is no run");
}

#[test]
fn rows_that_are_no_tasks_are_selected_and_lead_to_one() {
    let mut model = tree();
    model.timeline.selected = Some(2);
    command(&mut model, "lanes");
    for (code, row) in [(KeyCode::Down, 1), (KeyCode::Down, 1), (KeyCode::Up, 0), (KeyCode::Char('G'), 1), (KeyCode::PageUp, 0)] {
        press(&mut model, code);
        assert_eq!((model.timeline.lanes.row, model.timeline.selected), (row, Some(2)), "{code:?}");
    }
    // Even tasks ran on the first thread, odd ones on the second; the row selects the last task of its thread.
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.timeline.selected, Some(4));
    ask(&mut model, Action::Point(Target::Group(1)));
    ask(&mut model, Action::Point(Target::Group(1)));
    assert_eq!((model.timeline.lanes.row, model.timeline.selected), (1, Some(5)));
    shown_mut(&mut model).cursor.at_ns = MS;
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.timeline.selected, Some(1), "as of the cursor");
    // Another pane selects tasks independently.
    model.focus = Pane::Task;
    press(&mut model, KeyCode::Down);
    assert_eq!((model.timeline.lanes.row, model.timeline.selected), (1, Some(2)));
}

#[test]
fn the_lines_lead_to_those_that_wait_there_one_after_the_other() {
    let mut model = tree();
    for _ in 0..3 {
        command(&mut model, "lanes");
    }
    let mut seen = Vec::new();
    for _ in 0..7 {
        press(&mut model, KeyCode::Enter);
        seen.extend(model.timeline.selected);
    }
    // All of them wait on one line.
    assert_eq!(seen, [0, 1, 2, 3, 4, 5, 0]);
    shown_mut(&mut model).cursor.at_ns = 0;
    press(&mut model, KeyCode::Enter);
    assert!(model.notice.is_some(), "nobody waits at the start");
}

#[test]
fn what_a_task_spawned_is_folded_away_and_back() {
    let mut model = tree();
    let mut fold = |task: TaskIx| {
        model.timeline.selected = Some(task);
        command(&mut model, "fold");
        (lanes(&model), model.timeline.selected)
    };
    assert_eq!(fold(1), (vec![0, 1, 2], Some(1)));
    assert_eq!(fold(1), (vec![0, 1, 2, 3, 4, 5], Some(1)));
    // If a task spawned no tasks, its parent is folded.
    assert_eq!(fold(5), (vec![0, 1, 2, 3, 4], Some(3)));
    assert_eq!(fold(4), (vec![0, 1, 2], Some(1)));
    assert_eq!(fold(0), (vec![0], Some(0)));
    assert_eq!(fold(0), (vec![0, 1, 2], Some(0)), "what was folded within is so still");
    assert_eq!(model.session.folds.below(1), Some(&[3, 4, 5][..]));
}

#[test]
fn the_spawn_tree_has_each_task_above_those_that_it_spawned() {
    let mut model = tree();
    model.reading.order = Order::Polls;
    command(&mut model, "order");
    assert_eq!((model.reading.order, lanes(&model)), (Order::Tree, vec![0, 1, 3, 5, 4, 2]));
    // A fold applies in any order of lanes, and a task that is not spawned yet has no lane.
    model.timeline.selected = Some(3);
    command(&mut model, "fold");
    assert_eq!(lanes(&model), [0, 1, 3, 4, 2]);
    shown_mut(&mut model).cursor.at_ns = 2 * MS;
    command(&mut model, "fold");
    assert_eq!(lanes(&model), [0, 1, 2]);
}

#[test]
fn a_task_that_is_looked_for_is_unfolded() {
    let mut model = tree();
    model.timeline.selected = Some(0);
    command(&mut model, "fold");
    ask(&mut model, Action::Point(Target::Task(5)));
    assert_eq!((lanes(&model), model.timeline.selected), (vec![0, 1, 2, 3, 4, 5], Some(5)));
}

#[test]
fn tasks_that_come_go_where_their_parents_are() {
    let mut model = tree();
    model.timeline.selected = Some(1);
    command(&mut model, "fold");
    grow(&mut shown_mut(&mut model).trace, &[Some(5), Some(2), Some(6)]);
    recorded(&mut model);
    assert_eq!(lanes(&model), [0, 1, 2, 7]);
    assert_eq!(model.session.folds.below(1), Some(&[3, 4, 5, 6, 8][..]));
    let run = shown(&model);
    let spawned = Lanes::of(&model).map(|lanes| lanes.spawned(run.trace.tasks[6].spawned_ns));
    assert_eq!(spawned, Some(3), "those that are spawned by a time are the first");
}

#[test]
fn the_next_run_is_folded_by_name() {
    let mut model = tree();
    model.timeline.selected = Some(1);
    command(&mut model, "fold");
    let spec = shown(&model).spec.clone();
    started(&mut model, spec);
    assert_eq!(model.session.folds.rows(), None);
    grow(&mut shown_mut(&mut model).trace, &TREE);
    recorded(&mut model);
    assert_eq!(lanes(&model), [0, 1, 2]);
    // A run of another scenario has another tree.
    let spec = Spec::new(&CATALOGUE[1]);
    started(&mut model, spec);
    grow(&mut shown_mut(&mut model).trace, &TREE);
    recorded(&mut model);
    assert_eq!(lanes(&model), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn counters_are_shown_and_hidden_where_there_are_any() {
    let mut model = tree();
    command(&mut model, "counters");
    assert!(model.notice.is_some() && model.timeline.lanes.counters.is_none(), "there are none");
    let log = Log {
        task: None,
        level: facts::event::Level::Info,
        message: String::new(),
        counters: vec![("depth", 1.0)],
        failed: false,
        cues: facts::event::Cues::default(),
    };
    shown_mut(&mut model).trace.push(0, Event { at_ns: MS, what: What::Log(Box::new(log)) });
    command(&mut model, "counters");
    assert_eq!(model.timeline.lanes.counters, Some(true));
    model.areas.counters = 1;
    command(&mut model, "counters");
    assert_eq!(model.timeline.lanes.counters, Some(false));
}
