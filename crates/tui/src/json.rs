//! JSON that is safe to print on a terminal: every character that a terminal would obey is escaped.
//!
//! JSON itself requires this only for control characters below a space. A parser still gets the original text.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::Error;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::text::is_hidden;

/// Serializes a value as JSON on one line.
///
/// # Errors
///
/// If the value cannot be serialized.
pub fn to_string(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Escaping))?;
    String::from_utf8(bytes).map_err(serde_json::Error::custom)
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        let mut written = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_hidden(*c)) {
            to.write_all(&fragment.as_bytes()[written..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(to, "\\u{unit:04x}")?;
            }
            written = at + c.len_utf8();
        }
        to.write_all(&fragment.as_bytes()[written..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_comes_back() -> serde_json::Result<()> {
        let text = "a\x1b\x7f\u{9b}\u{202e}\u{2028}\u{e0041}日\"\\";
        let json = to_string(&text)?;
        assert_eq!(json, r#""a\u001b\u007f\u009b\u202e\u2028\udb40\udc41日\"\\""#);
        assert_eq!(serde_json::from_str::<String>(&json)?, text);
        assert_eq!(to_string(&[1.5, 2e300])?, "[1.5,2e+300]");
        Ok(())
    }
}
