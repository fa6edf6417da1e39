//! A run as a page that opens in any browser: one file, without a network.
//!
//! The page is readable without scripts: a picture, the story, the outcome and the table of waits. Its viewer, in `viewer/`, draws
//! the lanes from the run itself, which the page contains as JSON.

mod data;
mod html;
mod tasks;

use data::Data;
pub(crate) use html::{Around, CSS, fill, image, js, text};

use crate::Exported;

/// Nothing may be loaded: all that the page needs is in it.
const ALONE: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The page of a run, in one file. The picture is an SVG of the run.
///
/// # Errors
///
/// If serialization fails, which should never happen.
pub fn page(exported: &Exported<'_>, picture: &str) -> serde_json::Result<String> {
    around(exported, || Around {
        policy: ALONE,
        style: format!("<style>\n{CSS}</style>"),
        script: format!("<script>\n{}</script>", js()),
        nav: String::new(),
        picture: image(&format!("data:image/svg+xml,{}", percent(picture))),
        more: String::new(),
    })
}

/// The page of a run, with something around it.
pub(crate) fn around(exported: &Exported<'_>, around: impl FnOnce() -> Around) -> serde_json::Result<String> {
    let data = Data::of(exported);
    Ok(html::page(&data, &json(&data)?, &around()))
}

/// The run as the viewer reads it: JSON that may be within a `<script>`.
fn json(data: &Data<'_>) -> serde_json::Result<String> {
    serde_json::to_string(data).map(|json| inert(&json))
}

/// Escapes what may not be in the address of an image, or in a quoted attribute.
fn percent(svg: &str) -> String {
    let mut safe = String::with_capacity(svg.len() + svg.len() / 4);
    for c in svg.chars() {
        match c {
            '%' => safe.push_str("%25"),
            '#' => safe.push_str("%23"),
            '"' => safe.push_str("%22"),
            '<' => safe.push_str("%3c"),
            '>' => safe.push_str("%3e"),
            '&' => safe.push_str("%26"),
            '\'' => safe.push_str("%27"),
            '\n' => safe.push_str("%0a"),
            c => safe.push(c),
        }
    }
    safe
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
