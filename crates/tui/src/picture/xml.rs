//! Text in XML 1.0.

use std::fmt::{self, Display, Formatter, Write};

/// A text that may contain anything, as XML: what would be markup is escaped, and characters that XML does not allow in any
/// form are replaced.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => to.write_str("&amp;")?,
                '<' => to.write_str("&lt;")?,
                '>' => to.write_str("&gt;")?,
                '"' => to.write_str("&quot;")?,
                _ if is_allowed(c) => to.write_char(c)?,
                _ => to.write_char(char::REPLACEMENT_CHARACTER)?,
            }
        }
        Ok(())
    }
}

/// Whether a character may occur in XML 1.0, except for white space other than a space and for C1, which parsers may change.
fn is_allowed(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_what_xml_forbids_is_replaced() {
        assert_eq!(Escaped("<a href=\"x\">&amp;</a>").to_string(), "&lt;a href=&quot;x&quot;&gt;&amp;amp;&lt;/a&gt;");
        assert_eq!(
            Escaped("\0\x1b\n\u{9b}\u{fffe}\u{ffff}é日").to_string(),
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}é日"
        );
    }
}
