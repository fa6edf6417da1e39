//! The type of an expression, where one file is enough to know it.

use tree_sitter::Node;

use super::scopes::{Scopes, WRAPPERS, last};
use super::{arguments, method_call, text_of};

/// How deep in an expression the type is looked for.
const MOST_DEEP: usize = 64;

/// Methods that return the receiver, or what it wraps.
const SAME: [&str; 17] = [
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "by_ref",
    "clone",
    "context",
    "expect",
    "expect_err",
    "map_err",
    "to_owned",
    "try_clone",
    "unwrap",
    "unwrap_or_default",
    "unwrap_or_else",
    "with_context",
    "as_deref",
];

/// Methods that return another type.
const MAKES: [(&str, &str, &str); 8] = [
    ("std::process::Command", "spawn", "std::process::Child"),
    ("std::fs::OpenOptions", "open", "std::fs::File"),
    ("std::thread::Builder", "spawn", "std::thread::JoinHandle"),
    ("std::path::Path", "join", "std::path::PathBuf"),
    ("std::path::Path", "to_path_buf", "std::path::PathBuf"),
    ("std::path::PathBuf", "join", "std::path::PathBuf"),
    ("std::path::PathBuf", "as_path", "std::path::Path"),
    ("std::io::Stdin", "lock", "std::io::Stdin"),
];

/// Types whose other methods return themselves.
const BUILDERS: [(&str, &[&str]); 4] = [
    ("std::process::Command", &["output", "status", "get_program", "get_args"]),
    ("std::fs::OpenOptions", &[]),
    ("std::fs::DirBuilder", &["create"]),
    ("std::thread::Builder", &["spawn_scoped"]),
];

/// Functions that return another type than the one before their last `::`.
const RETURNS: [(&str, &str); 4] = [
    ("std::thread::spawn", "std::thread::JoinHandle"),
    ("std::io::stdin", "std::io::Stdin"),
    ("std::fs::File::options", "std::fs::OpenOptions"),
    ("reqwest::blocking::Client::builder", "reqwest::blocking::ClientBuilder"),
];

/// The full path of an expression's type.
pub(super) fn of(node: Node<'_>, scopes: &Scopes, text: &str) -> Option<String> {
    within(node, scopes, text, MOST_DEEP)
}

fn within(node: Node<'_>, scopes: &Scopes, text: &str, left: usize) -> Option<String> {
    let left = left.checked_sub(1)?;
    match node.kind() {
        "identifier" => scopes.variable(text_of(node, text)).map(str::to_owned),
        "field_expression" => scopes.field(text_of(node.child_by_field_name("field")?, text)).map(str::to_owned),
        "reference_expression" => within(node.child_by_field_name("value")?, scopes, text, left),
        "parenthesized_expression" | "try_expression" | "unary_expression" => within(node.named_child(0)?, scopes, text, left),
        "call_expression" => match method_call(node, text) {
            Some((receiver, name)) => method(&within(receiver, scopes, text, left)?, name),
            None => function(node, scopes, text, left),
        },
        _ => None,
    }
}

fn method(of: &str, name: &str) -> Option<String> {
    if let Some((.., makes)) = MAKES.iter().find(|(known, method, _)| (*known, *method) == (of, name)) {
        return Some((*makes).to_owned());
    }
    let builds = BUILDERS.iter().any(|(known, others)| *known == of && !others.contains(&name));
    (builds || SAME.contains(&name)).then(|| of.to_owned())
}

fn function(call: Node<'_>, scopes: &Scopes, text: &str, left: usize) -> Option<String> {
    let path = scopes.resolve(text_of(call.child_by_field_name("function")?, text), |_| false);
    if let Some((_, returns)) = RETURNS.iter().find(|(known, _)| *known == path) {
        return Some((*returns).to_owned());
    }
    let (of, name) = path.rsplit_once("::")?;
    if WRAPPERS.contains(&last(of)) && matches!(name, "new" | "clone" | "from" | "pin") {
        return within(arguments(call).into_iter().next()?, scopes, text, left);
    }
    // `Type::function` returns a `Type`, as constructors do; whatever else it returns is not one of the types that matter.
    last(of).starts_with(|first: char| first.is_uppercase()).then(|| of.to_owned())
}

/// The types of a channel's two halves, if the expression creates one.
pub(super) fn halves(node: Node<'_>, scopes: &Scopes, text: &str) -> Option<[String; 2]> {
    let path = scopes.resolve(text_of(node.child_by_field_name("function")?, text), |_| false);
    let (module, name) = path.rsplit_once("::")?;
    let is_channel = matches!(name, "channel" | "sync_channel" | "bounded" | "unbounded");
    is_channel.then(|| ["Sender", "Receiver"].map(|half| format!("{module}::{half}")))
}
