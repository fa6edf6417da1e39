use std::collections::HashMap;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::*;
use crate::app::input::action::{Move, Stride, TextKey};
use crate::app::input::bindings::Scope;
use crate::app::input::text_field::TextField;
use crate::app::model::{Options, Prompt, Theme, Wanted};

fn model() -> Model {
    let theme = Theme::plain(true, true);
    let options = Options { theme, mouse: true, reduced_motion: false, console: None, limit: Duration::from_secs(60) };
    Model::new(scenarios::CATALOGUE, options, None)
}

fn press(model: &Model, code: KeyCode) -> Option<Action> {
    key(model, KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn no_key_means_two_things_in_one_context() {
    for context in Context::ALL {
        let mut seen: HashMap<Key, &Action> = HashMap::new();
        for binding in Bindings::default().within(context) {
            for key in binding.keys.iter() {
                let other = seen.insert(*key, &binding.action);
                assert_eq!(other, None, "{key:?} in {context:?} is both this and {:?}", binding.action);
            }
        }
    }
}

#[test]
fn every_binding_can_be_reached_and_is_explained() {
    for binding in Bindings::default().iter() {
        assert!(Context::ALL.into_iter().any(|context| binding.scope.covers(context)), "{:?}", binding.action);
        // An action without a key is in the palette, which also lists the panes' actions.
        let found = !binding.keys.is_empty() || matches!(binding.scope, Scope::Panes(_));
        let words = binding.help.split_whitespace().count();
        assert!(found && binding.help.ends_with('.') && words <= 9, "{:?}: {}", binding.action, binding.help);
    }
}

#[test]
fn the_same_key_does_what_the_focused_pane_is_for() {
    let table = [
        (Pane::Scenarios, KeyCode::Enter, Some(Action::Pick)),
        (Pane::Scenarios, KeyCode::Left, Some(Action::Step(Stride::CellBack))),
        (Pane::Scenarios, KeyCode::Char('7'), None),
        (Pane::Parameters, KeyCode::Left, Some(Action::Turn(-1))),
        (Pane::Parameters, KeyCode::Char('l'), Some(Action::Turn(1))),
        (Pane::Parameters, KeyCode::Enter, Some(Action::Edit)),
        (Pane::Parameters, KeyCode::Char('7'), Some(Action::Type('7'))),
        (Pane::Parameters, KeyCode::Backspace, Some(Action::Reset)),
        (Pane::Parameters, KeyCode::Char('0'), Some(Action::Type('0'))),
        (Pane::Timeline, KeyCode::Left, Some(Action::Step(Stride::CellBack))),
        (Pane::Timeline, KeyCode::Char('l'), Some(Action::Step(Stride::Cell))),
        (Pane::Timeline, KeyCode::End, Some(Action::ToLive)),
        (Pane::Timeline, KeyCode::Char('w'), Some(Action::ZoomIn)),
        (Pane::Timeline, KeyCode::Char('s'), Some(Action::ZoomOut)),
        (Pane::Timeline, KeyCode::Char('a'), Some(Action::Pan(-1))),
        (Pane::Timeline, KeyCode::Char('d'), Some(Action::Pan(1))),
        (Pane::Parameters, KeyCode::Char('d'), Some(Action::Reset)),
        (Pane::Timeline, KeyCode::Char('G'), Some(Action::Move(Move::Last))),
        (Pane::Timeline, KeyCode::Enter, Some(Action::FullScreen)),
        (Pane::Timeline, KeyCode::Char('/'), Some(Action::Find)),
        (Pane::Log, KeyCode::Char('/'), Some(Action::Find)),
        (Pane::Metrics, KeyCode::Down, Some(Action::Move(Move::Down))),
        (Pane::Log, KeyCode::Char('G'), Some(Action::Move(Move::Last))),
        (Pane::Log, KeyCode::End, Some(Action::ToLive)),
        (Pane::Log, KeyCode::Char('.'), Some(Action::Step(Stride::Poll))),
        (Pane::Task, KeyCode::Char('.'), Some(Action::Step(Stride::Task))),
        (Pane::Task, KeyCode::Char(','), Some(Action::Step(Stride::TaskBack))),
        (Pane::Code, KeyCode::Right, Some(Action::NextTab)),
        (Pane::Task, KeyCode::Char('j'), Some(Action::Move(Move::Down))),
    ];
    let mut model = model();
    for (pane, code, expected) in table {
        model.focus = pane;
        assert_eq!(press(&model, code), expected, "{code:?} in {pane:?}");
    }
}

#[test]
fn the_keys_of_the_whole_program_work_in_every_pane() {
    let table = [
        (KeyCode::Char(' '), Action::PauseOrGo),
        (KeyCode::Char('r'), Action::Restart),
        (KeyCode::Char('{'), Action::Slower),
        (KeyCode::Char('}'), Action::Faster),
        (KeyCode::Char('+'), Action::ZoomIn),
        (KeyCode::Char('-'), Action::ZoomOut),
        (KeyCode::Char('f'), Action::FitSelection),
        (KeyCode::Char('n'), Action::Match { on: true }),
        (KeyCode::Char('N'), Action::Match { on: false }),
        (KeyCode::Char('>'), Action::Step(Stride::Task)),
        (KeyCode::Char('<'), Action::Step(Stride::TaskBack)),
        (KeyCode::Char('T'), Action::TypeTime),
        (KeyCode::Char('$'), Action::ToLive),
        (KeyCode::Home, Action::ToStart),
        (KeyCode::Char('p'), Action::Problem { on: true }),
        (KeyCode::Char('P'), Action::Problem { on: false }),
        (KeyCode::Char('e'), Action::Explain(ExplainTab::Why)),
        (KeyCode::Char('o'), Action::Arrange),
        (KeyCode::Char('/'), Action::Find),
        (KeyCode::Char('t'), Action::NextTab),
        (KeyCode::Char('v'), Action::MarkRange),
        (KeyCode::Char('z'), Action::FullScreen),
        (KeyCode::Char('?'), Action::Help),
        (KeyCode::Char('q'), Action::Quit),
        (KeyCode::Tab, Action::FocusNext),
        (KeyCode::BackTab, Action::FocusPrevious),
        (KeyCode::Esc, Action::Close),
    ];
    let mut model = model();
    for pane in Pane::ALL {
        model.focus = pane;
        for (code, expected) in &table {
            assert_eq!(press(&model, *code).as_ref(), Some(expected), "{code:?} in {pane:?}");
        }
    }
}

#[test]
fn letters_are_text_while_text_is_typed() {
    let mut searching = model();
    searching.mode = Mode::Search;
    let mut finding = model();
    finding.mode = Mode::Prompt(Prompt { what: Wanted::Search(Pane::Log), text: TextField::default(), error: None });
    let mut timing = model();
    timing.mode = Mode::Prompt(Prompt { what: Wanted::Time, text: TextField::default(), error: None });
    for model in [&searching, &finding, &timing] {
        for c in ['q', 'r', '?', '/', '7', ' ', 'é'] {
            assert_eq!(press(model, KeyCode::Char(c)), Some(Action::Type(c)));
        }
        assert_eq!(press(model, KeyCode::Backspace), Some(Action::Text(TextKey::Backspace)));
        assert_eq!(press(model, KeyCode::Esc), Some(Action::Close));
        assert_eq!(paste(model, "3".to_owned()), Some(Action::Paste("3".to_owned())));
    }
    assert_eq!(press(&searching, KeyCode::Enter), Some(Action::Pick));
    assert_eq!(press(&finding, KeyCode::Enter), Some(Action::TakeSearch));
    assert_eq!(press(&timing, KeyCode::Enter), Some(Action::GoToTime));
    assert_eq!(paste(&model(), "q".to_owned()), None);
}

#[test]
fn a_number_takes_digits_and_every_other_key_does_what_it_does_outside() {
    let mut editing = model();
    editing.focus = Pane::Parameters;
    editing.mode = Mode::Edit(TextField::default());
    let table = [
        (KeyCode::Char('7'), Action::Type('7')),
        (KeyCode::Char('0'), Action::Type('0')),
        (KeyCode::Char('z'), Action::FullScreen),
        (KeyCode::Char('t'), Action::NextTab),
        (KeyCode::Char(' '), Action::PauseOrGo),
        (KeyCode::Char('q'), Action::Quit),
        (KeyCode::Left, Action::Turn(-1)),
        (KeyCode::Down, Action::Move(Move::Down)),
        (KeyCode::Tab, Action::FocusNext),
        (KeyCode::Home, Action::ToStart),
        (KeyCode::Enter, Action::Commit),
        (KeyCode::Esc, Action::Close),
        (KeyCode::Backspace, Action::Text(TextKey::Backspace)),
    ];
    for (code, action) in table {
        assert_eq!(press(&editing, code), Some(action), "{code:?}");
    }
    assert_eq!(paste(&editing, "3".to_owned()), Some(Action::Paste("3".to_owned())));
    // A choice accepts no digits.
    let mut choosing = model();
    choosing.focus = Pane::Parameters;
    choosing.form.row = choosing.form.scenario.params.len();
    assert_eq!(press(&choosing, KeyCode::Char('7')), None);
    assert_eq!(press(&choosing, KeyCode::Char('0')), Some(Action::ToStart));
}

#[test]
fn shift_is_told_apart_for_arrows_and_pages_have_four_keys() {
    let mut model = model();
    model.focus = Pane::Timeline;
    let with = |code, modifiers| key(&model, KeyEvent::new(code, modifiers));
    assert_eq!(with(KeyCode::Left, KeyModifiers::SHIFT), Some(Action::Pan(-1)));
    assert_eq!(with(KeyCode::Right, KeyModifiers::SHIFT), Some(Action::Pan(1)));
    for (c, step) in [('d', Move::PageDown), ('f', Move::PageDown), ('u', Move::PageUp), ('b', Move::PageUp)] {
        assert_eq!(with(KeyCode::Char(c), KeyModifiers::CONTROL), Some(Action::Move(step)), "Ctrl-{c}");
    }
}

#[test]
fn the_help_takes_the_keys_while_it_is_open() {
    let mut model = model();
    model.mode = Mode::Overlay(Overlay::Help { pane: Pane::Parameters, marks: false, top: 0 });
    assert_eq!(press(&model, KeyCode::Char('?')), Some(Action::Close));
    assert_eq!(press(&model, KeyCode::Char('j')), Some(Action::Move(Move::Down)));
    assert_eq!(press(&model, KeyCode::Char('q')), Some(Action::Quit));
    assert_eq!(press(&model, KeyCode::Char('r')), None);
    assert_eq!(press(&model, KeyCode::Char('5')), None);
}

#[test]
fn ctrl_c_quits_from_anywhere_and_ctrl_z_suspends() {
    let mut searching = model();
    searching.mode = Mode::Search;
    let mut helping = model();
    helping.mode = Mode::Overlay(Overlay::Help { pane: Pane::Code, marks: false, top: 0 });
    for model in [Box::new(model()), Box::new(searching), Box::new(helping)] {
        let ctrl = |c| key(&model, KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
        assert_eq!(ctrl('c'), Some(Action::Quit));
        assert_eq!(ctrl('C'), Some(Action::Quit));
        assert_eq!(ctrl('z'), Some(Action::Suspend));
        assert_eq!(ctrl('q'), None);
    }
}

#[test]
fn releases_and_alt_do_nothing_and_shift_is_in_the_character() {
    let model = model();
    let quit = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    assert_eq!(key(&model, KeyEvent { kind: KeyEventKind::Release, ..quit }), None);
    assert_eq!(key(&model, KeyEvent { kind: KeyEventKind::Repeat, ..quit }), Some(Action::Quit));
    assert_eq!(key(&model, KeyEvent { modifiers: KeyModifiers::ALT, ..quit }), None);
    assert_eq!(key(&model, KeyEvent::new(KeyCode::Char('?'), KeyModifiers::SHIFT)), Some(Action::Help));
    assert_eq!(key(&model, KeyEvent::new(KeyCode::Tab, KeyModifiers::SHIFT)), Some(Action::FocusPrevious));
}

#[test]
fn the_help_lists_the_panes_own_keys_first_and_every_key_that_works() {
    let bindings = Bindings::default();
    for pane in Pane::ALL {
        let lines = help_lines(&bindings, pane, false);
        let keys: Vec<_> =
            lines.iter().filter_map(|line| if let HelpLine::Keys { keys, .. } = line { Some(keys) } else { None }).collect();
        let works = bindings.within(Context::Pane(pane)).filter(|binding| !binding.keys.is_empty()).count();
        assert_eq!(keys.len(), works, "{pane:?}");
        assert!(keys.iter().all(|keys| keys.is_ascii()));
    }
    assert_eq!(help_lines(&bindings, Pane::Timeline, true)[0], HelpLine::Heading("Timeline"));
}
