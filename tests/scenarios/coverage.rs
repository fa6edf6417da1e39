//! `docs/coverage.md` matches the catalogue that it is generated from.

use std::fmt::Write;
use std::path::Path;

use scenario::Scenario;
use scenarios::CATALOGUE;

use super::sequence;

const HEAD: &str = "\
# Patterns

Which scenario shows which asyncio pattern, and where Tokio differs; an empty cell means that both do the same. Below are a
table of [functions](#functions) and some [sequence diagrams](#who-calls-whom).
`just coverage` generates this file from the catalogue: do not edit it.
";

#[test]
fn the_document_is_what_the_catalogue_and_the_traces_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md");
    let wanted = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == wanted, "docs/coverage.md is out of date; run `just coverage`");
}

const FUNCTIONS_HEAD: &str = "
## Functions

A function of asyncio, what does the same in Tokio, and the scenarios whose code and twin use the two, in teaching order.

| asyncio | Tokio | what it does | scenarios |
|---|---|---|---|
";

/// More scenarios than this are counted, not listed.
const LISTED: usize = 4;

/// For each row: what asyncio and Tokio call it, as it is written in the code, and what it does.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("create_task(", ".spawn(", "starts a task that runs on its own"),
    ("asyncio.gather(", "JoinSet", "waits for all"),
    ("return_exceptions=True", "JoinSet", "waits for all, and keeps errors as values"),
    ("asyncio.TaskGroup(", "JoinSet", "a scope that ends after its tasks"),
    ("asyncio.wait(", "join_next()", "waits for whichever task ends first"),
    ("asyncio.FIRST_COMPLETED", "select!", "goes on with the first of several"),
    ("asyncio.FIRST_EXCEPTION", "join_next()", "goes on with the first error"),
    ("asyncio.timeout(", "timeout(", "a deadline for an await"),
    ("asyncio.timeout_at(", "timeout_at(", "a deadline at a time"),
    ("asyncio.sleep(", "sleep(", "waits for a time"),
    ("asyncio.sleep(0)", "yield_now()", "lets other tasks run"),
    (".cancel()", ".abort()", "ends a task at its await"),
    (".cancel()", "CancellationToken", "asks tasks to end"),
    ("create_future()", "oneshot", "a value that another task provides, once"),
    ("asyncio.Queue(", "mpsc::channel(", "a queue with a limit"),
    ("asyncio.Queue(", "unbounded_channel(", "a queue without a limit"),
    (".put_nowait(", "try_send(", "puts into a queue without waiting"),
    ("asyncio.Lock(", "Mutex", "one task at a time"),
    ("asyncio.Semaphore(", "Semaphore", "some tasks at a time"),
    ("asyncio.Event(", "watch", "a state that tasks wait for"),
    ("asyncio.Condition(", "Notify", "wakes tasks that wait"),
    ("asyncio.to_thread(", "spawn_blocking", "a blocking call on a thread"),
    ("asyncio.run_coroutine_threadsafe(", "block_on(", "from a thread into the loop"),
    ("asyncio.run(", "block_on(", "starts the loop"),
    ("async for", "Stream", "one item after the other"),
    ("add_signal_handler(", "signal(", "handles a signal"),
    ("asyncio.start_server(", "TcpListener", "accepts connections"),
];

const SEQUENCE_HEAD: &str = "
## Who calls whom

Sequence diagrams of some runs, made from their traces. An arrow is a spawn, or a wake by another task; timers are left out.
";

/// The code of a scenario and of its twin, without lessons, comments and tests.
fn code(scenario: &Scenario) -> (String, &str) {
    let source = scenario.source.split("#[cfg(test)]").next().unwrap_or_default();
    let source: Vec<_> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let twin = scenario.twin.split("\n# The test, for pytest").next().unwrap_or_default();
    (source.join("\n"), twin.splitn(3, "\"\"\"").last().unwrap_or_default())
}

/// One row for each pair of functions.
fn functions() -> String {
    let mut text = FUNCTIONS_HEAD.to_owned();
    for (theirs, ours, does) in FUNCTIONS {
        let uses = |scenario: &&Scenario| {
            let (source, twin) = code(scenario);
            twin.contains(theirs) && source.contains(ours)
        };
        let found: Vec<_> = CATALOGUE.iter().filter(uses).collect();
        assert!(!found.is_empty(), "no scenario uses {theirs} and {ours}");
        let links: Vec<_> =
            found.iter().take(LISTED).map(|scenario| format!("[{0}](../{1})", scenario.id, scenario.path)).collect();
        let more = if found.len() > LISTED { format!(" and {} more", found.len() - LISTED) } else { String::new() };
        let [theirs, ours] = [theirs, ours].map(|name| name.trim_end_matches("()").trim_matches(['(', '.']));
        let _ = writeln!(text, "| `{theirs}` | `{ours}` | {does} | {}{more} |", links.join(", "));
    }
    text
}

/// The whole document.
fn document() -> String {
    format!("{}{}{SEQUENCE_HEAD}{}", table(), functions(), sequence::diagrams())
}

/// One table for each group, one row for each scenario.
fn table() -> String {
    let mut text = HEAD.to_owned();
    let mut group = None;
    for scenario in CATALOGUE {
        if group.replace(scenario.group) != Some(scenario.group) {
            let _ = write!(text, "\n## {}\n\n", scenario.group.title());
            text.push_str("| asyncio pattern | scenario | where Tokio differs |\n|---|---|---|\n");
        }
        let (patterns, id, path) = (scenario.patterns.join(", "), scenario.id, scenario.path);
        let _ = writeln!(text, "| {patterns} | [{id}](../{path}) | {} |", scenario.differs);
    }
    text
}
