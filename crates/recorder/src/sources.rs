//! Decides whether a source file belongs to the program, Tokio, another library, or the toolchain.
//!
//! The file's location decides: fetched sources are in cargo's registry, its git
//! checkouts, or a vendored directory; the standard library is with the toolchain.
//! Everything else belongs to the program and its workspace, whatever their
//! directories are called. Two cases need more than a path. Tokio and the recorder are
//! found through their linked code, so a patched copy in any directory is Tokio, and a
//! user's directory called `tokio` is not. And the sources of an installed program are
//! in the registry: its own package is the one that contains its `main`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::fetched::fetched;
use super::local;
use super::recorder::lock;
use super::stack;
use super::symbols::{self, Call};

/// Libraries that only forward calls: their frames are irrelevant to a wait.
const TRANSPARENT: [&str; 4] = ["tracing", "tracing-core", "tracing-subscriber", "backtrace"];

/// The owner of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The observed program.
    Program,
    /// Tokio.
    Tokio,
    /// Another library.
    Library,
    /// The toolchain, the recorder, or a library that only forwards calls.
    Nobody,
    /// Unknown: there is no debug information.
    Unknown,
}

/// The owner and module of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) owner: Owner,
    /// For Tokio: `sync::mutex`. For the toolchain, with the crate: `core::future::poll_fn`. Otherwise empty. If it comes from
    /// a symbol instead of a file, it also contains the type and the function.
    pub(super) module: String,
}

impl Origin {
    fn of(owner: Owner) -> Self {
        Self { owner, module: String::new() }
    }

    /// Whether it is in this module of Tokio.
    pub(super) fn is_tokio(&self, module: &str) -> bool {
        self.owner == Owner::Tokio && within(&self.module, module)
    }

    /// Whether it is in this module of the toolchain.
    pub(super) fn is_toolchain(&self, module: &str) -> bool {
        self.owner == Owner::Nobody && within(&self.module, module)
    }
}

/// Whether a path is this module or inside it.
fn within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The known locations of sources.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// The folders whose code is nobody's: the recorder, and what the caller declared so.
    hidden: Vec<PathBuf>,
    /// Tokio's sources; `None` without debug information.
    tokio: Option<PathBuf>,
    /// Fetched packages that belong to the program.
    own: Vec<PathBuf>,
    /// Whether the program has debug information.
    pub(super) has_lines: bool,
}

/// The sources of this process, as far as known.
static KNOWN: Mutex<Known> = Mutex::new(Known { sources: None, code: Vec::new(), waiting: Vec::new() });

struct Known {
    sources: Option<Arc<Sources>>,
    /// All code that was declared, so that each is looked up only once.
    code: Vec<Code>,
    /// The part of `code` that has not been looked up yet.
    waiting: Vec<Code>,
}

/// Code whose owner is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The address of a function of the program.
    Function(usize),
    /// The number of a stack: the program's function called `main` in it, if there is one.
    Stack(u32),
    /// The address of a function of a crate that only runs the program.
    Hidden(usize),
}

/// Declares whose this code is, wherever its sources are.
pub(super) fn declare(code: Code) {
    let mut known = lock(&KNOWN);
    if !known.code.contains(&code) {
        known.code.push(code);
        known.waiting.push(code);
    }
}

/// Held while looking code up, so that other threads see all code that was declared before their call.
static LOOKING: Mutex<()> = Mutex::new(());

/// The locations of this process's sources. Looks up what is not known yet, which reads line tables.
pub(super) fn known() -> Arc<Sources> {
    let _alone = lock(&LOOKING);
    let (sources, waiting) = {
        let mut known = lock(&KNOWN);
        (known.sources.clone(), std::mem::take(&mut known.waiting))
    };
    let sources = match sources {
        Some(sources) if waiting.is_empty() => return sources,
        Some(sources) => sources,
        None => Arc::new(Sources::linked()),
    };
    let sources = Arc::new(sources.with(waiting.into_iter().filter_map(|code| Some((code, code.file()?)))));
    lock(&KNOWN).sources = Some(sources.clone());
    sources
}

