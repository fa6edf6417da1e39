//! What names mean: `use` declarations, types of variables, and types of fields.
//!
//! A file, a module, a block and a function's parameters are a scope each. Names are looked up from the innermost scope, and not
//! beyond the module, unless it imports everything from `super`.

use std::collections::HashMap;

use tree_sitter::Node;

use super::text_of;

/// Types that are their content for our purposes: a lock in an `Arc` is a lock.
pub(super) const WRAPPERS: [&str; 8] = ["Arc", "Rc", "Box", "Pin", "LazyLock", "OnceLock", "OnceCell", "CachePadded"];

/// How many renamed imports are followed.
const MOST_RENAMED: usize = 8;

/// How deep in a type a wrapper is looked through.
const MOST_WRAPPED: usize = 8;

/// One scope.
#[derive(Default)]
struct Scope {
    /// Imported names and what they stand for.
    imports: HashMap<String, String>,
    /// Modules from which everything is imported.
    globs: Vec<String>,
    /// The type of each variable, static and alias; `None` if unknown.
    types: HashMap<String, Option<String>>,
    /// The type of each field of the structs, by name; `None` if two structs disagree.
    fields: HashMap<String, Option<String>>,
    /// True for a module that does not see the scope around it.
    wall: bool,
}

/// The scopes around a place in the source, the innermost last.
#[derive(Default)]
pub(super) struct Scopes(Vec<Scope>);

impl Scopes {
    /// Enters a scope with the items of a file, a module or a block.
    pub(super) fn enter(&mut self, container: Node<'_>, text: &str) {
        self.0.push(Scope::default());
        let mut cursor = container.walk();
        let items: Vec<_> = container.named_children(&mut cursor).collect();
        for item in items.iter().filter(|item| item.kind() == "use_declaration") {
            if let Some(argument) = item.child_by_field_name("argument") {
                self.import(argument, "", text, 0);
            }
        }
        let is_module = container.parent().is_some_and(|parent| parent.kind() == "mod_item");
        if let Some(scope) = self.0.last_mut() {
            scope.wall = is_module && !scope.globs.iter().any(|glob| glob == "super");
        }
        for item in items {
            self.item(item, text);
        }
    }

    /// Enters the scope of a function's parameters.
    pub(super) fn enter_function(&mut self) {
        self.0.push(Scope::default());
    }

    /// Leaves the innermost scope.
    pub(super) fn leave(&mut self) {
        self.0.pop();
    }

    /// Gives a variable its type in the innermost scope. An unknown type hides what had the name before.
    pub(super) fn define(&mut self, name: &str, kind: Option<String>) {
        if let Some(scope) = self.0.last_mut() {
            scope.types.insert(name.to_owned(), kind);
        }
    }

