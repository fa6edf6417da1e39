//! Rust: parsed by tree-sitter.
//!
//! There are no types and no other files, so [`scopes`] follows imports and [`types`] knows the type of an expression if the file
//! says it. [`rules`] lists what blocks, and [`guards`] finds locks that are held across an await. The walk knows whether code
//! runs in an async function: a nested function does not, a closure does unless it is passed to another thread.

mod guards;
mod macros;
mod rules;
mod scopes;
mod types;

use std::collections::HashSet;

use tree_sitter::{Node, Parser, Tree};

use super::{Checked, Fault, Found};
use guards::Held;
use rules::Rule;
use scopes::{Scopes, last};

/// Code nested deeper than this was not written by hand, and walking it would overflow the stack.
const MOST_NESTED: usize = 400;

/// Checks a Rust source. The parser knows most of the language and goes on after an error, so what surrounds one is checked.
pub(super) fn lint(text: &str) -> Checked {
    let Some(tree) = parse(text) else {
        let fault = Fault { line: None, reason: "cannot be parsed".to_owned() };
        return Checked { fault: Some(fault), ..Checked::default() };
    };
    let fault = error(tree.root_node()).map(|row| {
        let reason = "cannot be parsed here, so the file was checked only in part".to_owned();
        Fault { line: Some(row + 1), reason }
    });
    let (mut scopes, mut found) = (Scopes::default(), Vec::new());
    Walker { text, first_row: 0, scopes: &mut scopes, found: &mut found, elsewhere: HashSet::new() }
        .visit(tree.root_node(), Place { function: None, depth: 0 });
    Checked { found, fault }
}

fn parse(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_rust::LANGUAGE.into()).ok()?;
    parser.parse(text, None)
}

/// The row of the first syntax error.
fn error(root: Node<'_>) -> Option<usize> {
    let mut left = vec![root];
    while let Some(node) = left.pop() {
        if node.is_error() || node.is_missing() {
            return Some(row(node));
        }
        let mut cursor = node.walk();
        let children: Vec<_> = node.children(&mut cursor).filter(Node::has_error).collect();
        left.extend(children.into_iter().rev());
    }
    None
}

/// Where code runs.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// The async function, or `async block`; `None` if the code is not async.
    function: Option<&'p str>,
    /// How deep the code is nested.
    depth: usize,
}

impl<'p> Place<'p> {
    /// The same depth in another function.
    fn at(self, function: Option<&'p str>) -> Self {
        Place { function, ..self }
    }
}

/// Walks a syntax tree and collects what blocks.
struct Walker<'a> {
    text: &'a str,
    /// The row of the text's first line in the file; not 0 for the content of a macro.
    first_row: usize,
    scopes: &'a mut Scopes,
    found: &'a mut Vec<Found>,
    /// The closures that are passed to functions that leave the runtime, by node: they may block.
    elsewhere: HashSet<usize>,
}