impl Code {
    /// Its source file, if there is debug information.
    fn file(self) -> Option<Arc<Path>> {
        match self {
            Self::Function(address) | Self::Hidden(address) => symbols::file_of(address),
            Self::Stack(stack) => {
                let addresses = stack::addresses(stack);
                // A stack that was cut off may not contain the right `main`.
                let whole = addresses.len() < stack::DEPTH;
                let calls = addresses.iter().rev().filter(|_| whole).map(|address| symbols::calls_at(*address));
                calls.flat_map(|calls| calls.to_vec()).find(|call| is_main(&call.function) && call.file.is_some())?.file
            }
        }
    }
}

/// Whether a function is the `main` of a crate. The C entry point has the same name, but no file.
fn is_main(function: &str) -> bool {
    function == "main" || function.ends_with("::main")
}

impl Sources {
    /// Finds the sources of the recorder and of Tokio through their linked code.
    fn linked() -> Self {
        let recorder = root_of(local::attach as local::Attach as usize, Path::new("local.rs"));
        let tokio = root_of(tokio::runtime::Builder::new_current_thread as fn() -> _ as usize, Path::new("runtime/builder.rs"));
        Self { hidden: recorder.into_iter().collect(), tokio, ..Self::default() }
    }

    /// Adds files whose owner was declared.
    fn with(&self, files: impl Iterator<Item = (Code, Arc<Path>)>) -> Self {
        let Self { hidden, tokio, own, has_lines } = self;
        let mut all = Self { hidden: hidden.clone(), tokio: tokio.clone(), own: own.clone(), has_lines: *has_lines };
        for (code, file) in files {
            if let Code::Hidden(_) = code {
                all.hidden.extend(file.ancestors().find(|folder| folder.ends_with("src")).map(Path::to_owned));
                continue;
            }
            all.has_lines = true;
            if let Some(package) = fetched(&file).filter(|_| !all.is_hidden(&file)) {
                all.own.push(package.root);
            }
        }
        for folders in [&mut all.own, &mut all.hidden] {
            folders.sort();
            folders.dedup();
        }
        all
    }

    fn is_hidden(&self, file: &Path) -> bool {
        self.hidden.iter().any(|folder| file.starts_with(folder))
    }

    /// The origin of a call: by its file, or without one by its symbol.
    pub(super) fn origin(&self, call: &Call) -> Origin {
        match &call.file {
            Some(file) => self.origin_of_file(file),
            None => origin_of_symbol(&call.function),
        }
    }

    fn origin_of_file(&self, file: &Path) -> Origin {
        // Files other than Rust belong to the C library, where threads start.
        if self.is_hidden(file) || file.extension().is_none_or(|extension| extension != "rs") {
            return Origin::of(Owner::Nobody);
        }
        if let Some(within) = self.tokio.as_ref().and_then(|tokio| file.strip_prefix(tokio).ok()) {
            return Origin { owner: Owner::Tokio, module: module(within) };
        }
        if let Some(module) = toolchain(file) {
            return Origin { owner: Owner::Nobody, module };
        }
        match fetched(file) {
            None => Origin::of(Owner::Program),
            Some(package) if self.own.contains(&package.root) => Origin::of(Owner::Program),
            Some(package) if TRANSPARENT.contains(&&*package.name) => Origin::of(Owner::Nobody),
            Some(_) => Origin::of(Owner::Library),
        }
    }
}

/// The origin of a call without debug information, by a symbol such as `<tokio::sync::batch_semaphore::Acquire as …>::poll`.
fn origin_of_symbol(function: &str) -> Origin {
    let path = path_of(function);
    let (krate, rest) = path.split_once("::").unwrap_or((path, ""));
    match krate {
        "tokio" => Origin { owner: Owner::Tokio, module: rest.to_owned() },
        "std" | "core" | "alloc" => Origin { owner: Owner::Nobody, module: path.to_owned() },
        // The C library, and code that the compiler generates.
        _ if rest.is_empty() => Origin::of(Owner::Nobody),
        _ if TRANSPARENT.iter().any(|name| name.replace('-', "_") == krate) => Origin::of(Owner::Nobody),
        _ if is_recorder(path) => Origin::of(Owner::Nobody),
        _ => Origin::of(Owner::Unknown),
    }
}

fn is_recorder(path: &str) -> bool {
    within(path, module_path!().trim_end_matches("::sources"))
}

