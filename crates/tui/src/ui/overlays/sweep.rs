//! The sweep: a figure over the values of a parameter, as a chart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::widgets::{Clear, Widget};

use crate::app::overlay::swept::SweepView;
use crate::text;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use engine::sweep::plot::{Cell, Plot};
use engine::sweep::{Series, Stat};
use scenario::Kind;

/// The greatest size.
const WIDEST: u16 = 140;
const HIGHEST: u16 = 36;
/// Rows below the bars: the axis, the values, the parameter, and the point under the cursor.
const FOOT: u16 = 3;
/// The most rows about the point under the cursor.
const TOLD: u16 = 3;

/// Draws the sweep, with the cursor at one of the values.
pub(crate) fn render(buf: &mut Buffer, look: Look, screen: Rect, sweep: Option<&SweepView>, at: usize) {
    let (width, height) = (screen.width.min(WIDEST), screen.height.saturating_sub(2).min(HIGHEST));
    let area = Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height };
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    let Some(view) = sweep else { return };
    let series = view.series();
    let title = format!("Sweep: {} over {}", view.sweep.spec.scenario.id, view.sweep.param.name);
    chrome::title(buf, look, area, true, &title, &progress(view));
    let inside = chrome::inside(area);
    figures(buf, look, inside, view);
    let about = about(look, view, &series, at, usize::from(inside.width).saturating_sub(2));
    let told = (about.len() as u16).min(TOLD);
    let chart = Rect { y: inside.y + 2.min(inside.height), height: inside.height.saturating_sub(2 + told), ..inside };
    draw(buf, look, chart, view, &series, at);
    let foot = Rect { y: inside.bottom().saturating_sub(told), height: told.min(inside.height), ..inside };
    for (row, line) in (0..foot.height).zip(&about) {
        Pen::new(buf, look, foot, row).space(1).put(line, look.text());
    }
}

/// How many runs are done, and with which seeds.
fn progress(view: &SweepView) -> String {
    let (done, all) = (view.points.len() as u64, view.sweep.runs());
    let seeds = view.sweep.seeds.end() - view.sweep.seeds.start() + 1;
    let runs = if done < all {
        format!("{} of {}", format::count(done), format::counted(all, "run"))
    } else {
        format::counted(all, "run")
    };
    if seeds > 1 { format!("{runs}, {seeds} seeds") } else { runs }
}

/// The figures in a row, the one on screen in reverse.
fn figures(buf: &mut Buffer, look: Look, inside: Rect, view: &SweepView) {
    let shown = view.shown();
    let mut pen = Pen::new(buf, look, inside, 0);
    for (i, name) in view.figures().iter().enumerate() {
        let style = if i == shown { look.selected(true) } else { look.dim() };
        let name = text::name(name).into_owned();
        if format::width(&name) + 3 > pen.room() {
            pen.space(1).put(look.glyphs.more, look.dim());
            return;
        }
        pen.space(1).put(&format!(" {name} "), style);
    }
}

