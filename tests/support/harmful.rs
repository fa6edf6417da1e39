//! What must not reach a terminal as it is, as the document says it and not as the program does.

/// Whether a terminal would obey a character, or turn the line round.
pub(crate) fn harmful(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
