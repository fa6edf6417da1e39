//! The shapes of lines, blocks and marks.
//!
//! Fonts differ in these characters: they leave gaps between two cells, have another width, or do not have them at all. So a
//! picture draws them itself, in cells of 8 by 16 units. All other characters are text.

/// The width and the height of a cell.
pub(super) const CELL: (u32, u32) = (8, 16);

/// A filled rectangle within a cell: x, y, width, height.
pub(super) type Bar = [u8; 4];

/// How a character is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Glyph {
    /// Filled rectangles, which join those of other cells.
    Bars(Vec<Bar>),
    /// Dashed lines from left to right. They continue in the next cell.
    Dashes {
        /// How thick they are.
        width: u8,
        /// The lengths of dashes and gaps.
        dash: &'static str,
        /// For each line, where it is and where it begins.
        lines: &'static [(u8, u8)],
    },
    /// A dashed line from top to bottom.
    Upright {
        /// How thick it is.
        width: u8,
        /// The lengths of dashes and gaps.
        dash: &'static str,
    },
    /// Waves at these heights. They continue in the next cell.
    Waves(&'static [u8]),
    /// An outline, from the upper left corner of the cell.
    Line(&'static str),
    /// A filled path, from the upper left corner of the cell.
    Filled(&'static str),
}

/// The arms of the box-drawing characters from U+2500 on, to the left, right, top and bottom: 1 is light, 2 is heavy.
const ARMS: &str = "1100 2200 0011 0022 .... .... .... .... .... .... .... .... 0101 0201 0102 0202 \
                    1001 2001 1002 2002 0110 0210 0120 0220 1010 2010 1020 2020 0111 0211 0121 0112 \
                    0122 0221 0212 0222 1011 2011 1021 1012 1022 2021 2012 2022 1101 2101 1201 2201 \
                    1102 2102 1202 2202 1110 2110 1210 2210 1120 2120 1220 2220 1111 2111 1211 2211 \
                    1121 1112 1122 2121 1221 2112 1212 2221 2212 2122 1222 2222";
/// The same from U+2574 on.
const HALVES: &str = "1000 0010 0100 0001 2000 0020 0200 0002 1200 0012 2100 0021";

/// How a character is drawn; `None` if it is text.
pub(super) fn glyph(c: char) -> Option<Glyph> {
    let drawn = match c {
        '─'..='╋' => return crossing(ARMS, c as usize - '─' as usize).or_else(|| dashed(c)),
        '╴'..='╿' => return crossing(HALVES, c as usize - '╴' as usize),
        '╌'..='╏' | '░'..='▓' => return dashed(c),
        '═' => Glyph::Bars(vec![[0, 6, 8, 1], [0, 9, 8, 1]]),
        '║' => Glyph::Bars(vec![[2, 0, 1, 16], [5, 0, 1, 16]]),
        '▀'..='▟' => Glyph::Bars(block(c)?),
        '■' => Glyph::Bars(vec![[1, 5, 6, 6]]),
        '⏸' => Glyph::Bars(vec![[1, 4, 2, 9], [5, 4, 2, 9]]),
        '≈' => Glyph::Waves(&[7, 11]),
        '≋' => Glyph::Waves(&[5, 9, 13]),
        _ => return line(c).map(Glyph::Line).or_else(|| filled(c).map(Glyph::Filled)),
    };
    Some(drawn)
}

/// The arms of a box-drawing character. Arms of one weight that face each other are one line.
fn crossing(arms: &str, place: usize) -> Option<Glyph> {
    let arms = arms.split_ascii_whitespace().nth(place)?.as_bytes();
    let [left, right, up, down] = [0, 1, 2, 3].map(|side| arms[side].wrapping_sub(b'0'));
    if left > 2 {
        return None;
    }
    let mut bars = Vec::new();
    // Where a line of a weight begins and ends across its direction, and so where an arm that meets it may stop.
    let (near, far) = (|weight: u8| 5 - weight, |weight: u8| [4, 5, 5][usize::from(weight)]);
    let (above, below) = (|weight: u8| 9 - weight, 9);
    match (left, right) {
        (0, 0) => {}
        (left, right) if left == right => bars.push([0, above(left), 8, left]),
        (left, right) => {
            let thick = up.max(down).max(1);
            bars.extend((left > 0).then(|| [0, above(left), far(thick), left]));
            bars.extend((right > 0).then(|| [near(thick), above(right), 8 - near(thick), right]));
        }
    }
    match (up, down) {
        (0, 0) => {}
        (up, down) if up == down => bars.push([near(up), 0, up, 16]),
        (up, down) => {
            let thick = left.max(right).max(1);
            bars.extend((up > 0).then(|| [near(up), 0, up, below]));
            bars.extend((down > 0).then(|| [near(down), above(thick), down, 16 - above(thick)]));
        }
    }
    Some(Glyph::Bars(bars))
}

fn dashed(c: char) -> Option<Glyph> {
    const MIDDLE: &[(u8, u8)] = &[(8, 0)];
    const DOTS: &[(u8, u8)] = &[(2, 0), (6, 2), (10, 0), (14, 2)];
    const DENSE: &[(u8, u8)] = &[(1, 0), (3, 2), (5, 0), (7, 2), (9, 0), (11, 2), (13, 0), (15, 2)];
    let (width, dash, lines) = match c {
        '┄' => (1, "1.7 .967", MIDDLE),
        '┅' => (2, "1.7 .967", MIDDLE),
        '┈' => (1, "1 1", MIDDLE),
        '┉' => (2, "1 1", MIDDLE),
        '╌' => (1, "3 1", MIDDLE),
        '╍' => (2, "3 1", MIDDLE),
        '░' => (2, "2 2", DOTS),
        '▒' => (2, "2 2", DENSE),
        '▓' => (2, "3 1", DENSE),
        '╎' => return Some(Glyph::Upright { width: 1, dash: "6 2" }),
        '╏' => return Some(Glyph::Upright { width: 2, dash: "6 2" }),
        '┆' => return Some(Glyph::Upright { width: 1, dash: "3.8 1.533" }),
        '┇' => return Some(Glyph::Upright { width: 2, dash: "3.8 1.533" }),
        '┊' => return Some(Glyph::Upright { width: 1, dash: "2.5 1.5" }),
        '┋' => return Some(Glyph::Upright { width: 2, dash: "2.5 1.5" }),
        _ => return None,
    };
    Some(Glyph::Dashes { width, dash, lines })
}

/// Dots that follow each other, each at the centre of its cell. A dot alone is text.
pub(super) fn dots(c: char) -> Option<Glyph> {
    (c == '·').then_some(Glyph::Dashes { width: 2, dash: "2 6", lines: &[(9, 3)] })
}

fn block(c: char) -> Option<Vec<Bar>> {
    const QUARTERS: [Bar; 4] = [[0, 0, 4, 8], [4, 0, 4, 8], [0, 8, 4, 8], [4, 8, 4, 8]];
    let quarters = |which: &[usize]| which.iter().map(|at| QUARTERS[*at]).collect();
    let bars = match c {
        '▀' => vec![[0, 0, 8, 8]],
        '▁'..='█' => {
            let high = 2 * (c as u32 - '▀' as u32) as u8;
            vec![[0, 16 - high, 8, high]]
        }
        '▉'..='▏' => vec![[0, 0, 8 - (c as u32 - '█' as u32) as u8, 16]],
        '▐' => vec![[4, 0, 4, 16]],
        '▔' => vec![[0, 0, 8, 2]],
        '▕' => vec![[7, 0, 1, 16]],
        '▖' => quarters(&[2]),
        '▗' => quarters(&[3]),
        '▘' => quarters(&[0]),
        '▙' => quarters(&[0, 2, 3]),
        '▚' => quarters(&[0, 3]),
        '▛' => quarters(&[0, 1, 2]),
        '▜' => quarters(&[0, 1, 3]),
        '▝' => quarters(&[1]),
        '▞' => quarters(&[1, 2]),
        '▟' => quarters(&[1, 2, 3]),
        _ => return None,
    };
    Some(bars)
}

fn line(c: char) -> Option<&'static str> {
    Some(match c {
        '✓' => "m.8 9.5l2.4 3.5 4.3-9",
        '✗' => "m1 4l6 9m0-9l-6 9",
        '⊘' => "m1 8.5a3 3 0 1 0 6 0 3 3 0 1 0-6 0m1 2l4-4",
        '‼' => "m2.5 3.5v5m0 2v2m3-9v5m0 2v2",
        '∞' => "m4 8.5c1.2-2 3.3-2.7 3.3 0s-2.1 2-3.3 0-3.3-2.7-3.3 0 2.1 2 3.3 0z",
        '↓' => "m4 0v13m-3-4l3 4 3-4",
        '↑' => "m4 16v-13m-3 4l3-4 3 4",
        '→' => "m0 8.5h7m-3-3l3 3-3 3",
        '←' => "m8 8.5h-7m3-3l-3 3 3 3",
        '⇓' => "m2.5 0v11m3 0v-11m-5 8l3.5 5 3.5-5",
        '⇑' => "m2.5 16v-11m3 0v11m-5-8l3.5-5 3.5 5",
        '↷' => "m1 11c0-6 5-6 5 0m-2-2l2 2.5 2-2.5",
        '≠' => "m1 7h6m0 3.5h-6m1.5 2.5l3-9",
        '∘' => "m2 8.5a2 2 0 1 0 4 0 2 2 0 1 0-4 0z",
        '╭' => "m4.5 16v-4q0-3.5 3.5-3.5",
        '╮' => "m4.5 16v-4q0-3.5-3.5-3.5h-1",
        '╯' => "m4.5 0v5q0 3.5-3.5 3.5h-1",
        '╰' => "m4.5 0v5q0 3.5 3.5 3.5",
        _ => return None,
    })
}

fn filled(c: char) -> Option<&'static str> {
    Some(match c {
        '▼' => "m0 5h8l-4 7z",
        '▾' => "m1 6h6l-3 5z",
        '▸' => "m2 5v7l4-3.5z",
        '◂' => "m6 5v7l-4-3.5z",
        '▶' => "m1 4v9l6-4.5z",
        '◆' => "m4 4l3.5 4.5-3.5 4.5-3.5-4.5z",
        '●' => "m1 8.5a3 3 0 1 0 6 0 3 3 0 1 0-6 0z",
        '•' => "m2 8.5a2 2 0 1 0 4 0 2 2 0 1 0-4 0z",
        '⚑' => "m1 3h1v10h-1zm1.5 0l5 2.5-5 2.5z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::all_glyphs;

    #[test]
    fn every_mark_of_the_screen_is_drawn_or_in_every_font() {
        // Windows Glyph List 4 has these, and so have the fonts of all systems.
        let common = |c: char| c.is_ascii() || matches!(c, '\u{a0}'..='\u{ff}' | '–' | '…' | '≈' | '≠');
        let missing: String = all_glyphs().chars().filter(|c| glyph(*c).is_none() && !common(*c)).collect();
        assert_eq!(missing, "");
    }

    #[test]
    fn each_bar_is_within_its_cell() {
        for c in '\u{2500}'..='\u{259f}' {
            let Some(Glyph::Bars(bars)) = glyph(c) else { continue };
            assert!(!bars.is_empty(), "{c}");
            for [x, y, width, height] in bars {
                assert!(width > 0 && height > 0 && x + width <= 8 && y + height <= 16, "{c}: {x} {y} {width} {height}");
            }
        }
    }

    #[test]
    fn lines_reach_the_edges_that_they_cross() {
        let reaches = |c: char, [x, y]: [u8; 2]| match glyph(c) {
            Some(Glyph::Bars(bars)) => bars
                .iter()
                .any(|[left, top, width, height]| (*left..=left + width).contains(&x) && (*top..=top + height).contains(&y)),
            _ => false,
        };
        let ends = [[0, 8], [8, 8], [4, 0], [4, 16]];
        let expected = [('─', "1100"), ('┌', "0101"), ('┘', "1010"), ('┼', "1111"), ('┨', "1011"), ('┱', "1101"), ('╻', "0001")];
        for (c, expected) in expected {
            let found: String = ends.iter().map(|end| if reaches(c, *end) { '1' } else { '0' }).collect();
            assert_eq!(found, expected, "{c}");
        }
    }
}
