//! A run on the whole screen as a recording of asciinema, version 2: a line for what it is, then a line for each event.
//!
//! An event is what a terminal is sent to show the next frame: the cells that changed. The stops of the story are markers.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use crossterm::cursor;
use crossterm::queue;
use crossterm::style::{self, Attribute};
use crossterm::terminal::{Clear, ClearType};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::inks::{Inks, Rgb, SIXTEEN};
use super::schedule::{self, Moment};
use super::{Film, play};
use crate::app::colors::ThemeName;
use crate::app::model::Model;
use crate::json;
use crate::ui;
use engine::story::{self, Told};

/// Plays the run.
pub(super) fn of(model: &mut Model, film: &Film) -> io::Result<Vec<u8>> {
    // The theme decides about colours, and not NO_COLOR.
    style::force_color_output(true);
    play::settle(model);
    let stops = stops(model);
    let times: Vec<u64> = stops.iter().map(|told| told.at_ns).collect();
    let moments = schedule::moments(&film.range_ns, film.speed, &times);
    let mut events = header(model, film)?;
    let (columns, rows) = film.size;
    let (mut canvas, mut shown) = (Canvas::new(film.size), Buffer::empty(Rect::new(0, 0, columns, rows)));
    let mut told = stops.iter().filter(|told| film.range_ns.contains(&told.at_ns)).peekable();
    for (place, moment) in moments.iter().enumerate() {
        play::to(model, moment.at_ns);
        let next = canvas.fit(model, ui::draw);
        let mut bytes = Vec::new();
        if place == 0 {
            queue!(bytes, cursor::Hide, Clear(ClearType::All))?;
        }
        CrosstermBackend::new(&mut bytes).draw(shown.diff_iter(&next))?;
        if place + 1 == moments.len() {
            queue!(bytes, style::SetAttribute(Attribute::Reset), cursor::MoveTo(0, rows - 1), cursor::Show)?;
        }
        if place == 0 || place + 1 == moments.len() || shown != next {
            event(&mut events, *moment, 'o', &String::from_utf8_lossy(&bytes))?;
        }
        shown = next;
        // After the frame: a player that pauses at a marker shows it.
        while let Some(stop) = told.next_if(|told| told.at_ns <= moment.at_ns) {
            event(&mut events, *moment, 'm', &ui::plain(&stop.says))?;
        }
    }
    Ok(events.into_bytes())
}

/// The stops of the story, in order.
fn stops(model: &Model) -> Vec<Told> {
    let Some(run) = model.run.as_ref().filter(|_| model.programs.is_none()) else { return Vec::new() };
    story::story(&run.spec, &run.trace, run.report.as_ref())
}

/// The first line.
fn header(model: &Model, film: &Film) -> io::Result<String> {
    let (columns, rows) = film.size;
    let title = json::to_string(&ui::described(model).0)?;
    let theme = match model.options.theme.name() {
        // These are drawn in the colours of the player's own theme.
        ThemeName::Ansi | ThemeName::Mono => String::new(),
        ThemeName::OkabeIto | ThemeName::Light | ThemeName::Projector => {
            let inks = Inks::of(model.options.theme);
            let palette = SIXTEEN.map(Rgb::long).join(":");
            format!(
                ",\"theme\":{{\"fg\":\"{}\",\"bg\":\"{}\",\"palette\":\"{palette}\"}}",
                inks.text.long(),
                inks.background.long()
            )
        }
    };
    let env = "{\"TERM\":\"xterm-256color\"}";
    Ok(format!("{{\"version\":2,\"width\":{columns},\"height\":{rows},\"title\":{title},\"env\":{env}{theme}}}\n"))
}

/// Adds an event. Its time has as many digits as it needs.
fn event(events: &mut String, moment: Moment, kind: char, text: &str) -> io::Result<()> {
    let text = json::to_string(&text)?;
    // Writing to a string does not fail.
    _ = writeln!(events, "[{}, \"{kind}\", {text}]", seconds(moment.shown));
    Ok(())
}

fn seconds(time: Duration) -> String {
    let text = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;
    use crate::ui::tests::model;

    #[test]
    fn texts_of_any_origin_leave_each_event_on_its_line() {
        for hostile in ["\"]\n[0,\"o\",\"\x1b[2J", "\\\u{2028}\u{9b}\x07", "日本\u{202e}"] {
            let film = Film { size: (120, 40), range_ns: 0..=100_000_000, speed: 1.0 };
            let bytes = of(&mut model(hostile), &film).expect("it is memory");
            let film = String::from_utf8(bytes).expect("it is UTF-8");
            let mut lines = film.lines();
            assert!(lines.next().is_some_and(|first| first.starts_with("{\"version\":2,") && first.ends_with('}')));
            for line in lines {
                assert!(line.starts_with('[') && line.ends_with("\"]"), "{line}");
                assert_eq!(line.chars().find(|c| text::is_hidden(*c)), None, "{line}");
            }
        }
    }

    #[test]
    fn times_have_the_digits_that_they_need() {
        assert_eq!(seconds(Duration::ZERO), "0");
        assert_eq!(seconds(Duration::from_millis(34)), "0.034");
        assert_eq!(seconds(Duration::from_nanos(12_000_000_001)), "12.000000001");
        assert_eq!(seconds(Duration::from_secs(100)), "100");
    }

    #[test]
    fn a_frame_in_which_nothing_changes_is_left_out() {
        // A hundred milliseconds in a hundred seconds: some frames differ in nothing that is on screen.
        let film = Film { size: (80, 24), range_ns: 0..=100_000_000, speed: 0.001 };
        let all = schedule::moments(&film.range_ns, film.speed, &[]).len();
        let film = String::from_utf8(of(&mut model("request"), &film).expect("it is memory")).expect("it is UTF-8");
        let frames = film.lines().filter(|line| line.contains("\"o\"")).count();
        assert!((100..all).contains(&frames), "{frames} of {all}");
        assert!(film.lines().last().is_some_and(|last| last.starts_with("[100, ")));
    }
}
