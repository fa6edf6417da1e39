//! The content of macros, which the parser sees only as tokens.
//!
//! The arguments of most macros are expressions, as those of `println!`, or statements, as those of `stream!`. The branches of
//! `select!` are split into the future and the handler. Whatever is not Rust on its own is left out.

use tree_sitter::Node;

use super::scopes::last;
use super::{Place, Walker, parse, passed_elsewhere, row, text_of};

/// Macros that generate an async body.
const ASYNC: [&str; 2] = ["stream", "try_stream"];

impl Walker<'_> {
    /// Visits the content of a macro.
    pub(super) fn expand(&mut self, node: Node<'_>, place: Place<'_>) {
        let name = node.child_by_field_name("macro").map_or("", |name| last(text_of(name, self.text)));
        let mut cursor = node.walk();
        let Some(tokens) = node.named_children(&mut cursor).find(|child| child.kind() == "token_tree") else { return };
        if name == "select" {
            for (first_row, code) in branches(tokens, self.text) {
                self.code(&code, first_row, place);
            }
            return;
        }
        let inside = text_of(tokens, self.text);
        let inside = inside.get(1..inside.len().saturating_sub(1)).unwrap_or_default();
        if ASYNC.contains(&name) {
            self.code(inside, row(tokens), place.at(Some("a stream")));
        } else if place.function.is_some() {
            // A call, since its arguments may end in a comma.
            self.code(&format!("arguments({inside})"), row(tokens), place);
        }
    }

    /// Visits a piece of code that begins at a row of this text. Code that is not Rust on its own is left out.
    fn code(&mut self, code: &str, first_row: usize, place: Place<'_>) {
        let text = format!("fn f() {{ {code}\n}}");
        let Some(tree) = parse(&text).filter(|tree| !tree.root_node().has_error()) else { return };
        let Some(body) = tree.root_node().named_child(0).and_then(|function| function.child_by_field_name("body")) else {
            return;
        };
        let first_row = self.first_row + first_row;
        let elsewhere = passed_elsewhere(body, &text);
        let mut inner = Walker { text: &text, first_row, scopes: self.scopes, found: self.found, elsewhere };
        inner.visit(body, place);
    }
}

/// The futures and the handlers of a `select!`, each with its first row.
fn branches(tokens: Node<'_>, text: &str) -> Vec<(usize, String)> {
    let mut cursor = tokens.walk();
    let children: Vec<_> = tokens.children(&mut cursor).collect();
    let inside = children.get(1..children.len().saturating_sub(1)).unwrap_or_default();
    let mut codes = Vec::new();
    let mut left = inside;
    while let Some(arrow) = left.iter().position(|token| text_of(*token, text) == "=>") {
        let (head, rest) = (&left[..arrow], &left[arrow + 1..]);
        let future = head.iter().position(|token| text_of(*token, text) == "=").map_or(&[][..], |equals| &head[equals + 1..]);
        // A precondition is an expression, too: `, if ready`.
        let condition = future.windows(2).position(|pair| text_of(pair[0], text) == "," && text_of(pair[1], text) == "if");
        codes.extend(code(&future[..condition.unwrap_or(future.len())], text));
        let is_block = rest.first().is_some_and(|token| text_of(*token, text).starts_with('{'));
        let end = if is_block { 1 } else { rest.iter().position(|token| text_of(*token, text) == ",").unwrap_or(rest.len()) };
        codes.extend(code(&rest[..end], text));
        left = &rest[end..];
        if left.first().is_some_and(|token| text_of(*token, text) == ",") {
            left = &left[1..];
        }
    }
    codes
}

/// The text of tokens as a statement, with its first row.
fn code(tokens: &[Node<'_>], text: &str) -> Option<(usize, String)> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    let code = text.get(first.start_byte()..last.end_byte())?;
    Some((row(*first), format!("{code};")))
}
