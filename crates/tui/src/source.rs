//! Names from a scenario's source for its awaits and its resources.
//!
//! "Waits for a permit at semaphore.rs:115" makes the reader look up the source;
//! `limit.acquire_many` does not. So the source is parsed once, and each await gets
//! the name that it has there, shortened to fit into a bar.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use engine::Known;
use scenario::Scenario;
use tree_sitter::{Node, Parser, Tree};

use trace::{Names, Trace};

/// The maximum length of a name; a longer one is cut to its last part.
const LONGEST: usize = 24;

/// The maximum length of arguments that are part of a name.
const ARGUMENTS: usize = 12;

/// Methods that are left out of a receiver's name.
const TRANSPARENT: [&str; 8] = ["clone", "as_ref", "as_mut", "lock", "unwrap", "expect", "borrow", "by_ref"];

/// Methods that wrap a future; the name is that of the future.
const WRAPPERS: [&str; 4] = ["instrument", "in_current_span", "with_subscriber", "boxed"];

/// The names in a scenario's source, which is parsed once per process.
pub fn names(scenario: &'static Scenario) -> Arc<Names> {
    // A sketch has another source after each save.
    type Known = HashMap<(&'static str, &'static str), Arc<Names>>;
    static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let file = Path::new(scenario.path).file_name().and_then(|name| name.to_str());
    let file = file.map_or_else(|| format!("/{}.rs", scenario.id.replace('-', "_")), |file| format!("/{file}"));
    let read = || Arc::new(read(file, scenario.source));
    known.get_or_insert_default().entry((scenario.id, scenario.source)).or_insert_with(read).clone()
}

/// What recordings of these scenarios are opened with.
pub fn known(catalogue: &'static [Scenario]) -> Known {
    Known { catalogue, names }
}

/// An empty trace of a scenario, with the names in its source. A program's sources are read later.
pub fn trace(scenario: &'static Scenario) -> Trace {
    let mut trace = Trace::default();
    if !scenario.source.is_empty() {
        trace.add_names(names(scenario));
    }
    trace
}

/// The most bytes of source texts that are kept.
const MOST_KEPT: usize = 64 << 20;

/// Keeps a text for the life of the program, once, as if it had been compiled in; `None` if there are too many.
pub fn keep(text: String) -> Option<&'static str> {
    static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    if let Some(known) = kept.get(text.as_str()) {
        return Some(known);
    }
    if kept.iter().map(|text| text.len()).sum::<usize>() + text.len() > MOST_KEPT {
        return None;
    }
    let text: &'static str = text.leak();
    kept.insert(text);
    Some(text)
}

/// Reads the names in a Rust source. A text that is not Rust has none. See [`Names::file`].
pub fn read(file: String, text: &str) -> Names {
    let mut names = Names { file, ..Names::default() };
    if let Some(tree) = parse(text) {
        let mut reader = Reader { text, names: &mut names };
        reader.walk(tree.root_node());
    }
    names
}

fn parse(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_rust::LANGUAGE.into()).ok()?;
    parser.parse(text, None)
}

/// Walks a syntax tree and collects names.
struct Reader<'a> {
    text: &'a str,
    names: &'a mut Names,
}

impl<'a> Reader<'a> {
    fn walk(&mut self, node: Node<'_>) {
        match node.kind() {
            "await_expression" => self.awaits(node),
            "macro_invocation" => self.branches(node),
            "let_declaration" => self.makes(node, node.child_by_field_name("pattern")),
            "field_initializer" if self.may_make(node) => self.makes(node, node.child_by_field_name("field")),
            "static_item" | "const_item" => self.makes(node, node.child_by_field_name("name")),
            _ => {}
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.walk(child);
        }
    }

    /// Names an await, for the line of its last token, and for its other lines unless they have a name.
    fn awaits(&mut self, node: Node<'_>) {
        let Some(name) = node.named_child(0).and_then(|what| expression(what, self.text)) else { return };
        let (first, last) = (line(node.start_position().row), line(node.end_position().row));
        self.names.awaits.insert(last, name.clone().into());
        for inside in first..last {
            self.names.awaits.entry(inside).or_insert_with(|| name.clone().into());
        }
    }

