//! Makes text from outside safe to show on a terminal.
//!
//! Names, log lines, reasons and paths come from recordings, arguments and settings, and may contain anything. A terminal obeys
//! some characters: an escape sequence in the name of a task could fill the clipboard, and a bidirectional control reverses a
//! line. Others are invisible. [`safe`] writes all of them as escapes such as `\u{1b}`. All other functions here measure and
//! show a text as [`safe`] does, so a text takes exactly the cells that were measured.
//!
//! Widths are in terminal cells, not characters. No function reads more of a text than it can show. Combining marks take no
//! cell, but only the first few of each letter count as marks and the rest are escaped, so even a text of a million marks ends
//! where its room ends.

use std::borrow::Cow;
use std::char::EscapeDefault;
use std::iter;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::Chars;

use unicode_width::UnicodeWidthChar;

/// The maximum width of a name within a sentence.
pub const NAME: usize = 80;
/// The maximum width of a message: a line of the log, the reason of an end.
pub const MESSAGE: usize = 500;
/// The maximum width of a path.
pub const PATH: usize = 240;
/// The maximum width of a line on standard error, and of a paragraph.
pub const LINE: usize = 2_000;
/// No screen is wider. A wider text is not measured to its end.
const WIDEST: usize = u16::MAX as usize;
/// The maximum number of combining marks per letter. More would overlap the lines above.
const MARKS: u8 = 4;
/// The maximum number of bytes in one cell: a letter with all its marks.
const CELL_BYTES: usize = 4 * (MARKS as usize + 1);
/// Marks a cut text where only ASCII is sure to be shown.
const MORE: &str = "...";

/// The characters to write as escapes.
const HIDDEN: [RangeInclusive<char>; 16] = [
    // Controls: C0, DEL and C1.
    '\0'..='\x1f',
    '\x7f'..='\u{9f}',
    // Bidirectional marks, embeddings, overrides and isolates, including deprecated ones.
    '\u{61c}'..='\u{61c}',
    '\u{200e}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2066}'..='\u{206f}',
    // Line and paragraph separators.
    '\u{2028}'..='\u{2029}',
    // Invisible characters: hyphens, spaces, fillers, operators, annotations, tags.
    '\u{ad}'..='\u{ad}',
    '\u{115f}'..='\u{1160}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200b}',
    '\u{2060}'..='\u{2065}',
    '\u{3164}'..='\u{3164}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{e0000}'..='\u{e00ff}',
];

/// Whether a terminal would obey a character, or show nothing for it.
///
/// Combining marks and the joiners of scripts and emoji are not hidden: they belong to the letter before them.
pub fn is_hidden(c: char) -> bool {
    !matches!(c, ' '..='~') && HIDDEN.iter().any(|range| range.contains(&c))
}

/// Escapes each hidden character, each mark without a letter, and each surplus mark.
pub fn safe(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    shown.extend(chars(text).map(|(c, _)| c));
    // An escape is always longer than its character, so an equal length means no escapes.
    if shown.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(shown) }
}

/// Makes each line of a text [`safe`], just before it is printed.
pub fn page(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(|line| matches!(safe(line), Cow::Borrowed(_))) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(safe).collect::<Vec<_>>().join("\n"))
}

/// A line for standard error: [`safe`], and cut to [`LINE`] cells.
pub fn line(text: &str) -> Cow<'_, str> {
    fit(text, LINE, MORE)
}

/// A name within a sentence: [`safe`], and cut to [`NAME`] cells.
pub fn name(text: &str) -> Cow<'_, str> {
    fit_name(text, NAME, MORE)
}

/// A message on one line: its words separated by single spaces, [`safe`], and cut to [`MESSAGE`] cells.
pub fn message(text: &str) -> String {
    fit(&words(text).collect::<Vec<_>>().join(" "), MESSAGE, MORE).into_owned()
}

/// A path: [`safe`], and cut at its beginning to [`PATH`] cells.
pub fn path(path: &Path) -> String {
    fit_end(&path.to_string_lossy(), PATH, MORE).into_owned()
}

/// Cuts a text at its end to at most `cells`, [`safe`]. A cut text ends with `more`.
pub fn fit<'a>(text: &'a str, cells: usize, more: &str) -> Cow<'a, str> {
    if text.len() <= cells && is_plain(text) {
        return Cow::Borrowed(text);
    }
    let room = cells.saturating_sub(width(more));
    let (mut shown, mut used, mut fits) = (String::new(), 0, 0);
    for (c, takes) in chars(text) {
        used += takes;
        if used > cells {
            shown.truncate(fits);
            shown.push_str(if width(more) <= cells { more } else { "" });
            return Cow::Owned(shown);
        }
        shown.push(c);
        if used <= room {
            fits = shown.len();
        }
    }
    if shown.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(shown) }
}

/// Cuts a text at its beginning to at most `cells`, [`safe`]. A cut text begins with `more`.
pub fn fit_end<'a>(text: &'a str, cells: usize, more: &str) -> Cow<'a, str> {
    let shown = safe(&text[text.ceil_char_boundary(text.len().saturating_sub((cells + 1) * CELL_BYTES))..]);
    if width_within(&shown, cells) <= cells {
        return shown;
    }
    let mut room = cells.saturating_sub(width(more));
    let kept = shown.char_indices().rev().take_while(|(_, c)| {
        let takes = c.width().unwrap_or(0);
        let fits = takes <= room;
        room = room.saturating_sub(takes);
        fits
    });
    let start = kept.last().map_or(shown.len(), |(at, _)| at);
    let more = if width(more) <= cells { more } else { "" };
    // Remove marks whose letter was cut off.
    Cow::Owned(more.to_owned() + shown[start..].trim_start_matches(|c: char| c.width() == Some(0)))
}

