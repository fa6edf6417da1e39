//! Highlighted source, made once and kept.
//!
//! Loading a grammar's queries takes longer than a frame may, so the first
//! frame shows the code plain, asks for another one ([`Cache::unfinished`]),
//! and that one has the colours. Pieces carry a [`Role`] and no colour: a
//! change of theme needs no new parse.

use std::collections::HashMap;
use std::fmt;

use scenarios::Scenario;
use tree_sitter_highlight::{HighlightConfiguration, HighlightEvent, Highlighter};

use super::theme::Role;
use crate::app::model::CodeTab;

/// A line of code: pieces of text, each with its role.
pub(crate) type CodeLine = Vec<(Role, &'static str)>;

/// What the grammars call the pieces, and the role that each has here. A name stands for all that begin with it.
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
    // Named to be told apart from what they hold: they end the colour around them.
    ("embedded", Role::Plain),
    ("operator", Role::Plain),
    ("property", Role::Plain),
    ("punctuation", Role::Plain),
    ("variable", Role::Plain),
];

/// What is kept from one frame to the next.
#[derive(Default)]
pub struct Cache {
    sources: HashMap<(&'static str, CodeTab), Source>,
    grammars: HashMap<CodeTab, Option<HighlightConfiguration>>,
    /// Whether a source was shown plain in the last frame.
    unfinished: bool,
}

/// One source as it is shown.
struct Source {
    lines: Vec<CodeLine>,
    /// Whether it was highlighted, as far as it can be.
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

    /// Call it before a frame is drawn.
    pub(super) fn begin_frame(&mut self) {
        self.unfinished = false;
    }

    /// The lines of a tab: plain when they are asked for the first time, highlighted from then on.
    pub(super) fn lines(&mut self, scenario: &'static Scenario, tab: CodeTab) -> &[CodeLine] {
        let text = if tab == CodeTab::Asyncio { scenario.twin } else { scenario.source };
        let grammar = &mut self.grammars;
        let source = self
            .sources
            .entry((scenario.id, tab))
            .and_modify(|source| {
                if !source.done {
                    let config = grammar.entry(tab).or_insert_with(|| load(tab));
                    let lines = config.as_ref().and_then(|config| highlighted(config, text));
                    *source = Source { lines: lines.unwrap_or_else(|| plain(text)), done: true };
                }
            })
            .or_insert_with(|| Source { lines: plain(text), done: false });
        self.unfinished |= !source.done;
        &source.lines
    }
}

/// The grammar of a tab; none when its queries do not fit the library, which then shows plain code.
fn load(tab: CodeTab) -> Option<HighlightConfiguration> {
    let config = if tab == CodeTab::Asyncio {
        HighlightConfiguration::new(tree_sitter_python::LANGUAGE.into(), "python", tree_sitter_python::HIGHLIGHTS_QUERY, "", "")
    } else {
        // No injections: they would colour what is written inside a macro's arguments a second time.
        HighlightConfiguration::new(tree_sitter_rust::LANGUAGE.into(), "rust", tree_sitter_rust::HIGHLIGHTS_QUERY, "", "")
    };
    let mut config = config.ok()?;
    config.configure(&NAMES.map(|(name, _)| name));
    Some(config)
}

fn plain(text: &'static str) -> Vec<CodeLine> {
    text.lines().map(|line| vec![(Role::Plain, line)]).collect()
}

/// The text in pieces; none when it cannot be parsed.
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

/// Adds a piece that may hold line breaks.
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
    fn a_source_is_plain_at_first_and_highlighted_the_next_time_with_no_character_lost() {
        let scenario = &scenarios::CATALOGUE[0];
        for (tab, text) in [(CodeTab::Rust, scenario.source), (CodeTab::Asyncio, scenario.twin)] {
            let mut cache = Cache::default();
            assert_eq!(cache.lines(scenario, tab), plain(text));
            assert!(cache.unfinished());
            cache.begin_frame();
            let lines = cache.lines(scenario, tab).to_vec();
            assert!(!cache.unfinished());
            let joined: Vec<String> = lines.iter().map(|line| line.iter().map(|(_, text)| *text).collect()).collect();
            assert_eq!(joined, text.lines().collect::<Vec<_>>());
            assert!(text.is_empty() || lines.iter().flatten().any(|(role, _)| *role != Role::Plain), "{tab:?} has no colour");
        }
    }

    #[test]
    fn pieces_have_their_roles() {
        let rust =
            load(CodeTab::Rust).and_then(|config| highlighted(&config, "// hi\nasync fn go() -> u32 { f(\"x\").await }\n"));
        let rust = rust.unwrap_or_default();
        assert_eq!(rust.len(), 2);
        assert_eq!(role_of(&rust, "// hi"), Some(Role::Comment));
        assert_eq!(role_of(&rust, "await"), Some(Role::Keyword));
        assert_eq!(role_of(&rust, "go"), Some(Role::Function));
        assert_eq!(role_of(&rust, "u32"), Some(Role::Type));
        assert_eq!(role_of(&rust, "\"x\""), Some(Role::String));
        let python = load(CodeTab::Asyncio).and_then(|config| highlighted(&config, "async def go():\n    return None\n"));
        let python = python.unwrap_or_default();
        assert_eq!(role_of(&python, "async"), Some(Role::Keyword));
        assert_eq!(role_of(&python, "None"), Some(Role::Constant));
    }
}
