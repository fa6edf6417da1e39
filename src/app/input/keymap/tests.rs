use std::collections::HashMap;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::*;
use crate::app::input::action::{Landmark, Move, Stride, TextKey};
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
        // What has no key is found in the palette, which lists what a pane has.
        let listed = Pane::ALL.into_iter().any(|pane| binding.scope.covers(Context::Pane(pane)));
        assert!((!binding.keys.is_empty() || listed) && binding.help.ends_with('.'), "{:?}", binding.action);
    }
}

#[test]
fn the_same_key_does_what_the_focused_pane_is_for() {
    let table = [
        (Pane::Scenarios, KeyCode::Enter, Some(Action::Pick)),
        (Pane::Scenarios, KeyCode::Left, None),
        (Pane::Scenarios, KeyCode::Char('7'), Some(Action::Focus(Pane::Task))),
        (Pane::Parameters, KeyCode::Left, Some(Action::Turn(-1))),
        (Pane::Parameters, KeyCode::Char('l'), Some(Action::Turn(1))),
        (Pane::Parameters, KeyCode::Enter, Some(Action::Edit)),
        (Pane::Parameters, KeyCode::Char('7'), Some(Action::Type('7'))),
        (Pane::Parameters, KeyCode::Backspace, Some(Action::Reset)),
        (Pane::Timeline, KeyCode::Left, Some(Action::Pan(-1))),
        (Pane::Timeline, KeyCode::End, Some(Action::Follow)),
        (Pane::Timeline, KeyCode::Char('w'), Some(Action::ZoomIn)),
        (Pane::Timeline, KeyCode::Char('s'), Some(Action::ZoomOut)),
        (Pane::Timeline, KeyCode::Char('a'), Some(Action::Pan(-1))),
        (Pane::Timeline, KeyCode::Char('d'), Some(Action::Pan(1))),
        (Pane::Parameters, KeyCode::Char('d'), Some(Action::Reset)),
        (Pane::Timeline, KeyCode::Char('G'), Some(Action::Move(Move::Last))),
        (Pane::Timeline, KeyCode::Enter, Some(Action::FullScreen)),
        (Pane::Timeline, KeyCode::Char('/'), Some(Action::Filter)),
        (Pane::Timeline, KeyCode::Char('\\'), Some(Action::ClearFilter)),
        (Pane::Log, KeyCode::Char('/'), Some(Action::Find)),
        (Pane::Metrics, KeyCode::Down, Some(Action::Move(Move::Down))),
        (Pane::Log, KeyCode::End, Some(Action::Move(Move::Last))),
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
        (KeyCode::Char('X'), Action::Stop),
        (KeyCode::Char('c'), Action::SwitchClock),
        (KeyCode::Char('{'), Action::Slower),
        (KeyCode::Char('}'), Action::Faster),
        (KeyCode::Char('+'), Action::ZoomIn),
        (KeyCode::Char('-'), Action::ZoomOut),
        (KeyCode::Char('F'), Action::Fit),
        (KeyCode::Char('n'), Action::Step(Stride::Poll)),
        (KeyCode::Char('N'), Action::Step(Stride::PollBack)),
        (KeyCode::Char('.'), Action::Step(Stride::Task)),
        (KeyCode::Char(','), Action::Step(Stride::TaskBack)),
        (KeyCode::Char('T'), Action::TypeTime),
        (KeyCode::Char('L'), Action::ToLive),
        (KeyCode::Char('m'), Action::Bookmark),
        (KeyCode::Char('x'), Action::Jump(Landmark::Failure)),
        (KeyCode::Char('y'), Action::Share),
        (KeyCode::Char('t'), Action::NextTab),
        (KeyCode::Char('V'), Action::LogLevel),
        (KeyCode::Char('v'), Action::MarkRange),
        (KeyCode::Char('p'), Action::CriticalPath),
        (KeyCode::Char('O'), Action::Order),
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
    let mut editing = model();
    editing.mode = Mode::Edit(TextField::default());
    let mut timing = model();
    timing.mode = Mode::Prompt(Prompt { what: Wanted::Time, text: TextField::default(), error: None });
    for model in [&searching, &editing, &timing] {
        for c in ['q', 'r', '?', '/', '7', ' ', 'é'] {
            assert_eq!(press(model, KeyCode::Char(c)), Some(Action::Type(c)));
        }
        assert_eq!(press(model, KeyCode::Backspace), Some(Action::Text(TextKey::Backspace)));
        assert_eq!(press(model, KeyCode::Esc), Some(Action::Close));
        assert_eq!(paste(model, "3".to_owned()), Some(Action::Paste("3".to_owned())));
    }
    assert_eq!(press(&searching, KeyCode::Enter), Some(Action::Pick));
    assert_eq!(press(&editing, KeyCode::Enter), Some(Action::Commit));
    assert_eq!(press(&timing, KeyCode::Enter), Some(Action::GoToTime));
    assert_eq!(paste(&model(), "q".to_owned()), None);
}

#[test]
fn the_help_takes_the_keys_while_it_is_open() {
    let mut model = model();
    model.mode = Mode::Overlay(Overlay::Help { pane: Pane::Parameters, top: 0 });
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
    helping.mode = Mode::Overlay(Overlay::Help { pane: Pane::Code, top: 0 });
    for model in [model(), searching, helping] {
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
fn the_footer_says_first_what_the_pane_is_for() {
    let mut model = model();
    model.focus = Pane::Parameters;
    let shown = hints(&model);
    assert_eq!(shown[0], ("←→".to_owned(), "tune"));
    let labels: Vec<_> = shown.iter().map(|(_, label)| *label).collect();
    for label in ["start", "help", "quit", "pane", "restart"] {
        assert!(labels.contains(&label), "{label} of {labels:?}");
    }
    model.options.theme.unicode = false;
    assert_eq!(hints(&model)[0].0, "Left/Right");
    assert!(hints(&model).iter().all(|(keys, label)| keys.is_ascii() && label.is_ascii()));
}

#[test]
fn the_help_lists_the_panes_own_keys_first_and_every_key_that_works() {
    let bindings = Bindings::default();
    for pane in Pane::ALL {
        let lines = help_lines(&bindings, pane, false);
        let keys: Vec<_> =
            lines.iter().filter_map(|line| if let HelpLine::Keys { keys, .. } = line { Some(keys) } else { None }).collect();
        let works = bindings.within(Context::Pane(pane)).count();
        assert_eq!(keys.len(), works, "{pane:?}");
        assert!(keys.iter().all(|keys| keys.is_ascii()));
    }
    assert_eq!(help_lines(&bindings, Pane::Timeline, true)[0], HelpLine::Heading("Timeline"));
}
