//! Exporting from the screen.

use std::io;
use std::path::Path;

use crossterm::event::KeyCode;

use super::{exported, not_exported};
use crate::app::effect::Effect;
use crate::app::input::keymap;
use crate::app::mode::Prompt;
use crate::app::model::Model;
use crate::app::testing::*;
use crate::app::update::update;
use engine::SaveError;
use export::Format;

fn prompt(model: &Model) -> (&str, Option<&str>) {
    let Prompt { text, error, .. } = model.mode.prompt().expect("a file is asked for");
    (text.text(), error.as_deref())
}

/// The form, the file and whether it is overwritten, of what Enter asks the shell for.
fn enter(model: &mut Model) -> Option<(Format, String, bool)> {
    let effects = update(model, keymap::key(model, KeyCode::Enter.into())?);
    let [Effect::Export { path, format, force }] = &effects[..] else { return None };
    Some((*format, path.display().to_string(), *force))
}

#[test]
fn the_ending_of_the_name_is_the_form_and_tab_changes_it() {
    let mut model = played();
    press(&mut model, KeyCode::Char('E'));
    let mut offered = Vec::new();
    for _ in 0..6 {
        offered.push(prompt(&model).0.to_owned());
        press(&mut model, KeyCode::Tab);
    }
    let expected = ["first-0.html", "first-0.svg", "first-0.pftrace", "first-0.cast", "first-0.json", "first-0.html"];
    assert_eq!(offered, expected);
    assert_eq!(enter(&mut model), Some((Format::Svg, "first-0.svg".to_owned(), false)));
    exported(&mut model, Format::Svg, Path::new("/tmp/first-0.svg"));
    assert_eq!((notice(&model), model.mode.prompt()), ("a picture, path copied: /tmp/first-0.svg", None));
}

#[test]
fn a_name_without_a_form_says_which_there_are_and_is_kept() {
    let mut model = played();
    press(&mut model, KeyCode::Char('E'));
    keys(&mut model, "x");
    assert_eq!(enter(&mut model), None);
    assert_eq!(prompt(&model), ("first-0.htmlx", Some("end the name with one of .html .svg .pftrace .cast .json")));
    // Tab adds a form to a name that has none.
    press(&mut model, KeyCode::Tab);
    assert_eq!(prompt(&model), ("first-0.htmlx.html", None));
}

#[test]
fn a_file_that_exists_is_overwritten_only_at_the_second_enter() {
    let mut model = played();
    press(&mut model, KeyCode::Char('E'));
    not_exported(&mut model, &SaveError::Exists);
    assert_eq!(prompt(&model), ("first-0.html", Some("file exists: Enter again overwrites it")));
    assert_eq!(enter(&mut model), Some((Format::Html, "first-0.html".to_owned(), true)));
    press(&mut model, KeyCode::Tab);
    assert_eq!(enter(&mut model), Some((Format::Svg, "first-0.svg".to_owned(), false)), "of another file nothing was said");
    not_exported(&mut model, &SaveError::Io(io::ErrorKind::PermissionDenied.into()));
    assert_eq!(prompt(&model), ("first-0.svg", Some("cannot be written: permission denied")));
}

#[test]
fn without_a_run_there_is_nothing_to_export() {
    let mut model = opened();
    press(&mut model, KeyCode::Char('E'));
    assert_eq!(model.mode.prompt(), None);
    assert!(!notice(&model).is_empty());
}
