//! The words of a query: where they begin and end, what they mean, and which were probably meant.

use std::ops::Range;

use super::term::{Asks, CauseIs, Compare, Doing, QueryError};
use crate::text;
use trace::{Cause, Family};

/// How similar a word must be to a known one to be suggested, from 0 to 1.
const ALIKE: f64 = 0.75;

const FIELDS: [&str; 8] = ["name", "state", "cause", "line", "wait", "duration", "polls", "spawned"];

const STATES: [(&str, Doing); 9] = [
    ("running", Doing::Running),
    ("ready", Doing::Ready),
    ("waiting", Doing::Waiting),
    ("alive", Doing::Alive),
    ("ended", Doing::Ended),
    ("completed", Doing::Completed),
    ("failed", Doing::Failed),
    ("cancelled", Doing::Cancelled),
    ("panicked", Doing::Panicked),
];

/// The longer ones first, because `>=` begins with `>`.
const OPERATORS: [(&str, Compare); 5] =
    [(">=", Compare::AtLeast), ("<=", Compare::AtMost), (">", Compare::More), ("<", Compare::Less), ("=", Compare::Equal)];

/// Splits a text into terms: at spaces, except within quotes.
pub(super) fn split(text: &str) -> Result<Vec<Range<usize>>, QueryError> {
    let (mut terms, mut start, mut quote) = (Vec::new(), None, None);
    for (at, c) in text.char_indices() {
        if c == '"' {
            quote = if quote.is_some() { None } else { Some(at) };
        }
        if c.is_whitespace() && quote.is_none() {
            terms.extend(start.take().map(|start| start..at));
        } else {
            start = start.or(Some(at));
        }
    }
    if let Some(open) = quote {
        return Err(QueryError { span: open..text.len(), reason: "missing closing \"".into() });
    }
    terms.extend(start.map(|start| start..text.len()));
    Ok(terms)
}

/// A value without quotes.
pub(super) fn bare(text: &str) -> &str {
    let inside = text.strip_prefix('"').unwrap_or(text);
    inside.strip_suffix('"').unwrap_or(inside)
}

/// The first operator of a term, if it has one.
pub(super) fn operator(text: &str) -> Option<(Range<usize>, Compare)> {
    let at = text.find(['<', '>', '='])?;
    let (sign, is) = OPERATORS.iter().find(|(sign, _)| text[at..].starts_with(sign))?;
    Some((at..at + sign.len(), *is))
}

pub(super) fn state(text: &str) -> Result<Doing, String> {
    let typed = text.to_lowercase();
    let known = STATES.iter().find(|(name, _)| *name == typed);
    known.map(|(_, state)| *state).ok_or_else(|| offer("state", text, &STATES.map(|(name, _)| name)))
}

/// A cause by its name, or a family of causes. A hyphen may stand for a space.
pub(super) fn cause(text: &str) -> Result<CauseIs, String> {
    let typed = text.to_lowercase().replace(['-', '_'], " ");
    let one = || Cause::ALL.into_iter().find(|cause| cause.name() == typed).map(CauseIs::One);
    let family = || Family::ALL.into_iter().find(|family| family.name() == typed).map(CauseIs::Any);
    family().or_else(one).ok_or_else(|| {
        let names = Family::ALL.map(Family::name).into_iter().chain(Cause::ALL.map(Cause::name));
        let mut names: Vec<String> = names.map(|name| name.replace(' ', "-")).collect();
        names.sort();
        names.dedup();
        offer("cause", text, &names.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

/// `33`, or `semaphore.rs:33`.
pub(super) fn line(text: &str) -> Result<Asks, String> {
    let (file, line) = text.rsplit_once(':').map_or((None, text), |(file, line)| (Some(file), line));
    let digits = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    let line = line.parse().ok().filter(|_| digits && file != Some(""));
    let line = line.ok_or_else(|| format!("'{text}' is not a line; try 33 or semaphore.rs:33"))?;
    Ok(Asks::Line { file: file.map(str::to_owned), line })
}

/// The error for an unknown field.
pub(super) fn no_field(name: &str) -> String {
    if name.is_empty() { format!("a field must come first: {}", FIELDS.join(", ")) } else { offer("field", name, &FIELDS) }
}

/// The error for an unknown name: suggests the name that was probably meant, or lists all.
fn offer(what: &str, typed: &str, names: &[&str]) -> String {
    match text::meant(&typed.to_lowercase(), names, ALIKE) {
        Some(name) => format!("no {what} '{typed}': did you mean '{name}'?"),
        None => format!("no {what} '{typed}': {}", names.join(", ")),
    }
}
