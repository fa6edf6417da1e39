//! The filter of the lanes as the user types it: `wait>500ms cause=lock`.
//!
//! A query is a list of terms, and a task is shown if all of them hold for it at the cursor. A bare word searches the
//! name. `!` or `-` before a term negates it. Terms about waits (`wait`, `cause`, `line`) apply to one and the same
//! wait: `wait>500ms cause=lock` matches a task that once waited that long for a lock; with `state=waiting` it
//! matches a task in such a wait now.

mod matches;
mod term;
mod words;

use std::ops::Range;
use std::sync::Arc;

pub use term::QueryError;
use term::{Asks, Compare, Figure, Term};

use crate::app::time;

/// The conditions that a task must meet.
#[derive(Debug, Clone, Default, Eq)]
pub struct Query {
    /// Shared, since every key and every tick checks whether the list was built from this query.
    terms: Arc<[Term]>,
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        // Queries that share their terms are equal without a comparison term by term.
        Arc::ptr_eq(&self.terms, &other.terms) || {
            #[cfg(any(test, feature = "count-steps"))]
            crate::work_count::count(self.terms.len());
            self.terms == other.terms
        }
    }
}

impl Query {
    /// Whether the query is empty, so that every task is shown.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the result can change over time.
    pub fn depends_on_time(&self) -> bool {
        let of_the_spawn = |asks: &Asks| matches!(asks, Asks::Name(_) | Asks::Number { of: Figure::Spawned, .. });
        self.terms.iter().any(|term| !of_the_spawn(&term.asks))
    }

    /// Parses a typed query.
    ///
    /// # Errors
    ///
    /// If a term is invalid. The error marks the first such term, and says what would be right.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let mut terms = Vec::new();
        for span in words::split(text)? {
            terms.push(term(&text[span.clone()], span.start)?);
        }
        Ok(Self { terms: terms.into() })
    }
}

/// Parses one term, which begins at byte `at`.
fn term(text: &str, at: usize) -> Result<Term, QueryError> {
    let not = text.len() > 1 && text.starts_with(['!', '-']);
    let (text, at) = if not { (&text[1..], at + 1) } else { (text, at) };
    let quoted = text.starts_with('"');
    let asks = match words::operator(text).filter(|_| !quoted) {
        Some((operator, is)) => field(text, operator, is, at)?,
        None => Asks::Name(words::bare(text).to_lowercase()),
    };
    Ok(Term { not, asks })
}

/// Parses a field with its operator and its value.
fn field(text: &str, operator: Range<usize>, is: Compare, at: usize) -> Result<Asks, QueryError> {
    let name = text[..operator.start].to_lowercase();
    let value = words::bare(&text[operator.end..]);
    let span = at + operator.end..at + text.len();
    let wrong = |reason: String| QueryError { span: span.clone(), reason };
    let needs = |what: &str| wrong(format!("{} needs {what}", &text[..operator.end]));
    let figure = match name.as_str() {
        "wait" => Figure::Wait,
        "duration" => Figure::Duration,
        "spawned" => Figure::Spawned,
        "polls" => Figure::Polls,
        "name" | "state" | "cause" | "line" if is != Compare::Equal => {
            let span = at + operator.start..at + operator.end;
            return Err(QueryError { span, reason: format!("{name} is compared with =") });
        }
        "name" if value.is_empty() => return Err(needs("part of a name")),
        "name" => return Ok(Asks::Name(value.to_lowercase())),
        "state" => return words::state(value).map(Asks::State).map_err(wrong),
        "cause" => return words::cause(value).map(Asks::Cause).map_err(wrong),
        "line" => return words::line(value).map_err(wrong),
        _ => return Err(QueryError { span: at..at + operator.start, reason: words::no_field(&name) }),
    };
    let value = match figure {
        Figure::Polls if value.is_empty() => return Err(needs("a number")),
        Figure::Polls => value.parse().map_err(|_| wrong(format!("'{value}' is not a number of polls")))?,
        _ if value.is_empty() => return Err(needs("a time such as 500ms")),
        _ => time::parse(value).map_err(wrong)?,
    };
    Ok(Asks::Number { of: figure, is, value })
}

#[cfg(test)]
mod tests;
