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
use super::inks::{Inks, SIXTEEN};
use super::json::Json;
use super::schedule::{self, Moment};
use super::{Film, play};
use crate::app::colors::ThemeName;
use crate::app::model::Model;
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
    let mut events = header(model, film);
    let (columns, rows) = film.size;
    let (mut canvas, mut shown) = (Canvas::new(film.size), Buffer::empty(Rect::new(0, 0, columns, rows)));
    let mut told = stops.iter().filter(|told| film.range_ns.contains(&told.at_ns)).peekable();
    for (place, moment) in moments.iter().enumerate() {
        play::to(model, moment.at_ns);
        canvas.lay_out(model, ui::draw);
        let (next, _) = canvas.draw(model, ui::draw);
        let mut bytes = Vec::new();
        if place == 0 {
            queue!(bytes, cursor::Hide, Clear(ClearType::All))?;
        }
        CrosstermBackend::new(&mut bytes).draw(shown.diff_iter(&next))?;
        if place + 1 == moments.len() {
            queue!(bytes, style::SetAttribute(Attribute::Reset), cursor::MoveTo(0, rows - 1), cursor::Show)?;
        }
        if place == 0 || place + 1 == moments.len() || shown != next {
            event(&mut events, *moment, 'o', &String::from_utf8_lossy(&bytes));
        }
        shown = next;
        // After the frame: a player that pauses at a marker shows it.
        while let Some(stop) = told.next_if(|told| told.at_ns <= moment.at_ns) {
            event(&mut events, *moment, 'm', &ui::plain(&stop.says));
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
fn header(model: &Model, film: &Film) -> String {
    let (columns, rows) = film.size;
    let title = Json(&ui::described(model).0).to_string();
    let theme = match model.options.theme.name() {
        // These are drawn in the colours of the player's own theme.
        ThemeName::Ansi | ThemeName::Mono => String::new(),
        ThemeName::OkabeIto | ThemeName::Light | ThemeName::Projector => {
            let inks = Inks::of(model.options.theme);
            let palette = SIXTEEN.map(|ink| ink.long()).join(":");
            format!(
                ",\"theme\":{{\"fg\":\"{}\",\"bg\":\"{}\",\"palette\":\"{palette}\"}}",
                inks.text.long(),
                inks.background.long()
            )
        }
    };
    let env = "{\"TERM\":\"xterm-256color\"}";
    format!("{{\"version\":2,\"width\":{columns},\"height\":{rows},\"title\":{title},\"env\":{env}{theme}}}\n")
}

/// Adds an event. Its time has as many digits as it needs.
fn event(events: &mut String, moment: Moment, kind: char, text: &str) {
    // Writing to a string does not fail.
    _ = writeln!(events, "[{}, \"{kind}\", {}]", seconds(moment.shown), Json(text));
}

fn seconds(time: Duration) -> String {
    let text = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
