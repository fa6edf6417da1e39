//! Text from outside, made fit for a terminal.
//!
//! Names, log lines, reasons and paths come from recordings, arguments and settings, and may hold anything. A terminal
//! obeys some characters: an escape sequence in the name of a task could fill the clipboard, and a bidirectional control
//! turns a line round. Others are invisible. [`safe`] writes all of them as escapes such as `\u{1b}`, and everything else
//! here shows a text as [`safe`] does, so a text that was measured takes the cells that it was measured with.
//!
//! Widths are cells of a terminal, not characters. Nothing looks at more of a text than it can show: combining marks take
//! no cell, but only the first few of a letter count as marks, so a text of a million of them ends where its room ends.

use std::borrow::Cow;
use std::char::EscapeDefault;
use std::iter;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::Chars;

use unicode_width::UnicodeWidthChar;

/// The most cells of a name within a sentence.
pub const NAME: usize = 80;
/// The most cells of a message: a line of the log, the reason of an end.
pub const MESSAGE: usize = 500;
/// The most cells of a path.
pub const PATH: usize = 240;
/// The most cells of a line on standard error, and of a paragraph.
pub const LINE: usize = 2_000;
/// No screen is wider; a text that is wider is not measured to its end.
const WIDEST: usize = u16::MAX as usize;
/// The most combining marks of one letter. More than these would climb over the lines above.
const MARKS: u8 = 4;
/// The most bytes of a text that take one cell: a letter with all its marks.
const CELL_BYTES: usize = 4 * (MARKS as usize + 1);
/// What stands for the rest of a text that was cut, where only ASCII is sure to be shown.
const MORE: &str = "...";

/// The characters that are written as escapes.
const HIDDEN: [RangeInclusive<char>; 16] = [
    // Controls: C0, DEL and C1.
    '\0'..='\x1f',
    '\x7f'..='\u{9f}',
    // Bidirectional marks, embeddings, overrides and isolates, with what Unicode has deprecated of them.
    '\u{61c}'..='\u{61c}',
    '\u{200e}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2066}'..='\u{206f}',
    // Line and paragraph separators.
    '\u{2028}'..='\u{2029}',
    // What takes no room or shows nothing: hyphens, spaces, fillers, operators, annotations, tags.
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

/// A text with an escape for each hidden character, each mark without a letter, and each mark that is one too many.
pub fn safe(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    shown.extend(chars(text).map(|(c, _)| c));
    // An escape is longer than what it stands for.
    if shown.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(shown) }
}

/// Lines of text, each [`safe`]: the last look at what is printed.
pub fn page(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(|line| matches!(safe(line), Cow::Borrowed(_))) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(safe).collect::<Vec<_>>().join("\n"))
}

/// A text on one line of standard error: [`safe`], and cut to [`LINE`] cells.
pub fn line(text: &str) -> Cow<'_, str> {
    fit(text, LINE, MORE)
}

/// A name within a sentence: [`safe`], and cut to [`NAME`] cells.
pub fn name(text: &str) -> Cow<'_, str> {
    fit_name(text, NAME, MORE)
}

/// A message on one line: its words with one space between them, [`safe`], and cut to [`MESSAGE`] cells.
pub fn message(text: &str) -> String {
    fit(&words(text).collect::<Vec<_>>().join(" "), MESSAGE, MORE).into_owned()
}

/// A path: [`safe`], and cut at its beginning to [`PATH`] cells.
pub fn path(path: &Path) -> String {
    fit_end(&path.to_string_lossy(), PATH, MORE).into_owned()
}

/// A text in at most so many cells, [`safe`]. One that is cut ends with `more`.
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

/// A text in at most so many cells, [`safe`], of which the end is kept. One that is cut begins with `more`.
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
    // A mark whose letter is cut off goes with it.
    Cow::Owned(more.to_owned() + shown[start..].trim_start_matches(|c: char| c.width() == Some(0)))
}

/// A name in at most so many cells. The number at its end (`request 17`, `semaphore.rs:115`) is what tells it from its
/// neighbours, so it is cut before that.
pub fn fit_name<'a>(name: &'a str, cells: usize, more: &str) -> Cow<'a, str> {
    if width_within(name, cells) <= cells {
        return safe(name);
    }
    let digits = name.bytes().rev().take(cells + 1).take_while(u8::is_ascii_digit).count();
    let separators = name[..name.len() - digits].bytes().rev().take(cells + 1).take_while(|byte| b" :".contains(byte)).count();
    let (head, tail) = name.split_at(name.len() - digits - separators);
    // A cell of the head and the mark for *more*.
    if digits == 0 || tail.len() + 1 + width(more) > cells {
        return fit(name, cells, more);
    }
    Cow::Owned(fit(head, cells - tail.len(), more).into_owned() + tail)
}

/// The cells that a text takes as it is shown. One that is wider than any screen is not measured to its end.
pub fn width(text: &str) -> usize {
    width_within(text, WIDEST)
}

/// The cells that a text takes, or some number above `most` if it takes more: it is not measured to its end then.
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

/// Of some names the one that was meant by what was typed: the one most like it, if it is at least so `alike`, from 0 to 1.
pub fn meant<'a>(typed: &str, names: &[&'a str], alike: f64) -> Option<&'a str> {
    // What is much longer than a name is not a slip, and to compare two texts takes the product of their lengths.
    if typed.len() > NAME {
        return None;
    }
    let likeness = |name: &&'a str| {
        #[cfg(test)]
        crate::work_count::count(typed.len() * name.len());
        (strsim::jaro_winkler(typed, name), *name)
    };
    names.iter().map(likeness).max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(found, _)| *found >= alike).map(|(_, name)| name)
}

/// Breaks a text at spaces into lines of at most so many cells, [`safe`]. A word that is longer stands alone and is cut
/// when drawn; what comes after [`LINE`] cells is left out, and the last line says so.
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

/// The words of the beginning of a text: of as much as a paragraph can show.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text[..text.floor_char_boundary(LINE * CELL_BYTES)].split_whitespace()
}

/// The characters that are shown of a text, each with the cells that it takes.
pub(crate) fn chars(text: &str) -> impl Iterator<Item = (char, usize)> {
    let mut shown = Shown { rest: text.chars(), escape: None, marks: MARKS };
    iter::from_fn(move || shown.next())
}

/// The characters of a text, each by the byte that it begins at, with the cells that are shown of it.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut shown = Shown { rest: text.chars(), escape: None, marks: MARKS };
    iter::from_fn(move || {
        let at = text.len() - shown.rest.as_str().len();
        let (_, first) = shown.next()?;
        Some((at, first + shown.escape.take().map_or(0, |escape| escape.len())))
    })
}

/// Whether a text is shown as it is, a cell for each byte.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

struct Shown<'a> {
    rest: Chars<'a>,
    /// The escape that is being written.
    escape: Option<EscapeDefault>,
    /// How many marks the last letter has.
    marks: u8,
}

impl Shown<'_> {
    fn next(&mut self) -> Option<(char, usize)> {
        if let Some(c) = self.escape.as_mut().and_then(Iterator::next) {
            return Some((c, 1));
        }
        #[cfg(test)]
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
                // Nothing joins the brace at the end of an escape.
                self.marks = MARKS;
                self.escape.insert(c.escape_default()).next().map(|c| (c, 1))
            }
        }
    }
}

#[cfg(test)]
mod tests;
