//! The colours of a picture: a terminal's colours as numbers.

use std::fmt::{self, Display, Formatter};

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::app::colors::Colors;
use crate::app::model::Theme;

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

impl Rgb {
    /// In six digits, which is the only form for some programs.
    pub(super) fn long(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl Display for Rgb {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let Self(red, green, blue) = *self;
        if [red, green, blue].iter().all(|part| part >> 4 == part & 15) {
            return write!(to, "#{:x}{:x}{:x}", red & 15, green & 15, blue & 15);
        }
        to.write_str(&self.long())
    }
}

/// The sixteen colours of a terminal on a dark background, each legible on it.
pub(super) const SIXTEEN: [Rgb; 16] = [
    Rgb(0x00, 0x00, 0x00),
    Rgb(0xf0, 0x52, 0x4f),
    Rgb(0x3f, 0xb9, 0x50),
    Rgb(0xd2, 0x99, 0x22),
    Rgb(0x58, 0x9b, 0xff),
    Rgb(0xc6, 0x78, 0xdd),
    Rgb(0x39, 0xc5, 0xcf),
    Rgb(0xd0, 0xd0, 0xd0),
    Rgb(0x8b, 0x94, 0x9e),
    Rgb(0xff, 0x7b, 0x72),
    Rgb(0x56, 0xd3, 0x64),
    Rgb(0xe3, 0xb3, 0x41),
    Rgb(0x79, 0xc0, 0xff),
    Rgb(0xd2, 0xa8, 0xff),
    Rgb(0x56, 0xd4, 0xdd),
    Rgb(0xff, 0xff, 0xff),
];

/// The colours of text and background where nothing else is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inks {
    pub(super) text: Rgb,
    pub(super) background: Rgb,
}

impl Inks {
    /// The inks of a theme. A theme without a background of its own is drawn on black.
    pub(super) fn of(theme: Theme) -> Self {
        let dark = Self { text: SIXTEEN[7], background: SIXTEEN[0] };
        let Some(Colors { text, background, .. }) = theme.colors else { return dark };
        Self { text: rgb(text, dark.text), background: rgb(background, dark.background) }
    }

    /// The colours of a cell: of its text and of its background.
    pub(super) fn of_cell(self, cell: &Cell) -> (Rgb, Rgb) {
        let (text, background) = (rgb(cell.fg, self.text), rgb(cell.bg, self.background));
        let text = if cell.modifier.contains(Modifier::DIM) { between(text, background) } else { text };
        if cell.modifier.contains(Modifier::REVERSED) { (background, text) } else { (text, background) }
    }
}

/// A dim text: two thirds of the way from the background.
fn between(Rgb(red, green, blue): Rgb, Rgb(red_below, green_below, blue_below): Rgb) -> Rgb {
    let mix = |above: u8, below: u8| ((u16::from(above) * 2 + u16::from(below)) / 3) as u8;
    Rgb(mix(red, red_below), mix(green, green_below), mix(blue, blue_below))
}

fn rgb(color: Color, unset: Rgb) -> Rgb {
    match color {
        Color::Reset => unset,
        Color::Rgb(red, green, blue) => Rgb(red, green, blue),
        Color::Indexed(index) => indexed(index),
        Color::Black => SIXTEEN[0],
        Color::Red => SIXTEEN[1],
        Color::Green => SIXTEEN[2],
        Color::Yellow => SIXTEEN[3],
        Color::Blue => SIXTEEN[4],
        Color::Magenta => SIXTEEN[5],
        Color::Cyan => SIXTEEN[6],
        Color::Gray => SIXTEEN[7],
        Color::DarkGray => SIXTEEN[8],
        Color::LightRed => SIXTEEN[9],
        Color::LightGreen => SIXTEEN[10],
        Color::LightYellow => SIXTEEN[11],
        Color::LightBlue => SIXTEEN[12],
        Color::LightMagenta => SIXTEEN[13],
        Color::LightCyan => SIXTEEN[14],
        Color::White => SIXTEEN[15],
    }
}

/// One of the 256 colours of xterm: the sixteen, a cube of six steps a side, and greys.
fn indexed(index: u8) -> Rgb {
    let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
    match index {
        0..16 => SIXTEEN[usize::from(index)],
        16..232 => Rgb(step((index - 16) / 36), step((index - 16) / 6 % 6), step((index - 16) % 6)),
        232.. => [8 + 10 * (index - 232); 3].into(),
    }
}

impl From<[u8; 3]> for Rgb {
    fn from([red, green, blue]: [u8; 3]) -> Self {
        Self(red, green, blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_terminals() {
        assert_eq!(rgb(Color::Indexed(196), SIXTEEN[0]), Rgb(255, 0, 0));
        assert_eq!(rgb(Color::Indexed(244), SIXTEEN[0]), Rgb(128, 128, 128));
        assert_eq!(rgb(Color::Reset, SIXTEEN[7]), SIXTEEN[7]);
        assert_eq!((Rgb(0xff, 0, 0x11).to_string(), Rgb(0xff, 0, 0x12).to_string()), ("#f01".into(), "#ff0012".into()));
    }

    #[test]
    fn a_reversed_cell_changes_places_and_a_dim_one_fades() {
        let inks = Inks::of(Theme::plain(false, true));
        let mut cell = Cell::default();
        assert_eq!(inks.of_cell(&cell), (inks.text, inks.background));
        cell.modifier = Modifier::REVERSED;
        assert_eq!(inks.of_cell(&cell), (inks.background, inks.text));
        cell.modifier = Modifier::DIM;
        assert_eq!(inks.of_cell(&cell).0, Rgb(0x8a, 0x8a, 0x8a));
    }
}
