//! A row of bars, each with a name if there is room.
//!
//! A bar is a run of full cells that belong together. Two bars that touch would look like one, so the second begins
//! with a gap. The name is written into the bar in reverse video, so that the bar stays visible.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;

/// One cell of the row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bit {
    /// The glyph; empty if the cell is empty.
    pub(crate) glyph: &'static str,
    pub(crate) style: Style,
    /// The bar that the cell belongs to.
    pub(crate) bar: Option<u64>,
}

impl Bit {
    /// An empty cell.
    pub(crate) const EMPTY: Self = Self { glyph: "", style: Style::new(), bar: None };
}

/// Draws the cells on the first row of the area. `label` names a bar; a name that does not fit is left out.
pub(crate) fn row<'a>(buf: &mut Buffer, look: Look, area: Rect, bits: &[Bit], label: impl Fn(u64) -> Cow<'a, str>) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let bits = &bits[..bits.len().min(usize::from(area.width))];
    for (x, bit) in (area.x..).zip(bits) {
        if !bit.glyph.is_empty() {
            buf[(x, area.y)].set_symbol(bit.glyph).set_style(bit.style);
        }
    }
    let mut from = 0_usize;
    for bar in bits.chunk_by(|a, b| a.bar == b.bar) {
        let before = from.checked_sub(1).and_then(|before| bits[before].bar);
        if let Some(number) = bar[0].bar {
            let x = area.x + from as u16;
            let gap = u16::from(before.is_some() && bar.len() > 1);
            if gap > 0 {
                buf[(x, area.y)].set_symbol(look.glyphs.bar_start);
            }
            write(buf, look, Rect { x: x + gap, width: bar.len() as u16 - gap, ..area }, &label(number), bar[0].style);
        }
        from += bar.len();
    }
}

/// Writes a name into a bar, if it fits.
fn write(buf: &mut Buffer, look: Look, bar: Rect, name: &str, style: Style) {
    let room = usize::from(bar.width);
    if format::width_within(name, room) <= room {
        Pen::new(buf, look, bar, 0).put(name, style.add_modifier(Modifier::REVERSED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(bars: &str) -> String {
        let look = Look::sample();
        let bit = |c: char| Bit { glyph: "█", bar: c.to_digit(10).map(u64::from), style: Style::new() };
        let bits: Vec<Bit> = bars.chars().map(|c| if c == ' ' { Bit::EMPTY } else { bit(c) }).collect();
        let area = Rect::new(0, 0, 16, 1);
        let mut buf = Buffer::empty(area);
        row(&mut buf, look, area, &bits, |bar| format!("bar {bar}").into());
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn a_bar_has_its_name_where_there_is_room() {
        assert_eq!(drawn("1111111 222 3"), "bar 1██ ███ █   ");
        assert_eq!(drawn("x11111 2222222222222"), "█bar 1 bar 2████");
    }

    #[test]
    fn bars_that_touch_are_told_apart() {
        assert_eq!(drawn("111122223334 5555"), "████▐███▐███ ███");
        assert_eq!(drawn("1111112222222222"), "bar 1█▐bar 2████");
    }
}
