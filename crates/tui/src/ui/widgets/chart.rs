//! A bar chart of one quantity over time, one column per cell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::ui::theme::Look;

/// Draws the columns from the left, scaled so that `most` is the full height. A column without a value stays empty;
/// zero is a line at the foot, so that *nothing happened* differs from *not known*.
pub(crate) fn render(buf: &mut Buffer, look: Look, area: Rect, columns: &[Option<f64>], most: f64, style: Style) {
    let levels = look.glyphs.chart;
    let area = area.intersection(buf.area);
    let steps = levels.len() * usize::from(area.height);
    for (x, value) in (area.x..area.right()).zip(columns) {
        let Some(value) = value else { continue };
        let share = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
        let filled = ((share * steps as f64).round() as usize).clamp(1, steps.max(1));
        for (row, y) in (area.y..area.bottom()).rev().enumerate() {
            let here = filled.saturating_sub(row * levels.len()).min(levels.len());
            if here > 0 {
                buf[(x, y)].set_symbol(levels[here - 1]).set_style(style);
            }
        }
    }
}
