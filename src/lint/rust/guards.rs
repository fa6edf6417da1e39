//! Guards of blocking locks that are held across an await.
//!
//! While the task waits, its thread runs other tasks. One of them may want the lock, and then blocks the thread that the holder
//! needs in order to go on. A guard lives until the end of its block if it has a name, until the end of the statement if not,
//! and until the end of the body if it is a temporary of a `match`, `if let`, `while let` or `for`.

use tree_sitter::Node;

use super::scopes::{Scopes, last};
use super::{arguments, is_apart, method_call, row, text_of, types};

/// Locks whose guards may not cross an await.
const LOCKS: [&str; 6] = [
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::ReentrantLock",
    "parking_lot::Mutex",
    "parking_lot::RwLock",
    "parking_lot::FairMutex",
];

/// Methods that return a guard.
const TAKES: [&str; 4] = ["lock", "read", "write", "upgradable_read"];

/// Methods that return the guard of a poisoned lock, too.
const UNWRAPS: [&str; 3] = ["unwrap", "expect", "unwrap_or_else"];

/// Macros that await.
const AWAITING: [&str; 3] = ["select", "join", "try_join"];

/// A guard that is held across an await.
pub(super) struct Held {
    /// The row where the lock is taken.
    pub row: usize,
    /// The lock.
    pub lock: String,
    /// The row of the await.
    pub until: usize,
}

/// A named guard that is held across an await in the rest of its block.
pub(super) fn named(declaration: Node<'_>, scopes: &Scopes, text: &str) -> Option<Held> {
    let value = declaration.child_by_field_name("value")?;
    let lock = guard(value, scopes, text)?;
    let name = bound(declaration.child_by_field_name("pattern")?, text)?;
    let mut next = declaration.next_named_sibling();
    while let Some(statement) = next {
        match first(statement, |node| end_or_await(node, name, text)) {
            Some(End::Awaits(until)) => return Some(Held { row: row(value), lock, until }),
            Some(End::Released) => return None,
            None => next = statement.next_named_sibling(),
        }
    }
    None
}

/// A guard without a name that lives until the end of the body after this expression, which awaits.
pub(super) fn scrutinee(node: Node<'_>, scopes: &Scopes, text: &str) -> Option<Held> {
    let (values, body) = match node.kind() {
        "match_expression" | "for_expression" => (vec![node.child_by_field_name("value")?], node.child_by_field_name("body")?),
        "if_expression" => (patterns(node.child_by_field_name("condition")?), node.child_by_field_name("consequence")?),
        "while_expression" => (patterns(node.child_by_field_name("condition")?), node.child_by_field_name("body")?),
        _ => return None,
    };
    let until = first(body, |node| awaits(node, text))?;
    values.into_iter().find_map(|value| temporary(value, scopes, text)).map(|(row, lock)| Held { row, lock, until })
}

/// A guard without a name in what is awaited: it lives until the end of the statement.
pub(super) fn awaited(node: Node<'_>, scopes: &Scopes, text: &str) -> Option<Held> {
    let (at, lock) = temporary(node.named_child(0)?, scopes, text)?;
    Some(Held { row: at, lock, until: node.end_position().row })
}

/// The first temporary guard in an expression.
fn temporary(value: Node<'_>, scopes: &Scopes, text: &str) -> Option<(usize, String)> {
    first(value, |node| match node.kind() {
        // What a block takes, it gives back at its end.
        "block" => Some(None),
        _ => guard(node, scopes, text).map(|lock| Some((row(node), lock))),
    })?
}

/// The values that a condition matches with `let`. Others drop their temporaries before the body.
fn patterns(condition: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = condition.walk();
    let parts = match condition.kind() {
        "let_condition" => vec![condition],
        "let_chain" => condition.named_children(&mut cursor).filter(|part| part.kind() == "let_condition").collect(),
        _ => Vec::new(),
    };
    parts.into_iter().filter_map(|part| part.child_by_field_name("value")).collect()
}

/// The lock whose guard an expression returns: `lock`, and then only methods that unwrap its result.
fn guard(node: Node<'_>, scopes: &Scopes, text: &str) -> Option<String> {
    let (mut node, mut unwrapped) = (node, false);
    loop {
        if node.kind() == "try_expression" {
            node = node.named_child(0)?;
            continue;
        }
        let (receiver, name) = method_call(node, text)?;
        if UNWRAPS.contains(&name) {
            (node, unwrapped) = (receiver, true);
            continue;
        }
        if !TAKES.contains(&name) || !arguments(node).is_empty() {
            return None;
        }
        return match types::of(receiver, scopes, text) {
            Some(kind) => LOCKS.contains(&kind.as_str()).then_some(kind),
            // An async lock returns a future, which cannot be unwrapped.
            None => unwrapped.then(|| "a blocking lock".to_owned()),
        };
    }
}

/// The name that a pattern binds to the guard; `_` drops it at once.
fn bound<'a>(pattern: Node<'_>, text: &'a str) -> Option<&'a str> {
    match pattern.kind() {
        "identifier" => Some(text_of(pattern, text)),
        "mut_pattern" | "tuple_struct_pattern" => {
            let inside = pattern.named_child(u32::try_from(pattern.named_child_count()).ok()?.checked_sub(1)?)?;
            bound(inside, text)
        }
        _ => None,
    }
}

/// What comes first in the life of a guard.
enum End {
    Awaits(usize),
    Released,
}

/// Whether a node awaits, or passes the guard on: to `drop`, or to a function that then has it.
fn end_or_await(node: Node<'_>, name: &str, text: &str) -> Option<End> {
    if let Some(row) = awaits(node, text) {
        return Some(End::Awaits(row));
    }
    let passed = node.kind() == "call_expression"
        && arguments(node).into_iter().any(|argument| argument.kind() == "identifier" && text_of(argument, text) == name);
    passed.then_some(End::Released)
}

/// The row of an await, if a node is one. A macro's content is only tokens.
fn awaits(node: Node<'_>, text: &str) -> Option<usize> {
    match node.kind() {
        "await_expression" => Some(node.end_position().row),
        "macro_invocation" => {
            let name = last(text_of(node.child_by_field_name("macro")?, text));
            (AWAITING.contains(&name) || text_of(node, text).contains(".await")).then(|| row(node))
        }
        _ => None,
    }
}

/// The first result for a node or one inside it, in source order. Closures, async blocks and items have a life of their own.
fn first<'t, T>(node: Node<'t>, look: impl Fn(Node<'t>) -> Option<T>) -> Option<T> {
    let mut left = vec![node];
    while let Some(node) = left.pop() {
        if is_apart(node) {
            continue;
        }
        if let Some(found) = look(node) {
            return Some(found);
        }
        let mut cursor = node.walk();
        let children: Vec<_> = node.named_children(&mut cursor).collect();
        left.extend(children.into_iter().rev());
    }
    None
}
