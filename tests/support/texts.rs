//! Texts that are harmful on a terminal.

use proptest::prelude::*;

/// What a terminal obeys, and other things that break a line.
const PIECES: [&str; 30] = [
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil\x1b\\",
    "\x1b[2J\x1b[H",
    "\x1b[?1049l",
    "\x1bc",
    "\x1bP1$r\x1b\\",
    "\x1b_G\x1b\\",
    "\x1b[6n",
    "\x1b[31;7m",
    "\u{9b}31m",
    "\u{9d}52;c;ZQ==\u{9c}",
    "\x0e",
    "\x7f",
    "\x08\x08\x08",
    "\0",
    "\r\n",
    "\n\n",
    "\t",
    "\u{202e}",
    "\u{2066}x",
    "\u{2028}",
    "\u{feff}\u{200b}",
    "\u{e0041}\u{e007f}",
    "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "日本語",
    "👩\u{200d}💻",
    "❤\u{fe0f}",
    "हिन्दी",
    " request 17",
];

/// The longest text, in bytes. A recording may have longer ones, but many of them would make these tests slow.
pub(crate) const LONGEST: usize = 50_000;
/// Any harmful text, including long ones.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let piece = || {
        prop_oneof![
            4 => prop::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
            // The terminal of these tests takes that for invalid bytes, and shows nothing for it.
            1 => any::<char>().prop_map(|c| if c == char::REPLACEMENT_CHARACTER { 'x' } else { c }.to_string()),
            2 => "[a-zA-Z0-9 ]{1,8}",
        ]
    };
    prop_oneof![
        8 => prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat()),
        1 => (piece(), 1..20_000_usize).prop_map(|(piece, times)| piece.repeat(times.min(LONGEST / piece.len().max(1)))),
        1 => "[a-z]{1,12} [0-9]{1,3}",
    ]
}
