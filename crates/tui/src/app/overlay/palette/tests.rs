use scenario::{Kind, Value};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::effect::Effect;
use crate::app::form::fields::Form;
use crate::app::input::action::Action;
use crate::app::input::keymap;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::overlay::palette::{self, What};
use crate::app::panes::Pane;
use crate::app::testing::*;
use crate::app::update::update;

fn type_text(model: &mut Model, text: &str) {
    for c in text.chars() {
        press(model, KeyCode::Char(c));
    }
}

fn first(model: &Model, query: &str) -> What {
    let found = palette::found(model, query);
    found.into_iter().next().unwrap_or_else(|| panic!("nothing is called {query}")).what
}

/// Models with the real catalogue: at the start of a session, and with a run on screen.
fn real() -> [Model; 2] {
    let mut run = Model::new(scenarios::CATALOGUE, options(), None);
    run.run = played().run;
    [Model::new(scenarios::CATALOGUE, options(), None), run]
}

#[test]
fn the_first_hit_is_what_was_meant() {
    let table = [
        ("rewind", "rewind"),
        ("theme", "theme"),
        ("lesson", "lesson"),
        ("pause", "pause"),
        ("export", "export"),
        ("html", "export"),
        ("save", "save as"),
        ("deadlock", "run deadlock"),
        ("critical path", "critical path"),
        ("group", "group"),
        ("filter", "filter"),
        ("quit", "quit"),
        ("speed", "speed up"),
        ("step", "step"),
        ("why", "why"),
        ("semaphore", "run semaphore"),
        ("find", "find"),
        // Synonyms, parts, abbreviations and typos.
        ("python", "asyncio"),
        ("undo", "undo view"),
        ("zoom", "zoom in"),
        ("Zoom Out", "zoom out"),
        ("bottleneck", "critical path"),
        ("faster", "speed up"),
        ("exit", "quit"),
        ("sort", "order"),
        ("next fail", "next failure"),
        ("deadl", "run deadlock"),
        ("run sema", "run semaphore"),
        ("herd", "run thundering-herd"),
        ("contention", "run lock-contention"),
        ("semaphroe", "run semaphore"),
        ("restrat", "restart"),
    ];
    for mut model in real() {
        for pane in Pane::ALL {
            model.focus = pane;
            for (query, name) in table {
                let found = palette::found(&model, query);
                assert_eq!(found.first().map(|command| command.name.as_str()), Some(name), "{query} in {pane:?}");
            }
        }
    }
}

#[test]
fn a_word_that_is_none_finds_nothing() {
    let none = [
        "xyzzy",
        "banana",
        "foo",
        "asdf",
        "teapot",
        "weather",
        "docker",
        "blah",
        "qqq",
        "rwx",
        "kubernetes",
        "42",
        "hello",
        "cat",
        "ddlk",
        "smphr",
        "tt",
        "email",
        "printer",
        "commit",
    ];
    for model in real() {
        for word in none {
            let found: Vec<String> = palette::found(&model, word).into_iter().map(|command| command.name).collect();
            assert_eq!(found, [""; 0], "{word}");
        }
    }
}

#[test]
fn every_action_of_the_table_that_a_pane_has_is_in_it_and_once() {
    let model = played();
    let found = palette::found(&model, "");
    for binding in model.bindings.iter() {
        let pane = Pane::ALL.into_iter().any(|pane| binding.scope.covers(crate::app::input::bindings::Context::Pane(pane)));
        let skipped = matches!(binding.action, Action::Move(_) | Action::Palette | Action::Close);
        let count = found.iter().filter(|command| matches!(&command.what, What::Do(action, _) if *action == binding.action));
        // In the task pane, a step is a step of that task.
        let only_there = binding.scope == crate::app::input::bindings::Scope::Panes(&[Pane::Task]);
        assert!(!pane || skipped || only_there || count.count() == 1, "{}", binding.name);
    }
    assert_eq!(found.iter().filter(|command| matches!(command.what, What::Run(_))).count(), CATALOGUE.len());
}

#[test]
fn nothing_typed_lists_what_a_new_user_looks_for() {
    let mut model = played();
    for pane in Pane::ALL {
        model.focus = pane;
        let names: Vec<String> =
            palette::found(&model, "").into_iter().take(palette::FIRST.len()).map(|command| command.name).collect();
        assert_eq!(names, palette::FIRST, "{pane:?}");
    }
}

