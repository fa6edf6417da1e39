//! A key and its spelling, on screen and in the configuration.
//!
//! A terminal sends bytes, not keys. With Ctrl it has only 33 character codes, and some of them belong to other keys:
//! Ctrl-M sends the byte of Enter. A key without a code of its own could be written in the configuration but would
//! never arrive, so [`Key::parse`] rejects it with a reason. The program does not ask for another encoding, such as
//! kitty's, because most terminals have none.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key in the table. Alt is not used. Shift is part of the character, except for arrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Whether Ctrl is held.
    pub ctrl: bool,
    /// Whether Shift is held with an arrow.
    pub shift: bool,
}

/// Why a text cannot be bound to an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoKey {
    /// It names no key.
    Unknown,
    /// A terminal sends the code of another key for it.
    SameAs(&'static str),
    /// A terminal has no code for it.
    NoCode,
}

/// The keys with Ctrl that a terminal sends as another key, so they cannot be bound separately.
const SAME: [(&str, &str); 18] = [
    ("Ctrl-M", "Enter"),
    ("Ctrl-Enter", "Enter"),
    ("Ctrl-I", "Tab"),
    ("Ctrl-Tab", "Tab"),
    ("Ctrl-[", "Esc"),
    ("Ctrl-3", "Esc"),
    ("Ctrl-Esc", "Esc"),
    ("Ctrl-?", "Backspace"),
    ("Ctrl-8", "Backspace"),
    ("Ctrl-@", "Ctrl-Space"),
    ("Ctrl-2", "Ctrl-Space"),
    ("Ctrl-4", "Ctrl-\\"),
    ("Ctrl-5", "Ctrl-]"),
    ("Ctrl-6", "Ctrl-^"),
    ("Ctrl-7", "Ctrl-_"),
    ("Ctrl-/", "Ctrl-_"),
    ("Ctrl-Shift-Tab", "Shift-Tab"),
    // Terminals differ: one of the two bytes is sent for Backspace, the other for this.
    ("Ctrl-Backspace", "Ctrl-H"),
];

/// The characters, apart from letters and space, that have a code with Ctrl. crossterm calls the codes Ctrl-4 to
/// Ctrl-7, after the digits of the DEC VT220, which nobody presses for them.
const PUNCTUATION: [char; 4] = ['\\', ']', '^', '_'];

/// The keys that have a name.
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
    /// The names of keys, apart from characters and function keys.
    pub const NAMES: [&'static str; NAMED.len()] = {
        let mut names = [""; NAMED.len()];
        let mut i = 0;
        while i < NAMED.len() {
            names[i] = NAMED[i].0;
            i += 1;
        }
        names
    };

    /// The key of an event, in the table's form. Terminals differ in whether they report Shift with a character that
    /// needs it, and crossterm reports Ctrl-\ as Ctrl-4.
    pub fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release || event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER) {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let code = match event.code {
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            KeyCode::Char(c @ '4'..='7') if ctrl => KeyCode::Char(PUNCTUATION[c as usize - '4' as usize]),
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        let shift = is_arrow(code) && event.modifiers.contains(KeyModifiers::SHIFT);
        Some(Self { code, ctrl, shift })
    }

    /// Parses a key from the configuration; see [`Key::name`]. Names are case-insensitive.
    ///
    /// # Errors
    ///
    /// If the text names no key, or a key that no terminal can send.
    pub fn parse(text: &str) -> Result<Self, NoKey> {
        let key = Self::written(text).ok_or(NoKey::Unknown)?;
        if !key.ctrl {
            return Ok(key);
        }
        let name = key.name();
        match SAME.iter().find(|(other, _)| *other == name) {
            Some((_, same)) => Err(NoKey::SameAs(same)),
            None if key.has_code() => Ok(key),
            None => Err(NoKey::NoCode),
        }
    }

    /// The key with that name, whether a terminal can send it or not.
    fn written(text: &str) -> Option<Self> {
        let prefix = text.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case("ctrl-") && text.len() > 5);
        let (ctrl, rest) = (prefix.is_some(), &text[prefix.map_or(0, str::len)..]);
        let arrow = rest.get(..6).filter(|prefix| prefix.eq_ignore_ascii_case("shift-")).and_then(|_| named(&rest[6..]));
        if let Some(code) = arrow.filter(|code| is_arrow(*code)) {
            return Some(Self { code, ctrl, shift: true });
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(if ctrl { c.to_ascii_lowercase() } else { c }),
            _ => named(rest)?,
        };
        Some(Self { code, ctrl, shift: false })
    }

    /// Whether a terminal has a code for it with Ctrl. The keys in [`SAME`] have another key's code.
    fn has_code(self) -> bool {
        match self.code {
            KeyCode::Char(c) => c.is_ascii_lowercase() || c == ' ' || PUNCTUATION.contains(&c),
            _ => true,
        }
    }

    /// Its spelling in the configuration.
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.ctrl => c.to_ascii_uppercase().to_string(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::F(number) => format!("F{number}"),
            code => NAMED.iter().find(|(_, named)| *named == code).map_or_else(String::new, |(name, _)| (*name).to_owned()),
        };
        let name = if self.shift { format!("Shift-{name}") } else { name };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }

    /// Its spelling on screen, with arrows as glyphs if the theme has them.
    pub fn text(self, unicode: bool) -> String {
        let glyph = match self.code {
            _ if self.ctrl => None,
            code if self.shift => return format!("Shift-{}", Self { code, ctrl: false, shift: false }.text(unicode)),
            KeyCode::Up if unicode => Some("↑"),
            KeyCode::Down if unicode => Some("↓"),
            KeyCode::Left if unicode => Some("←"),
            KeyCode::Right if unicode => Some("→"),
            KeyCode::Char(' ') => Some("space"),
            _ => None,
        };
        glyph.map_or_else(|| self.name(), str::to_owned)
    }

    /// Whether it types a character.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && !self.ctrl
    }

    /// Whether it is a digit.
    pub fn is_digit(self) -> bool {
        matches!(self.code, KeyCode::Char('0'..='9')) && !self.ctrl
    }
}