/// Cuts a name to at most `cells`, before the number at its end (`request 17`, `semaphore.rs:115`): the number distinguishes it
/// from its neighbours.
pub fn fit_name<'a>(name: &'a str, cells: usize, more: &str) -> Cow<'a, str> {
    if width_within(name, cells) <= cells {
        return safe(name);
    }
    let digits = name.bytes().rev().take(cells + 1).take_while(u8::is_ascii_digit).count();
    let separators = name[..name.len() - digits].bytes().rev().take(cells + 1).take_while(|byte| b" :".contains(byte)).count();
    let (head, tail) = name.split_at(name.len() - digits - separators);
    // The head needs at least one cell, plus `more`.
    if digits == 0 || tail.len() + 1 + width(more) > cells {
        return fit(name, cells, more);
    }
    Cow::Owned(fit(head, cells - tail.len(), more).into_owned() + tail)
}

/// The width of a text in cells. A text that is wider than any screen is not measured to its end.
pub fn width(text: &str) -> usize {
    width_within(text, WIDEST)
}

/// The width of a text in cells, or some number above `most` if it is wider: it is then not measured to its end.
pub fn width_within(text: &str, most: usize) -> usize {
    if text.len() <= most && is_plain(text) {
        return text.len();
    }
    let mut used = 0;
    for (_, takes) in chars(text) {
        used += takes;
        if used > most {
            break;
        }
    }
    used
}

/// The name that was probably meant: the most similar to `typed`, if its similarity from 0 to 1 is at least `alike`.
pub fn meant<'a>(typed: &str, names: &[&'a str], alike: f64) -> Option<&'a str> {
    // A text much longer than a name is not a typo, and comparing takes the product of the lengths.
    if typed.len() > NAME {
        return None;
    }
    let likeness = |name: &&'a str| {
        #[cfg(any(test, feature = "count-steps"))]
        crate::work_count::count(typed.len() * name.len());
        (strsim::jaro_winkler(typed, name), *name)
    };
    names.iter().map(likeness).max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(found, _)| *found >= alike).map(|(_, name)| name)
}

/// Breaks a text at spaces into lines of at most `cells`, [`safe`]. A longer word gets its own line, and is cut when drawn.
/// Text after [`LINE`] cells is left out, which the last line shows as `...`.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut used, mut all) = (0, 0);
    for word in words(text) {
        if all >= LINE {
            lines.push(MORE.to_owned());
            break;
        }
        let takes = width_within(word, LINE);
        all += takes + 1;
        match lines.last_mut() {
            Some(line) if used + 1 + takes <= cells => {
                line.push(' ');
                line.push_str(&safe(word));
                used += 1 + takes;
            }
            _ => {
                lines.push(fit(word, LINE, MORE).into_owned());
                used = takes;
            }
        }
    }
    lines
}

/// The words of a text, up to as much as a paragraph can show.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text[..text.floor_char_boundary(LINE * CELL_BYTES)].split_whitespace()
}

/// The characters of a text as shown, each with its width in cells.
pub(crate) fn chars(text: &str) -> impl Iterator<Item = (char, usize)> {
    let mut shown = Shown { rest: text.chars(), escape: None, marks: MARKS };
    iter::from_fn(move || shown.next())
}

/// The characters of a text: the byte offset of each, and its width in cells as shown.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut shown = Shown { rest: text.chars(), escape: None, marks: MARKS };
    iter::from_fn(move || {
        let at = text.len() - shown.rest.as_str().len();
        let (_, first) = shown.next()?;
        Some((at, first + shown.escape.take().map_or(0, |escape| escape.len())))
    })
}

/// Whether a text is shown unchanged, with one cell per byte.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

struct Shown<'a> {
    rest: Chars<'a>,
    /// The rest of the current escape.
    escape: Option<EscapeDefault>,
    /// How many marks the last letter has.
    marks: u8,
}

impl Shown<'_> {
    fn next(&mut self) -> Option<(char, usize)> {
        if let Some(c) = self.escape.as_mut().and_then(Iterator::next) {
            return Some((c, 1));
        }
        #[cfg(any(test, feature = "count-steps"))]
        crate::work_count::count(1);
        let c = self.rest.next()?;
        if matches!(c, ' '..='~') {
            self.marks = 0;
            return Some((c, 1));
        }
        match c.width().filter(|_| !is_hidden(c)) {
            Some(cells @ 1..) => {
                self.marks = 0;
                Some((c, cells))
            }
            Some(0) if self.marks < MARKS => {
                self.marks += 1;
                Some((c, 0))
            }
            _ => {
                // No mark may combine with the brace at the end of an escape.
                self.marks = MARKS;
                self.escape.insert(c.escape_default()).next().map(|c| (c, 1))
            }
        }
    }
}

#[cfg(test)]
mod tests;