    /// Names the branches of a `select!` and the futures of a `join!`, which the parser sees only as tokens.
    fn branches(&mut self, node: Node<'_>) {
        let called = node.child_by_field_name("macro").map_or("", |name| self.slice(name));
        let is_select = called.ends_with("select");
        if !is_select && !called.ends_with("join") {
            return;
        }
        let (first, text) = (node.start_position().row, self.slice(node));
        for (row, text) in (first..).zip(text.lines()) {
            let branch = if is_select {
                text.split_once("=>").and_then(|(branch, _)| branch.split_once('=')).map(|(_, future)| future)
            } else {
                Some(text)
            };
            let future = branch.map(|text| text.split(", if ").next().unwrap_or(text).trim().trim_end_matches(','));
            if let Some(name) = future.and_then(alone) {
                self.names.awaits.entry(line(row)).or_insert_with(|| name.into());
            }
        }
    }

    /// Names everything created on the lines of a binding, unless an inner binding has a closer name.
    fn makes(&mut self, node: Node<'_>, name: Option<Node<'_>>) {
        let Some(name) = name.and_then(|name| pattern(name, self.text)) else { return };
        for row in node.start_position().row..=node.end_position().row {
            // Inner bindings come later and overwrite this.
            self.names.made.insert(line(row), name.clone().into());
        }
    }

    /// Whether a field can hold a Tokio resource. The fields of a struct are often on one line, and a counter must not give its
    /// name to the semaphore beside it.
    fn may_make(&self, field: Node<'_>) -> bool {
        let value = field.child_by_field_name("value");
        value.is_some_and(|value| value.kind() == "call_expression" && !self.slice(value).starts_with("Atomic"))
    }

    fn slice(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }
}

fn line(row: usize) -> u32 {
    u32::try_from(row + 1).unwrap_or(u32::MAX)
}

/// Parses an expression from its own text and names it.
fn alone(text: &str) -> Option<String> {
    let source = format!("fn f() {{ {text}; }}");
    let tree = parse(&source)?;
    if tree.root_node().has_error() {
        return None;
    }
    let body = tree.root_node().named_child(0)?.child_by_field_name("body")?;
    let statement = body.named_child(0)?;
    expression(statement.named_child(0)?, &source)
}

/// The names that a pattern binds: one, or several as `sender/receiver`.
fn pattern(node: Node<'_>, text: &str) -> Option<String> {
    let slice = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default().to_owned();
    match node.kind() {
        "identifier" | "field_identifier" | "shorthand_field_identifier" => {
            Some(slice(node)).filter(|name| !name.starts_with('_'))
        }
        "mut_pattern" | "ref_pattern" => {
            node.named_child(node.named_child_count().checked_sub(1)? as u32).and_then(|inner| pattern(inner, text))
        }
        "tuple_pattern" => {
            let mut cursor = node.walk();
            let names: Vec<String> = node.named_children(&mut cursor).filter_map(|inner| pattern(inner, text)).collect();
            Some(names.join("/")).filter(|name| !name.is_empty() && name.len() <= LONGEST)
        }
        _ => None,
    }
}

/// The name of an awaited expression.
fn expression(node: Node<'_>, text: &str) -> Option<String> {
    let slice = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default();
    let name = match node.kind() {
        "identifier" => slice(node).to_owned(),
        "field_expression" => slice(node.child_by_field_name("field")?).to_owned(),
        "reference_expression" => expression(node.child_by_field_name("value")?, text)?,
        "parenthesized_expression" | "try_expression" | "unary_expression" | "await_expression" | "index_expression" => {
            expression(node.named_child(0)?, text)?
        }
        "call_expression" => call(node, text)?,
        "macro_invocation" => format!("{}!", last(slice(node.child_by_field_name("macro")?))),
        "async_block" => "async block".to_owned(),
        _ => return None,
    };
    Some(short(name))
}

/// The name of a call: `receiver.method`, or the function with its arguments if they are short.
fn call(node: Node<'_>, text: &str) -> Option<String> {
    let slice = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default();
    let function = node.child_by_field_name("function")?;
    match function.kind() {
        "field_expression" => {
            let method = slice(function.child_by_field_name("field")?);
            if WRAPPERS.contains(&method) {
                return expression(function.child_by_field_name("value")?, text);
            }
            let receiver = receiver(function.child_by_field_name("value")?, text);
            Some(receiver.map_or_else(|| method.to_owned(), |receiver| format!("{receiver}.{method}")))
        }
        "generic_function" => Some(last(slice(function.child_by_field_name("function")?)).to_owned()),
        _ => {
            let name = last(slice(function));
            let arguments = node.child_by_field_name("arguments").map(slice).unwrap_or_default();
            let plain = arguments.len() <= ARGUMENTS + 2 && arguments.len() > 2 && !arguments.contains('\n');
            Some(if plain { format!("{name}{arguments}") } else { name.to_owned() })
        }
    }
}

