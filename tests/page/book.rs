//! The site that `book` writes: every link leads somewhere, and a browser shows its pages.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::browser::Tab;

/// Writes the site into a folder.
fn book(folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_async-playground")).arg("book").arg(folder).output().expect("the program runs")
}

/// What the attributes `href` and `src` of a page name.
fn links(page: &str) -> BTreeSet<&str> {
    // The data of a run contains source code, which may contain anything.
    let (before, after) = page.split_once("<script type=\"application/json\"").unwrap_or((page, ""));
    let after = after.split_once("</script>").map_or("", |(_, after)| after);
    let named = |part: &'static str, text| str::split(text, part).skip(1).filter_map(|rest| rest.split('"').next());
    [before, after].into_iter().flat_map(|text| named(" href=\"", text).chain(named(" src=\"", text))).collect()
}

/// Every file of the site, relative to its folder.
fn files(folder: &Path, below: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(folder.join(below)).expect("the folder is read") {
        let entry = entry.expect("an entry");
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            all.extend(files(folder, &format!("{name}/")));
        } else {
            all.insert(name);
        }
    }
    all
}

#[test]
fn every_scenario_has_pages_and_every_link_leads_to_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("site");
    let output = book(&site);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let files = files(&site, "");
    let mut linked = BTreeSet::from(["index.html".to_owned()]);
    let mut bytes = 0;
    for file in &files {
        bytes += fs::metadata(site.join(file)).expect("a file").len();
        if !file.ends_with(".html") {
            continue;
        }
        let page = fs::read_to_string(site.join(file)).expect("a page");
        for link in links(&page).into_iter().filter(|link| *link != "data:,") {
            assert!(files.contains(link), "{file} links to {link}, which is not there");
            linked.insert(link.to_owned());
        }
    }
    let lonely: Vec<_> = files.difference(&linked).collect();
    assert!(lonely.is_empty(), "nothing links to {lonely:?}");
    assert!(scenarios::CATALOGUE.iter().all(|scenario| files.contains(&format!("{}.html", scenario.id))));
    assert!(bytes < 20_000_000, "{bytes} bytes");

    browse(&site);

    // It may be written again, but not over somebody's files.
    let others = folder.path();
    let refused = book(others);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("has other files in it"), "{refused:?}");
}

/// Searches the index, and looks at some pages.
fn browse(site: &Path) {
    let Some(mut tab) = Tab::open() else { return };
    tab.screen(1280, 800, false);
    tab.load(&site.join("index.html"));
    let shown = "[...document.querySelectorAll('.cards li')].filter(card => !card.hidden).length";
    let all = scenarios::CATALOGUE.len() as f64;
    assert_eq!(tab.number(shown).to_bits(), all.to_bits());
    tab.key("/");
    for letter in "backpressure".chars() {
        tab.key(&letter.to_string());
    }
    let found = tab.number(shown);
    assert!(found >= 1.0 && found < all, "{found} scenarios show backpressure");
    assert!(tab.text("document.querySelector('.cards li:not([hidden])').innerText").contains("Producer"), "the first hit");

    for (width, height, phone) in [(1280, 800, false), (390, 844, true)] {
        tab.screen(width, height, phone);
        for page in ["index.html", "patterns.html", "semaphore.html", "deadlock.html", "database.html"] {
            tab.load(&site.join(page));
            let wide = tab.number("document.documentElement.scrollWidth - innerWidth");
            assert!(wide <= 0.0, "{page}: {wide} pixels too wide at {width}");
        }
        // The links to other ways are followed without a server.
        tab.load(&site.join("deadlock.html"));
        tab.until("window.playground?.frames > 0");
        assert!(tab.number("document.querySelectorAll('.ways a').length") >= 3.0);
    }
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    assert!(tab.requests().iter().all(|url| url.starts_with("file://") || url.starts_with("data:")), "{:?}", tab.requests());
}
