use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use engine::target::Process;
use recording::Program;
use trace::{Task, Trace};

use super::attach::{failed, listed, shortened};
use super::source::{read, wanted};
use super::view::Source;
use crate::app::effect::Effect;
use crate::app::input::action::{Action, Target};
use crate::app::input::bindings::{Bindings, Context};
use crate::app::input::{hints, keymap};
use crate::app::model::{Model, Pane};
use crate::app::overlay::palette;
use crate::app::run::{lifecycle, playback};
use crate::app::testing::{MS, options, shown, shown_mut};
use crate::app::timeline::folds::Folds;
use crate::app::update::update;

fn process(pid: u32) -> Process {
    Process { pid, name: format!("program-{pid}"), command: String::new() }
}

fn opened() -> Model {
    let mut model = Model::of_programs(options(), Bindings::default());
    listed(&mut model, [7, 8, 9].map(process).to_vec());
    model
}

/// A program with two tasks that are alive, at 2 s.
fn live() -> Model {
    let mut model = opened();
    let program = Program { pid: 8, name: "orders".to_owned(), began_ms: 3_600_000, ..Program::default() };
    lifecycle::attached(&mut model, program, false, 0);
    shown_mut(&mut model).trace = trace(0, &[("main", 0), ("worker", 1)]);
    playback::recorded(&mut model);
    model
}

/// A trace with these tasks, each spawned at so many milliseconds.
fn trace(since_ms: u64, tasks: &[(&str, u64)]) -> Trace {
    let mut trace = Trace::default();
    trace.tasks = tasks.iter().map(|(name, at)| Task { name: (*name).into(), spawned_ns: at * MS, ..Task::default() }).collect();
    (trace.since_ns, trace.end_ns) = (since_ms * MS, 2_000 * MS);
    trace
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    let action = keymap::key(model, KeyEvent::new(code, KeyModifiers::NONE));
    action.map_or_else(Vec::new, |action| update(model, action))
}

#[test]
fn nothing_that_needs_a_scenario_has_a_key_a_hint_or_a_command() {
    let gone = ["restart", "clock", "share", "save-as", "stop", "edit", "reset", "lesson", "asyncio", "tests", "tour", "compare"];
    let mut model = live();
    let table: BTreeSet<&str> = model.bindings.iter().map(|row| row.name).collect();
    for name in gone {
        assert!(Bindings::default().named(name).is_some(), "{name} exists for scenarios");
        assert!(!table.contains(name), "{name}");
    }
    for row in model.bindings.iter() {
        for word in ["scenario", "Python", "lesson", "default"] {
            assert!(!row.help.contains(word), "{}: {}", row.name, row.help);
        }
    }
    for pane in Pane::ALL {
        model.focus_on(pane);
        for (code, what) in [('r', "restart"), ('t', "tab"), ('7', "digit"), ('d', "reset")] {
            let action = keymap::key(&model, KeyEvent::new(KeyCode::Char(code), KeyModifiers::NONE));
            assert!(
                !matches!(action, Some(Action::Restart | Action::NextTab | Action::Type(_) | Action::Reset)),
                "{what}: {action:?}"
            );
        }
        for (keys, label) in hints::hints(&model) {
            assert!(
                !["restart", "start", "change", "type", "default", "code tab"].contains(&label),
                "{keys} {label} in {pane:?}"
            );
        }
        for command in palette::found(&model, "") {
            assert!(matches!(command.what, palette::What::Do(..)) && !gone.contains(&command.name.as_str()), "{}", command.name);
        }
    }
}

#[test]
fn every_key_of_the_table_has_one_meaning() {
    let bindings = Bindings::default().of_programs();
    for context in Context::ALL {
        let mut seen = BTreeSet::new();
        for key in bindings.within(context).flat_map(|row| row.keys.iter()) {
            assert!(seen.insert(format!("{key:?}")), "{key:?} in {context:?}");
        }
    }
    assert_eq!(bindings.title(Pane::Scenarios), "Processes");
}

