//! Highlighted source, computed once and cached.
//!
//! Loading a grammar's queries takes as long as two or three frames, so a thread does it: until it is done the code
//! is shown plain, and [`Cache::unfinished`] says that another frame would show more. Pieces carry a [`Role`] and no
//! colour, so a change of theme needs no new parse.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use tree_sitter_highlight::{HighlightConfiguration, HighlightEvent, Highlighter};

use super::theme::Role;

/// A line of code: pieces of text, each with its role.
pub(crate) type CodeLine = Vec<(Role, &'static str)>;

/// The grammars' names for pieces, and the role of each. A name covers all names that begin with it.
const NAMES: [(&str, Role); 15] = [
    ("keyword", Role::Keyword),
    ("function", Role::Function),
    ("type", Role::Type),
    ("constructor", Role::Type),
    ("string", Role::String),
    ("escape", Role::String),
    ("constant", Role::Constant),
    ("number", Role::Constant),
    ("comment", Role::Comment),
    ("attribute", Role::Attribute),
    // Named separately from what they contain: they end the colour around them.
    ("embedded", Role::Plain),
    ("operator", Role::Plain),
    ("property", Role::Plain),
    ("punctuation", Role::Plain),
    ("variable", Role::Plain),
];

/// Which part of a source is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// What a scenario runs: without its lesson and its tests.
    Run,
    /// A scenario's tests.
    Tests,
    /// A scenario's twin in Python, without its test.
    Twin,
    /// The test of a twin.
    TwinTest,
    /// All of it.
    Whole,
}

impl Part {
    fn is_python(self) -> bool {
        matches!(self, Part::Twin | Part::TwinTest)
    }
}

/// The first line of the tests in a Rust source, and the start of the one in a twin.
const TESTS: [&str; 2] = ["#[cfg(test)]", "# The test, for pytest "];

/// A part of a source. Texts are distinguished by their address: comparing them for each frame would take too long.
type Key = (usize, Part);

/// The cache between frames.
#[derive(Default)]
pub struct Cache {
    sources: HashMap<Key, Source>,
    /// Started with the first source; `None` if the system cannot start a thread, in which case code stays plain.
    worker: Option<Worker>,
    /// Whether the last frame showed a source that is not highlighted yet.
    unfinished: bool,
}

/// The thread that highlights. It ends with the cache.
struct Worker {
    asked: Sender<(Key, &'static str)>,
    done: Receiver<(Key, Option<Vec<CodeLine>>)>,
}

/// What a tab shows of a source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shown<'a> {
    /// Lines of the file before the first one shown.
    pub(crate) before: usize,
    /// The line that the tab opens at, counted among those shown.
    pub(crate) open: usize,
    /// The lines.
    pub(crate) lines: &'a [CodeLine],
    /// Where the lines of a second file begin: their place among the lines, and how many lines of that file come before.
    pub(crate) second: Option<(usize, usize)>,
}

impl Shown<'_> {
    /// The number of a line in its file, from 1.
    pub(crate) fn number(&self, line: usize) -> u32 {
        let before = match self.second {
            Some((second, before)) if line >= second => before + line - second,
            _ => self.before + line,
        };
        before as u32 + 1
    }

    /// Whether a line belongs to the second file.
    pub(crate) fn is_second(&self, line: usize) -> bool {
        self.second.is_some_and(|(second, _)| line >= second)
    }
}

/// A cached source.
struct Source {
    lines: Vec<CodeLine>,
    /// The lines that are shown.
    excerpt: Range<usize>,
    /// The line that the tab opens at, counted among those shown.
    open: usize,
    /// Whether highlighting is finished, successful or not.
    done: bool,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("unfinished", &self.unfinished).finish_non_exhaustive()
    }
}

impl Cache {
    /// Whether another frame, drawn soon, would show more than the last one.
    pub fn unfinished(&self) -> bool {
        self.unfinished
    }

    /// Takes over finished highlighting. Call it before each frame.
    pub(super) fn begin_frame(&mut self) {
        self.unfinished = false;
        for (key, lines) in self.worker.iter().flat_map(|worker| worker.done.try_iter()) {
            if let Some(source) = self.sources.get_mut(&key) {
                source.lines = lines.unwrap_or_else(|| std::mem::take(&mut source.lines));
                source.done = true;
            }
        }
    }

