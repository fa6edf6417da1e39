//! The theme: which marks are drawn, and which colour stands for what.
//!
//! Nothing is shown by colour alone, so these can be any; what they should be
//! is easy to tell apart. [`Colors::OKABE_ITO`] is the set of Okabe and Ito
//! (Color Universal Design, 2008), which people with any kind of colour vision
//! can tell apart; it needs a terminal that shows all colours. The sixteen of
//! [`Colors::ANSI`] are the user's own palette.

use ratatui::style::Color;

/// Which marks and colours are drawn: two independent choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Theme {
    /// The colours; without any, bold, dim, reverse and underline only.
    pub colors: Option<&'static Colors>,
    /// Unicode glyphs, or ASCII only.
    pub unicode: bool,
}

impl Theme {
    /// The same marks with the next set of colours: of Okabe and Ito, the terminal's own, none, and round.
    #[must_use]
    pub fn next(self) -> Self {
        let colors = match self.colors {
            None => Some(&Colors::OKABE_ITO),
            Some(colors) if *colors == Colors::ANSI => None,
            Some(_) => Some(&Colors::ANSI),
        };
        Self { colors, ..self }
    }

    /// What the set of colours is called.
    pub fn name(self) -> &'static str {
        match self.colors {
            None => "mono",
            Some(colors) if *colors == Colors::ANSI => "ansi",
            Some(colors) if *colors == Colors::OKABE_ITO => "okabe-ito",
            Some(_) => "your own colours",
        }
    }

    /// The sixteen colours of the terminal, or none.
    pub const fn plain(color: bool, unicode: bool) -> Self {
        Self { colors: if color { Some(&Colors::ANSI) } else { None }, unicode }
    }
}

macro_rules! colors {
    ($($(#[doc = $doc:literal])+ $role:ident, $name:literal;)+) => {
        /// A colour for each meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct Colors {
            $($(#[doc = $doc])+ pub $role: Color,)+
        }

        impl Colors {
            /// What the configuration calls each meaning, and what it means.
            pub const ROLES: &[(&'static str, &'static str)] = &[$(($name, concat!($($doc),+)),)+];

            /// The colour of a meaning, by its name.
            pub fn role(&mut self, name: &str) -> Option<&mut Color> {
                match name {
                    $($name => Some(&mut self.$role),)+
                    _ => None,
                }
            }
        }
    };
}

colors! {
    /// The focus, keys, headings, the time cursor.
    accent, "accent";
    /// Borders without the focus.
    border, "border";
    /// A task that is polled.
    running, "running";
    /// A task that is woken, and not yet polled.
    ready, "ready";
    /// A wait for time to pass.
    time, "time";
    /// A wait for a lock or a permit.
    lock, "lock";
    /// A wait for a message or a signal.
    channel, "channel";
    /// A wait for a socket, a file, a process.
    io, "io";
    /// A wait for another task's end, or for something else.
    other, "other";
    /// An end without an error; a check that holds.
    good, "good";
    /// Errors, panics, failures.
    bad, "bad";
    /// Warnings, what is cancelled, what is not the default.
    warn, "warn";
    /// The line of a chart.
    chart, "chart";
    /// Code: words of the language.
    keyword, "keyword";
    /// Code: functions.
    function, "function";
    /// Code: types.
    r#type, "type";
    /// Code: texts.
    string, "string";
    /// Code: numbers and constants.
    constant, "constant";
}

const ORANGE: Color = Color::Rgb(0xE6, 0x9F, 0x00);
const SKY_BLUE: Color = Color::Rgb(0x56, 0xB4, 0xE9);
const BLUISH_GREEN: Color = Color::Rgb(0x00, 0x9E, 0x73);
const YELLOW: Color = Color::Rgb(0xF0, 0xE4, 0x42);
const BLUE: Color = Color::Rgb(0x00, 0x72, 0xB2);
const VERMILION: Color = Color::Rgb(0xD5, 0x5E, 0x00);
const REDDISH_PURPLE: Color = Color::Rgb(0xCC, 0x79, 0xA7);
/// For the eighth colour, black: it would not be seen on a dark screen, and white not on a light one.
const GREY: Color = Color::Rgb(0x99, 0x99, 0x99);

impl Colors {
    /// The colours of Okabe and Ito.
    pub const OKABE_ITO: Self = Self {
        accent: SKY_BLUE,
        border: GREY,
        running: BLUISH_GREEN,
        ready: YELLOW,
        time: BLUE,
        lock: VERMILION,
        channel: REDDISH_PURPLE,
        io: SKY_BLUE,
        other: GREY,
        good: BLUISH_GREEN,
        bad: VERMILION,
        warn: ORANGE,
        chart: SKY_BLUE,
        keyword: REDDISH_PURPLE,
        function: SKY_BLUE,
        r#type: YELLOW,
        string: BLUISH_GREEN,
        constant: ORANGE,
    };

    /// The terminal's own sixteen colours.
    pub const ANSI: Self = Self {
        accent: Color::Cyan,
        border: Color::DarkGray,
        running: Color::Green,
        ready: Color::Yellow,
        time: Color::Blue,
        lock: Color::Red,
        channel: Color::Magenta,
        io: Color::Cyan,
        other: Color::DarkGray,
        good: Color::Green,
        bad: Color::Red,
        warn: Color::Yellow,
        chart: Color::Blue,
        keyword: Color::Magenta,
        function: Color::Blue,
        r#type: Color::Cyan,
        string: Color::Green,
        constant: Color::Yellow,
    };
}
