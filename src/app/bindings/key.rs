//! A key, and how it is written: on screen and in the configuration.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key as the table knows it: Shift is in the character, Alt is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Whether Ctrl is held.
    pub ctrl: bool,
}

/// The keys that are written by a name.
const NAMED: [(&str, KeyCode); 16] = [
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Space", KeyCode::Char(' ')),
];

impl Key {
    /// The names that keys are written by, but for characters and function keys.
    pub const NAMES: [&'static str; NAMED.len()] = {
        let mut names = [""; NAMED.len()];
        let mut i = 0;
        while i < NAMED.len() {
            names[i] = NAMED[i].0;
            i += 1;
        }
        names
    };

    /// The key of an event, in the form that the table uses: terminals differ
    /// in whether they report Shift beside a character that needs it.
    pub fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release || event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER) {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let code = match event.code {
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        Some(Self { code, ctrl })
    }

    /// The key that is written so in the configuration: see [`Key::name`]. Names are read in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let prefix = text.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case("ctrl-") && text.len() > 5);
        let (ctrl, rest) = (prefix.is_some(), &text[prefix.map_or(0, str::len)..]);
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(if ctrl { c.to_ascii_lowercase() } else { c }),
            _ => named(rest)?,
        };
        Some(Self { code, ctrl })
    }

    /// How it is written in the configuration.
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.ctrl => c.to_ascii_uppercase().to_string(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::F(number) => format!("F{number}"),
            code => NAMED.iter().find(|(_, named)| *named == code).map_or_else(String::new, |(name, _)| (*name).to_owned()),
        };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }

    /// How it is written on screen; arrows as glyphs if the theme has them.
    pub fn text(self, unicode: bool) -> String {
        let glyph = match self.code {
            _ if self.ctrl => None,
            KeyCode::Up if unicode => Some("↑"),
            KeyCode::Down if unicode => Some("↓"),
            KeyCode::Left if unicode => Some("←"),
            KeyCode::Right if unicode => Some("→"),
            KeyCode::Char(' ') => Some("space"),
            _ => None,
        };
        glyph.map_or_else(|| self.name(), str::to_owned)
    }

    /// Whether it is a character where text is typed.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && !self.ctrl
    }

    /// Whether it is a digit.
    pub fn is_digit(self) -> bool {
        matches!(self.code, KeyCode::Char('0'..='9')) && !self.ctrl
    }
}

fn named(text: &str) -> Option<KeyCode> {
    let known = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, code)| *code);
    let number = || text.strip_prefix(['F', 'f'])?.parse().ok().filter(|number| (1..=24).contains(number));
    known.or_else(|| number().map(KeyCode::F))
}
