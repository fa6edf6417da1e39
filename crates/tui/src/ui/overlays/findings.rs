//! The findings: what is wrong with the run, even if it ended well.
//!
//! One row each; the selected one is open and says what was seen, why it is bad and what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::model::RunView;
use crate::app::panes::ExplainTab;
use crate::ui::overlays::explain;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, words};
use engine::Detail;
use trace::Finding;

/// The cells before the text of an open finding.
const MARGIN: usize = 4;

/// The most cells of a name, so that line and time stay visible.
const NAME: usize = 24;

/// One row.
struct Row {
    mark: &'static str,
    text: String,
    style: Style,
}

/// Draws the list with one finding open, and returns how many rows it has and how many are visible.
pub(crate) fn render(buf: &mut Buffer, look: Look, screen: Rect, run: Option<&RunView>, open: usize) -> (usize, u16) {
    let area = explain::place(screen);
    let cells = usize::from(area.width).saturating_sub(4);
    let list = run.map_or(&[][..], |run| &run.found.all.list);
    let open = open.min(list.len().saturating_sub(1));
    let mut rows = Vec::new();
    let mut opened = 0..0;
    for (i, finding) in list.iter().enumerate() {
        let from = rows.len();
        rows.push(head(look, run, finding, i == open));
        if i == open {
            rows.extend(body(look, finding, cells));
            opened = from..rows.len();
        }
    }
    if rows.is_empty() {
        let nothing = format::wrap(nothing(run), cells).into_iter();
        rows.extend(nothing.map(|line| Row { mark: "", text: line, style: look.dim() }));
    }
    let inside = chrome::inside(area);
    let remark = if list.is_empty() { String::new() } else { format!("{} of {}", open + 1, list.len()) };
    explain::frame(buf, look, area, ExplainTab::Findings, &remark);
    let shown = usize::from(inside.height);
    // The open finding is visible in full, or at least its heading.
    let top = opened.end.saturating_sub(shown).min(opened.start);
    for (y, row) in (0..inside.height).zip(&rows[top..]) {
        Pen::new(buf, look, inside, y).left(row.mark, 1, look.strong()).space(1).put(&row.text, row.style);
    }
    chrome::scroll_bar(buf, look, area, top, shown, rows.len());
    (rows.len(), inside.height)
}

/// The kind, the task, the place and the time.
fn head(look: Look, run: Option<&RunView>, finding: &Finding, open: bool) -> Row {
    let between = format!(" {} ", look.glyphs.between);
    let name = finding.task.zip(run).map(|(task, run)| format::fit_name(look, &words::name(&run.trace, task), NAME).into_owned());
    let more = if finding.tasks > 1 { format!(" and {} more", finding.tasks - 1) } else { String::new() };
    let place = finding.place.as_ref().map(words::short);
    let inferred = if finding.inferred { look.glyphs.inferred } else { "" };
    let parts = [name.map(|name| name + &more), place, Some(format::moment(finding.at_ns))];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let text = format!("{} {}{inferred}{between}{}", look.glyphs.finding, finding.kind.name(), parts.join(&between));
    Row { mark: if open { look.glyphs.pointer } else { "" }, text, style: if open { look.warn() } else { look.text() } }
}

/// What was seen, and what to do.
fn body(look: Look, finding: &Finding, cells: usize) -> Vec<Row> {
    let wrapped = |text: &str, style: Style| {
        let lines = format::wrap(text, cells.saturating_sub(MARGIN)).into_iter();
        lines.map(|line| Row { mark: "", text: format!("{:MARGIN$}{line}", ""), style }).collect::<Vec<_>>()
    };
    let mut rows = wrapped(&words::shortened(&finding.text), look.text());
    rows.extend(wrapped(finding.kind.advice(), look.dim()));
    rows
}

/// Why the list is empty.
fn nothing(run: Option<&RunView>) -> &'static str {
    match run {
        None => "no run yet",
        Some(run) if !run.trace.closed || run.found.is_looking() => "no problems found so far",
        Some(run) if run.spec.detail == Detail::Polls => "no problems found (wakes and waits were not recorded)",
        Some(run) if run.stall.is_some() => "the run is stuck (see below the lanes); no other problems found",
        Some(_) => "no problems found",
    }
}
