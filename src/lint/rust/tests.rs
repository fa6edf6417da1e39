use super::*;

/// What is found in a source: the line, and what.
fn found(text: &str) -> Vec<(usize, String)> {
    let Checked { found, fault } = lint(text);
    assert_eq!(fault, None, "{text}");
    found.into_iter().map(|found| (found.line, found.what)).collect()
}

/// Sources, and what blocks on their last line but one.
const BLOCKS: &[(&str, &str)] = &[
    ("async fn f() {\nstd::thread::sleep(d);\n}", "std::thread::sleep"),
    ("use std::thread;\nasync fn f() {\nthread::sleep(d);\n}", "std::thread::sleep"),
    ("use std::thread::sleep as pause;\nasync fn f() {\npause(d);\n}", "std::thread::sleep"),
    ("use std::{fs, thread::{self, sleep}};\nasync fn f() {\nsleep(d);\n}", "std::thread::sleep"),
    ("use std::thread::*;\nasync fn f() {\nsleep(d);\n}", "std::thread::sleep"),
    ("async fn f() {\nuse std::fs;\nlet text = fs::read_to_string(p)?;\n}", "std::fs::read_to_string"),
    ("use std::fs::{self as files};\nasync fn f() {\nfiles::write(p, t)?;\n}", "std::fs::write"),
    ("use std::sync; use std::fs::File;\nasync fn f() {\nlet file = File::open(p)?;\n}", "std::fs::File::open"),
    ("use std::fs::OpenOptions;\nasync fn f() {\nOpenOptions::new().append(true).open(p)?;\n}", "std::fs::OpenOptions::open"),
    (
        "use std::io::Read;\nasync fn f(mut file: std::fs::File) {\nfile.read_to_string(&mut text)?;\n}",
        "std::fs::File::read_to_string",
    ),
    (
        "use std::path::Path;\nasync fn f(path: &Path) {\nif path.join(\"x\").exists() { g().await }\n}",
        "std::path::PathBuf::exists",
    ),
    ("use std::net::TcpStream;\nasync fn f() {\nTcpStream::connect(a)?;\n}", "std::net::TcpStream::connect"),
    ("async fn f() {\nlet l = std::net::TcpListener::bind(a)?;\nlet (s, _) = l.accept()?;\n}", "std::net::TcpListener::accept"),
    ("async fn f() {\nlet a = \"x:1\".to_socket_addrs()?;\n}", "to_socket_addrs"),
    (
        "use std::process::Command;\nasync fn f() {\nlet out = Command::new(\"ls\").arg(\"-l\").output()?;\n}",
        "std::process::Command::output",
    ),
    (
        "use std::process::Command;\nasync fn f() {\nlet mut c = Command::new(\"ls\");\nc.arg(\"-l\");\nc.status()?;\n}",
        "std::process::Command::status",
    ),
    ("async fn f() {\nlet mut c = std::process::Command::new(\"ls\").spawn()?;\nc.wait()?;\n}", "std::process::Child::wait"),
    ("async fn f(handle: Handle) {\nhandle.block_on(g());\n}", "block_on"),
    ("use futures::executor::block_on;\nasync fn f() {\nblock_on(g());\n}", "futures::executor::block_on"),
    ("async fn f() {\nlet t = reqwest::blocking::get(u)?.text()?;\n}", "reqwest::blocking::get"),
    ("async fn f(m: &tokio::sync::Mutex<u32>) {\n*m.blocking_lock() += 1;\n}", "blocking_lock"),
    ("async fn f(rx: Receiver<u32>) {\nrx.blocking_recv();\n}", "blocking_recv"),
    ("async fn f(tx: Sender<u32>) {\ntx.blocking_send(1)?;\n}", "blocking_send"),
    (
        "use std::sync::mpsc;\nasync fn f() {\nlet (tx, rx) = mpsc::channel();\nlet n: u32 = rx.recv()?;\n}",
        "std::sync::mpsc::Receiver::recv",
    ),
    (
        "use std::sync::mpsc::Receiver;\nstruct S { jobs: Receiver<u32> }\nimpl S { async fn f(&self) {\nself.jobs.recv();\n}}",
        "std::sync::mpsc::Receiver::recv",
    ),
    ("async fn f() {\nlet t = std::thread::spawn(g);\nt.join();\n}", "std::thread::JoinHandle::join"),
    ("async fn f() {\nstd::io::stdin().read_line(&mut line)?;\n}", "std::io::Stdin::read_line"),
    // Where code is async.
    ("fn f() { spawn(async move {\nstd::thread::sleep(d);\n}) }", "std::thread::sleep"),
    ("fn f() { g(async |x| {\nstd::thread::sleep(d);\n}) }", "std::thread::sleep"),
    ("async fn f() { names.iter().map(|name| {\nstd::fs::read(name)\n}) }", "std::fs::read"),
    ("async fn f() { spawn_blocking(|| { g(); });\nstd::thread::sleep(d);\n}", "std::thread::sleep"),
    ("fn f() { std::thread::spawn(|| { runtime.block_on(async {\nstd::thread::sleep(d);\n}) }); }", "std::thread::sleep"),
    ("impl T for S { async unsafe fn f() {\nstd::thread::sleep(d);\n}}", "std::thread::sleep"),
    // Within macros.
    (
        "async fn f() { tokio::select! {\n_ = rx.recv() => {}\nSome(x) = ys.next(), if ready => {\nstd::thread::sleep(d);\n}}}",
        "std::thread::sleep",
    ),
    (
        "async fn f() { tokio::select! { biased;\nx = a.recv() => g(x),\n_ = tick() => std::thread::sleep(d),\n}}",
        "std::thread::sleep",
    ),
    ("async fn f() { println!(\"{}\",\nstd::fs::read_to_string(p)?\n); }", "std::fs::read_to_string"),
    ("fn f() -> S { stream! {\nstd::thread::sleep(d);\n}}", "std::thread::sleep"),
];

