//! The index of the site, in teaching order, and the table of patterns.

use std::fmt::Write;

use scenario::{Group, Scenario};

use super::{POLICY, file, small_picture};
use crate::page::{fill, text};

/// The template of a page without a run.
const PLAIN: &str = include_str!("../../viewer/index.html");

/// The index: each scenario with its picture and its lesson.
pub fn index(catalogue: &[Scenario]) -> String {
    let mut groups = String::new();
    for group in groups_of(catalogue) {
        let _ = write!(groups, "<section>\n<h2>{}</h2>\n<ul class=\"cards\">\n", group.title());
        for scenario in catalogue.iter().filter(|scenario| scenario.group == group) {
            groups.push_str(&card(scenario));
        }
        groups.push_str("</ul>\n</section>\n");
    }
    let lead = format!(
        "{} runs of real Tokio programs, in teaching order. Each page shows what every task did and why it waited; play it, \
         zoom in, or follow its story.",
        catalogue.len()
    );
    plain("Concurrency, seen", &lead, &groups, true)
}

/// One scenario of the index. The words in it are what the search looks at.
fn card(scenario: &Scenario) -> String {
    let words = [scenario.id, scenario.title, scenario.lesson, scenario.differs, &scenario.patterns.join(" ")].join(" ");
    format!(
        "<li data-words=\"{}\"><a href=\"{}\"><img loading=\"lazy\" src=\"{}\" alt=\"\"><b>{}</b> <span>{}</span></a></li>\n",
        text(&words.to_lowercase()),
        file(scenario),
        small_picture(scenario),
        text(scenario.title),
        text(scenario.lesson)
    )
}

/// The table of patterns: what shows each, and where Tokio and asyncio differ.
pub fn patterns(catalogue: &[Scenario]) -> String {
    let mut tables = String::new();
    for group in groups_of(catalogue) {
        let _ = write!(tables, "<section>\n<h2>{}</h2>\n<table>\n", group.title());
        tables.push_str("<tr><th>pattern</th><th>scenario</th><th>where Tokio differs from asyncio</th></tr>\n");
        for scenario in catalogue.iter().filter(|scenario| scenario.group == group) {
            let _ = writeln!(
                tables,
                "<tr><td>{}</td><td><a href=\"{}\">{}</a></td><td>{}</td></tr>",
                text(&scenario.patterns.join(", ")),
                file(scenario),
                text(scenario.title),
                text(scenario.differs)
            );
        }
        tables.push_str("</table>\n</section>\n");
    }
    plain("Patterns", "Which scenario shows which pattern of asynchronous programs.", &tables, false)
}

fn plain(title: &str, lead: &str, inside: &str, searches: bool) -> String {
    fill(PLAIN, |name| match name {
        "policy" => POLICY.to_owned(),
        "title" => text(title),
        "lead" => text(lead),
        "nav" if searches => "<a href=\"patterns.html\">Patterns</a>".to_owned(),
        "nav" => "<a href=\"index.html\">All scenarios</a>".to_owned(),
        "inside" => inside.to_owned(),
        "script" if searches => "<script src=\"book.js\"></script>".to_owned(),
        _ => String::new(),
    })
}

/// The groups of these scenarios, in their order.
fn groups_of(catalogue: &[Scenario]) -> Vec<Group> {
    let mut groups: Vec<Group> = catalogue.iter().map(|scenario| scenario.group).collect();
    groups.dedup();
    groups
}

#[cfg(test)]
mod tests {
    use scenario::Scenario;

    #[test]
    fn every_group_and_scenario_is_in_the_index_in_order() {
        let index = super::index(scenarios::CATALOGUE);
        let places: Vec<_> = scenarios::CATALOGUE.iter().map(|one| index.find(&format!("href=\"{}.html\"", one.id))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    }

    #[test]
    fn markup_in_a_scenario_stays_text() {
        let one =
            Scenario { id: "x", title: "<b>", lesson: "a & b", patterns: &["\"p\""], differs: "</td>", ..Scenario::DEFAULTS };
        for page in [super::index(&[one]), super::patterns(&[one])] {
            assert!(page.contains("&lt;b&gt;") && page.contains("&quot;p&quot;") && !page.contains("</td></td>"), "{page}");
        }
    }
}