/// Draws the bars, the axes and their numbers.
fn draw(buf: &mut Buffer, look: Look, area: Rect, view: &SweepView, series: &Series, at: usize) {
    let rows = usize::from(area.height.saturating_sub(FOOT));
    let Some(sketch) = Plot::new(series, rows, usize::from(area.width)) else {
        let text = if view.over { "no run has this figure, or it is always 0" } else { "no run is over yet" };
        Pen::new(buf, look, area, 0).space(1).put(text, look.dim());
        return;
    };
    let label = [sketch.top, sketch.top / 2.0].map(|value| format::width(&format::number(value))).into_iter().max().unwrap_or(1);
    let Some(plot) = Plot::new(series, rows, usize::from(area.width).saturating_sub(label + 4)) else { return };
    let picked = at / plot.merged;
    let [corner, line, tick, edge] = if look.unicode() { ["└", "─", "┤", "│"] } else { ["+", "-", "+", "|"] };
    for row in 0..rows {
        let number = match row {
            0 => format::number(plot.top),
            _ if row == rows / 2 => format::number(plot.top / 2.0),
            _ => String::new(),
        };
        let mut pen = Pen::new(buf, look, area, row as u16);
        pen.space(1).right(&number, label, look.dim()).space(1);
        pen.put(if number.is_empty() { edge } else { tick }, look.border(false));
        for bar in 0..plot.bars() {
            let (mark, style) = mark(look, plot.cell(bar, rows - 1 - row), rows - 1 - row);
            let style = if bar == picked { style.patch(look.changed()) } else { style };
            pen.put(&mark.repeat(plot.bar), style).space(plot.gap);
        }
    }
    let mut pen = Pen::new(buf, look, area, rows as u16);
    pen.space(1).right("0", label, look.dim()).space(1).put(corner, look.border(false));
    pen.put(&line.repeat(plot.width()), look.border(false));
    values(
        buf,
        look,
        Rect { x: area.x + (label + 3) as u16, width: area.width.saturating_sub(label as u16 + 3), ..area },
        &plot,
        (rows as u16 + 1, picked),
        &series.stats[at.min(series.stats.len() - 1)],
    );
    let unit = match view.sweep.param.kind {
        Kind::Number { unit, .. } if unit != view.sweep.param.name => format!(" ({unit})"),
        _ => String::new(),
    };
    let name = format!("{}{unit}", view.sweep.param.name);
    let mut pen = Pen::new(buf, look, area, rows as u16 + 2);
    pen.space(label + 3).put(&name, look.heading());
    if series.stats.iter().any(|stat| stat.figure.is_some_and(|[least, _, most]| least < most)) {
        for (cell, says) in [(Cell::Median, "median of the seeds"), (Cell::Band, "least to most")] {
            let (glyph, style) = mark(look, cell, 0);
            if pen.room() > format::width(says) + 5 {
                pen.space(3).put(glyph, style).space(1).put(says, look.dim());
            }
        }
    }
}

/// The values below their bars; the one under the cursor always, and in reverse.
fn values(buf: &mut Buffer, look: Look, area: Rect, plot: &Plot, (row, picked): (u16, usize), at: &Stat) {
    let (name, column) = (at.value.to_string(), plot.column(picked));
    let taken = column..column + name.len() + 1;
    for (bar, from, label) in plot.labels() {
        let is_free = from + label.len() < taken.start || from >= taken.end;
        if bar != picked && is_free {
            Pen::new(buf, look, area, row).space(from).put(label, look.dim());
        }
    }
    let style = look.selected(true).add_modifier(Modifier::BOLD);
    Pen::new(buf, look, area, row).space(column).put(&name, style);
}

/// The glyph and the style of a cell in a row, from the bottom.
fn mark(look: Look, cell: Cell, row: usize) -> (&'static str, ratatui::style::Style) {
    let levels = look.glyphs.chart;
    match cell {
        Cell::Empty | Cell::Solid(0) => (" ", look.text()),
        Cell::Median => (if look.unicode() { "━" } else { "=" }, look.strong()),
        Cell::Band => (if look.unicode() { "▒" } else { ":" }, look.dim()),
        Cell::Solid(part) if look.unicode() => (levels[usize::from(part) * levels.len() / 8 - 1], look.chart()),
        // Below half a cell, ASCII shows nothing, except at the bottom, where there would be no bar.
        Cell::Solid(part) => (if part >= 4 || row == 0 { "#" } else { " " }, look.chart()),
    }
}

/// The point under the cursor: its figure, the checks that failed, what else went wrong.
fn about(look: Look, view: &SweepView, series: &Series, at: usize, cells: usize) -> Vec<String> {
    let Some(stat) = series.stats.get(at) else { return Vec::new() };
    let mut parts = vec![format!("{} {}", view.sweep.param.name, stat.value)];
    if let Some([min, median, max]) = stat.figure {
        let unit = if series.unit.is_empty() { String::new() } else { format!(" {}", series.unit) };
        let range = if min < max {
            format!(", {} {} {} over the seeds", format::number(min), look.glyphs.to, format::number(max))
        } else {
            String::new()
        };
        parts.push(format!("{} {}{unit}{range}", series.figure, format::number(median)));
    } else if stat.troubles.is_empty() {
        parts.push(if view.over { "no figure" } else { "no run is over yet" }.to_owned());
    }
    let of = |n: usize| if stat.runs > 1 { format!(" ({n} of {})", stat.runs) } else { String::new() };
    let broken = look.glyphs.lane.ends[1];
    parts.extend(stat.failed.iter().map(|(check, n)| format!("{broken} {}{}", text::message(check), of(*n))));
    parts.extend(stat.troubles.iter().map(|(trouble, n)| format!("{}{}", text::message(trouble), of(*n))));
    format::wrap(&parts.join(&format!(" {} ", look.glyphs.between)), cells)
}