#[test]
fn what_blocks_in_async_code_is_found_on_its_line() {
    for (source, what) in BLOCKS {
        let line = source.lines().count() - 1;
        assert_eq!(found(source), [(line, (*what).to_owned())], "{source}");
    }
}

/// Sources in which nothing blocks an async task.
const FINE: &[&str] = &[
    "use tokio::fs;\nasync fn f() { fs::read_to_string(p).await?; }",
    "use tokio::time::sleep;\nasync fn f() { sleep(d).await; }",
    "use std::fs;\nasync fn f() { use tokio::fs; fs::read(p).await; }",
    "use std::fs;\nmod m { use tokio::fs; async fn f() { let file = fs::read(p); file.await } }",
    "use std::fs;\nmod m { mod fs {} async fn f() { fs::read(p); } }",
    "mod fs { pub fn read() {} }\nasync fn f() { fs::read(p); }",
    "fn f() { std::thread::sleep(d); }",
    "async fn f() { fn g() { std::thread::sleep(d); } }",
    "async fn f() { spawn_blocking(|| std::thread::sleep(d)).await; }",
    "async fn f() { tokio::task::spawn_blocking(move || { for p in ps { std::fs::read(p)?; } Ok(()) }).await; }",
    "async fn f() { block_in_place(|| handle.block_on(g())); }",
    "async fn f() { std::thread::spawn(move || std::fs::read(p)); }",
    "async fn f() { std::thread::Builder::new().name(n).spawn(|| std::thread::sleep(d))?; }",
    "async fn f() { let work = move || std::fs::read(p); spawn_blocking(work).await; }",
    "async fn f() { spawn_blocking({ let p = p.clone(); move || std::fs::read(p) }).await; }",
    "async fn f() { select! { x = spawn_blocking(|| std::fs::read(p)) => { pool.spawn(|| std::fs::read(p)); } } }",
    "async fn f() { spawn_blocking(std::thread::yield_now).await; }",
    "use tokio::process::Command;\nasync fn f() { Command::new(\"ls\").output().await?; }",
    "use tokio::sync::mpsc;\nasync fn f() { let (tx, mut rx) = mpsc::channel(1); timeout(d, rx.recv()).await; }",
    "async fn f() { let p = std::fs::Permissions::from_mode(0o600); let o = std::fs::OpenOptions::new(); }",
    "async fn f() { let l = std::net::TcpListener::bind(a)?; l.set_nonblocking(true)?; TcpListener::from_std(l)?; }",
    "async fn f(file: tokio::fs::File) { file.read_to_string(&mut text).await?; }",
    "use std::sync::mpsc;\nasync fn f() { let (tx, rx) = mpsc::channel(); let rx = other(); rx.recv(); }",
    "macro_rules! m { () => { async fn f() { std::thread::sleep(d); } } }",
    "async fn f() { static ONCE: LazyLock<String> = LazyLock::new(|| std::fs::read_to_string(p)); }",
    // The program's own types and functions.
    "struct Command; async fn f() { Command::new().output(); }",
    "use crate::blocking::sleep;\nasync fn f() { sleep(d); }",
];