#[test]
fn the_footer_says_what_quitting_does_and_how_to_get_to_another_program() {
    let hint = |model: &Model, key: &str| {
        let hints = hints::hints(model).into_iter().take(6);
        hints.filter(|(keys, _)| keys == key).map(|(_, label)| label).next()
    };
    let mut model = live();
    model.focus_on(Pane::Timeline);
    assert_eq!((hint(&model, "q"), hint(&model, "↑↓"), hint(&model, "c")), (Some("detach"), Some("task"), Some("processes")));
    listed(&mut model, vec![process(8)]);
    assert_eq!(hint(&model, "c"), None, "there is no other program");
    model.programs.as_mut().expect("programs").watched = Some(8);
    assert_eq!(hint(&model, "q"), Some("end program"));
    shown_mut(&mut model).trace.closed = true;
    model.focus_on(Pane::Log);
    let quit = hints::hints(&model).into_iter().find(|(keys, _)| keys == "q");
    assert_eq!(quit.map(|(_, label)| label), Some("quit"), "it has ended already");
    assert!(press(&mut model, KeyCode::Char('c')).is_empty());
    assert_eq!(model.focus, Pane::Scenarios);
}

#[test]
fn enter_attaches_to_the_process_under_the_cursor_once() {
    let mut model = opened();
    model.focus_on(Pane::Scenarios);
    press(&mut model, KeyCode::Down);
    let effects = press(&mut model, KeyCode::Enter);
    assert!(matches!(&effects[..], [Effect::Attach(process)] if process.pid == 8), "{effects:?}");
    assert_eq!(model.programs.as_ref().and_then(|programs| programs.attaching), Some(8));
    failed(&mut model, "it is gone");
    assert!(model.notice.as_ref().is_some_and(|notice| notice.error && notice.text.contains("it is gone")));
    let mut model = live();
    model.focus_on(Pane::Scenarios);
    press(&mut model, KeyCode::Down);
    assert!(press(&mut model, KeyCode::Enter).is_empty(), "it is on screen already");
    press(&mut model, KeyCode::Down);
    assert!(matches!(&press(&mut model, KeyCode::Enter)[..], [Effect::Attach(process)] if process.pid == 9));
    // A click selects, and a click on the selected row attaches.
    assert!(update(&mut model, Action::Point(Target::Scenario(0))).is_empty());
    assert!(matches!(&update(&mut model, Action::Point(Target::Scenario(0)))[..], [Effect::Attach(process)] if process.pid == 7));
}

#[test]
fn the_cursor_stays_on_its_process_as_others_come_and_go() {
    let mut model = opened();
    model.focus_on(Pane::Scenarios);
    press(&mut model, KeyCode::Down);
    for (pids, picked) in [(&[3, 7, 8][..], 8), (&[8], 8), (&[2, 4, 6], 2), (&[2, 4, 6], 2)] {
        listed(&mut model, pids.iter().copied().map(process).collect());
        let there = model.programs.as_ref().and_then(|programs| programs.picked()).map(|process| process.pid);
        assert_eq!(there, Some(picked), "{pids:?}");
    }
    assert!(listed(&mut model, Vec::new()) && !listed(&mut model, Vec::new()));
    assert!(press(&mut model, KeyCode::Enter).is_empty());
}

#[test]
fn space_holds_the_picture_and_never_the_program() {
    let mut model = live();
    assert!(shown(&model).cursor.live);
    assert!(press(&mut model, KeyCode::Char(' ')).is_empty());
    let held = shown(&model).cursor;
    assert!(!held.live && !held.playing && !shown(&model).held);
    shown_mut(&mut model).trace.end_ns = 5_000 * MS;
    playback::recorded(&mut model);
    assert_eq!((shown(&model).cursor.at_ns, shown(&model).is_behind()), (held.at_ns, true));
    assert!(press(&mut model, KeyCode::Char(' ')).is_empty() && shown(&model).cursor.playing);
    press(&mut model, KeyCode::End);
    assert_eq!((shown(&model).cursor.live, shown(&model).cursor.at_ns), (true, 5_000 * MS));
    // A step never lets a poll through: there is no gate.
    assert!(press(&mut model, KeyCode::Char('.')).is_empty());
}