#[test]
fn a_parameter_is_found_by_name_and_a_choice_is_set_and_run() {
    let mut model = played();
    (model.form, model.focus, model.run) = (Form::new(&scenarios::sequential::SCENARIO), Pane::Timeline, None);
    let (row, param) =
        (0..).zip(model.form.scenario.params).find(|(_, param)| matches!(param.kind, Kind::Choice(_))).expect("it has a choice");
    let Kind::Choice(choices) = param.kind else { unreachable!() };
    let number = model.form.scenario.params[0].name;
    assert_eq!(first(&model, number), What::Set(0));
    let other = choices
        .iter()
        .copied()
        .find(|choice| model.form.values.get(param) != Value::Choice(choice))
        .expect("there are two choices");
    assert_eq!(first(&model, other), What::Choose(row, Value::Choice(other)));
    assert!(palette::found(&model, param.name).iter().filter(|command| matches!(command.what, What::Choose(..))).count() >= 2);
    type_text(&mut model, &format!(":{other}"));
    let effects = update(&mut model, Action::RunCommand);
    assert!(matches!(effects.as_slice(), [Effect::Start(spec)] if spec.values.get(param) == Value::Choice(other)), "{effects:?}");
    let count = model.form.scenario.params[0].name;
    for query in [format!("{count}=7"), format!("{count} 7"), format!("set {count} 7")] {
        assert_eq!(first(&model, &query), What::Choose(0, Value::Number(7)), "{query}");
    }
    assert!(palette::found(&model, &format!("{count}=many")).is_empty());
    model.replay = true;
    assert!(palette::found(&model, other).iter().all(|command| !matches!(command.what, What::Choose(..))));
}

#[test]
fn enter_does_what_is_under_the_cursor_as_its_key_would() {
    let mut model = played();
    model.focus = Pane::Timeline;
    let cell = model.timeline.cell_ns;
    type_text(&mut model, ":zoom in");
    assert_eq!(model.timeline.cell_ns, cell, "letters are text");
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.mode.overlay().is_none(), model.timeline.cell_ns), (true, cell / 2));
    press(&mut model, KeyCode::Char('u'));
    assert_eq!(model.timeline.cell_ns, cell, "what it did can be taken back");

    type_text(&mut model, ":run second");
    assert_eq!(press(&mut model, KeyCode::Enter)[0].scenario.id, "second");
    assert_eq!(model.form.scenario.id, "second");

    type_text(&mut model, ":quit");
    press(&mut model, KeyCode::Enter);
    assert!(model.quit);
}

#[test]
fn a_command_of_another_pane_takes_the_focus_there() {
    let mut model = played();
    type_text(&mut model, ":turn up ten");
    let before = model.form.values.clone();
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.focus, Pane::Parameters);
    assert_ne!(model.form.values, before);
}

#[test]
fn its_cursor_stays_on_what_was_found_and_esc_closes_it() {
    let mut model = played();
    let row = |model: &Model| if let Mode::Overlay(Overlay::Palette { row, .. }) = model.mode { Some(row) } else { None };
    type_text(&mut model, ":zoom");
    let last = palette::found(&model, "zoom").len() - 1;
    for (code, expected) in [(KeyCode::Up, 0), (KeyCode::Down, 1), (KeyCode::PageDown, last), (KeyCode::Down, last)] {
        press(&mut model, code);
        assert_eq!(row(&model), Some(expected), "{code:?}");
    }
    press(&mut model, KeyCode::Backspace);
    assert_eq!(row(&model), Some(0), "another query begins at the best");
    type_text(&mut model, "xyzzy");
    press(&mut model, KeyCode::Enter);
    assert_eq!(row(&model), Some(0), "nothing to do");
    press(&mut model, KeyCode::Esc);
    assert!(model.mode.overlay().is_none());
}

#[test]
fn what_is_typed_has_a_bound_and_the_keys_after_it_still_do_what_they_do() {
    let mut model = played();
    press(&mut model, KeyCode::Char(':'));
    type_text(&mut model, &"é".repeat(crate::app::input::text_field::MOST));
    let Mode::Overlay(Overlay::Palette { text, .. }) = &model.mode else { panic!("the palette is open") };
    assert_eq!(text.text().len(), crate::app::input::text_field::MOST);
    assert!(model.notice.as_ref().is_some_and(|notice| notice.error), "the user sees a notice");
    press(&mut model, KeyCode::Backspace);
    let effects = update(&mut model, Action::Paste("more\nand more".into()));
    assert!(effects.is_empty() && model.notice.is_some());
    let quit = keymap::key(&model, KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)).expect("it has a key");
    drop(update(&mut model, quit));
    assert!(model.quit);
}

#[test]
fn in_the_form_no_digit_is_a_key() {
    let mut model = played();
    let keys = |model: &Model| palette::found(model, "rewind").swap_remove(0).keys;
    model.focus = Pane::Timeline;
    assert_eq!(keys(&model), "0 Home");
    model.focus = Pane::Parameters;
    assert_eq!(keys(&model), "Home");
}