#[test]
fn nothing_is_found_where_nothing_blocks() {
    for source in FINE {
        assert_eq!(found(source), [], "{source}");
    }
}

/// Bodies of an async function, and whether a guard is held across an await in them.
const GUARDS: &[(&str, bool)] = &[
    ("let g = m.lock().unwrap(); work().await; g.len();", true),
    ("let mut g = m.lock().expect(\"it\"); if x { work().await; }", true),
    ("let _guard = m.lock().unwrap(); tokio::select! { _ = a() => {} }", true),
    ("let Ok(g) = m.lock() else { return }; work().await;", true),
    ("let g = self.state.write().unwrap(); println!(\"{}\", work().await);", true),
    ("let g = m.lock().unwrap_or_else(PoisonError::into_inner); work().await;", true),
    ("let g = fast.lock(); work().await;", true),
    ("match m.lock().unwrap().take() { Some(x) => x.await, None => {} }", true),
    ("if let Some(x) = m.lock().unwrap().pop() { x.await; }", true),
    ("while let Some(x) = m.lock().unwrap().pop() { x.await; }", true),
    ("for x in m.lock().unwrap().iter() { x.work().await; }", true),
    ("work(m.lock().unwrap().clone()).await;", true),
    ("{ let g = m.lock().unwrap(); } work().await;", false),
    ("let g = m.lock().unwrap(); drop(g); work().await;", false),
    ("let g = m.lock().unwrap(); g.len(); std::mem::drop(g); work().await;", false),
    ("let n = m.lock().unwrap().len(); work().await;", false),
    ("let n = *m.lock().unwrap(); work().await;", false),
    ("let _ = m.lock().unwrap(); work().await;", false),
    ("let g = t.lock().await; work().await;", false),
    ("let g = t.lock(); work().await;", false),
    ("let g = m.lock().unwrap(); spawn(async { work().await });", false),
    ("if m.lock().unwrap().is_empty() { work().await; }", false),
    ("let x = m.lock().unwrap().pop(); if let Some(x) = x { x.await; }", false),
    ("match { let g = m.lock().unwrap(); g.len() } { _ => work().await }", false),
    ("let text = file.read(&mut buffer).unwrap(); work().await;", false),
];

#[test]
fn a_guard_of_a_blocking_lock_may_not_cross_an_await() {
    for (body, held) in GUARDS {
        let head = "struct S { state: Arc<std::sync::RwLock<u32>> }\nuse tokio::sync::Mutex;\nuse std::sync;\n";
        let signature = "async fn f(m: &sync::Mutex<V>, t: Mutex<u32>, fast: &parking_lot::Mutex<u32>) {\n";
        let found = found(&format!("{head}{signature}{body}\n}}"));
        let lines: Vec<_> = found.iter().filter(|(_, what)| what.starts_with("the guard of")).map(|(line, _)| *line).collect();
        assert_eq!(lines, if *held { vec![5] } else { vec![] }, "{body}: {found:?}");
        assert_eq!(found.len(), lines.len(), "{body}: {found:?}");
    }
}

#[test]
fn a_find_says_where_why_and_what_to_do() {
    let text = "async fn fetch(m: &std::sync::Mutex<u32>) {\n    let g = m.lock().unwrap();\n\n    work().await;\n}";
    let found = lint(text).found;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].line, found[0].function.as_str()), (2, "fetch"));
    assert!(found[0].why.contains("across the await on line 4"), "{}", found[0].why);
    assert!(found[0].remedy.contains("tokio::sync::Mutex"), "{}", found[0].remedy);
}

#[test]
fn the_line_of_an_error_is_reported_and_what_surrounds_it_is_checked() {
    let Checked { found, fault } = lint("fn f() {}\n\nfn g( {\n");
    assert_eq!((found.len(), fault.and_then(|fault| fault.line)), (0, Some(3)));
    let Checked { found, fault } = lint("async fn f() {\n    std::thread::sleep(d);\n}\n\nfn g() {\n    let = ;\n}\n");
    assert_eq!((found.len(), fault.and_then(|fault| fault.line)), (1, Some(6)));
}

#[test]
fn deep_nesting_is_survived() {
    for (open, close) in [("(", ")"), ("{", "}"), ("f(", ")"), ("", ".a()")] {
        let source = format!("async fn f() {{ {}1{}; }}", open.repeat(20_000), close.repeat(20_000));
        assert_eq!(lint(&source).found, [], "{open}");
    }
}
