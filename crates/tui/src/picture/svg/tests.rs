use std::collections::HashSet;

use proptest::prelude::*;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use roxmltree::{Document, Node};

use super::*;
use crate::app::model::Theme;
use crate::picture::canvas::Canvas;
use crate::picture::{svg, svg_of_screen};
use crate::ui::tests::model;

const HOSTILE: [&str; 9] = [
    "</text></svg><script>alert(1)</script>",
    "]]>&amp;&lt;\"'<!-- -->",
    "\x1b[2J\x07\0\r\n\t\x0b\x0c",
    "\u{9b}31m\u{202e}\u{2066}\u{feff}",
    "\u{fffe}\u{ffff}\u{10ffff}",
    "日本語日本語日本語",
    "e\u{301}e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "שלום مرحبا",
    "👩‍👩‍👧‍👦 👍🏽 🇩🇪",
];

fn inks() -> Inks {
    Inks::of(Theme::plain(true, true))
}

fn drawing_of(frame: &Buffer) -> String {
    drawing(frame, inks(), &("title".into(), "description".into()))
}

/// A row with these texts at these columns.
fn row(texts: &[(u16, &str)]) -> Buffer {
    let mut frame = Buffer::empty(Rect::new(0, 0, 40, 1));
    for (column, text) in texts {
        frame.set_string(*column, 0, text, Style::new());
    }
    frame
}

fn number(node: Node<'_, '_>, name: &str) -> Option<u32> {
    node.attribute(name)?.parse().ok()
}

/// Each text with its first column, and the cells that it says it has.
fn texts(picture: &str) -> Vec<(u32, u32, String)> {
    let document = Document::parse(picture).expect("it is XML");
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    let place = |node: Node<'_, '_>| {
        let cells = number(node, "textLength").map_or(1, |length| length / CELL.0);
        (number(node, "x").expect("a place") / CELL.0, cells, node.text().unwrap_or_default().to_owned())
    };
    texts.map(place).collect()
}

#[test]
fn texts_of_any_origin_are_xml_without_elements_of_their_own() {
    for text in HOSTILE {
        let mut model = model(text);
        for picture in [svg_of_screen(&model, (120, 40)), svg(&mut model, None, 0..=100_000_000)] {
            let document = Document::parse(&picture).unwrap_or_else(|error| panic!("{text:?}: {error}\n{picture}"));
            let names: HashSet<_> =
                document.descendants().filter(Node::is_element).map(|node| node.tag_name().name().to_owned()).collect();
            let own = ["svg", "title", "desc", "style", "path", "text"].map(str::to_owned);
            assert!(names.is_subset(&HashSet::from(own)), "{text:?}: {names:?}");
            let hidden = picture.chars().find(|c| *c != '\n' && crate::text::is_hidden(*c));
            assert_eq!(hidden, None, "{text:?}");
        }
    }
}

#[test]
fn a_screen_has_about_twenty_kilobytes() {
    let bytes = svg_of_screen(&model("request 17"), (120, 40)).len();
    assert!(bytes < 30_000, "{bytes}");
}

#[test]
fn columns_stay_straight_after_wide_and_combining_characters() {
    let found = texts(&drawing_of(&row(&[(0, "日本 ab"), (10, "e\u{301}x"), (15, "a…b ☃c")])));
    let expected =
        [(0, 2, "日"), (2, 2, "本"), (5, 2, "ab"), (10, 1, "e\u{301}"), (11, 1, "x"), (15, 3, "a…b"), (19, 1, "☃"), (20, 1, "c")];
    assert_eq!(found, expected.map(|(column, cells, text)| (column, cells, text.to_owned())));
}

#[test]
fn words_are_one_text_and_a_gap_ends_it() {
    assert_eq!(texts(&drawing_of(&row(&[(2, "two words  apart ")]))), [(2, 9, "two words".into()), (13, 5, "apart".into())]);
    assert_eq!(
        texts(&drawing_of(&row(&[(0, "a · b"), (10, "····"), (20, "━━ x")]))),
        [(0, 5, "a · b".into()), (23, 1, "x".into())]
    );
}

#[test]
fn a_control_character_in_a_cell_is_no_space() {
    let mut frame = row(&[(4, "! a")]);
    frame[(5, 0)].set_symbol("\t");
    let found = texts(&drawing_of(&frame));
    assert_eq!(found, [(4, 1, "!".into()), (5, 1, "\u{fffd}".into()), (6, 1, "a".into())]);
}

