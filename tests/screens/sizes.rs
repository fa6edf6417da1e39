//! Any size of the screen or of a pane, down to nothing, draws without an error.

use ratatui::layout::Rect;
use tui::app::input::text_field::TextField;
use tui::app::mode::Question;
use tui::app::model::{CodeTab, FieldError, Mode, Overlay, Pane};
use tui::ui::{self, Cache};

use super::fixture::{empty, model};
use super::paint::{drawn, text};

#[test]
fn no_size_is_a_fault() {
    let mut cache = Cache::default();
    let layers = [
        Overlay::Help { pane: Pane::Timeline, marks: false, top: 5 },
        Overlay::Help { pane: Pane::Timeline, marks: true, top: 5 },
        Overlay::Why { task: None, top: 0 },
        Overlay::Findings { row: 0 },
        Overlay::Range { row: 0 },
        Overlay::Resources { top: 3 },
        Overlay::Arrange { row: 6 },
    ];
    for mode in layers.map(Mode::Overlay).into_iter().chain([Mode::Browse, Mode::Ask(Question::Restart)]) {
        let mut model = model(1_250);
        model.mode = mode;
        let small = (0..=40).flat_map(|width| (0..=20).map(move |height| (width, height)));
        let edges = [(60, 16), (61, 17), (75, 31), (76, 16), (77, 33), (109, 31), (110, 16), (111, 32), (300, 100)];
        for (width, height) in small.chain(edges) {
            let (buf, _) = drawn(width, height, &mut cache, |frame, cache| ui::draw(frame, &model, cache));
            assert_eq!((buf.area.width, buf.area.height), (width, height));
        }
    }
}

#[test]
fn no_pane_draws_outside_its_area_however_small() {
    let mut cache = Cache::default();
    let mut with_error = model(1_250);
    with_error.form.error = Some(FieldError { row: 1, reason: "0 is out of range: 1 to 1000 permits".into() });
    with_error.code.tab = CodeTab::Lesson;
    with_error.list.search = TextField::new("e");
    with_error.mode = Mode::Search;
    for model in [Box::new(model(1_250)), Box::new(model(3_500)), Box::new(empty()), Box::new(with_error)] {
        for pane in Pane::ALL {
            for (width, height) in (0..=30).flat_map(|width| (0..=12).map(move |height| (width, height))) {
                let area = Rect::new(2, 1, width, height);
                let (buf, _) = drawn(34, 14, &mut cache, |frame, cache| ui::draw_pane(frame, &model, pane, area, cache));
                for y in 0..14 {
                    for x in 0..34 {
                        let inside = area.contains((x, y).into());
                        assert!(inside || buf[(x, y)].symbol() == " ", "{pane:?} of {area} draws at {x}, {y}:\n{}", text(&buf));
                    }
                }
            }
        }
    }
}