/// The module of a file of the toolchain, with its crate: `core::future::poll_fn`; empty for its bundled dependencies.
fn toolchain(file: &Path) -> Option<String> {
    let text = file.to_string_lossy();
    if text.starts_with("/rust/deps/") {
        return Some(String::new());
    }
    let known = text.starts_with("/rustc/") || text.contains("/rustlib/src/rust/");
    let (_, within) = text.split_once("/library/").filter(|_| known)?;
    let (krate, rest) = within.split_once('/')?;
    let rest = rest.strip_prefix("src/").unwrap_or(rest);
    Some(format!("{krate}::{}", module(Path::new(rest))))
}

/// The module of a file: `sync/mutex.rs` is `sync::mutex`, and `time/mod.rs` is `time`.
fn module(within: &Path) -> String {
    let names: Vec<_> = within.iter().map(|name| name.to_string_lossy()).collect();
    names.join("::").trim_end_matches(".rs").trim_end_matches("::mod").to_owned()
}

/// The source directory of a crate, from the address of one of its functions and that function's file.
fn root_of(code: usize, file: &Path) -> Option<PathBuf> {
    let found = symbols::file_of(code)?;
    let root = found.ancestors().nth(file.iter().count()).map(Path::to_owned);
    root.filter(|_| found.ends_with(file))
}

