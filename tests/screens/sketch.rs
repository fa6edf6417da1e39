//! A sketch on the screen: built for the first time, broken, and ended.

use engine::sketch::{Exit, Problem, Spot};
use insta::assert_snapshot;
use scenario::{Group, Scenario};
use tui::app::model::{Form, Model, Pane, Theme};
use tui::app::sketch::view::{Building, SketchView, Trouble};

use crate::fixture::{CATALOGUE, empty, model};
use crate::paint::{frame, styled, text};
use crate::screen;

const ID: &str = "mine/";

/// The model with a sketch in it, whose trace is that of the semaphore.
fn sketch(mut model: Model, trouble: Trouble, building: Option<Building>) -> Model {
    let sketch = Scenario { id: ID, group: Group::Sketches, path: "src/scenario.rs", ..CATALOGUE[2] };
    let all: Vec<Scenario> = std::iter::once(sketch).chain(CATALOGUE.iter().copied()).collect();
    model.catalogue = all.leak();
    model.form = Form { seed: 7, ..Form::new(&model.catalogue[0]) };
    if let Some(run) = &mut model.run {
        run.spec.scenario = &model.catalogue[0];
    }
    model.list.row = 0;
    model.focus = Pane::Timeline;
    let view = SketchView::new(ID, "/home/me/mine".into());
    model.sketch = Some(SketchView { trouble, building, row: 1, ..view });
    model
}

fn broken() -> Model {
    let spot = |file: &str, line, column| Some(Spot { file: file.to_owned(), line, column });
    let problems = vec![
        Problem { place: spot("src/scenario.rs", 164, 22), text: "E0425: cannot find value `each` in this scope".to_owned() },
        Problem {
            place: spot("src/scenario.rs", 170, 5),
            text: "E0308: `?` operator has incompatible types; expected `u8`, found `SemaphorePermit<'_>`".to_owned(),
        },
        Problem { place: None, text: "linking with `cc` failed: exit status: 1".to_owned() },
    ];
    sketch(model(3_500), Trouble::Broken(problems), None)
}

#[test]
fn errors_are_where_the_lanes_were() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        assert_snapshot!(format!("sketch_broken_{width}x{height}"), screen(&broken(), width, height));
    }
}

#[test]
fn the_lanes_are_dimmed_behind_errors_also_without_colours_and_in_ascii() {
    let mut model = broken();
    model.options.theme = Theme::plain(false, true);
    assert_snapshot!("sketch_broken_mono_80x24", styled(&frame(&model, 80, 24).0));
    model.options.theme = Theme::plain(false, false);
    assert!(text(&frame(&model, 120, 40).0).is_ascii(), "a glyph beyond ASCII was drawn");
}

#[test]
fn an_exit_is_below_the_lanes_with_the_last_words() {
    let output = vec!["starting".to_owned(), "no configuration: giving up".to_owned()];
    let exit = Exit { how: "exited with code 3".to_owned(), output };
    assert_snapshot!("sketch_ended_120x40", screen(&sketch(model(1_250), Trouble::Ended(exit), None), 120, 40));
}

#[test]
fn the_first_build_says_how_long_it_takes() {
    let building = Some(Building { seconds: 42, crates: 118 });
    assert_snapshot!("sketch_building_120x40", screen(&sketch(empty(), Trouble::None, building), 120, 40));
}

#[test]
fn trouble_fits_any_area() {
    for width in (1..=120).step_by(7) {
        for height in 1..=40 {
            let _ = frame(&broken(), width, height);
        }
    }
}
