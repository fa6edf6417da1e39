//! The command palette over the panes.

use insta::assert_snapshot;
use tui::app::input::text_field::TextField;
use tui::app::model::{Mode, Model, Overlay, Pane, Theme};

use super::fixture::model;
use super::paint::{frame, styled, text};
use super::screen;

fn searching(query: &str, row: usize) -> Model {
    let mut model = model(1_250);
    model.focus = Pane::Timeline;
    model.mode = Mode::Overlay(Overlay::Palette { text: TextField::new(query), row });
    model
}

#[test]
fn an_empty_line_lists_what_the_pane_is_for_first() {
    assert_snapshot!("palette_120x40", screen(&searching("", 0), 120, 40));
    assert_snapshot!("palette_60x16", screen(&searching("", 20), 60, 16));
}

#[test]
fn what_was_found_has_its_name_what_it_does_and_its_keys() {
    assert_snapshot!("palette_zoom_colour_80x24", styled(&frame(&searching("zoom", 1), 80, 24).0));
    let mut model = searching("zoom", 1);
    model.options.theme = Theme::plain(false, false);
    let (buf, _) = frame(&model, 80, 24);
    assert!(text(&buf).is_ascii());
    assert_snapshot!("palette_zoom_ascii_mono_80x24", styled(&buf));
}

#[test]
fn what_is_not_there_is_said() {
    assert!(screen(&searching("xyzzy", 0), 80, 24).contains("no such command"));
}

#[test]
fn no_size_is_too_small_for_it() {
    for (width, height) in (60..=64).flat_map(|width| (16..=20).map(move |height| (width, height))) {
        assert!(screen(&searching("zo", 3), width, height).contains("Commands"));
    }
}
