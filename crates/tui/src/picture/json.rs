//! Text in JSON.

use std::fmt::{self, Display, Formatter, Write};

/// A text as a JSON string.
pub(super) struct Json<'a>(pub(super) &'a str);

impl Display for Json<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(to, "\\{c}")?,
                '\n' => to.write_str("\\n")?,
                '\r' => to.write_str("\\r")?,
                '\0'..='\x1f' | '\x7f'..='\u{9f}' => write!(to, "\\u{:04x}", c as u32)?,
                _ => to.write_char(c)?,
            }
        }
        to.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_forbids_and_a_terminal_would_obey_is_escaped() {
        assert_eq!(Json("a\"b\\c\x1b[m\r\n\u{9b}é").to_string(), r#""a\"b\\c\u001b[m\r\n\u009bé""#);
    }
}
