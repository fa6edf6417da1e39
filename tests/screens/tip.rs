//! The description of what is under the pointer, in place of the footer.

use ratatui::layout::Position;
use tui::app::input::action::Action;
use tui::app::model::{GroupBy, Model};
use tui::app::timeline::{hover, viewport};
use tui::app::update;

use super::fixture::model;
use super::paint::frame;
use super::screen;

/// The model with the pointer over a visible lane, by its number, and a column of the lanes.
fn over(lane: u16, column: u16) -> Model {
    let mut model = model(1_250);
    let (_, areas) = frame(&model, 120, 40);
    viewport::laid_out(&mut model, areas);
    let lanes = model.areas.lanes;
    let tip = hover::under(&model, Position::new(lanes.x + column, lanes.y + lane));
    update::update(&mut model, Action::Hover(tip));
    model
}

fn footer(model: &Model) -> String {
    screen(model, 120, 40).lines().last().unwrap_or_default().trim().to_owned()
}

#[test]
fn the_footer_tells_who_what_and_since_when() {
    assert_eq!(footer(&over(1, 3)), "request 0  ▁ waiting 500 ms, 00:00.000 – 00:00.500  for other");
    assert_eq!(footer(&over(18, 6)), "request 17  ▁ waiting 1.25 s, 00:00.000 – now  for other");
    let mut ascii = over(1, 3);
    ascii.options.theme.unicode = false;
    assert_eq!(footer(&ascii), "request 0  _ waiting 500 ms, 00:00.000 to 00:00.500  for other");
}

#[test]
fn beside_the_lanes_and_after_the_cursor_it_has_the_keys() {
    for model in [over(1, 50), over(39, 3)] {
        assert!(footer(&model).contains("q quit"), "{}", footer(&model));
    }
}

/// The model with grouped tasks, and the pointer over that row and column of the groups.
fn over_group(by: GroupBy, row: u16, column: u16) -> Model {
    let mut model = model(1_250);
    model.timeline.grouping.by = Some(by);
    let (_, areas) = frame(&model, 120, 40);
    viewport::laid_out(&mut model, areas);
    let lanes = model.areas.lanes;
    let tip = hover::under(&model, Position::new(lanes.x + column, lanes.y + row));
    update::update(&mut model, Action::Hover(tip));
    model
}

#[test]
fn over_a_group_it_has_how_many_do_what() {
    let requests = "request #  00:00.276 – 00:00.368  on average 20 alive  ▁ 20 other  0 polls";
    assert_eq!(footer(&over_group(GroupBy::Name, 2, 3)), requests);
    assert_eq!(footer(&over_group(GroupBy::State, 0, 3)), "running  00:00.308 – 00:00.411  █ 0 running  0 polls");
}
