//! Symbolication: from return addresses to functions and lines, and from those to a [`Site`].
//!
//! This is slow, so a separate thread does it, which exists while there is something
//! to look up; the recorded threads never do. Each address and each stack is looked up
//! once per process; a run of a scenario has a few dozen stacks. Line tables also
//! contain inlined calls, so optimised code gives the same result as unoptimised code.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use super::base::{self, short};
use super::classify;
use super::local;
use super::recorder::{Shared, lock};
use super::site::{Place, Site};
use super::sources::{self, Code};
use super::stack;

/// A call according to the line tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The function. For inlined ones, only the bare name without its path.
    pub(super) function: Arc<str>,
    pub(super) place: Place,
    pub(super) column: u32,
    /// The return address relative to the recorder's code, which is equal in every process.
    pub(super) at: u32,
    /// The full path of the file; `None` without debug information.
    pub(super) file: Option<Arc<Path>>,
}

/// The results so far. The lock is never held while reading line tables.
#[derive(Default)]
struct Symbols {
    /// By return address: the calls inlined there, innermost first.
    calls: HashMap<usize, Arc<[Call]>>,
    /// By number of the stack.
    sites: HashMap<u32, Arc<Site>>,
    /// Different stacks can have equal sites: they differ only in how the runtime came to poll.
    distinct: HashSet<Arc<Site>>,
    /// Stacks to look up, and the run to notify.
    asked: VecDeque<(u32, Arc<Shared>)>,
    /// Whether a thread is working on them.
    at_work: bool,
}

static SYMBOLS: Mutex<Option<Symbols>> = Mutex::new(None);

/// Looks up the site of a stack. Equal sites share one allocation.
pub(super) fn site(stack: u32) -> Arc<Site> {
    if let Some(site) = known(stack) {
        return site;
    }
    let (sources, mut read) = (sources::known(), classify::Stack::default());
    let addresses = stack::addresses(stack);
    // Stop at the task's poll: its callers belong to the runtime.
    if let Some(root) = addresses.iter().find(|address| read.push(&calls_at(**address), &sources).is_break()) {
        stack::stop_at(*root);
    }
    let site = Arc::new(read.site(addresses.len() == stack::DEPTH, &sources));
    lock(&SYMBOLS).get_or_insert_default().learn(stack, site)
}

/// The site of a stack, if it has been looked up.
pub(super) fn known(stack: u32) -> Option<Arc<Site>> {
    lock(&SYMBOLS).as_ref()?.sites.get(&stack).cloned()
}

/// Asks another thread to look up a stack. The run is notified when it is [known].
pub(super) fn ask(stack: u32, run: &Arc<Shared>) {
    let idle = lock(&SYMBOLS).get_or_insert_default().ask(stack, run);
    if idle && thread::Builder::new().name("symbols".to_owned()).spawn(answer).is_err() {
        // Without a thread, do it here.
        answer();
    }
}

/// Looks up the requested stacks until there are none left.
fn answer() {
    loop {
        let next = lock(&SYMBOLS).get_or_insert_default().next();
        let Some((stack, run)) = next else { return };
        site(stack);
        run.notify();
    }
}

/// Starts to read the line tables' index, and the tables for the code at these addresses, on a separate thread before the first
/// stack is looked up. This takes up to a tenth of a second, which would otherwise delay the first events. Tables that have
/// been read are not read again.
pub fn warm_up(code: Vec<usize>) {
    // Without this thread, only the first look-ups are slower.
    _ = thread::Builder::new().name("symbols".to_owned()).spawn(move || {
        // The recorder's code is in every stack.
        let own = [local::attach as local::Attach as usize, local::detach as fn() as usize];
        for address in own.into_iter().chain(code) {
            // Treat the address as if a call there had returned.
            look_up(address + 1);
        }
    });
}

/// Frees the line tables, which take tens of megabytes. Results stay known; the next unknown address reads the tables again.
pub(super) fn give_back() {
    backtrace::clear_symbol_cache();
}

impl Symbols {
    /// Queues a stack. Returns whether no thread is working yet.
    fn ask(&mut self, stack: u32, run: &Arc<Shared>) -> bool {
        self.asked.push_back((stack, run.clone()));
        !std::mem::replace(&mut self.at_work, true)
    }

    /// The next stack to look up. `None` ends the thread.
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

/// The calls at a return address, innermost first, from the cache or looked up.
pub(super) fn calls_at(address: usize) -> Arc<[Call]> {
    let known = lock(&SYMBOLS).as_ref().and_then(|symbols| symbols.calls.get(&address).cloned());
    known.unwrap_or_else(|| {
        let calls = look_up(address);
        lock(&SYMBOLS).get_or_insert_default().calls.insert(address, calls.clone());
        calls
    })
}

/// Looks up the calls at a return address, innermost first.
fn look_up(address: usize) -> Arc<[Call]> {
    let mut calls = Vec::new();
    let at = address.wrapping_sub(local::attach as local::Attach as usize) as u32;
    // Before `resolve`, which must not call itself.
    let base = base::base();
    // The address is where the call returns to, and `resolve` looks up the byte before it, which belongs to the call.
    backtrace::resolve(address as *mut c_void, |symbol| {
        let Some(name) = symbol.name() else { return };
        let file: Option<Arc<Path>> = symbol.filename().map(Arc::from);
        let place = Place {
            file: file.as_deref().map(|file| short(file, base)).unwrap_or_default().into(),
            line: symbol.lineno().unwrap_or(0),
        };
        calls.push(Call { function: format!("{name:#}").into(), place, column: symbol.colno().unwrap_or(0), at, file });
    });
    calls.into()
}

/// The source files of the calls at a return address, innermost first.
pub(super) fn files_at(address: usize) -> Vec<PathBuf> {
    let mut files = Vec::new();
    backtrace::resolve(address as *mut c_void, |symbol| files.extend(symbol.filename().map(Path::to_owned)));
    files
}

/// The source file of the function at an address; `None` without debug information.
pub(super) fn file_of(function: usize) -> Option<Arc<Path>> {
    // Treat the address as if a call there had returned. Inlined calls come first, so take the last.
    calls_at(function + 1).last()?.file.clone()
}

/// Declares that the functions at these addresses belong to the program, wherever their sources are: an installed program
/// has its sources among the libraries. Not needed for a program whose `main` creates the recorder.
pub fn own(code: impl IntoIterator<Item = usize>) {
    code.into_iter().for_each(|address| sources::declare(Code::Function(address)));
}

/// Declares that the crates of the functions at these addresses only run the program, like the recorder itself: their lines are
/// in no wait. A crate is the nearest folder called `src` around its function.
pub fn hide(code: impl IntoIterator<Item = usize>) {
    code.into_iter().for_each(|address| sources::declare(Code::Hidden(address)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Walker;

    #[test]
    fn a_stack_is_read_as_functions_and_lines() {
        let (stack, line) = (Walker::new().here(), line!());
        base::learn(stack, std::panic::Location::caller());
        let calls: Vec<Call> = stack::addresses(stack).iter().flat_map(|address| look_up(*address).to_vec()).collect();
        let mine = calls.iter().find(|call| call.function.contains("a_stack_is_read_as_functions_and_lines"));
        assert_eq!(mine.map(|call| (call.place.to_string(), line)), Some((format!("{}:{line}", file!()), line)));
    }
}
