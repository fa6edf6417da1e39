//! The control sequences that the program may write to a terminal.

use super::harmful::harmful;

/// The modes that the program turns on and off: its screen, paste, cursor, mouse, synchronized output.
const MODES: [&str; 8] = ["?1049", "?2004", "?25", "?1000", "?1002", "?1003", "?1006", "?2026"];

/// The first control sequence in the output that is not the program's own; `None` if all are. Its own ones move the cursor, set
/// styles, clear the screen, and switch its modes.
pub(crate) fn foreign(written: &str) -> Option<String> {
    let mut rest = written;
    while let Some(at) = rest.find(harmful) {
        let told = || Some(rest[at..].chars().take(40).collect());
        let Some(sequence) = rest[at..].strip_prefix("\x1b[") else { return told() };
        let Some(end) = sequence.find(|c: char| !matches!(c, '0'..='9' | ';' | ':' | '?')) else { return told() };
        let (parameters, last) = (&sequence[..end], &sequence[end..=end]);
        let own = match last {
            "H" | "m" => !parameters.contains('?'),
            "J" => matches!(parameters, "" | "2"),
            "h" | "l" => MODES.contains(&parameters),
            _ => false,
        };
        if !own {
            return told();
        }
        rest = &sequence[end + 1..];
    }
    None
}
