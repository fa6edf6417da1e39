//! The readability of each theme: the contrast of every drawn cell.
//!
//! It is computed from whole screens and not from the table of colours, because a cell's two colours are known only once
//! everything is drawn: reversed rows, borders and highlighted code mix them in different ways.

use engine::Spec;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use scenarios::find;
use tui::app::colors::ThemeName;
use tui::app::input::action::Action;
use tui::app::input::text_field::TextField;
use tui::app::mode::Question;
use tui::app::model::{CodeTab, Mode, Model, Notice, Overlay, Pane, Theme};
use tui::app::panes::ExplainTab;
use tui::app::run::playback;
use tui::app::timeline::viewport;
use tui::app::update::update;

use super::fixture;
use super::paint::frame;
use super::recorded;

/// The sizes at which screens are drawn: with all panes, and with few.
const SIZES: [(u16, u16); 2] = [(120, 40), (80, 24)];
/// The contrast that WCAG 2.1 requires for text.
const ENOUGH: f64 = 4.5;
const THEMES: [ThemeName; 3] = [ThemeName::OkabeIto, ThemeName::Light, ThemeName::Projector];

/// The run of a scenario at a fraction of its time, in hundredths.
fn run(id: &str, part: u64) -> Model {
    let spec = Spec { seed: 7, ..Spec::new(find(id).expect("it is in the catalogue")) };
    let mut model = recorded::fresh(spec.clone());
    recorded::record(&mut model, spec);
    let view = model.run.as_mut().expect("it has been run");
    view.cursor.at_ns = view.trace.end_ns / 100 * part;
    view.cursor.playing = false;
    playback::recorded(&mut model);
    model.focus = Pane::Timeline;
    lay_out(&mut model);
    model
}

/// Draws until the model knows the layout.
fn lay_out(model: &mut Model) {
    while viewport::laid_out(model, frame(model, SIZES[0].0, SIZES[0].1).1) {}
}

/// Screens that together show each pane, each overlay, and runs that end well and badly.
fn models() -> Vec<(String, Model)> {
    let mut models = Vec::new();
    for (id, part) in [("semaphore", 60), ("deadlock", 100), ("rwlock", 60), ("task-group", 90), ("circuit-breaker", 75)] {
        models.push((id.to_owned(), run(id, part)));
    }
    for tab in ExplainTab::ALL {
        let mut model = run("deadlock", 100);
        update(&mut model, Action::Explain(tab));
        models.push((format!("deadlock, {tab:?}"), model));
    }
    for pane in Pane::ALL {
        let mut model = fixture::model(2_750);
        (model.focus, model.full) = (pane, Some(pane));
        models.push((format!("{pane:?} alone"), model));
    }
    for tab in CodeTab::ALL {
        let mut model = fixture::model(1_250);
        (model.focus, model.full, model.code.tab) = (Pane::Code, Some(Pane::Code), tab);
        models.push((format!("code, {tab:?}"), model));
    }
    let help = |marks, top| Overlay::Help { pane: Pane::Timeline, marks, top };
    let overlays = [
        ("help", help(false, 0)),
        ("marks", help(true, 0)),
        ("the end of the marks", help(true, 1_000)),
        ("palette", Overlay::Palette { text: TextField::default(), row: 1 }),
        ("path", Overlay::Path { row: 1 }),
        ("arrange", Overlay::Arrange { row: 1 }),
    ];
    for (name, overlay) in overlays {
        let mut model = fixture::model(1_250);
        model.focus = Pane::Timeline;
        model.mode = Mode::Overlay(overlay);
        models.push((name.to_owned(), model));
    }
    models.extend(typed());
    models
}

/// Screens on which something is typed, refused, found, asked or noticed.
fn typed() -> Vec<(String, Model)> {
    let model = |change: fn(&mut Model)| {
        let mut model = fixture::model(1_250);
        model.focus = Pane::Timeline;
        change(&mut model);
        model
    };
    let types = |model: &mut Model, text: &str| text.chars().for_each(|c| _ = update(model, Action::Type(c)));
    let mut models = vec![
        ("a notice".to_owned(), model(|model| model.notice = Some(Notice { error: false, text: "done".into() }))),
        ("an error".to_owned(), model(|model| model.notice = Some(Notice { error: true, text: "not done".into() }))),
        ("a question".to_owned(), model(|model| model.mode = Mode::Ask(Question::Restart))),
    ];
    for (what, start, text, take) in [
        ("a time", Action::TypeTime, "12x", Action::GoToTime),
        ("a filter", Action::Filter, "wait>x", Action::TakeFilter),
        ("a search", Action::Find, "request 1", Action::TakeSearch),
        ("a search of nothing", Action::Find, "nobody", Action::TakeSearch),
        ("a file", Action::SaveAs, "", Action::Save),
        ("a value", Action::Focus(Pane::Parameters), "0", Action::Commit),
    ] {
        for taken in [false, true] {
            let mut model = model(|_| {});
            update(&mut model, start.clone());
            types(&mut model, text);
            if taken {
                update(&mut model, take.clone());
            }
            models.push((format!("{what} is {}", if taken { "taken" } else { "typed" }), model));
        }
    }
    models
}

/// A screen of that size, in a theme.
fn drawn(model: &mut Model, name: ThemeName, unicode: bool, (width, height): (u16, u16)) -> Buffer {
    model.options.theme = Theme { colors: name.colors(), unicode };
    frame(model, width, height).0
}

/// The relative luminance of WCAG 2.1; `None` for a colour that the terminal chooses.
fn luminance(color: Color) -> Option<f64> {
    let Color::Rgb(red, green, blue) = color else { return None };
    let linear = |channel: u8| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue))
}

/// The contrast of a cell's two colours; `None` if the terminal chooses one of them, or may dim it.
fn contrast(cell: &Cell) -> Option<f64> {
    let (one, other) = (luminance(cell.fg)?, luminance(cell.bg)?);
    let dim = cell.modifier.contains(Modifier::DIM);
    (!dim).then_some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

#[test]
fn the_contrast_of_black_and_white_is_the_largest() {
    let mut cell = Cell::new("x");
    (cell.fg, cell.bg) = (Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255));
    assert!((contrast(&cell).expect("both are known") - 21.0).abs() < 1e-9);
    cell.fg = Color::Rgb(0x77, 0x77, 0x77);
    assert!(contrast(&cell).expect("both are known") < ENOUGH);
}

#[test]
fn every_text_and_mark_can_be_read_in_every_theme() {
    for (what, mut model) in models() {
        for (name, unicode, size) in THEMES.into_iter().flat_map(|name| [(name, true, SIZES[0]), (name, false, SIZES[1])]) {
            let buf = drawn(&mut model, name, unicode, size);
            let seen: Vec<_> = buf.content.iter().filter(|cell| !cell.symbol().trim().is_empty()).collect();
            assert!(seen.len() > 200, "{what}: the screen is empty");
            for cell in seen {
                let enough = contrast(cell).is_some_and(|contrast| contrast >= ENOUGH);
                assert!(enough, "{what}, {}: {cell:?} has a contrast of {:?}", name.name(), contrast(cell));
            }
        }
    }
}

#[test]
fn the_theme_without_colours_has_none() {
    for (what, mut model) in models() {
        let buf = drawn(&mut model, ThemeName::Mono, true, SIZES[0]);
        let plain = |cell: &Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
        assert!(buf.content.iter().all(plain), "{what}: a colour was drawn");
    }
}
