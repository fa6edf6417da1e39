//! A new service, from the files in `templates/service`.

use std::path::Path;

use super::manifest::{ours, profile};
use super::title;

/// Each file of the template, by its path in the new folder.
const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("../../templates/service/Cargo.toml")),
    ("src/lib.rs", include_str!("../../templates/service/src/lib.rs")),
    ("src/main.rs", include_str!("../../templates/service/src/main.rs")),
    ("src/tests.rs", include_str!("../../templates/service/src/tests.rs")),
    ("playground/Cargo.toml", include_str!("../../templates/service/playground/Cargo.toml")),
    ("playground/src/main.rs", include_str!("../../templates/service/playground/src/main.rs")),
];

/// The files of a service with this ID.
pub(super) fn files(id: &str, checkout: &Path) -> Vec<(String, String)> {
    let filled = |name: &str, text: &str| {
        let text = text.replace("NAME", id).replace("TITLE", &title(id)).replace("OURS\n", &ours(checkout));
        if name == "playground/Cargo.toml" { text + &profile() } else { text }
    };
    let mut files: Vec<_> = FILES.iter().map(|(name, text)| ((*name).to_owned(), filled(name, text))).collect();
    files.push((".gitignore".to_owned(), "/target\n".to_owned()));
    files
}
