//! From return addresses to functions and lines, and from those to a [`Site`].
//!
//! Slow work, done by a thread of its own that is there while there is something
//! to look up, and never by the threads that are recorded. Each address is looked
//! up once in the life of the process, and each stack is worked out once; a run of
//! a scenario has a few dozen of them. Inlined calls are in the line tables too, so
//! optimised code tells as much as unoptimised code does.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::c_void;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use super::classify;
use super::local;
use super::recorder::{Shared, lock};
use super::site::{Place, Site};
use super::sources::{self, Code};
use super::stack;

/// A call, as the line tables have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The function. Inlined ones are told by their bare name, without a path.
    pub(super) function: Arc<str>,
    pub(super) place: Place,
    pub(super) column: u32,
    /// Where it returns to, as a distance from code of the recorder's: equal in every process.
    pub(super) at: u32,
    /// The whole path of the file; none where there is no debug information.
    pub(super) file: Option<Arc<Path>>,
}

/// What has been looked up so far. The lock is never held while a line table is read.
#[derive(Default)]
struct Symbols {
    /// By return address: the calls that were inlined into one another there, the innermost first.
    calls: HashMap<usize, Arc<[Call]>>,
    /// By number of the stack.
    sites: HashMap<u32, Arc<Site>>,
    /// Stacks differ where their sites do not: in how the runtime came to poll.
    distinct: HashSet<Arc<Site>>,
    /// Stacks that are to be looked up, and where to send the result.
    asked: VecDeque<(u32, Arc<Shared>)>,
    /// Whether there is a thread that does so.
    at_work: bool,
}

static SYMBOLS: Mutex<Option<Symbols>> = Mutex::new(None);

/// What a stack means. Equal sites are one and the same.
pub(super) fn site(stack: u32) -> Arc<Site> {
    if let Some(site) = known(stack) {
        return site;
    }
    let (sources, mut read) = (sources::known(), classify::Stack::default());
    let addresses = stack::addresses(stack);
    // Whatever called the task's poll is the runtime's own business.
    let _ = addresses.iter().try_for_each(|address| read.push(&calls_at(*address), &sources));
    let site = Arc::new(read.site(addresses.len() == stack::DEPTH, &sources));
    lock(&SYMBOLS).get_or_insert_default().learn(stack, site)
}

/// The same, if the stack has been looked up.
pub(super) fn known(stack: u32) -> Option<Arc<Site>> {
    lock(&SYMBOLS).as_ref()?.sites.get(&stack).cloned()
}

/// Has a stack looked up by another thread. The run is notified when it is [known].
pub(super) fn ask(stack: u32, run: &Arc<Shared>) {
    let idle = lock(&SYMBOLS).get_or_insert_default().ask(stack, run);
    if idle && thread::Builder::new().name("symbols".to_owned()).spawn(answer).is_err() {
        // There is nobody else to do it.
        answer();
    }
}

/// Looks up what is asked for, until there is nothing more.
fn answer() {
    loop {
        let next = lock(&SYMBOLS).get_or_insert_default().next();
        let Some((stack, run)) = next else { return };
        site(stack);
        run.notify();
    }
}

/// Begins to read the line tables' index, and those tables that tell of the code at the given addresses, on a thread of its own,
/// before the first stack is asked for. It takes up to a tenth of a second, for which the first events would have to wait
/// otherwise. What has been read already is not read again.
pub fn warm_up(code: Vec<usize>) {
    // Without this thread the first look-ups are slower, and nothing else.
    _ = thread::Builder::new().name("symbols".to_owned()).spawn(move || {
        // The recorder itself is in every stack.
        let own = [local::attach as local::Attach as usize, local::detach as fn() as usize];
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
    /// Whether there is no thread yet to look it up.
    fn ask(&mut self, stack: u32, run: &Arc<Shared>) -> bool {
        self.asked.push_back((stack, run.clone()));
        !std::mem::replace(&mut self.at_work, true)
    }

    /// What to look up next. None is the end of the thread.
    fn next(&mut self) -> Option<(u32, Arc<Shared>)> {
        let next = self.asked.pop_front();
        self.at_work = next.is_some();
        next
    }

    fn learn(&mut self, stack: u32, site: Arc<Site>) -> Arc<Site> {
        let site = self.distinct.get(&site).cloned().unwrap_or(site);
        self.distinct.insert(site.clone());
        self.sites.insert(stack, site.clone());
        site
    }
}

/// The calls at a return address, the innermost first, looked up when nobody has asked before.
pub(super) fn calls_at(address: usize) -> Arc<[Call]> {
    let known = lock(&SYMBOLS).as_ref().and_then(|symbols| symbols.calls.get(&address).cloned());
    known.unwrap_or_else(|| {
        let calls = look_up(address);
        lock(&SYMBOLS).get_or_insert_default().calls.insert(address, calls.clone());
        calls
    })
}

/// The calls at a return address, the innermost first.
fn look_up(address: usize) -> Arc<[Call]> {
    let mut calls = Vec::new();
    let at = address.wrapping_sub(local::attach as local::Attach as usize) as u32;
    // The address is where the call returns to. The line of the call is that of the byte before, and that is what is looked up.
    backtrace::resolve(address as *mut c_void, |symbol| {
        let Some(name) = symbol.name() else { return };
        let file: Option<Arc<Path>> = symbol.filename().map(Arc::from);
        let place = Place { file: file.as_deref().map(short).unwrap_or_default().into(), line: symbol.lineno().unwrap_or(0) };
        calls.push(Call { function: format!("{name:#}").into(), place, column: symbol.colno().unwrap_or(0), at, file });
    });
    calls.into()
}

/// The source file of a function, by its address; none where there is no debug information.
pub(super) fn file_of(function: usize) -> Option<Arc<Path>> {
    // As if a call there had returned. What is inlined there comes first.
    calls_at(function + 1).last()?.file.clone()
}

/// Says that these functions are the program's, wherever their sources lie: of a program that was installed they lie among the
/// libraries. Their addresses. Of a program whose `main` makes the recorder that is known.
pub fn own(code: impl IntoIterator<Item = usize>) {
    code.into_iter().for_each(|address| sources::own(Code::Function(address)));
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
