//! The colours of the themes, above all Okabe-Ito.

use std::collections::HashSet;

use insta::assert_snapshot;
use tui::app::colors::{Colors, Theme};
use tui::app::model::{Mode, Model, Overlay, Pane};

use super::fixture::model;
use super::paint::{frame, styled};
use super::screen;

fn painted() -> Model {
    let mut model = model(1_250);
    model.options.theme = Theme { colors: Some(Colors::OKABE_ITO), unicode: true };
    model
}

#[test]
fn it_says_what_the_other_themes_say() {
    let mut model = painted();
    assert_snapshot!("okabe_ito_80x24", styled(&frame(&model, 80, 24).0));
    let coloured = screen(&model, 120, 40);
    model.options.theme.colors = None;
    assert_eq!(coloured, screen(&model, 120, 40));
}

#[test]
fn the_legend_shows_each_state_in_its_colour() {
    let mut model = painted();
    model.mode = Mode::Overlay(Overlay::Help { pane: Pane::Timeline, marks: true, top: 1_000 });
    assert_snapshot!("okabe_ito_legend_100x30", styled(&frame(&model, 100, 30).0));
}

#[test]
fn no_two_states_of_a_lane_have_one_colour() {
    for colors in [Colors::OKABE_ITO, Colors::LIGHT, Colors::PROJECTOR, Colors::ANSI] {
        let Colors { running, ready, time, lock, channel, io, other, .. } = colors;
        assert_eq!(HashSet::from([running, ready, time, lock, channel, io, other]).len(), 7);
    }
}
