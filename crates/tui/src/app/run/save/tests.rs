//! Saving a recording from the screen.

use std::io;
use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::at_home;
use crate::app::effect::Effect;
use crate::app::input::keymap;
use crate::app::mode::Prompt;
use crate::app::model::Model;
use crate::app::run::save::{saved, unsaved};
use crate::app::testing::*;
use crate::app::update::update;
use engine::SaveError;

fn prompt(model: &Model) -> (&str, Option<&str>) {
    let Prompt { text, error, .. } = model.mode.prompt().expect("a file is asked for");
    (text.text(), error.as_deref())
}

/// The path that the effects of Enter save to, and whether they overwrite.
fn enter(model: &mut Model) -> Option<(String, bool)> {
    let effects = update(model, keymap::key(model, KeyCode::Enter.into())?);
    let [Effect::Save { path, force }] = &effects[..] else { return None };
    Some((path.display().to_string(), *force))
}

fn save_as(model: &mut Model) {
    assert!(command(model, "save-as").is_empty());
}

#[test]
fn a_file_is_proposed_and_taken_and_told() {
    let mut model = played();
    save_as(&mut model);
    assert_eq!(prompt(&model), ("first-0.rec", None));
    keys(&mut model, "2");
    assert_eq!(enter(&mut model), Some(("first-0.rec2".into(), false)));
    assert_eq!(prompt(&model), ("first-0.rec2", None), "until it is known what came of it");
    saved(&mut model, Path::new("first-0.rec2"));
    assert_eq!((notice(&model), model.mode.prompt()), ("saved: async-playground replay first-0.rec2", None));
}

#[test]
fn a_file_that_exists_is_overwritten_only_when_it_is_said_twice() {
    let mut model = played();
    save_as(&mut model);
    assert_eq!(enter(&mut model), Some(("first-0.rec".into(), false)));
    unsaved(&mut model, &SaveError::Exists);
    assert_eq!(prompt(&model), ("first-0.rec", Some("file exists: Enter again overwrites it")));
    // Of another file nothing was said.
    keys(&mut model, "x");
    assert_eq!(enter(&mut model), Some(("first-0.recx".into(), false)));
    unsaved(&mut model, &SaveError::Exists);
    assert_eq!(enter(&mut model), Some(("first-0.recx".into(), true)));
}

#[test]
fn what_cannot_be_saved_is_told_where_it_was_typed() {
    let mut model = played();
    save_as(&mut model);
    unsaved(&mut model, &SaveError::Io(io::ErrorKind::PermissionDenied.into()));
    assert_eq!(prompt(&model), ("first-0.rec", Some("cannot be written: permission denied")));
    let clear = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
    let action = keymap::key(&model, clear).expect("Ctrl-U is bound");
    update(&mut model, action);
    assert_eq!((enter(&mut model), prompt(&model)), (None, ("", Some("enter a file name"))));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.mode.prompt(), None);
}

#[test]
fn there_is_nothing_to_save_without_a_run_or_of_a_recording() {
    let mut model = opened();
    save_as(&mut model);
    assert_eq!((notice(&model), model.mode.prompt()), ("no run to save", None));
    let mut model = played();
    model.replay = true;
    save_as(&mut model);
    assert_eq!((notice(&model), model.mode.prompt()), ("this run is already a recording", None));
}

#[test]
fn home_is_where_a_shell_has_it() {
    let home = || Some(PathBuf::from("/home/me"));
    for (typed, path) in [("~/a.rec", "/home/me/a.rec"), ("a.rec", "a.rec"), ("~me/a.rec", "~me/a.rec"), ("a~/b", "a~/b")] {
        assert_eq!(at_home(typed, home()), PathBuf::from(path));
    }
    assert_eq!(at_home("~/a.rec", None), PathBuf::from("~/a.rec"));
}
