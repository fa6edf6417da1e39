//! Collects the shapes of a picture, and joins those that touch, so that a line through a hundred cells is one rectangle.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::glyphs::{CELL, Glyph};
use super::inks::Rgb;

/// How a path is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tool {
    /// Filled.
    Fill,
    /// An outline.
    Line,
    /// Dashed lines of this width, with these dashes and gaps.
    Dashes(u8, &'static str),
}

/// A filled rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bar {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The shapes of one colour that are drawn alike.
#[derive(Debug, Default)]
struct Layer {
    bars: Vec<Bar>,
    /// The data of other paths.
    path: String,
}

/// All shapes of a picture.
#[derive(Debug, Default)]
pub(super) struct Shapes(BTreeMap<(Rgb, Tool), Layer>);

impl Shapes {
    /// Adds a rectangle.
    pub(super) fn bar(&mut self, ink: Rgb, bar: Bar) {
        self.layer(ink, Tool::Fill).bars.push(bar);
    }

    /// Adds a glyph in so many cells from this one on.
    pub(super) fn glyph(&mut self, ink: Rgb, glyph: &Glyph, (column, row): (u32, u32), cells: u32) {
        let (left, top) = (column * CELL.0, row * CELL.1);
        match glyph {
            Glyph::Bars(bars) => self.bars(ink, bars, (left, top), cells),
            Glyph::Dashes { width, dash, lines } => {
                for (y, start) in *lines {
                    let (x, y, length) = (left + u32::from(*start), top + u32::from(*y), cells * CELL.0 - u32::from(*start));
                    // A line of odd width is sharp on the half.
                    let half = if width % 2 == 1 { ".5" } else { "" };
                    self.path(ink, Tool::Dashes(*width, dash), format_args!("M{x} {y}{half}h{length}"));
                }
            }
            Glyph::Upright { width, dash } => {
                let half = if width % 2 == 1 { ".5" } else { "" };
                self.each(ink, Tool::Dashes(*width, dash), (left + 4, top), cells, half, "v16");
            }
            Glyph::Waves(heights) => {
                for y in *heights {
                    // Two arcs a cell; the first one has its bend, the others mirror it.
                    let more = " 4 0".repeat(2 * cells as usize - 2);
                    let y = top + u32::from(*y);
                    self.path(ink, Tool::Line, format_args!("M{left} {y}q2-4 4 0t4 0{more}"));
                }
            }
            Glyph::Line(path) => self.each(ink, Tool::Line, (left, top), cells, "", path),
            Glyph::Filled(path) => self.each(ink, Tool::Fill, (left, top), cells, "", path),
        }
    }

    /// Each colour and tool that is in use, with the data of its path.
    pub(super) fn paths(self) -> impl Iterator<Item = (Rgb, Tool, String)> {
        self.0.into_iter().map(|((ink, tool), layer)| {
            let mut path = layer.path;
            for Bar { x, y, width, height } in joined(layer.bars) {
                // Writing to a string does not fail.
                _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
            }
            (ink, tool, path)
        })
    }

    fn layer(&mut self, ink: Rgb, tool: Tool) -> &mut Layer {
        self.0.entry((ink, tool)).or_default()
    }

    fn bars(&mut self, ink: Rgb, bars: &[super::glyphs::Bar], (left, top): (u32, u32), cells: u32) {
        for cell in 0..cells {
            for [x, y, width, height] in bars.iter().map(|bar| bar.map(u32::from)) {
                self.bar(ink, Bar { x: left + cell * CELL.0 + x, y: top + y, width, height });
            }
        }
    }

    fn each(&mut self, ink: Rgb, tool: Tool, (left, top): (u32, u32), cells: u32, half: &str, path: &str) {
        for cell in 0..cells {
            self.path(ink, tool, format_args!("M{}{half} {top}{path}", left + cell * CELL.0));
        }
    }

    fn path(&mut self, ink: Rgb, tool: Tool, data: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        _ = self.layer(ink, tool).path.write_fmt(data);
    }
}

/// Joins rectangles that touch: first side by side, then one above the other.
fn joined(bars: Vec<Bar>) -> Vec<Bar> {
    let mut beside = bars;
    beside.sort_by_key(|bar| (bar.y, bar.height, bar.x));
    let mut beside = merged(beside, |last, next| {
        let touches = (last.y, last.height) == (next.y, next.height) && next.x <= last.x + last.width;
        touches.then(|| Bar { width: last.width.max(next.x + next.width - last.x), ..last })
    });
    beside.sort_by_key(|bar| (bar.x, bar.width, bar.y));
    let mut above = merged(beside, |last, next| {
        let touches = (last.x, last.width) == (next.x, next.width) && next.y <= last.y + last.height;
        touches.then(|| Bar { height: last.height.max(next.y + next.height - last.y), ..last })
    });
    above.sort_by_key(|bar| (bar.y, bar.x));
    above
}

fn merged(bars: Vec<Bar>, join: impl Fn(Bar, Bar) -> Option<Bar>) -> Vec<Bar> {
    let mut all: Vec<Bar> = Vec::new();
    for next in bars {
        match all.last().and_then(|last| join(*last, next)) {
            Some(joined) => {
                all.pop();
                all.push(joined);
            }
            None => all.push(next),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::glyphs::glyph;

    fn drawn(cells: &[(char, u32, u32)]) -> Vec<(Tool, String)> {
        let mut shapes = Shapes::default();
        for (c, column, row) in cells {
            shapes.glyph(Rgb(1, 2, 3), &glyph(*c).expect("it is drawn"), (*column, *row), 1);
        }
        shapes.paths().map(|(_, tool, path)| (tool, path)).collect()
    }

    #[test]
    fn a_line_through_many_cells_is_one_rectangle() {
        let across: Vec<_> = (2..90).map(|column| ('─', column, 3)).collect();
        assert_eq!(drawn(&across), [(Tool::Fill, "M16 56h704v1h-704z".into())]);
        let down: Vec<_> = (0..30).map(|row| ('┃', 1, row)).collect();
        assert_eq!(drawn(&down), [(Tool::Fill, "M11 0h2v480h-2z".into())]);
        let filled: Vec<_> = (0..4).flat_map(|row| (0..4).map(move |column| ('█', column, row))).collect();
        assert_eq!(drawn(&filled), [(Tool::Fill, "M0 0h32v64h-32z".into())]);
    }

    #[test]
    fn rectangles_that_do_not_touch_stay_apart() {
        assert_eq!(drawn(&[('─', 0, 0), ('─', 2, 0)]), [(Tool::Fill, "M0 8h8v1h-8zM16 8h8v1h-8z".into())]);
        assert_eq!(drawn(&[('▁', 0, 0), ('█', 1, 0)]), [(Tool::Fill, "M8 0h8v16h-8zM0 14h8v2h-8z".into())]);
    }

    #[test]
    fn dashes_and_waves_go_on_through_all_cells() {
        let mut shapes = Shapes::default();
        shapes.glyph(Rgb(0, 0, 0), &glyph('░').expect("it is drawn"), (1, 0), 3);
        shapes.glyph(Rgb(0, 0, 0), &glyph('≈').expect("it is drawn"), (0, 1), 2);
        let paths: Vec<_> = shapes.paths().map(|(_, _, path)| path).collect();
        let waves = "M0 23q2-4 4 0t4 0 4 0 4 0M0 27q2-4 4 0t4 0 4 0 4 0";
        assert_eq!(paths, [waves, "M8 2h24M10 6h22M8 10h24M10 14h22"]);
    }
}
