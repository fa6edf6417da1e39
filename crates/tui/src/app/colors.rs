//! The theme: the marks, and the colour of each meaning.
//!
//! Nothing is shown by colour alone, so any colours would work, as long as they are easy to read and to distinguish.
//! [`Colors::OKABE_ITO`] is the palette of Okabe and Ito (Color Universal Design, 2008) on black, which is safe for
//! every kind of colour vision. [`Colors::LIGHT`] and [`Colors::PROJECTOR`] are dark colours on white. These three
//! need a terminal with true colour, and each sets its own background, because a contrast is known only if both
//! colours are. [`Colors::ANSI`] uses the sixteen colours of the user's own palette on the user's own background.

use ratatui::style::Color;

/// The name of a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThemeName {
    /// The colours of Okabe and Ito, on black.
    OkabeIto,
    /// Dark colours on white.
    Light,
    /// Darker colours and heavier marks on white, and no dim text.
    Projector,
    /// The terminal's own sixteen colours.
    Ansi,
    /// No colours.
    Mono,
}

impl ThemeName {
    /// All themes.
    pub const ALL: [Self; 5] = [Self::OkabeIto, Self::Light, Self::Projector, Self::Ansi, Self::Mono];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OkabeIto => "okabe-ito",
            Self::Light => "light",
            Self::Projector => "projector",
            Self::Ansi => "ansi",
            Self::Mono => "mono",
        }
    }

    /// The next theme; after the last, the first.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::OkabeIto => Self::Light,
            Self::Light => Self::Projector,
            Self::Projector => Self::Ansi,
            Self::Ansi => Self::Mono,
            Self::Mono => Self::OkabeIto,
        }
    }

    /// The theme's colours, if it has any.
    pub const fn colors(self) -> Option<Colors> {
        match self {
            Self::OkabeIto => Some(Colors::OKABE_ITO),
            Self::Light => Some(Colors::LIGHT),
            Self::Projector => Some(Colors::PROJECTOR),
            Self::Ansi => Some(Colors::ANSI),
            Self::Mono => None,
        }
    }
}

/// The marks and the colours: two independent choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Theme {
    /// The colours; if `None`, only bold, dim, reverse and underline are used.
    pub colors: Option<Colors>,
    /// Unicode glyphs, or ASCII only.
    pub unicode: bool,
}

impl Theme {
    /// The terminal's sixteen colours, or none.
    pub const fn plain(color: bool, unicode: bool) -> Self {
        Self { colors: if color { Some(Colors::ANSI) } else { None }, unicode }
    }

    /// The theme's name.
    pub fn name(self) -> ThemeName {
        self.colors.map_or(ThemeName::Mono, |colors| colors.name)
    }

    /// Whether the marks are heavy.
    pub fn is_heavy(self) -> bool {
        self.name() == ThemeName::Projector
    }
}

