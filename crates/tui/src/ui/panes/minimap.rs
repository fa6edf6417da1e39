//! The map of the whole run on one row, with the visible part marked.
//!
//! The height of a column shows how many tasks were alive, relative to the most that ever were; its style shows what
//! most of them did. Brackets enclose the visible part. It is drawn from the course of all tasks, so it costs the
//! same for any run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::app::model::{Areas, Model, RunView};
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::{format, view};
use trace::{Activity, Stretch};

/// Draws the map on a row below the lanes, and records where it is.
pub(crate) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, row: Rect, areas: &mut Areas) {
    let lanes = areas.lanes;
    let end_ns = view::end_ns(run).max(run.cursor.at_ns);
    if row.height == 0 || lanes.width < 2 {
        return;
    }
    let label = Rect { width: lanes.x.saturating_sub(row.x), ..row };
    let map = Rect { x: lanes.x, width: lanes.width, ..row };
    let since_ns = run.trace.since_ns.min(end_ns);
    Pen::new(buf, look, label, 0).space(1).put(&format!("run {}", format::span(look, end_ns - since_ns)), look.dim());
    let column_ns = (end_ns - since_ns) / u64::from(map.width) + 1;
    (areas.map, areas.map_scale) = (map, (since_ns, column_ns));
    let course = run.trace.course();
    let most = f64::from(course.most_alive().max(1));
    let window = window(model, (since_ns, column_ns), map.width, lanes.width);
    let stretches = course.stretches(since_ns, column_ns, usize::from(map.width), run.cursor.at_ns);
    for (x, stretch) in (0..map.width).zip(&stretches) {
        if let Some((glyph, style)) = column(look, stretch, most) {
            let inside = (window.0..=window.1).contains(&x);
            let style = if inside { style } else { style.add_modifier(Modifier::DIM).remove_modifier(Modifier::BOLD) };
            buf[(map.x + x, map.y)].set_symbol(glyph).set_style(style);
        }
    }
    let cursor = run.cursor.at_ns.saturating_sub(since_ns) / column_ns;
    for (x, glyph, style) in [
        (cursor.min(u64::from(map.width) - 1) as u16, look.glyphs.cursor, look.cursor()),
        (window.0, "[", look.strong()),
        (window.1, "]", look.strong()),
    ] {
        // No earlier modifier may remain.
        buf[(map.x + x, map.y)].set_symbol(glyph).set_style(Style::reset()).set_style(style);
    }
}

/// The first and the last column of the visible part.
fn window(model: &Model, (since_ns, column_ns): (u64, u64), columns: u16, cells: u16) -> (u16, u16) {
    let shown_ns = model.timeline.cell_ns.saturating_mul(u64::from(cells));
    let right_ns = model.timeline.left_ns.saturating_add(shown_ns).saturating_sub(1);
    let column = |ns: u64| (ns.saturating_sub(since_ns) / column_ns).min(u64::from(columns) - 1) as u16;
    let (first, last) = (column(model.timeline.left_ns).min(columns - 2), column(right_ns));
    (first, last.max(first + 1))
}

/// How many tasks were alive in a stretch, and what most of them did.
fn column(look: Look, stretch: &Stretch, most: f64) -> Option<(&'static str, Style)> {
    let alive = stretch.alive();
    let levels = look.glyphs.chart;
    if alive <= 0.0 {
        return None;
    }
    let level = ((alive / most * levels.len() as f64).ceil() as usize).clamp(1, levels.len());
    let (_, style) = look.activity(main(stretch));
    Some((levels[level - 1], style))
}

/// What most of the tasks that were alive did.
fn main(stretch: &Stretch) -> Activity {
    let alive = &Activity::ALL[..Activity::Ended.index()];
    let most = alive.iter().max_by(|a, b| stretch.counts[a.index()].total_cmp(&stretch.counts[b.index()]));
    most.copied().unwrap_or(Activity::Ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_high_as_tasks_live_and_looks_like_what_most_of_them_do() {
        let look = Look::sample();
        let stretch = |running: f64, waiting: f64| {
            let mut stretch = Stretch::default();
            stretch.counts[Activity::Running.index()] = running;
            stretch.counts[Activity::Lock.index()] = waiting;
            stretch
        };
        let style = |activity| look.activity(activity).1;
        assert_eq!(column(look, &stretch(0.0, 0.0), 8.0), None);
        assert_eq!(column(look, &stretch(0.25, 0.0), 8.0), Some(("▁", style(Activity::Running))));
        assert_eq!(column(look, &stretch(1.0, 3.0), 8.0), Some(("▄", style(Activity::Lock))));
        assert_eq!(column(look, &stretch(8.0, 0.0), 8.0), Some(("█", style(Activity::Running))));
    }
}