    /// The type of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.visible().find_map(|scope| scope.types.get(name))?.as_deref()
    }

    /// The type of a field, if the structs that have it agree.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.visible().find_map(|scope| scope.fields.get(name))?.as_deref()
    }

    /// The full path that a path stands for, without generic arguments.
    pub(super) fn resolve(&self, path: &str, is_known: impl Fn(&str) -> bool) -> String {
        let mut path = plain(path);
        for _ in 0..MOST_RENAMED {
            let head = path.split("::").next().unwrap_or_default();
            let Some(full) = self.visible().find_map(|scope| scope.imports.get(head)) else {
                let globs = self.visible().flat_map(|scope| &scope.globs);
                let mut candidates = globs.map(|glob| format!("{glob}::{path}"));
                return candidates.find(|candidate| is_known(candidate)).unwrap_or(path);
            };
            let resolved = format!("{full}{}", &path[head.len()..]);
            // `use tokio;` and `use self::fs;` import a name as itself.
            if resolved == path || full.split("::").next() == Some(head) {
                return resolved;
            }
            path = resolved;
        }
        path
    }

    /// The full path of a type, looked through references and wrappers.
    pub(super) fn type_path(&self, node: Node<'_>, text: &str) -> Option<String> {
        let mut node = node;
        for _ in 0..MOST_WRAPPED {
            node = match node.kind() {
                "reference_type" => node.child_by_field_name("type")?,
                "generic_type" => {
                    let base = text_of(node.child_by_field_name("type")?, text);
                    if !WRAPPERS.contains(&last(base)) {
                        return Some(self.resolve(base, |_| false));
                    }
                    let arguments = node.child_by_field_name("type_arguments")?;
                    let mut cursor = arguments.walk();
                    arguments.named_children(&mut cursor).find(|argument| argument.kind() != "lifetime")?
                }
                "type_identifier" | "scoped_type_identifier" => {
                    let name = text_of(node, text);
                    let alias = self.visible().find_map(|scope| scope.types.get(name)).cloned().flatten();
                    return Some(alias.unwrap_or_else(|| self.resolve(name, |_| false)));
                }
                _ => return None,
            };
        }
        None
    }

    /// The scopes that are visible here, the innermost first.
    fn visible(&self) -> impl Iterator<Item = &Scope> {
        let wall = self.0.iter().rposition(|scope| scope.wall).unwrap_or(0);
        self.0.iter().skip(wall).rev()
    }

    /// Learns the types of an item's fields, or of a static or an alias.
    fn item(&mut self, item: Node<'_>, text: &str) {
        match item.kind() {
            "struct_item" => {
                let Some(list) = item.child_by_field_name("body") else { return };
                let mut cursor = list.walk();
                for field in list.named_children(&mut cursor).filter(|field| field.kind() == "field_declaration") {
                    let (Some(name), Some(kind)) = (field.child_by_field_name("name"), field.child_by_field_name("type")) else {
                        continue;
                    };
                    let kind = self.type_path(kind, text);
                    let Some(scope) = self.0.last_mut() else { return };
                    let known = scope.fields.entry(text_of(name, text).to_owned()).or_insert_with(|| kind.clone());
                    if *known != kind {
                        *known = None;
                    }
                }
            }
            "static_item" | "const_item" | "type_item" => {
                let (Some(name), Some(kind)) = (item.child_by_field_name("name"), item.child_by_field_name("type")) else {
                    return;
                };
                let kind = self.type_path(kind, text);
                self.define(text_of(name, text), kind);
            }
            _ => {}
        }
    }

    /// Adds what a `use` declaration imports. `prefix` is empty or ends in `::`.
    fn import(&mut self, node: Node<'_>, prefix: &str, text: &str, depth: usize) {
        if depth > MOST_WRAPPED {
            return;
        }
        let full = |node: Node<'_>| format!("{prefix}{}", plain(text_of(node, text)));
        match node.kind() {
            "identifier" | "scoped_identifier" | "crate" | "super" => self.imported(last(text_of(node, text)), full(node)),
            // In a list, `self` is the module itself.
            "self" => self.imported(last(prefix.trim_end_matches("::")), prefix.trim_end_matches("::").to_owned()),
            "use_as_clause" => {
                let (Some(path), Some(alias)) = (node.child_by_field_name("path"), node.child_by_field_name("alias")) else {
                    return;
                };
                let whole = if path.kind() == "self" { prefix.trim_end_matches("::").to_owned() } else { full(path) };
                self.imported(text_of(alias, text), whole);
            }
            "use_wildcard" => {
                let module = node.named_child(0).map_or_else(|| prefix.trim_end_matches("::").to_owned(), full);
                if let Some(scope) = self.0.last_mut() {
                    scope.globs.push(module);
                }
            }
            "scoped_use_list" => {
                let prefix =
                    node.child_by_field_name("path").map_or_else(|| prefix.to_owned(), |path| format!("{}::", full(path)));
                if let Some(list) = node.child_by_field_name("list") {
                    self.import(list, &prefix, text, depth + 1);
                }
            }
            "use_list" => {
                let mut cursor = node.walk();
                for part in node.named_children(&mut cursor) {
                    self.import(part, prefix, text, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn imported(&mut self, name: &str, full: String) {
        if let Some(scope) = self.0.last_mut() {
            scope.imports.insert(name.to_owned(), full);
        }
    }
}

/// The last part of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path).trim()
}

/// A path without spaces, generic arguments and a leading `::`.
fn plain(path: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0_usize;
    for c in path.chars().filter(|c| !c.is_whitespace()) {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    // `Vec::<u8>::new` has become `Vec::::new`.
    let plain = plain.replace("::::", "::");
    plain.trim_start_matches("::").trim_end_matches("::").to_owned()
}