macro_rules! colors {
    ($($(#[doc = $doc:literal])+ $role:ident, $name:literal;)+) => {
        /// A colour for each meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct Colors {
            /// The theme that these colours belong to.
            pub name: ThemeName,
            $($(#[doc = $doc])+ pub $role: Color,)+
        }

        impl Colors {
            /// The name of each meaning in the configuration, and a description.
            pub const ROLES: &[(&'static str, &'static str)] = &[$(($name, concat!($($doc),+)),)+];

            /// The colour for a meaning, by its name.
            pub fn role(&mut self, name: &str) -> Option<&mut Color> {
                match name {
                    $($name => Some(&mut self.$role),)+
                    _ => None,
                }
            }
        }
    };
}

/// A colour that the user chose, with the name of its meaning.
pub type OwnColor = (String, Color);

colors! {
    /// The background.
    background, "background";
    /// Plain text.
    text, "text";
    /// Unimportant text.
    faint, "faint";
    /// The focus, keys, headings, the time cursor.
    accent, "accent";
    /// Borders without the focus.
    border, "border";
    /// A running task.
    running, "running";
    /// A ready task.
    ready, "ready";
    /// A wait for a timer.
    time, "time";
    /// A wait for a lock or a permit.
    lock, "lock";
    /// A wait for a message or a signal.
    channel, "channel";
    /// A wait for a socket, a file, a process.
    io, "io";
    /// A wait for another task's end, or for something else.
    other, "other";
    /// A successful end; a passed check.
    good, "good";
    /// Errors, panics, failures.
    bad, "bad";
    /// Warnings, cancellations, changed values.
    warn, "warn";
    /// The line of a chart.
    chart, "chart";
    /// Code: keywords.
    keyword, "keyword";
    /// Code: functions.
    function, "function";
    /// Code: types.
    r#type, "type";
    /// Code: strings.
    string, "string";
    /// Code: numbers and constants.
    constant, "constant";
}

const BLACK: Color = Color::Rgb(0x00, 0x00, 0x00);
const WHITE: Color = Color::Rgb(0xFF, 0xFF, 0xFF);
const ORANGE: Color = Color::Rgb(0xE6, 0x9F, 0x00);
const SKY_BLUE: Color = Color::Rgb(0x56, 0xB4, 0xE9);
const BLUISH_GREEN: Color = Color::Rgb(0x00, 0x9E, 0x73);
const YELLOW: Color = Color::Rgb(0xF0, 0xE4, 0x42);
/// Lighter than the original: `#0072B2` has a contrast of only 4.0 on black.
const BLUE: Color = Color::Rgb(0x1A, 0x7F, 0xC4);
const VERMILION: Color = Color::Rgb(0xD5, 0x5E, 0x00);
const REDDISH_PURPLE: Color = Color::Rgb(0xCC, 0x79, 0xA7);
/// Replaces black, the palette's eighth colour, which is the background here.
const GREY: Color = Color::Rgb(0x99, 0x99, 0x99);

/// The colours of a theme on white.
struct Inks {
    black: Color,
    grey: Color,
    faint: Color,
    green: Color,
    yellow: Color,
    indigo: Color,
    lock: Color,
    red: Color,
    purple: Color,
    blue: Color,
    brown: Color,
}

impl Colors {
    /// The colours of Okabe and Ito, on black.
    pub const OKABE_ITO: Self = Self {
        name: ThemeName::OkabeIto,
        background: BLACK,
        text: Color::Rgb(0xE6, 0xE6, 0xE6),
        faint: GREY,
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

    /// Dark colours on white, because the palette of Okabe and Ito is too pale there. Each has a contrast of at least
    /// 4.5:1, and the lane colours differ for every kind of colour vision.
    pub const LIGHT: Self = Self::dark(
        ThemeName::Light,
        &Inks {
            black: Color::Rgb(0x1A, 0x1A, 0x1A),
            grey: Color::Rgb(0x6B, 0x6B, 0x6B),
            faint: Color::Rgb(0x5F, 0x5F, 0x5F),
            green: Color::Rgb(0x00, 0x85, 0x4B),
            yellow: Color::Rgb(0x91, 0x6E, 0x0D),
            indigo: Color::Rgb(0x01, 0x1C, 0xDD),
            lock: Color::Rgb(0x85, 0x43, 0x1E),
            red: Color::Rgb(0xBD, 0x3F, 0x00),
            purple: Color::Rgb(0x88, 0x00, 0x65),
            blue: Color::Rgb(0x02, 0x5C, 0x9D),
            brown: Color::Rgb(0x8F, 0x52, 0x00),
        },
    );

    /// Even darker colours on white, each with a contrast of at least 7:1. On white, because a projector's black is
    /// only as dark as the room: there, dark on white keeps more of its contrast than bright on black.
    pub const PROJECTOR: Self = Self::dark(
        ThemeName::Projector,
        &Inks {
            black: Color::Rgb(0x00, 0x00, 0x00),
            grey: Color::Rgb(0x58, 0x58, 0x58),
            faint: Color::Rgb(0x3D, 0x3D, 0x3D),
            green: Color::Rgb(0x13, 0x45, 0x2D),
            yellow: Color::Rgb(0x67, 0x54, 0x2E),
            indigo: Color::Rgb(0x1E, 0x1A, 0x81),
            lock: Color::Rgb(0x95, 0x3D, 0x09),
            red: Color::Rgb(0xA0, 0x18, 0x00),
            purple: Color::Rgb(0x67, 0x0F, 0x62),
            blue: Color::Rgb(0x02, 0x55, 0x8F),
            brown: Color::Rgb(0x6E, 0x3C, 0x00),
        },
    );

    /// Builds a theme on white.
    const fn dark(name: ThemeName, inks: &Inks) -> Self {
        let Inks { black, grey, faint, green, yellow, indigo, lock, red, purple, blue, brown } = *inks;
        Self {
            name,
            background: WHITE,
            text: black,
            faint,
            accent: blue,
            border: grey,
            running: green,
            ready: yellow,
            time: indigo,
            lock,
            channel: purple,
            io: blue,
            other: grey,
            good: green,
            bad: red,
            warn: brown,
            chart: blue,
            keyword: purple,
            function: blue,
            r#type: yellow,
            string: green,
            constant: brown,
        }
    }

    /// Returns these colours with the user's own colours applied.
    #[must_use]
    pub fn painted(mut self, own: &[OwnColor]) -> Self {
        for (name, color) in own {
            if let Some(role) = self.role(name) {
                *role = *color;
            }
        }
        self
    }

    /// The terminal's own sixteen colours.
    pub const ANSI: Self = Self {
        name: ThemeName::Ansi,
        background: Color::Reset,
        text: Color::Reset,
        faint: Color::Reset,
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