impl Walker<'_> {
    fn visit(&mut self, node: Node<'_>, place: Place<'_>) {
        if place.depth > MOST_NESTED {
            return;
        }
        let place = Place { depth: place.depth + 1, ..place };
        if place.function.is_some() {
            let held = guards::scrutinee(node, self.scopes, self.text);
            self.held(held, place);
        }
        match node.kind() {
            "macro_definition" | "attribute_item" | "inner_attribute_item" | "ERROR" => {}
            "function_item" => self.function(node, place),
            "const_item" | "static_item" => self.children(node, place.at(None)),
            "closure_expression" => self.closure(node, place),
            "async_block" => {
                self.children(node, place.at(place.function.or(Some("async block"))));
            }
            "source_file" | "declaration_list" | "block" => {
                self.scopes.enter(node, self.text);
                self.children(node, place);
                self.scopes.leave();
            }
            "let_declaration" => self.declaration(node, place),
            "call_expression" => self.call(node, place),
            "await_expression" => {
                let held = guards::awaited(node, self.scopes, self.text).filter(|_| place.function.is_some());
                self.held(held, place);
                self.children(node, place);
            }
            "macro_invocation" => self.expand(node, place),
            _ => self.children(node, place),
        }
    }

    fn children(&mut self, node: Node<'_>, place: Place<'_>) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.visit(child, place);
        }
    }

    fn function(&mut self, node: Node<'_>, place: Place<'_>) {
        let Some(body) = node.child_by_field_name("body") else { return };
        let mut cursor = node.walk();
        let modifiers = node.named_children(&mut cursor).find(|child| child.kind() == "function_modifiers");
        let is_async = modifiers.is_some_and(|modifiers| self.slice(modifiers).split_whitespace().any(|word| word == "async"));
        let name = node.child_by_field_name("name").map_or("", |name| text_of(name, self.text));
        let outer = std::mem::replace(&mut self.elsewhere, passed_elsewhere(body, self.text));
        self.with_parameters(node, body, place.at(is_async.then_some(name)));
        self.elsewhere = outer;
    }

    fn closure(&mut self, node: Node<'_>, place: Place<'_>) {
        let Some(body) = node.child_by_field_name("body") else { return };
        let mut cursor = node.walk();
        let is_async = node.children(&mut cursor).any(|child| child.kind() == "async");
        let function = if self.elsewhere.contains(&node.id()) { None } else { place.function };
        let function = function.or(is_async.then_some("async closure"));
        self.with_parameters(node, body, place.at(function));
    }

    /// Visits a body with the parameters of its function.
    fn with_parameters(&mut self, function: Node<'_>, body: Node<'_>, place: Place<'_>) {
        self.scopes.enter_function();
        if let Some(parameters) = function.child_by_field_name("parameters") {
            let mut cursor = parameters.walk();
            for parameter in parameters.named_children(&mut cursor) {
                let pattern = parameter.child_by_field_name("pattern").unwrap_or(parameter);
                let kind = parameter.child_by_field_name("type").and_then(|kind| self.scopes.type_path(kind, self.text));
                self.define(pattern, kind);
            }
        }
        self.visit(body, place);
        self.scopes.leave();
    }

    fn declaration(&mut self, node: Node<'_>, place: Place<'_>) {
        let (pattern, value) = (node.child_by_field_name("pattern"), node.child_by_field_name("value"));
        if place.function.is_some() {
            let held = guards::named(node, self.scopes, self.text);
            self.held(held, place);
        }
        if let Some(value) = value {
            self.visit(value, place);
        }
        if let Some(otherwise) = node.child_by_field_name("alternative") {
            self.visit(otherwise, place);
        }
        let Some(pattern) = pattern else { return };
        let kind = node.child_by_field_name("type").and_then(|kind| self.scopes.type_path(kind, self.text));
        let of_value = || value.and_then(|value| types::of(value, self.scopes, self.text));
        let kind = kind.or_else(of_value);
        let halves = value.and_then(|value| types::halves(value, self.scopes, self.text));
        match (pattern.kind(), halves) {
            ("tuple_pattern", Some(halves)) => {
                let mut cursor = pattern.walk();
                let parts: Vec<_> =
                    pattern.named_children(&mut cursor).filter(|part| part.kind() != "mutable_specifier").collect();
                for (part, half) in parts.into_iter().zip(halves) {
                    self.define(part, Some(half));
                }
            }
            _ => self.define(pattern, kind),
        }
    }

    /// Gives the variables of a pattern their type: a type if it is one variable, an unknown one otherwise.
    fn define(&mut self, pattern: Node<'_>, kind: Option<String>) {
        match pattern.kind() {
            "identifier" | "shorthand_field_identifier" => self.scopes.define(text_of(pattern, self.text), kind),
            "mut_pattern" | "ref_pattern" | "reference_pattern" | "captured_pattern" => {
                let mut cursor = pattern.walk();
                for part in pattern.named_children(&mut cursor) {
                    self.define(part, kind.clone());
                }
            }
            _ => {
                let mut cursor = pattern.walk();
                for part in pattern.named_children(&mut cursor).filter(|part| part.kind() != "type_identifier") {
                    self.define(part, None);
                }
            }
        }
    }

    fn call(&mut self, node: Node<'_>, place: Place<'_>) {
        let is_awaited = node.parent().is_some_and(|parent| parent.kind() == "await_expression");
        if let (Some(function), false) = (place.function, is_awaited)
            && let Some((what, rule)) = self.rule(node)
        {
            self.add(row(node_name(node)), function, what, rule.why.to_owned(), rule.remedy);
        }
        self.children(node, place);
    }

    /// What blocks, and why, if a call does.
    fn rule(&self, node: Node<'_>) -> Option<(String, Rule)> {
        let Some((receiver, name)) = method_call(node, self.text) else {
            let path = self.slice(node.child_by_field_name("function")?);
            let path = self.scopes.resolve(path, |path| rules::function(path).is_some());
            return rules::function(&path).map(|rule| (path, rule));
        };
        let kind = types::of(receiver, self.scopes, self.text);
        let by_type = kind.as_ref().and_then(|kind| Some((format!("{kind}::{name}"), rules::method(kind, name)?)));
        by_type.or_else(|| rules::anywhere(name).map(|rule| (name.to_owned(), rule)))
    }

    fn held(&mut self, held: Option<Held>, place: Place<'_>) {
        let (Some(Held { row, lock, until }), Some(function)) = (held, place.function) else { return };
        let until = self.first_row + until + 1;
        let why = format!("it is held across the await on line {until}, and a task that wants it then blocks its whole thread");
        self.add(row, function, format!("the guard of {lock}"), why, "drop it before the await, or use tokio::sync::Mutex");
    }

    fn add(&mut self, row: usize, function: &str, what: String, why: String, remedy: &str) {
        let (line, function, remedy) = (self.first_row + row + 1, function.to_owned(), remedy.to_owned());
        self.found.push(Found { line, function, what, why, remedy });
    }

    fn slice(&self, node: Node<'_>) -> &str {
        text_of(node, self.text)
    }
}

