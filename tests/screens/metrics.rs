//! The metrics on the full screen: charts with their scales, histograms, and the meaning of the selected figure.

use insta::assert_snapshot;
use tui::app::input::action::{Action, Move};
use tui::app::model::{Model, Pane};
use tui::app::timeline::viewport;
use tui::app::update::update;

use super::fixture::model;
use super::paint::frame;
use super::screen;

fn full(at_ms: u64) -> Model {
    let mut model = model(at_ms);
    model.focus = Pane::Metrics;
    model.full = Some(Pane::Metrics);
    model
}

#[test]
fn they_fill_the_screen_at_each_size() {
    assert_snapshot!("full_80x24", screen(&full(2_600), 80, 24));
    assert_snapshot!("full_120x40", screen(&full(2_600), 120, 40));
    assert_snapshot!("full_200x60", screen(&full(3_500), 200, 60));
}

#[test]
fn the_foot_says_what_a_bad_value_of_the_picked_figure_means() {
    let mut model = full(2_600);
    assert!(screen(&model, 120, 40).contains("If the number keeps growing, limit how many"));
    let (_, areas) = frame(&model, 120, 40);
    viewport::laid_out(&mut model, areas);
    update(&mut model, Action::Move(Move::Down));
    assert!(screen(&model, 120, 40).contains("Many without progress: spurious wakes"));
}
