//! Shared borders, titles on them, and scroll bars.
//!
//! All boxes are drawn before any title, since a box that is drawn later joins its lines with the existing ones and
//! would overwrite a title.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::symbols::merge::MergeStrategy;
use ratatui::widgets::{Block, Widget};

use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;

/// Draws the border of a pane, joined to existing borders.
pub(crate) fn border(buf: &mut Buffer, look: Look, area: Rect, focus: bool) {
    let merge = if look.unicode() { MergeStrategy::Exact } else { MergeStrategy::Replace };
    Block::bordered().border_set(look.border_set(focus)).border_style(look.border(focus)).merge_borders(merge).render(area, buf);
}

/// Draws the corners again: ASCII lines do not join, so borders that were drawn later have crossed them.
pub(crate) fn corners(buf: &mut Buffer, look: Look, area: Rect) {
    if look.unicode() || area.is_empty() {
        return;
    }
    for x in [area.x, area.right() - 1] {
        for y in [area.y, area.bottom() - 1] {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.set_symbol(look.border_set(false).top_left);
            }
        }
    }
}

/// The area within the border.
pub(crate) fn inside(area: Rect) -> Rect {
    area.inner(Margin::new(1, 1))
}

/// Writes a title on the top border, and a remark at its right end if there is room.
pub(crate) fn title(buf: &mut Buffer, look: Look, area: Rect, focus: bool, title: &str, remark: &str) {
    let mut pen = title_pen(buf, look, area);
    pen.put(&format!(" {title} "), look.title(focus));
    remark_at_end(&mut pen, look, remark);
}

/// Writes the tabs of an overlay on the top border, the open one in front, and a remark at its right end.
pub(crate) fn tabs(buf: &mut Buffer, look: Look, area: Rect, tabs: &[(&str, bool)], remark: &str) {
    let mut pen = title_pen(buf, look, area);
    for (i, (title, open)) in tabs.iter().enumerate() {
        if i > 0 {
            pen.put(look.glyphs.rule, look.border(true));
        }
        pen.put(&format!(" {title} "), if *open { look.title(true).patch(look.heading()) } else { look.dim() });
    }
    remark_at_end(&mut pen, look, remark);
}

/// Writes another name behind the title of a pane, and says where it is. Nothing where there is no room for it.
pub(crate) fn aside(buf: &mut Buffer, look: Look, area: Rect, name: &str) -> Option<Rect> {
    // Neighbours share their borders, so the line has the weight of either.
    let lines = [true, false].map(|focus| look.border_set(focus).horizontal_top);
    let is_bare = |x: &u16| buf.cell((*x, area.y)).is_some_and(|cell| lines.contains(&cell.symbol()));
    let (first, last) = (area.x + 1, area.right().saturating_sub(1));
    let x = (first..last).skip_while(is_bare).find(is_bare)?;
    let place = Rect { x, width: format::width(name) as u16 + 2, height: 1, ..area };
    if place.right() > last || !(place.left()..place.right()).all(|x| is_bare(&x)) {
        return None;
    }
    Pen::new(buf, look, place, 0).put(&format!(" {name} "), look.dim());
    Some(place)
}

/// The cells for a title, as [`title`] draws it.
pub(crate) fn room_for_title(area: Rect) -> usize {
    // The corners, and the spaces around the title.
    usize::from(area.width).saturating_sub(2 + 2)
}

/// The cells for a remark beside a title, as drawn by [`title`].
pub(crate) fn room_for_remark(area: Rect, title: &str) -> usize {
    // The spaces around the remark, and a gap.
    room_for_title(area).saturating_sub(format::width(title) + 4)
}

/// A pen on the top border, between its corners.
pub(crate) fn title_pen(buf: &mut Buffer, look: Look, area: Rect) -> Pen<'_> {
    let row = Rect { x: area.x + area.width.min(1), width: area.width.saturating_sub(2), ..area };
    Pen::new(buf, look, row, 0)
}

/// Writes a remark at the right end of a title.
pub(crate) fn remark_at_end(pen: &mut Pen<'_>, look: Look, remark: &str) {
    if !remark.is_empty() && format::width(remark) + 3 < pen.room() {
        pen.at_end(&format!(" {remark} "), look.dim());
    }
}

/// Draws the thumb of a scroll bar on the right border, for `shown` of `all` rows from `top` on. Draws nothing if all
/// rows are visible.
pub(crate) fn scroll_bar(buf: &mut Buffer, look: Look, area: Rect, top: usize, shown: usize, all: usize) {
    let track = usize::from(area.height.saturating_sub(2));
    if all <= shown || track == 0 || area.width == 0 {
        return;
    }
    let length = (track * shown / all).clamp(1, track);
    let most = all - shown;
    let start = (track - length) * top.min(most) / most;
    for row in start..start + length {
        let cell = (area.right() - 1, area.y + 1 + row as u16);
        if let Some(cell) = buf.cell_mut(cell) {
            cell.set_symbol(look.glyphs.thumb).set_style(look.strong());
        }
    }
}