/// The path at the start of a symbol, without sigils and generic arguments.
fn path_of(function: &str) -> &str {
    let text = function.trim_start_matches(['<', '&', '*', '(', '[']);
    let text = ["mut ", "dyn ", "const "].iter().fold(text, |text, word| text.strip_prefix(word).unwrap_or(text));
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len());
    text[..end].trim_end_matches(':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use facts::site::Place;

    impl Sources {
        /// Sources at fixed paths.
        pub(crate) fn for_tests(recorder: &str, tokio: &str, has_lines: bool) -> Self {
            Self { hidden: vec![recorder.into()], tokio: Some(tokio.into()), own: Vec::new(), has_lines }
        }

        fn of_file(&self, file: &str) -> Owner {
            self.origin_of_file(Path::new(file)).owner
        }
    }

    const REGISTRY: &str = "/home/me/.cargo/registry/src/index.crates.io-0123456789abcdef";

    fn sources() -> Sources {
        let recorder = format!("{REGISTRY}/async-playground-recorder-0.1.0/src");
        Sources::for_tests(&recorder, &format!("{REGISTRY}/tokio-1.54.1/src"), true)
    }

    #[test]
    fn a_program_is_what_cargo_did_not_fetch_whatever_its_folder_is_called() {
        for name in
            ["mini_redis", "mini-redis", "tokio", "tokio-util", "futures_app", "tracing", "axum", "async-playground", "std"]
        {
            for file in ["src/main.rs", "src/bin/server.rs", "tests/all.rs", "build/deep/er.rs"] {
                assert_eq!(sources().of_file(&format!("/home/me/{name}/{file}")), Owner::Program, "{name}/{file}");
                assert_eq!(sources().of_file(&format!("/home/me/ws/crates/{name}/{file}")), Owner::Program, "{name}/{file}");
            }
        }
        assert_eq!(sources().of_file("main.rs"), Owner::Program);
        assert_eq!(sources().of_file("/home/me/library/src/main.rs"), Owner::Program);
    }

    #[test]
    fn what_cargo_fetched_is_a_library_wherever_it_keeps_it() {
        let sources = sources();
        for file in [
            "/home/me/.cargo/registry/src/index.crates.io-0123456789abcdef/mini-redis-0.4.1/src/server.rs",
            "/elsewhere/registry/src/github.com-1ecc6299db9ec823/hyper-1.12.0/src/lib.rs",
            "/home/me/.cargo/git/checkouts/mini-redis-0123456789abcdef/89abcde/src/server.rs",
            "/build/app/vendor/hyper/src/lib.rs",
        ] {
            assert_eq!(sources.of_file(file), Owner::Library, "{file}");
        }
        assert_eq!(sources.of_file(&format!("{REGISTRY}/tokio-1.54.1/src/task/mod.rs")), Owner::Tokio);
        assert_eq!(sources.of_file(&format!("{REGISTRY}/tokio-util-0.7.20/src/lib.rs")), Owner::Library);
        assert_eq!(sources.of_file(&format!("{REGISTRY}/async-playground-recorder-0.1.0/src/local.rs")), Owner::Nobody);
        assert_eq!(sources.of_file(&format!("{REGISTRY}/tracing-0.1.44/src/instrument.rs")), Owner::Nobody);
        assert_eq!(sources.of_file("/rustc/0123abcd/library/std/src/thread.rs"), Owner::Nobody);
        assert_eq!(sources.of_file("/r/toolchains/stable/lib/rustlib/src/rust/library/alloc/src/boxed.rs"), Owner::Nobody);
        assert_eq!(sources.of_file("/rust/deps/hashbrown-0.16.1/src/map.rs"), Owner::Nobody);
        assert_eq!(sources.of_file("./nptl/pthread_create.c"), Owner::Nobody);
    }

    #[test]
    fn the_package_that_main_is_in_is_the_program_also_among_the_libraries() {
        for (main, mine, other) in [
            ("mini-redis-0.4.1/src/bin/server.rs", "mini-redis-0.4.1/src/server.rs", "mini-redis-0.4.10/src/server.rs"),
            (
                "async-playground-scenarios-0.1.0/chat.rs",
                "async-playground-scenarios-0.1.0/semaphore.rs",
                "axum-0.8.9/src/lib.rs",
            ),
        ] {
            let file = |name: &str| (Code::Function(1), Arc::from(Path::new(&format!("{REGISTRY}/{name}"))));
            let of = |sources: &Sources, name: &str| sources.of_file(&format!("{REGISTRY}/{name}"));
            assert_eq!(of(&sources(), mine), Owner::Library);
            let sources = sources().with([file(main)].into_iter());
            assert_eq!((of(&sources, mine), of(&sources, other)), (Owner::Program, Owner::Library), "{main}");
        }
        // What only runs the program is not the program, although its code is no library's.
        let engine = Path::new("/home/me/playground/crates/engine/src/run.rs").into();
        let with = sources().with([(Code::Hidden(1), engine)].into_iter());
        assert_eq!(with.of_file("/home/me/playground/crates/engine/src/runtime.rs"), Owner::Nobody);
        assert_eq!(with.of_file("/home/me/playground/scenarios/semaphore.rs"), Owner::Program);
        // A repository is one workspace.
        let checkout = "/home/me/.cargo/git/checkouts/app-0123456789abcdef/89abcde";
        let sources = sources().with([(Code::Stack(1), Path::new(&format!("{checkout}/app/src/main.rs")).into())].into_iter());
        assert_eq!(sources.of_file(&format!("{checkout}/lib/src/lib.rs")), Owner::Program);
    }

    #[test]
    fn without_a_file_the_symbol_says_whose_a_call_is() {
        let of = |function: &str| {
            let place = Place { file: "".into(), line: 0 };
            sources().origin(&Call { function: function.into(), place, column: 0, at: 0, file: None })
        };
        let tokio = of("<tokio::sync::batch_semaphore::Acquire as core::future::future::Future>::poll");
        assert!(tokio.is_tokio("sync::batch_semaphore"), "{tokio:?}");
        assert!(
            of("tokio::runtime::task::raw::poll::<app::main::{closure#0}, Arc<Handle>>").is_tokio("runtime::task::raw::poll")
        );
        assert!(
            of("<core::future::poll_fn::PollFn<F> as core::future::future::Future>::poll").is_toolchain("core::future::poll_fn")
        );
        for (function, owner) in [
            ("app::work::{{closure}}", Owner::Unknown),
            ("<&mut app::Work as Future>::poll", Owner::Unknown),
            ("tokio_util::sync::cancellation_token::CancellationToken::cancelled", Owner::Unknown),
            ("<tracing::instrument::Instrumented<T> as Future>::poll", Owner::Nobody),
            (concat!(module_path!(), "::x"), Owner::Nobody),
            ("__libc_start_main", Owner::Nobody),
            ("std::rt::lang_start", Owner::Nobody),
        ] {
            assert_eq!(of(function).owner, owner, "{function}");
        }
    }

    #[test]
    fn this_program_is_found_by_the_code_that_is_linked() {
        let linked = Sources::linked();
        assert_eq!(linked.hidden, [Path::new(env!("CARGO_MANIFEST_DIR")).join("src")]);
        assert!(linked.tokio.is_some_and(|tokio| tokio.join("lib.rs").is_file()));
    }
}