/// Whether terminals report Shift with it.
fn is_arrow(code: KeyCode) -> bool {
    matches!(code, KeyCode::Up | KeyCode::Down | KeyCode::Left | KeyCode::Right)
}

fn named(text: &str) -> Option<KeyCode> {
    let known = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, code)| *code);
    let number = || text.strip_prefix(['F', 'f'])?.parse().ok().filter(|number| (1..=24).contains(number));
    known.or_else(|| number().map(KeyCode::F))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How crossterm reports each control byte, and its name here.
    #[test]
    fn each_control_byte_is_one_key_that_can_be_bound() {
        let with_ctrl = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
        for byte in (0_u8..0x20).chain([0x7F]) {
            let event = match byte {
                0 => with_ctrl(' '),
                b'\t' => plain(KeyCode::Tab),
                b'\r' => plain(KeyCode::Enter),
                0x1B => plain(KeyCode::Esc),
                0x1C.. if byte != 0x7F => with_ctrl(char::from(byte - 0x1C + b'4')),
                0x7F => plain(KeyCode::Backspace),
                _ => with_ctrl(char::from(byte - 1 + b'a')),
            };
            let key = Key::of(event).expect("a key");
            assert_eq!(Key::parse(&key.name()), Ok(key), "{byte:#x}");
        }
    }

    #[test]
    fn a_key_that_cannot_come_names_the_one_that_comes_instead() {
        for (other, same) in SAME {
            assert_eq!(Key::parse(other), Err(NoKey::SameAs(same)));
            assert_eq!(Key::parse(&other.to_ascii_lowercase()), Err(NoKey::SameAs(same)));
            assert_eq!(Key::parse(same).map(Key::name).as_deref(), Ok(same), "it can be bound");
        }
        for text in ["Ctrl-0", "Ctrl-9", "Ctrl-;", "Ctrl-+", "Ctrl-ä", "Ctrl-\"", "Ctrl-{"] {
            assert_eq!(Key::parse(text), Err(NoKey::NoCode), "{text}");
        }
        for text in
            ["Ctrl-J", "Ctrl-h", "Ctrl-Space", "Ctrl-Up", "Ctrl-Delete", "Ctrl-F5", "Ctrl-\\", "Ctrl-]", "Ctrl-^", "Ctrl-_"]
        {
            assert!(Key::parse(text).is_ok(), "{text}");
        }
    }
}
