//! What blocks: functions by path, methods by type, and methods whose name is enough.

/// Why something blocks, and what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub why: &'static str,
    pub remedy: &'static str,
}

const fn rule(why: &'static str, remedy: &'static str) -> Rule {
    Rule { why, remedy }
}

const SLEEPS: Rule = rule("it puts the thread to sleep, and no other task on it can run", "use tokio::time::sleep(…).await");
const PARKS: Rule = rule("the thread waits until another thread unparks it", "use tokio::sync::Notify");
const DISK: Rule = rule("the thread waits for the disk", "use tokio::fs, or spawn_blocking around the whole piece of work");
const NETWORK: Rule = rule("the thread waits for the network", "use tokio::net");
const NAMES: Rule = rule("the thread waits for the name server", "use tokio::net::lookup_host(…).await");
const HTTP: Rule = rule("the thread waits for the network", "use reqwest's async client");
const PROCESS: Rule = rule("the thread waits for the other process", "use tokio::process::Command");
const TERMINAL: Rule = rule("the thread waits for input", "use tokio::io::stdin, or a thread of its own");
const CHANNEL: Rule = rule("the thread waits for a message from another thread", "use tokio::sync::mpsc");
const THREAD: Rule = rule("the thread waits for another thread", "use spawn_blocking and await its handle");
const SIGNAL: Rule = rule("the thread waits for another thread", "use tokio::sync::Notify or tokio::sync::Barrier");
const EXECUTOR: Rule = rule("the thread runs one future and no other task; Tokio's own panics here", "await the future");
const TOKIO: Rule = rule("it panics on a thread that runs async tasks", "use the method without blocking_ and await it");

/// Functions by full path. A path that ends in `::` stands for all functions of the module.
const PATHS: [(&str, Rule); 25] = [
    ("std::thread::sleep", SLEEPS),
    ("std::thread::sleep_ms", SLEEPS),
    ("std::thread::sleep_until", SLEEPS),
    ("std::thread::park", PARKS),
    ("std::thread::park_timeout", PARKS),
    ("std::thread::scope", THREAD),
    ("std::fs::File::open", DISK),
    ("std::fs::File::create", DISK),
    ("std::fs::File::create_new", DISK),
    ("std::net::TcpStream::connect", NETWORK),
    ("std::net::TcpStream::connect_timeout", NETWORK),
    ("std::os::unix::net::UnixStream::connect", NETWORK),
    ("std::fs::", DISK),
    ("reqwest::blocking::", HTTP),
    ("reqwest::blocking::Client::new", HTTP),
    ("ureq::", HTTP),
    ("futures::executor::block_on", EXECUTOR),
    ("futures::executor::block_on_stream", EXECUTOR),
    ("futures_executor::block_on", EXECUTOR),
    ("futures_lite::future::block_on", EXECUTOR),
    ("async_std::task::block_on", EXECUTOR),
    ("smol::block_on", EXECUTOR),
    ("pollster::block_on", EXECUTOR),
    ("tokio_test::block_on", EXECUTOR),
    ("extreme::run", EXECUTOR),
];

/// Methods by the full path of the type.
const METHODS: [(&str, &[&str], Rule); 17] = [
    ("std::process::Command", &["output", "status"], PROCESS),
    ("std::process::Child", &["wait", "wait_with_output"], PROCESS),
    ("std::fs::OpenOptions", &["open"], DISK),
    ("std::fs::DirBuilder", &["create"], DISK),
    ("std::fs::File", FILE, DISK),
    ("std::path::Path", PATH, DISK),
    ("std::path::PathBuf", PATH, DISK),
    ("std::net::TcpListener", &["accept", "incoming"], NETWORK),
    ("std::net::TcpStream", STREAM, NETWORK),
    ("std::net::UdpSocket", &["recv", "recv_from", "peek", "peek_from"], NETWORK),
    ("std::io::Stdin", &["read_line", "lines", "read_to_string", "read_to_end", "read"], TERMINAL),
    ("std::sync::mpsc::Receiver", &["recv", "recv_timeout", "iter"], CHANNEL),
    ("crossbeam_channel::Receiver", &["recv", "recv_timeout", "iter"], CHANNEL),
    ("std::thread::JoinHandle", &["join"], THREAD),
    ("std::sync::Condvar", &["wait", "wait_while", "wait_timeout", "wait_timeout_while"], SIGNAL),
    ("std::sync::Barrier", &["wait"], SIGNAL),
    ("reqwest::blocking::Client", &["execute"], HTTP),
];

const FILE: &[&str] = &[
    "read",
    "read_exact",
    "read_to_end",
    "read_to_string",
    "write",
    "write_all",
    "flush",
    "sync_all",
    "sync_data",
    "set_len",
    "metadata",
    "lock",
];
const PATH: &[&str] =
    &["exists", "try_exists", "is_file", "is_dir", "metadata", "symlink_metadata", "canonicalize", "read_dir", "read_link"];
const STREAM: &[&str] = &["read", "read_exact", "read_to_end", "read_to_string", "write", "write_all", "peek"];

/// Methods that block whatever the type: only types that block have them.
const ANYWHERE: [(&str, Rule); 11] = [
    ("block_on", EXECUTOR),
    ("blocking_lock", TOKIO),
    ("blocking_lock_owned", TOKIO),
    ("blocking_read", TOKIO),
    ("blocking_read_owned", TOKIO),
    ("blocking_write", TOKIO),
    ("blocking_write_owned", TOKIO),
    ("blocking_recv", TOKIO),
    ("blocking_recv_many", TOKIO),
    ("blocking_send", TOKIO),
    ("to_socket_addrs", NAMES),
];

/// The rule for a function, by its full path.
pub(super) fn function(path: &str) -> Option<Rule> {
    let applies = |pattern: &str| match path.strip_prefix(pattern) {
        Some("") => true,
        // A function of the module: a constructor of one of its types need not block.
        Some(name) => pattern.ends_with("::") && name.starts_with(char::is_lowercase) && !name.contains("::"),
        None => false,
    };
    PATHS.iter().find(|(pattern, _)| applies(pattern)).map(|(_, rule)| *rule)
}

/// The rule for a method of a type, both by name.
pub(super) fn method(of: &str, name: &str) -> Option<Rule> {
    METHODS.iter().find(|(known, names, _)| *known == of && names.contains(&name)).map(|(.., rule)| *rule)
}

/// The rule for a method of an unknown type.
pub(super) fn anywhere(name: &str) -> Option<Rule> {
    ANYWHERE.iter().find(|(known, _)| *known == name).map(|(_, rule)| *rule)
}

/// Whether code in a synchronous closure that is passed to this function runs on a thread that may block.
pub(super) fn leaves_the_runtime(name: &str) -> bool {
    // A `spawn` that takes a closure starts a thread: Tokio's takes a future.
    matches!(name, "spawn" | "spawn_scoped" | "spawn_fifo" | "unblock" | "asyncify" | "install") || name.contains("block")
}
