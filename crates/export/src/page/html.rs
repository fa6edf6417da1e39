//! The HTML around the viewer: what is readable without scripts.
//!
//! Texts go through [`text`], which escapes them, and nothing else writes what it did not make itself.

use std::fmt::Write;

use super::data::Data;
use engine::question::time;

/// The template of a page.
const PAGE: &str = include_str!("../../viewer/page.html");

/// The style of a page and its viewer.
pub(crate) const CSS: &str = include_str!("../../viewer/viewer.css");

/// The viewer's script. Each part uses only the parts before it.
const PARTS: [&str; 11] = [
    include_str!("../../viewer/data.js"),
    include_str!("../../viewer/dom.js"),
    include_str!("../../viewer/lanes.js"),
    include_str!("../../viewer/tip.js"),
    include_str!("../../viewer/marks.js"),
    include_str!("../../viewer/charts.js"),
    include_str!("../../viewer/draw.js"),
    include_str!("../../viewer/code.js"),
    include_str!("../../viewer/panels.js"),
    include_str!("../../viewer/input.js"),
    include_str!("../../viewer/main.js"),
];

/// The viewer's script as one text, without comments and indentation: every page has it.
pub(crate) fn js() -> String {
    let lines = PARTS.iter().flat_map(|part| part.lines()).map(str::trim_start);
    let code: String = lines.filter(|line| !line.is_empty() && !line.starts_with("//")).flat_map(|line| [line, "\n"]).collect();
    format!("(() => {{\n'use strict';\n{code}}})();\n")
}

/// What is around a run.
#[derive(Debug)]
pub(crate) struct Around {
    /// What may be loaded.
    pub(crate) policy: &'static str,
    /// The elements that bring the style.
    pub(crate) style: String,
    /// The elements that bring the script.
    pub(crate) script: String,
    /// Links above the title.
    pub(crate) nav: String,
    /// The element with the picture.
    pub(crate) picture: String,
    /// Further sections of the plain page.
    pub(crate) more: String,
}

/// The page of a run.
pub(super) fn page(data: &Data<'_>, json: &str, around: &Around) -> String {
    let class = if data.ending.bad { "bad" } else { "good" };
    let part = |name: &str| match name {
        "policy" => around.policy.to_owned(),
        "style" => around.style.clone(),
        "script" => around.script.clone(),
        "nav" => around.nav.clone(),
        "picture" => around.picture.clone(),
        "more" => around.more.clone(),
        "title" => text(&data.title),
        "lesson" => text(data.lesson),
        "ending" => text(&data.ending.text),
        "ending_class" => class.to_owned(),
        "story" => story(data),
        "outcome" => outcome(data),
        "findings" => findings(data),
        "waits" => waits(data),
        "json" => json.to_owned(),
        _ => String::new(),
    };
    fill(PAGE, part)
}

/// The element of a picture at an address. What it shows is in the text of the page, too.
pub(crate) fn image(address: &str) -> String {
    format!("<img src=\"{address}\" alt=\"The lanes of the run as a picture\">")
}

/// Replaces each `{{name}}` of a template. What replaces it is not searched again.
pub(crate) fn fill(template: &str, part: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        filled.push_str(before);
        filled.push_str(&part(name));
        rest = after;
    }
    filled + rest
}

/// A text between tags or in a quoted attribute. Characters that a browser would obey or not show are replaced.
pub(crate) fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            c if c.is_control() || is_order(c) => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Whether a character changes the order of the text after it.
fn is_order(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

fn story(data: &Data<'_>) -> String {
    let mut stops = String::new();
    for stop in &data.story {
        let _ = writeln!(stops, "<li><b>{}</b> {}</li>", time(stop.at), text(&stop.text));
    }
    section("Story", "ol", &stops)
}

fn outcome(data: &Data<'_>) -> String {
    let mut rows = String::new();
    for figure in &data.outcome {
        let _ = writeln!(rows, "<tr><th>{}</th><td>{}</td></tr>", text(figure.name), text(&figure.value));
    }
    for check in &data.checks {
        let (class, word) = if check.holds { ("good", "holds") } else { ("bad", "broken") };
        let _ = writeln!(rows, "<tr><th>{}</th><td class=\"{class}\">{word}</td></tr>", text(check.name));
    }
    section("Outcome", "table", &rows)
}

fn findings(data: &Data<'_>) -> String {
    let mut list = String::new();
    if let Some(stall) = &data.stall {
        let _ = writeln!(list, "<li>{}</li>", text(&stall.text));
    }
    for finding in &data.findings {
        let _ = writeln!(list, "<li>{} {}</li>", text(&finding.text), text(finding.advice));
    }
    section("Findings", "ul", &list)
}

fn waits(data: &Data<'_>) -> String {
    let mut rows = String::new();
    for wait in &data.wait_table {
        let place = wait.place.as_deref().unwrap_or("");
        let (total, max) = (time(wait.total), time(wait.max));
        let _ = writeln!(
            rows,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{total}</td><td>{max}</td></tr>",
            text(wait.cause),
            text(place),
            wait.count
        );
    }
    if !rows.is_empty() {
        rows.insert_str(0, "<tr><th>waited for</th><th>line</th><th>times</th><th>total</th><th>longest</th></tr>\n");
    }
    section("Waits", "table", &rows)
}

/// A heading and a list or a table; nothing if it is empty.
fn section(title: &str, tag: &str, inside: &str) -> String {
    if inside.is_empty() { String::new() } else { format!("<section><h2>{title}</h2>\n<{tag}>\n{inside}</{tag}></section>\n") }
}

#[cfg(test)]
mod tests {
    use super::{PARTS, fill, text};

    #[test]
    fn no_text_in_the_script_goes_over_several_lines() {
        for line in PARTS.iter().flat_map(|part| part.lines()) {
            assert!(line.matches('`').count() % 2 == 0, "{line}");
        }
    }

    #[test]
    fn markup_in_a_text_is_text() {
        assert_eq!(
            text("<img src=x onerror='alert(1)'>&\"\0\u{202e}"),
            "&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;&quot;\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn what_fills_a_template_is_not_filled_again() {
        let part = |name: &str| if name == "a" { "{{b}}".to_owned() } else { "B".to_owned() };
        assert_eq!(fill("{{a}} {{b}} }} {{", part), "{{b}} B }} {{");
    }
}
