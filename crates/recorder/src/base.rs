//! The folder that the paths of sources are relative to.
//!
//! The compiler's own locations, such as the line of a `spawn`, are relative to the workspace that was built. Debug
//! information has whole paths. Both must name a file in the same way, and the recorder knows neither the workspace nor
//! where it was built. But it knows one line in both ways: the line that created it.

use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{stack, symbols};

/// The line that created the first recorder, and the stack of that call.
static MADE: OnceLock<(u32, &'static Location<'static>)> = OnceLock::new();

/// Notes a stack that contains the given line.
pub(super) fn learn(stack: u32, at: &'static Location<'static>) {
    _ = MADE.set((stack, at));
}

/// The folder in which the program was built, for a program whose recorder is of another workspace.
static BUILT_IN: OnceLock<PathBuf> = OnceLock::new();

/// Declares the folder of the workspace that the program was built in. Without this, the recorder finds the folder by itself if it
/// was built in the same workspace. Call it before the first recorder is created.
pub fn built_in(folder: PathBuf) {
    _ = BUILT_IN.set(folder);
}

/// The folder in which the program was built: `None` before the first recorder, without debug information, and in a package that was
/// built alone, where the compiler's locations are whole paths too.
pub fn base() -> Option<&'static Path> {
    static BASE: OnceLock<Option<PathBuf>> = OnceLock::new();
    if let Some(folder) = BUILT_IN.get() {
        return Some(folder);
    }
    let (stack, at) = MADE.get()?;
    BASE.get_or_init(|| stack::addresses(*stack).iter().find_map(|address| above(*address, Path::new(at.file())))).as_deref()
}

/// The folder that this file is in, if a call at a return address is in the file.
fn above(address: usize, file: &Path) -> Option<PathBuf> {
    let found = symbols::files_at(address).into_iter().find(|found| file.is_relative() && found.ends_with(file))?;
    found.ancestors().nth(file.iter().count()).map(Path::to_owned)
}

/// A path for people: relative to the workspace or the registry, otherwise whole.
pub(super) fn short(path: &Path, base: Option<&Path>) -> String {
    let path = base.and_then(|base| path.strip_prefix(base).ok()).unwrap_or(path);
    let text = path.to_string_lossy();
    match text.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/')) {
        Some((_, in_registry)) => in_registry.to_owned(),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_where_people_look() {
        let base = Some(Path::new("/home/me/app"));
        assert_eq!(short(Path::new("/home/me/app/src/main.rs"), base), "src/main.rs");
        assert_eq!(
            short(Path::new("/home/me/.cargo/registry/src/index.crates.io-1/tokio-1.54.1/src/lib.rs"), base),
            "tokio-1.54.1/src/lib.rs"
        );
        assert_eq!(short(Path::new("/elsewhere/main.rs"), base), "/elsewhere/main.rs");
        assert_eq!(short(Path::new("/elsewhere/main.rs"), None), "/elsewhere/main.rs");
    }
}
