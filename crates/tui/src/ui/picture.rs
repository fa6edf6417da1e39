//! The lanes of a run as a picture: what a page needs, without what only a screen can do.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::highlight::Cache;
use super::panes::outcome;
use super::pen::Pen;
use super::theme::Look;
use super::{borders, contents, format, header, prose, view};
use crate::app::model::{Areas, Model, Pane};
use crate::app::sketch::shown;
use crate::text;

/// From this height on, the lesson and the command have a row each.
const TOLD: u16 = 14;

/// Draws the header, the lesson, the lanes with quantities, legend and outcome, and the command that repeats the run.
pub(crate) fn draw(frame: &mut Frame<'_>, model: &Model, cache: &mut Cache) -> Areas {
    cache.begin_frame();
    let look = Look::new(model.options.theme);
    let screen = frame.area();
    let mut areas = Areas { screen, ..Areas::default() };
    let told = u16::from(screen.height >= TOLD && model.programs.is_none());
    let row = |y: u16| Rect { y, height: 1, ..screen };
    let lanes = Rect { y: 1 + told, height: screen.height.saturating_sub(1 + 2 * told), ..screen };
    let buf = frame.buffer_mut();
    header::render(buf, look, row(0), model);
    if told > 0 {
        Pen::new(buf, look, row(1), 0).space(1).put(model.form.scenario.lesson, look.text());
        let line = model.run.as_ref().map(|run| shown::share(model, &run.spec.share()));
        Pen::new(buf, look, row(screen.height - 1), 0).space(1).put(line.as_ref().map_or("", |[line, _]| line), look.dim());
    }
    borders(buf, look, &[(Pane::Timeline, lanes)], model.focus);
    contents(Pane::Timeline, frame, model, lanes, cache, &mut areas);
    areas.panes = vec![(Pane::Timeline, lanes)];
    look.paint(frame.buffer_mut());
    areas
}

/// What is on screen, for people who cannot see it: a title, and some sentences.
pub(crate) fn described(model: &Model) -> (String, String) {
    let look = Look::new(model.options.theme);
    let program = model.programs.as_ref().and_then(|programs| programs.current.as_ref());
    let title = match program {
        Some(current) => format!("{}, process {}", text::name(&current.program.name), current.program.pid),
        None if model.programs.is_some() => "async-playground".to_owned(),
        None => format!("{}: {}", model.form.scenario.id, model.form.scenario.lesson),
    };
    let Some(run) = &model.run else { return (title, model.nothing_yet().to_owned()) };
    let mut sentences = Vec::new();
    if program.is_none() {
        sentences.push(format!("Made by: {}.", text::message(&shown::share(model, &run.spec.share())[0])));
    }
    let tasks = format::counted(view::spawned(&run.trace, run.cursor.at_ns) as u64, "task");
    sentences.push(format!("{tasks} in {}.", format::span(look, run.cursor.at_ns.saturating_sub(run.trace.since_ns))));
    let stuck = run.stall.as_ref().filter(|(since_ns, _)| *since_ns <= run.cursor.at_ns);
    let ending = outcome::headline(look, run).map(|(_, text, _)| if text.is_empty() { "ended well".into() } else { text });
    let outcome = match (ending, stuck) {
        (None, None) => return (title, sentences.join(" ")),
        (Some(ending), None) => ending,
        (Some(ending), Some((_, stall))) => format!("{ending}: {}", stall.text),
        (None, Some((_, stall))) => stall.text.clone(),
    };
    sentences.push(format!("Outcome: {}.", text::message(&outcome)));
    (title, sentences.join(" "))
}

/// Prose without its marks for strong words and for code, on one line.
pub(crate) fn plain(prose: &str) -> String {
    let lines = prose::layout(prose, text::LINE);
    text::message(&lines.iter().map(prose::text).collect::<Vec<_>>().join(" "))
}