#[test]
fn without_a_program_each_key_does_nothing_or_says_so() {
    let mut model = opened();
    for pane in Pane::ALL {
        model.focus_on(pane);
        for code in
            (' '..='~').map(KeyCode::Char).chain([KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End, KeyCode::Tab])
        {
            for effect in press(&mut model, code) {
                assert!(matches!(effect, Effect::KeepLayout(_)), "{code:?} in {pane:?}: {effect:?}");
            }
            (model.mode, model.quit) = (crate::app::mode::Mode::Browse, false);
            model.focus_on(pane);
        }
    }
    assert!(model.run.is_none());
}

#[test]
fn what_refers_to_a_task_survives_the_loss_of_earlier_history() {
    let mut model = live();
    let old = trace(0, &[("main", 0), ("worker", 1), ("worker", 1), ("gone", 2), ("late", 1_500)]);
    shown_mut(&mut model).trace = trace(1_000, &[("main", 0), ("worker", 1), ("late", 1_500), ("new", 1_600)]);
    (model.timeline.selected, model.session.jumps) = (Some(4), vec![3, 0]);
    let mut folds = Folds::default();
    folds.toggle(&old, 1);
    model.session.folds = folds;
    model.bookmarks = vec![500 * MS, 1_000 * MS, 1_700 * MS];
    shown_mut(&mut model).cursor.at_ns = 900 * MS;
    shortened(&mut model, &old);
    assert_eq!((model.timeline.selected, &model.session.jumps[..]), (Some(2), &[0][..]));
    assert_eq!(model.bookmarks, [1_000 * MS, 1_700 * MS]);
    assert_eq!(shown(&model).cursor.at_ns, 1_000 * MS);
    model.session.folds.grow(&model.run.as_ref().expect("a program").trace);
    assert!(model.session.folds.below(1).is_some(), "the worker is folded again");
    model.timeline.selected = Some(3);
    shortened(&mut model, &old);
    assert_eq!(model.timeline.selected, None, "it has ended before");
}

#[test]
fn a_source_is_asked_for_once_and_its_names_reach_the_trace() {
    use std::sync::Arc;
    let mut model = live();
    let place: Arc<facts::site::Place> = Arc::new(trace::Place { file: "src/main.rs".into(), line: 3 });
    shown_mut(&mut model).trace.tasks[0].spawned_at = Some(facts::event::CallLine::Told(place));
    model.timeline.selected = Some(0);
    let files = wanted(&mut model);
    assert_eq!(files.iter().map(|file| &**file).collect::<Vec<_>>(), ["src/main.rs"]);
    assert!(wanted(&mut model).is_empty());
    let names = Arc::new(crate::source::read("src/main.rs".to_owned(), "fn f() {}"));
    read(&mut model, files[0].clone(), Source::Text { text: "fn f() {}", names, newer: false });
    assert_eq!(shown(&model).trace.names().len(), 1);
}

#[test]
fn the_time_of_day_is_local_and_wraps() {
    let mut model = live();
    let current = model.programs.as_mut().and_then(|programs| programs.current.as_mut()).expect("a program");
    for (east_s, at_s, expected) in
        [(0, 0, "01:00:00"), (7_200, 61, "03:01:01"), (-7_200, 0, "23:00:00"), (0, 86_400, "01:00:00")]
    {
        current.east_s = east_s;
        assert_eq!(current.time_of_day(at_s * 1_000_000_000), expected);
    }
}