#[test]
fn colours_and_faces_are_classes_of_this_picture_only() {
    let mut frame = row(&[]);
    frame.set_string(0, 0, "plain", Style::new());
    frame.set_string(10, 0, "loud", Style::new().fg(Color::Red).bold().underlined());
    let picture = drawing_of(&frame);
    let document = Document::parse(&picture).expect("it is XML");
    let own = document.root_element().attribute("class").expect("a class");
    let style = document.descendants().find(|node| node.has_tag_name("style")).and_then(|node| node.text()).expect("a style");
    assert!(style.split('}').filter(|rule| !rule.is_empty()).all(|rule| rule.starts_with(&format!(".{own} "))), "{style}");
    let loud = document.descendants().filter(|node| node.has_tag_name("text")).nth(1).and_then(|node| node.attribute("class"));
    let loud = loud.expect("a class");
    assert!(loud.ends_with(" B U"), "{loud}");
    let ink = loud.split(' ').next().expect("a colour");
    assert!(style.contains(&format!(".{own} .{ink}{{color:#f0524f}}")), "{style}");
}

/// A text after it was written and read.
fn read_back(text: &str) -> String {
    let written = format!("<a>{}</a>", Escaped(text));
    let document = Document::parse(&written).expect("it is XML");
    document.root_element().text().unwrap_or_default().to_owned()
}

/// What may be in a cell.
fn symbol() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(" ".to_owned()),
        4 => "[ -~]",
        2 => "[─-╿]",
        2 => "[▀-▟]",
        1 => "[·≈✓✗⊘∞▼↓]",
        1 => Just("日".to_owned()),
        1 => "[\u{0}-\u{10ffff}]",
        1 => "[a-z][\u{300}-\u{310}]{1,3}",
    ]
}

proptest! {
    #[test]
    fn each_character_is_in_its_column(symbols in prop::collection::vec((symbol(), 0_u8..8), 60)) {
        let mut frame = Buffer::empty(Rect::new(0, 0, 20, 3));
        for (cell, (symbol, colour)) in frame.content.iter_mut().zip(&symbols) {
            cell.set_symbol(symbol).set_fg(Color::Indexed(*colour)).set_bg(Color::Indexed(colour / 4));
        }
        let picture = drawing_of(&frame);
        let document = Document::parse(&picture).expect("it is XML");
        for node in document.descendants().filter(|node| node.has_tag_name("text")) {
            let (x, y) = (number(node, "x").expect("a place"), number(node, "y").expect("a place"));
            let (column, line) = ((x / CELL.0) as u16, (y / CELL.1) as u16);
            let length = number(node, "textLength").unwrap_or(CELL.0);
            // Only a wide character in the last column is wider than the rest of the row.
            prop_assert!(x + length <= 20 * CELL.0 + CELL.0);
            let text = node.text().unwrap_or_default();
            let first = frame[(column, line)].symbol();
            prop_assert!(text.starts_with(&read_back(first)), "{text:?} at {column}, {line}: {first:?}");
            if text.is_ascii() {
                prop_assert_eq!(text.len() as u32 * CELL.0, length);
                for (more, c) in text.chars().enumerate() {
                    prop_assert_eq!(frame[(column + more as u16, line)].symbol(), c.to_string());
                }
            }
        }
    }
}

#[test]
fn a_picture_of_any_size_is_drawn() {
    let mut model = model("request");
    for size in [(1, 1), (20, 6), (60, 16), (500, 200)] {
        let picture = svg(&mut model, Some(size), 0..=100_000_000);
        let document = Document::parse(&picture).expect("it is XML");
        let view = format!("0 0 {} {}", u32::from(size.0) * CELL.0, u32::from(size.1) * CELL.1);
        assert_eq!(document.root_element().attribute("viewBox"), Some(view.as_str()));
    }
}

#[test]
fn a_screen_is_drawn_as_it_is() {
    let model = model("request");
    let (frame, _) = Canvas::new((120, 40)).draw(&model, ui::draw);
    let header: String = (0..120).map(|x| frame[(x, 0)].symbol()).collect();
    let all: String = texts(&svg_of_screen(&model, (120, 40))).into_iter().map(|(_, _, text)| text + " ").collect();
    assert!(header.contains("00:00.050 / 00:00.100") && all.contains("00:00.050 / 00:00.100"), "{header}\n{all}");
    assert!(all.contains("Scenarios") && all.contains("commands") && all.contains("1 finding (e)"), "{all}");
}

#[test]
fn a_picture_of_the_lanes_offers_no_key() {
    let picture = svg(&mut model("request"), None, 0..=100_000_000);
    let all: String = texts(&picture).into_iter().map(|(_, _, text)| text + " ").collect();
    assert!(all.contains("1 finding ") && !all.contains("(e)") && !all.contains("Scenarios"), "{all}");
    assert!(all.contains("check failed") && all.contains("async-playground run semaphore"), "{all}");
}
