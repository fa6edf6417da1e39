//! From return addresses to functions and lines, and from those to a [`Site`].
//!
//! Slow work, done by whoever reads the events and never by the threads that
//! are recorded. Each address is looked up once in the life of the process, and
//! each stack is worked out once; a run of a scenario has a few dozen of them.
//! Inlined calls are in the line tables too, so optimised code tells as much as
//! unoptimised code does.

use std::collections::{HashMap, HashSet};
use std::ffi::c_void;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use super::classify::{self, Origin};
use super::local;
use super::recorder::{Shared, lock};
use super::site::{Place, Site};
use super::stack;

/// A call, as the line tables have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The function. Inlined ones are told by their bare name, without a path.
    pub(super) function: Arc<str>,
    pub(super) place: Place,
    pub(super) column: u32,
    /// Whose code it is.
    pub(super) origin: Origin,
}

/// What has been looked up so far.
#[derive(Default)]
struct Symbols {
    /// By return address: the calls that were inlined into one another there, the innermost first.
    calls: HashMap<usize, Arc<[Call]>>,
    /// By number of the stack.
    sites: HashMap<u32, Arc<Site>>,
    /// Stacks differ where their sites do not: in how the runtime came to poll.
    distinct: HashSet<Arc<Site>>,
}

static SYMBOLS: Mutex<Option<Symbols>> = Mutex::new(None);

/// What a stack means. Equal sites are one and the same.
pub(super) fn site(stack: u32) -> Arc<Site> {
    lock(&SYMBOLS).get_or_insert_default().site(stack)
}

/// Begins to read the line tables' index, and those tables that tell of the code at the given addresses, on a thread of its own,
/// before the first stack is asked for. It takes up to a tenth of a second, which otherwise whoever takes the first events
/// has to wait. What has been read already is not read again.
pub fn warm_up(code: Vec<usize>) {
    // Without this thread the first look-ups are slower, and nothing else.
    _ = thread::Builder::new().name("symbols".to_owned()).spawn(move || {
        // What records stands in every stack.
        let own = [local::attach as fn(&Arc<Shared>, &str) as usize, local::detach as fn() as usize];
        for address in own.into_iter().chain(code) {
            // As if a call there had returned.
            look_up(address + 1);
        }
    });
}

/// Gives back what the line tables take in memory, some tens of megabytes. What has been looked up stays known; the next
/// address that has not been reads them again.
pub(super) fn give_back() {
    backtrace::clear_symbol_cache();
}

impl Symbols {
    fn site(&mut self, stack: u32) -> Arc<Site> {
        if let Some(site) = self.sites.get(&stack) {
            return site.clone();
        }
        let mut calls = Vec::new();
        for address in &*stack::addresses(stack) {
            let inlined = self.calls.entry(*address).or_insert_with(|| look_up(*address));
            calls.extend(inlined.iter().cloned());
            // Whatever called the task's poll is the runtime's own business.
            if inlined.iter().any(classify::is_root) {
                break;
            }
        }
        let site = Arc::new(classify::site(&calls));
        let site = self.distinct.get(&site).cloned().unwrap_or(site);
        self.distinct.insert(site.clone());
        self.sites.insert(stack, site.clone());
        site
    }
}

/// The calls at a return address, the innermost first.
fn look_up(address: usize) -> Arc<[Call]> {
    let mut calls = Vec::new();
    // The address is where the call returns to. The line of the call is that of the byte before, and that is what is looked up.
    backtrace::resolve(address as *mut c_void, |symbol| {
        let Some(name) = symbol.name() else { return };
        let (origin, file) = symbol.filename().map(|path| (Origin::of(path), short(path))).unwrap_or_default();
        let place = Place { file: file.into(), line: symbol.lineno().unwrap_or(0) };
        calls.push(Call { function: format!("{name:#}").into(), place, column: symbol.colno().unwrap_or(0), origin });
    });
    calls.into()
}

/// A path as people know it: within the workspace, within the registry, or whole.
fn short(path: &Path) -> String {
    let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path);
    let text = path.to_string_lossy();
    match text.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/')) {
        Some((_, in_registry)) => in_registry.to_owned(),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::stack::Walker;

    #[test]
    fn a_stack_is_read_as_functions_and_lines() {
        let (stack, line) = (Walker::new().here(), line!());
        let calls: Vec<Call> = stack::addresses(stack).iter().flat_map(|address| look_up(*address).to_vec()).collect();
        let mine = calls.iter().find(|call| call.function.contains("a_stack_is_read_as_functions_and_lines"));
        assert_eq!(mine.map(|call| (call.place.to_string(), line)), Some((format!("src/record/symbols.rs:{line}"), line)));
    }

    #[test]
    fn paths_are_told_from_where_people_look() {
        assert_eq!(short(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/semaphore.rs"))), "scenarios/semaphore.rs");
        assert_eq!(
            short(Path::new("/home/me/.cargo/registry/src/index.crates.io-1/tokio-1.54.1/src/lib.rs")),
            "tokio-1.54.1/src/lib.rs"
        );
        assert_eq!(short(Path::new("/elsewhere/main.rs")), "/elsewhere/main.rs");
    }
}
