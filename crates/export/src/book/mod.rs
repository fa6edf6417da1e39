//! The catalogue as a static site: an index in teaching order, a page for each way to run each scenario, and the table of patterns.
//!
//! A page of the site is the page of an export with links around it. Style and scripts are files beside the pages, so that the
//! site is small. It needs no server: every link is relative, and nothing is loaded from elsewhere.

mod index;
mod ways;

use scenario::Scenario;

use crate::Exported;
use crate::page::{self, Around, text};

pub use index::{index, patterns};
pub use ways::{Way, ways};

/// What a page of the site may load: the files beside it.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'";

/// The files that the pages share, by name.
pub fn shared() -> [(&'static str, String); 4] {
    [
        ("viewer.css", page::CSS.to_owned()),
        ("viewer.js", page::js()),
        ("book.css", include_str!("../../viewer/book.css").to_owned()),
        ("book.js", include_str!("../../viewer/book.js").to_owned()),
    ]
}

/// The file of a scenario's page, at its defaults.
pub fn file(scenario: &Scenario) -> String {
    format!("{}.html", scenario.id)
}

/// The file of a scenario's picture in the index.
pub fn small_picture(scenario: &Scenario) -> String {
    format!("pictures/{}.small.svg", scenario.id)
}

/// The place of a page in the site.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// All scenarios of the site, in teaching order.
    pub catalogue: &'a [Scenario],
    /// All ways to run the scenario; each has a page.
    pub ways: &'a [Way],
    /// The index of this page's way.
    pub way: usize,
    /// The file of its picture.
    pub picture: &'a str,
}

/// A page of the site.
///
/// # Errors
///
/// If serialization fails, which should never happen.
pub fn page(exported: &Exported<'_>, place: Place<'_>) -> serde_json::Result<String> {
    page::around(exported, || Around {
        policy: POLICY,
        style: "<link rel=\"stylesheet\" href=\"viewer.css\">\n<link rel=\"stylesheet\" href=\"book.css\">".to_owned(),
        script: "<script src=\"viewer.js\"></script>".to_owned(),
        nav: nav(exported.spec.scenario, place),
        picture: page::image(place.picture),
        more: sources(exported.spec.scenario),
    })
}

/// Links to the index, to the scenarios before and after, to those to see first, and to the other ways.
fn nav(scenario: &Scenario, place: Place<'_>) -> String {
    let link =
        |to: &Scenario, before: &str, after: &str| format!("<a href=\"{}\">{before}{}{after}</a>", file(to), text(to.title));
    let at = place.catalogue.iter().position(|other| other.id == scenario.id);
    let next = at.and_then(|at| place.catalogue.get(at + 1)).map_or_else(String::new, |next| link(next, "", " ›"));
    let before = at.and_then(|at| at.checked_sub(1)).and_then(|at| place.catalogue.get(at));
    let before = before.map_or_else(String::new, |before| link(before, "‹ ", ""));
    let first: Vec<_> =
        place.catalogue.iter().filter(|other| scenario.builds_on.contains(&other.id)).map(|other| link(other, "", "")).collect();
    let first = if first.is_empty() { String::new() } else { format!("<span>See first: {}</span>", first.join(", ")) };
    let all = "<a href=\"index.html\">All scenarios</a>\n<a href=\"patterns.html\">Patterns</a>";
    format!("<nav aria-label=\"Scenarios\">\n{all}\n{before}\n{next}\n{first}\n</nav>\n{}", ways_nav(place))
}

/// Links to the ways to run the scenario, if there are several.
fn ways_nav(place: Place<'_>) -> String {
    if place.ways.len() < 2 {
        return String::new();
    }
    let link = |(ix, way): (usize, &Way)| {
        let here = if ix == place.way { " aria-current=\"page\"" } else { "" };
        let wrong = if way.goes_wrong() { " class=\"wrong\" title=\"goes wrong on purpose\"" } else { "" };
        format!("<a href=\"{}\"{here}{wrong}>{}</a>\n", way.file, text(&way.title))
    };
    let links: String = place.ways.iter().enumerate().map(link).collect();
    let says = place.ways.get(place.way).map_or("", |way| &way.says);
    let says = if says.is_empty() { String::new() } else { format!("<p class=\"way\">{}</p>\n", text(says)) };
    format!("<nav class=\"ways\" aria-label=\"Ways to run it\">\n{links}</nav>\n{says}")
}

/// The sources, for the page without scripts; with scripts the code panel has them.
fn sources(scenario: &Scenario) -> String {
    let code = |title: &str, code: &str| format!("<section><h2>{title}</h2>\n<pre><code>{}</code></pre></section>\n", text(code));
    let differs = if scenario.differs.is_empty() {
        String::new()
    } else {
        format!("<section><h2>Where they differ</h2>\n<p>{}</p></section>\n", text(scenario.differs))
    };
    format!("{}{}{differs}", code("Rust", scenario.source), code("asyncio", scenario.twin))
}