/// The closures that a body passes to functions that leave the runtime: as an argument, or in a variable.
fn passed_elsewhere(body: Node<'_>, text: &str) -> HashSet<usize> {
    let (mut closures, mut names, mut variables) = (HashSet::new(), HashSet::new(), Vec::new());
    let mut left = vec![body];
    while let Some(node) = left.pop() {
        match node.kind() {
            "call_expression" if rules::leaves_the_runtime(called(node, text)) => {
                for passed in arguments(node).into_iter().filter_map(passed) {
                    if passed.kind() == "identifier" {
                        names.insert(text_of(passed, text));
                    } else {
                        closures.insert(passed.id());
                    }
                }
            }
            "let_declaration" => variables.push(node),
            _ => {}
        }
        let mut cursor = node.walk();
        left.extend(node.named_children(&mut cursor));
    }
    let is_passed = |variable: &Node<'_>| {
        variable.child_by_field_name("pattern").is_some_and(|pattern| names.contains(text_of(pattern, text)))
    };
    let values = variables.into_iter().filter(is_passed).filter_map(|variable| variable.child_by_field_name("value"));
    closures.extend(values.filter_map(passed).map(|closure| closure.id()));
    closures
}

/// The closure or the variable that an argument is, perhaps at the end of a block that clones what the closure needs.
fn passed(mut argument: Node<'_>) -> Option<Node<'_>> {
    while argument.kind() == "block" {
        argument = argument.named_child(u32::try_from(argument.named_child_count()).ok()?.checked_sub(1)?)?;
    }
    matches!(argument.kind(), "closure_expression" | "identifier").then_some(argument)
}

/// The receiver and the name of a method call.
fn method_call<'t, 'a>(call: Node<'t>, text: &'a str) -> Option<(Node<'t>, &'a str)> {
    let mut function = (call.kind() == "call_expression").then(|| call.child_by_field_name("function"))??;
    if function.kind() == "generic_function" {
        function = function.child_by_field_name("function")?;
    }
    let field = (function.kind() == "field_expression").then(|| function.child_by_field_name("field"))??;
    Some((function.child_by_field_name("value")?, text_of(field, text)))
}

/// The last part of the name of what is called.
fn called<'a>(call: Node<'_>, text: &'a str) -> &'a str {
    match method_call(call, text) {
        Some((_, name)) => name,
        None => last(call.child_by_field_name("function").map_or("", |function| text_of(function, text))),
    }
}

/// The node whose line is that of a call: the name of a method, which may be lines below its receiver.
fn node_name(call: Node<'_>) -> Node<'_> {
    let function = call.child_by_field_name("function");
    function.and_then(|function| function.child_by_field_name("field")).unwrap_or(call)
}

/// The arguments of a call.
fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    let Some(list) = call.child_by_field_name("arguments") else { return Vec::new() };
    let mut cursor = list.walk();
    list.named_children(&mut cursor).filter(|argument| !argument.is_extra()).collect()
}

/// Whether code in a node runs at another time than the code around it.
fn is_apart(node: Node<'_>) -> bool {
    matches!(node.kind(), "async_block" | "closure_expression" | "function_item" | "mod_item" | "impl_item")
}

/// The first row of a node, from 0.
fn row(node: Node<'_>) -> usize {
    node.start_position().row
}

/// The source of a node.
fn text_of<'a>(node: Node<'_>, text: &'a str) -> &'a str {
    text.get(node.byte_range()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
