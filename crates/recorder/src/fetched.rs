//! Recognises source files that cargo has fetched; all others belong to the program.

use std::path::{Component, Path, PathBuf};

/// The package of a file that cargo has fetched; `None` for other files.
pub(super) fn fetched(file: &Path) -> Option<Package> {
    in_registry(file).or_else(|| in_checkout(file)).or_else(|| vendored(file))
}

/// Whether cargo has fetched a source file, by the path that the compiler gives it.
pub(super) fn is_fetched(file: &str) -> bool {
    fetched(Path::new(file)).is_some()
}

/// A package that cargo has fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// The name without the version.
    pub(super) name: String,
    /// The directory of its manifest; for a git checkout, the whole repository, which is one workspace.
    pub(super) root: PathBuf,
}

/// `…/registry/src/INDEX-HASH/NAME-VERSION/…`
fn in_registry(file: &Path) -> Option<Package> {
    let index = after(file, &["registry", "src"]).filter(|index| has_hash(file, *index))?;
    package(file, index + 1).filter(|package| !package.root.ends_with(&package.name))
}

/// `…/git/checkouts/NAME-HASH/REVISION/…`. The directory that contains `src` names the crate.
fn in_checkout(file: &Path) -> Option<Package> {
    let repository = after(file, &["git", "checkouts"]).filter(|repository| has_hash(file, *repository))?;
    let Package { root, .. } = package(file, repository + 1)?;
    let krate = file.ancestors().find(|folder| folder.ends_with("src")).and_then(Path::parent).and_then(Path::file_name);
    Some(Package { name: krate.unwrap_or_default().to_string_lossy().into_owned(), root })
}

/// Whether this component ends in a hash that cargo adds: one of the program's own directories may be called `registry`.
fn has_hash(file: &Path, place: usize) -> bool {
    let name = file.iter().nth(place).unwrap_or_default().to_string_lossy();
    name.rsplit_once('-').is_some_and(|(_, hash)| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// In a directory that `cargo vendor` created, which has a list of checksums in each package. If the sources are not on this
/// machine, the directory's name decides.
fn vendored(file: &Path) -> Option<Package> {
    for root in file.ancestors().skip(1) {
        if root.join(".cargo-checksum.json").is_file() {
            let name = root.file_name()?.to_string_lossy();
            return Some(Package { name: without_version(&name).to_owned(), root: root.to_owned() });
        }
        if root.join("Cargo.toml").is_file() {
            return None;
        }
    }
    package(file, after(file, &["vendor"])?)
}

/// The index of the component after this sequence.
fn after(file: &Path, names: &[&str]) -> Option<usize> {
    let parts: Vec<Component<'_>> = file.components().collect();
    let is = |window: &[Component<'_>]| window.iter().zip(names).all(|(part, name)| part.as_os_str() == *name);
    parts.windows(names.len()).position(is).map(|place| place + names.len())
}

/// The package whose directory is this component of a path. A file at that position is not a package.
fn package(file: &Path, place: usize) -> Option<Package> {
    let parts: Vec<Component<'_>> = file.components().collect();
    let name = parts.get(place).filter(|_| place + 1 < parts.len())?.as_os_str().to_string_lossy();
    Some(Package { name: without_version(&name).to_owned(), root: parts[..=place].iter().collect() })
}

/// Removes the version: `tokio-1.54.1` becomes `tokio`.
fn without_version(name: &str) -> &str {
    let version = |at: &usize| name[at + 1..].starts_with(|first: char| first.is_ascii_digit()) && name[*at..].contains('.');
    name.match_indices('-').map(|(at, _)| at).find(version).map_or(name, |at| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef";

    fn found(file: &str) -> Option<(String, String)> {
        fetched(Path::new(file)).map(|package| (package.name, package.root.to_string_lossy().into_owned()))
    }

    #[test]
    fn a_package_has_a_name_and_a_folder() {
        let registry = format!("/c/registry/src/index.crates.io-{HASH}");
        for (folder, name) in [("tokio-1.54.1", "tokio"), ("tracing-core-0.2.0-rc.1", "tracing-core"), ("h2-0.4.0", "h2")] {
            let root = format!("{registry}/{folder}");
            assert_eq!(found(&format!("{root}/src/a/b.rs")), Some((name.to_owned(), root)));
        }
        let checkout = format!("/c/git/checkouts/app-{HASH}/89abcde");
        assert_eq!(found(&format!("{checkout}/crates/tracing/src/lib.rs")), Some(("tracing".to_owned(), checkout)));
    }

    #[test]
    fn a_folder_of_the_programs_may_be_called_as_cargos_are() {
        for file in [
            "/home/me/registry/src/main.rs",
            "/home/me/registry/src/api/v1/handlers.rs",
            "/home/me/registry/src/api-2/v-1.0/handlers.rs",
            "/home/me/git/checkouts/app/src/main.rs",
            &format!("/c/registry/src/index.crates.io-{HASH}/main.rs"),
        ] {
            assert_eq!(found(file), None, "{file}");
        }
    }

    #[test]
    fn what_cargo_vendored_is_told_by_the_checksums_that_it_leaves() {
        let folder = tempfile::tempdir().expect("a folder");
        let package = |name: &str, checksum: bool| {
            let root = folder.path().join(name);
            std::fs::create_dir_all(root.join("src")).expect("a folder");
            std::fs::write(root.join("Cargo.toml"), "").expect("it is written");
            if checksum {
                std::fs::write(root.join(".cargo-checksum.json"), "{}").expect("it is written");
            }
            fetched(&root.join("src/lib.rs")).map(|package| package.name)
        };
        assert_eq!(package("third-party/hyper", true).as_deref(), Some("hyper"));
        assert_eq!(package("third-party/app", false), None);
        assert_eq!(package("vendor/app", false), None);
    }
}
