//! The tour of the catalogue: what was run, what comes next, and what each scenario builds on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};
use scenario::{Clock, Scenario};

use crate::app::model::Model;
use crate::app::overlay::path;
use crate::app::run::challenge;
use crate::app::run::prediction::Score;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;

/// The greatest width.
const WIDEST: u16 = 110;

/// From this width on, a lesson is shown beside each name.
const WIDE: u16 = 64;

/// The rows at the foot about the selected scenario, including the empty row above them.
const FOOT: u16 = 5;

/// Draws the overlay with a selected scenario, and returns how many rows it has and how many are visible.
pub(crate) fn render(buf: &mut Buffer, look: Look, screen: Rect, model: &Model, row: usize) -> (usize, u16) {
    let all = model.catalogue;
    let width = screen.width.saturating_sub(4).min(WIDEST);
    let height = screen.height.saturating_sub(2).min(all.len() as u16 + FOOT + 2);
    let area = Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height };
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    let run = all.iter().filter(|scenario| model.seen.contains(scenario.id)).count();
    let (right, made) =
        model.predict.scores.values().fold((0, 0), |(right, made), score| (right + score.right, made + score.made));
    let predicted = if made > 0 { format!(", {right} of {made} predictions right") } else { String::new() };
    chrome::title(buf, look, area, true, "Tour", &format!("{run} of {} run{predicted}{}", all.len(), challenges(model)));
    let inside = chrome::inside(area);
    let list = Rect { height: inside.height.saturating_sub(FOOT), ..inside };
    let shown = usize::from(list.height);
    let row = row.min(all.len().saturating_sub(1));
    let top = (row + 1).saturating_sub(shown);
    let next = path::next(model);
    for (y, (at, scenario)) in (0..list.height).zip(all.iter().enumerate().skip(top)) {
        let line = Rect { y: list.y + y, height: 1, ..list };
        let score = model.predict.scores.get(scenario.id).copied();
        step(
            buf,
            look,
            line,
            scenario,
            &Step { run: model.seen.contains(scenario.id), score, next: next == Some(at), here: at == row },
        );
    }
    let track = Rect { height: area.height.saturating_sub(FOOT), ..area };
    chrome::scroll_bar(buf, look, track, top, shown, all.len());
    if let Some(scenario) = all.get(row) {
        let foot = Rect { y: list.bottom(), height: inside.bottom().saturating_sub(list.bottom()), ..inside };
        detail(buf, look, foot, all, scenario, model.solved.contains(scenario.id));
    }
    (all.len(), list.height)
}

/// The state of a scenario in the tour.
struct Step {
    run: bool,
    /// The last predictions.
    score: Option<Score>,
    next: bool,
    here: bool,
}

fn step(buf: &mut Buffer, look: Look, line: Rect, scenario: &Scenario, step: &Step) {
    let style = match (step.here, step.next) {
        (true, _) => look.selected(true),
        (false, true) => look.strong(),
        (false, false) if step.run => look.dim(),
        (false, false) => look.text(),
    };
    if step.here {
        Pen::new(buf, look, line, 0).paint(style);
    }
    let plain = |other| if step.here { style } else { other };
    let mut pen = Pen::new(buf, look, line, 0);
    pen.space(1).left(if step.run { look.glyphs.lane.ends[0] } else { "" }, 1, plain(look.good())).space(1);
    pen.left(scenario.id, 18, style);
    let score = step.score.map_or_else(String::new, |score| format!("{}/{}", score.right, score.made));
    pen.space(1).left(&score, 3, plain(look.text())).space(1);
    if line.width >= WIDE {
        let note = if step.next { "next" } else { "" };
        let lesson = pen.room().saturating_sub(6);
        pen.left(scenario.lesson, lesson, plain(look.dim())).space(1).left(note, 4, plain(look.warn()));
    } else if step.next {
        pen.put("next", plain(look.warn()));
    }
}

/// How many challenges were solved; empty if none was.
fn challenges(model: &Model) -> String {
    let all = model.catalogue.iter().filter(|scenario| challenge::of(scenario).is_some()).count();
    if model.solved.is_empty() { String::new() } else { format!(", {} of {all} challenges solved", model.solved.len()) }
}

/// What the selected scenario builds on, what it leads to, which clock it needs, and its challenge.
fn detail(buf: &mut Buffer, look: Look, foot: Rect, all: &[Scenario], scenario: &Scenario, solved: bool) {
    let leads: Vec<&str> = all.iter().filter(|other| other.builds_on.contains(&scenario.id)).map(|other| other.id).collect();
    let names = |ids: &[&str]| if ids.is_empty() { "nothing".to_owned() } else { ids.join(", ") };
    let told = |buf: &mut Buffer, row: u16, title: &str, text: &str| {
        Pen::new(buf, look, foot, row).space(1).left(title, 11, look.dim()).put(text, look.text());
    };
    told(buf, 1, "builds on", &names(scenario.builds_on));
    told(buf, 2, "leads to", &names(&leads));
    let clock = if scenario.clocks.contains(&Clock::Virtual) { "virtual clock" } else { "real clock" };
    let because = if scenario.real_because.is_empty() { String::new() } else { format!(": {}", scenario.real_because) };
    let part = if scenario.clocks.contains(&Clock::Virtual) && !because.is_empty() { ", partly real" } else { "" };
    told(buf, 3, "runs on", &format::fit(look, &format!("{clock}{part}{because}"), usize::from(foot.width).saturating_sub(13)));
    if let Some(challenge) = challenge::of(scenario) {
        let polls = format::counted(challenge.most as u64, "poll");
        let state = if solved { "solved: " } else { "" };
        told(buf, 4, "challenge", &format!("{state}break it by putting off {polls} (command 'challenge')"));
    }
}
