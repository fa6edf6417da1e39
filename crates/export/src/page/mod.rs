//! A run as a page that opens in any browser: one file, without a network.
//!
//! The page is readable without scripts: a picture, the story, the outcome and the table of waits. Its viewer, in `viewer/`, draws
//! the lanes from the run itself, which the page contains as JSON.

mod data;
mod tasks;

use data::Data;

use crate::Exported;

/// The run as the viewer reads it: JSON that may be within a `<script>`.
///
/// # Errors
///
/// If serialization fails, which should never happen.
pub fn run_json(exported: &Exported<'_>) -> serde_json::Result<String> {
    serde_json::to_string(&Data::of(exported)).map(|json| inert(&json))
}

/// Escapes what could end a `<script>` or begin a comment in it. In JSON these characters occur only within texts.
fn inert(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            other => safe.push(other),
        }
    }
    safe
}