/// The name of a method's receiver: the last part.
fn receiver(node: Node<'_>, text: &str) -> Option<String> {
    let slice = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default();
    match node.kind() {
        "identifier" => Some(slice(node).to_owned()),
        "field_expression" => {
            let field = slice(node.child_by_field_name("field")?);
            if field.bytes().all(|byte| byte.is_ascii_digit()) {
                receiver(node.child_by_field_name("value")?, text)
            } else {
                Some(field.to_owned())
            }
        }
        "call_expression" => {
            let function = node.child_by_field_name("function").filter(|function| function.kind() == "field_expression")?;
            let method = slice(function.child_by_field_name("field")?);
            let value = function.child_by_field_name("value")?;
            if TRANSPARENT.contains(&method) { receiver(value, text) } else { Some(method.to_owned()) }
        }
        "index_expression" | "parenthesized_expression" | "try_expression" | "await_expression" | "reference_expression" => {
            receiver(node.named_child(0)?, text)
        }
        _ => None,
    }
}

/// The last part of a path.
fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// Shortens a name to fit into a bar; a long one keeps only the function's name.
fn short(name: String) -> String {
    if name.chars().count() <= LONGEST {
        return name;
    }
    let name = name.rsplit('.').next().unwrap_or(&name);
    let name = name.split('(').next().unwrap_or(name);
    name.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r"
async fn f(service: Arc<Service>, latency: Duration, mut queue: Receiver<u32>) -> Result<(), Error> {
    let limit = Arc::new(Semaphore::new(3));
    let (tx, mut rx) = mpsc::channel(4);
    let accounts: Vec<_> = (0..2)
        .map(|_| Mutex::new(0))
        .collect();
    let state = State {
        lock: RwLock::new(1),
    };
    static GATE: Semaphore = Semaphore::const_new(1);
    let permit = service.limit.acquire_many(2).await?;
    tokio::time::sleep(latency).await;
    let item = queue.recv().await;
    let guard = accounts[0].lock().await;
    let owned = limit.clone().acquire_owned().await?;
    timeout(Duration::from_millis(100), work(1, 2, 3, 4, 5, 6))
        .await?;
    handle.await?;
    work(job).instrument(span).await;
    self.peers.lock().unwrap().wait_for_everybody_else_to_come_here().await;
    tokio::select! {
        Some(n) = rx.recv() => handle(n),
        _ = sleep(latency), if busy => {}
    }
    join!(
        fetch(1),
        fetch(2),
    );
    let service = Service { slots: Semaphore::new(3), peak: AtomicU64::new(0), most };
}
";

    #[test]
    fn awaits_are_called_what_the_source_calls_them() {
        let names = read("/f.rs".to_owned(), SOURCE);
        let awaits = |line: u32| names.awaits.get(&line).map(|name| &**name);
        let expected = [
            (12, "limit.acquire_many"),
            (13, "sleep(latency)"),
            (14, "queue.recv"),
            (15, "accounts.lock"),
            (16, "limit.acquire_owned"),
            (17, "timeout"),
            (18, "timeout"),
            (19, "handle"),
            (20, "work(job)"),
            (21, "wait_for_everybody_else_"),
            (23, "rx.recv"),
            (24, "sleep(latency)"),
            (27, "fetch(1)"),
            (28, "fetch(2)"),
        ];
        for (line, name) in expected {
            assert_eq!(awaits(line), Some(name), "line {line}");
        }
        assert_eq!(awaits(3), None);
    }

    #[test]
    fn resources_are_called_after_what_they_are_put_in() {
        let names = read("/f.rs".to_owned(), SOURCE);
        let made = |line: u32| names.made.get(&line).map(|name| &**name);
        let expected = [(3, "limit"), (4, "tx/rx"), (6, "accounts"), (9, "lock"), (11, "GATE"), (30, "slots")];
        for (line, name) in expected {
            assert_eq!(made(line), Some(name), "line {line}");
        }
    }

    #[test]
    fn every_source_of_the_catalogue_has_names() {
        for scenario in scenarios::CATALOGUE {
            assert!(!names(scenario).awaits.is_empty(), "{}", scenario.id);
        }
        assert_eq!(read("x.rs".to_owned(), "no Rust at all {{{").awaits.len(), 0);
    }
}
