//! What must not reach a terminal unescaped, according to the documentation and not to the program's code.

/// True if a terminal would obey the character, or if it reverses the text.
pub(crate) fn harmful(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
