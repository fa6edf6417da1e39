//! The hunt: how far it has come, and the runs that were found.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use crate::app::overlay::hunted::HuntView;
use crate::text;
use crate::ui::overlays::explain;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, words};
use engine::hunt::{Cut, Found};

/// The cells before the text of an open run.
const MARGIN: usize = 4;

/// Draws the hunt with one found run open, and returns how many rows it has and how many are visible.
pub(crate) fn render(buf: &mut Buffer, look: Look, screen: Rect, hunt: Option<&HuntView>, open: usize) -> (usize, u16) {
    let area = explain::place(screen);
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    let Some(hunt) = hunt else { return (0, 0) };
    let state = if hunt.over { "over" } else { "hunting" };
    chrome::title(buf, look, area, true, &format!("Hunt: {}", hunt.spec.scenario.id), state);
    let inside = chrome::inside(area);
    let cells = usize::from(inside.width).saturating_sub(2);
    let mut rows: Vec<(&str, String, Style)> =
        format::wrap(&progress(hunt), cells).into_iter().map(|line| ("", line, look.text())).collect();
    let open = open.min(hunt.found.len().saturating_sub(1));
    let mut opened = 0..0;
    for (i, found) in hunt.found.iter().enumerate() {
        let from = rows.len();
        let style = if i == open { look.warn() } else { look.text() };
        let mark = if i == open { look.glyphs.pointer } else { "" };
        rows.push((mark, format::fit(look, &head(look, found), cells).into_owned(), style));
        if i == open {
            let body = body(look, found).into_iter();
            let lines = body.flat_map(|line| format::wrap(&line, cells.saturating_sub(MARGIN)));
            rows.extend(lines.map(|line| ("", format!("{:MARGIN$}{line}", ""), look.text())));
            opened = from..rows.len();
        }
    }
    if hunt.found.is_empty() {
        rows.extend(format::wrap(nothing(hunt), cells).into_iter().map(|line| ("", line, look.dim())));
    }
    let shown = usize::from(inside.height);
    // The open run is visible in full, or at least its heading.
    let top = opened.end.saturating_sub(shown).min(opened.start);
    for (y, (mark, text, style)) in (0..inside.height).zip(&rows[top..]) {
        Pen::new(buf, look, inside, y).left(mark, 1, look.strong()).space(1).put(text, *style);
    }
    chrome::scroll_bar(buf, look, area, top, shown, rows.len());
    (rows.len(), inside.height)
}

/// How far it has come.
fn progress(hunt: &HuntView) -> String {
    let progress = &hunt.progress;
    let seconds = progress.elapsed.as_secs_f64();
    let speed = if seconds > 0.0 { (progress.runs as f64 / seconds) as u64 } else { 0 };
    let too_long = match progress.too_long {
        0 => String::new(),
        runs => format!(", {} stopped because it took too long", format::counted(runs, "run")),
    };
    format!(
        "{}, {} different, {} a second{too_long}",
        format::counted(progress.runs, "run"),
        format::count(progress.different),
        format::count(speed)
    )
}

/// Where the run is repeated from, and its kind.
fn head(look: Look, found: &Found) -> String {
    let between = format!(" {} ", look.glyphs.between);
    let cuts = match found.cuts.len() {
        0 => "Tokio's own order".to_owned(),
        n => format!("{}, schedule {}", format::counted(n as u64, "preemption"), found.spec.schedule),
    };
    [text::message(&found.kind), format!("seed {}", found.spec.seed), cuts].join(&between)
}

/// What happened, and where polls were cut.
fn body(look: Look, found: &Found) -> Vec<String> {
    let cuts = found.cuts.iter().map(|cut| cut_off(look, cut));
    let what = (found.what != found.kind).then(|| words::shortened(&text::message(&found.what)));
    cuts.chain(what).collect()
}

fn cut_off(look: Look, Cut { preemption, task, place }: &Cut) -> String {
    let place = place.as_ref().map_or(String::new(), |place| format!(" at {}", words::short(place)));
    let operations = format::counted(preemption.operations.into(), "operation");
    let mark = look.glyphs.preempted;
    format!("{mark} poll {}: {} is preempted{place}, after {operations}", preemption.poll, text::name(task))
}

/// Why nothing is listed.
fn nothing(hunt: &HuntView) -> &'static str {
    if hunt.over {
        "Nothing went wrong under any of these schedules."
    } else {
        "Nothing found yet. A schedule cuts polls where Tokio may cut them, so the tasks come in another order."
    }
}