    /// The lines of a part of a text: plain at first, highlighted as soon as that is done.
    pub(super) fn shown(&mut self, text: &'static str, part: Part) -> Shown<'_> {
        let key = (text.as_ptr() as usize, part);
        let worker = &mut self.worker;
        let source = self.sources.entry(key).or_insert_with(|| {
            *worker = worker.take().or_else(Worker::start);
            let asked = worker.as_ref().is_some_and(|worker| worker.asked.send((key, text)).is_ok());
            let (excerpt, open) = match part {
                Part::Tests | Part::TwinTest => (tests(text), 0),
                Part::Whole => (0..text.lines().count(), 0),
                Part::Run | Part::Twin => (excerpt(text), entry(text)),
            };
            Source { lines: plain(text), excerpt, open, done: !asked }
        });
        self.unfinished |= !source.done;
        Shown {
            before: source.excerpt.start,
            open: source.open,
            lines: source.lines.get(source.excerpt.clone()).unwrap_or_default(),
            second: None,
        }
    }
}

impl Worker {
    fn start() -> Option<Self> {
        let (asked, requests) = mpsc::channel();
        let (results, done) = mpsc::channel();
        thread::Builder::new().name("highlight".into()).spawn(move || highlight_all(&requests, &results)).ok()?;
        Some(Self { asked, done })
    }
}

/// Highlights each requested source until the cache is gone. Grammars are loaded on first use.
fn highlight_all(requests: &Receiver<(Key, &'static str)>, results: &Sender<(Key, Option<Vec<CodeLine>>)>) {
    let mut grammars = HashMap::new();
    for (key, text) in requests {
        let grammar: &Option<HighlightConfiguration> = grammars.entry(key.1.is_python()).or_insert_with(|| load(key.1));
        let lines = grammar.as_ref().and_then(|grammar| highlighted(grammar, text));
        if results.send((key, lines)).is_err() {
            return;
        }
    }
}

/// The lines of a source that are shown, without the lesson at the top, which has its own tab, and without the tests
/// at the bottom, which are not part of the run. All lines if there is nothing else.
fn excerpt(text: &str) -> Range<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let lesson = lines.iter().take_while(|line| line.starts_with("//!")).count();
    let start = lesson + lines[lesson..].iter().take_while(|line| line.is_empty()).count();
    let tests = tests(text).start;
    let end = lines[..tests].iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    if start < end { start..end } else { 0..lines.len() }
}

/// The lines with a source's tests; empty if it has none.
fn tests(text: &str) -> Range<usize> {
    let all = text.lines().count();
    text.lines().position(|line| TESTS.iter().any(|start| line.starts_with(start))).unwrap_or(all)..all
}

/// The line, counted among those shown, where the scenario's own code begins: imports and parameters come first. A
/// twin opens at its top, with its lesson.
fn entry(text: &str) -> usize {
    let shown = excerpt(text);
    text.lines().skip(shown.start).position(|line| line.starts_with("async fn run(")).unwrap_or(0)
}

/// The grammar of a part; `None` if its queries do not suit the library, in which case the code stays plain.
fn load(part: Part) -> Option<HighlightConfiguration> {
    let config = if part.is_python() {
        HighlightConfiguration::new(tree_sitter_python::LANGUAGE.into(), "python", tree_sitter_python::HIGHLIGHTS_QUERY, "", "")
    } else {
        // No injections: they would colour the arguments of macros twice.
        HighlightConfiguration::new(tree_sitter_rust::LANGUAGE.into(), "rust", tree_sitter_rust::HIGHLIGHTS_QUERY, "", "")
    };
    let mut config = config.ok()?;
    config.configure(&NAMES.map(|(name, _)| name));
    Some(config)
}

fn plain(text: &'static str) -> Vec<CodeLine> {
    text.lines().map(|line| vec![(Role::Plain, line)]).collect()
}

/// The text in pieces; `None` if it cannot be parsed.
fn highlighted(config: &HighlightConfiguration, text: &'static str) -> Option<Vec<CodeLine>> {
    let mut highlighter = Highlighter::new();
    let events = highlighter.highlight(config, text.as_bytes(), None, None, |_| None).ok()?;
    let mut lines = vec![CodeLine::new()];
    let mut roles = vec![Role::Plain];
    for event in events {
        match event.ok()? {
            HighlightEvent::HighlightStart(name) => roles.push(NAMES.get(name.0).map_or(Role::Plain, |(_, role)| *role)),
            HighlightEvent::HighlightEnd => {
                roles.pop();
            }
            HighlightEvent::Source { start, end } => {
                let role = roles.last().copied().unwrap_or(Role::Plain);
                push(&mut lines, role, text.get(start..end)?);
            }
        }
    }
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    Some(lines)
}

/// Adds a piece that may contain line breaks.
fn push(lines: &mut Vec<CodeLine>, role: Role, piece: &'static str) {
    for (i, part) in piece.split('\n').enumerate() {
        if i > 0 {
            lines.push(CodeLine::new());
        }
        if let Some(line) = lines.last_mut().filter(|_| !part.is_empty()) {
            line.push((role, part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role_of(lines: &[CodeLine], piece: &str) -> Option<Role> {
        lines.iter().flatten().find(|(_, text)| text.trim() == piece).map(|(role, _)| *role)
    }

    #[test]
    fn a_source_is_plain_at_first_and_highlighted_soon_with_no_character_lost() {
        let scenario = &scenarios::CATALOGUE[0];
        for (part, text) in [(Part::Run, scenario.source), (Part::Twin, scenario.twin)] {
            let mut cache = Cache::default();
            let shown = excerpt(text);
            let first = Shown { before: shown.start, open: entry(text), lines: &plain(text)[shown.clone()], second: None };
            assert_eq!(cache.shown(text, part), first);
            assert!(cache.unfinished());
            while cache.unfinished() {
                thread::yield_now();
                cache.begin_frame();
                cache.shown(text, part);
            }
            let lines = cache.shown(text, part).lines.to_vec();
            let joined: Vec<String> = lines.iter().map(|line| line.iter().map(|(_, text)| *text).collect()).collect();
            assert_eq!(joined, text.lines().collect::<Vec<_>>()[shown]);
            assert!(text.is_empty() || lines.iter().flatten().any(|(role, _)| *role != Role::Plain), "{part:?} has no colour");
        }
    }

    #[test]
    fn lesson_and_tests_are_left_out_if_there_is_more() {
        let source = "//! # Lesson\n//!\n//! Text.\n\nuse a::b;\n\nfn f() {}\n\n#[cfg(test)]\nmod tests {}\n";
        assert_eq!(excerpt(source), 4..7);
        assert_eq!(excerpt("fn f() {}\n"), 0..1);
        assert_eq!(excerpt("//! Nothing else.\n"), 0..1);
        assert_eq!(excerpt(""), 0..0);
        for scenario in scenarios::CATALOGUE {
            let lines: Vec<&str> = scenario.source.lines().collect();
            let shown = &lines[excerpt(scenario.source)];
            assert!(shown[0].starts_with("use "), "{}: {}", scenario.id, shown[0]);
            assert!(shown.iter().any(|line| line.starts_with("async fn run(")), "{}", scenario.id);
            assert!(!shown.iter().any(|line| line.contains("mod tests")), "{}", scenario.id);
            assert!(shown[entry(scenario.source)].starts_with("async fn run("), "{}", scenario.id);
            assert_eq!(entry(scenario.twin), 0);
            let tests = &lines[tests(scenario.source)];
            assert!(tests[1] == "mod tests {" && tests[tests.len() - 1] == "}", "{}: {tests:?}", scenario.id);
            let twin: Vec<&str> = scenario.twin.lines().collect();
            let shown = &twin[excerpt(scenario.twin)];
            assert!(shown[shown.len() - 1].starts_with("    main("), "{}: {shown:?}", scenario.id);
            let test = &twin[self::tests(scenario.twin)];
            assert!(test.iter().any(|line| line.starts_with("async def test_")), "{}: {test:?}", scenario.id);
        }
    }

    #[test]
    fn pieces_have_their_roles() {
        let rust = load(Part::Run).and_then(|config| highlighted(&config, "// hi\nasync fn go() -> u32 { f(\"x\").await }\n"));
        let rust = rust.unwrap_or_default();
        assert_eq!(rust.len(), 2);
        assert_eq!(role_of(&rust, "// hi"), Some(Role::Comment));
        assert_eq!(role_of(&rust, "await"), Some(Role::Keyword));
        assert_eq!(role_of(&rust, "go"), Some(Role::Function));
        assert_eq!(role_of(&rust, "u32"), Some(Role::Type));
        assert_eq!(role_of(&rust, "\"x\""), Some(Role::String));
        let python = load(Part::Twin).and_then(|config| highlighted(&config, "async def go():\n    return None\n"));
        let python = python.unwrap_or_default();
        assert_eq!(role_of(&python, "async"), Some(Role::Keyword));
        assert_eq!(role_of(&python, "None"), Some(Role::Constant));
    }
}
