use super::*;

/// What is found in each source: the line, and what. `None` if there is no Python.
fn found(sources: &[&str]) -> Option<Vec<Vec<(usize, String)>>> {
    let there = Command::new("python3").arg("--version").output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "CI needs Python");
    if !there {
        // Not `eprintln!`, which the test harness hides when a test passes.
        let _ = writeln!(io::stderr(), "skipped: there is no python3");
        return None;
    }
    let texts: Vec<_> = sources.iter().map(|source| (*source).to_owned()).collect();
    let files = lint(&texts).expect("Python answers");
    let plain = |file: Checked| {
        assert_eq!(file.fault, None);
        file.found.into_iter().map(|found| (found.line, found.what)).collect()
    };
    Some(files.into_iter().map(plain).collect())
}

/// Sources, and what blocks on their last line.
const BLOCKS: &[(&str, &str)] = &[
    ("import time\nasync def f():\n    time.sleep(1)", "time.sleep"),
    ("import time as t\nasync def f():\n    t.sleep(1)", "time.sleep"),
    ("from time import sleep as pause\nasync def f():\n    pause(1)", "time.sleep"),
    ("async def f():\n    from time import sleep\n    sleep(1)", "time.sleep"),
    ("import requests\nasync def f():\n    return requests.get(url).json()", "requests.get"),
    ("import requests\nasync def f():\n    with requests.Session() as s:\n        s.get(url)", "requests.Session.get"),
    ("import httpx\nasync def f():\n    httpx.get(url)", "httpx.get"),
    ("from urllib.request import urlopen\nasync def f():\n    urlopen(url)", "urllib.request.urlopen"),
    ("import urllib.request\nasync def f():\n    urllib.request.urlopen(url)", "urllib.request.urlopen"),
    ("async def f():\n    with open(p) as file: file.read()", "open"),
    ("from pathlib import Path\nasync def f(path):\n    path.read_text()", "pathlib.Path.read_text"),
    ("from pathlib import Path\nasync def f():\n    (Path(a) / b).open()", "pathlib.Path.open"),
    ("import subprocess\nasync def f():\n    subprocess.run(['ls'])", "subprocess.run"),
    ("from subprocess import Popen\nasync def f():\n    child = Popen(['ls'])\n    child.wait()", "subprocess.Popen.wait"),
    ("import os\nasync def f():\n    os.system('ls')", "os.system"),
    ("import socket\nasync def f():\n    s = socket.socket()\n    s.connect(a)", "socket.socket.connect"),
    ("import socket\nasync def f():\n    s = socket.create_connection(a)", "socket.create_connection"),
    ("import queue\nasync def f(q: queue.Queue):\n    q.get()", "queue.Queue.get"),
    (
        "import queue\nclass C:\n  def __init__(self):\n    self.q = queue.Queue(3)\n  async def f(self):\n    self.q.put(1)",
        "queue.Queue.put",
    ),
    ("import threading\nlock = threading.Lock()\nasync def f():\n    lock.acquire()", "threading.Lock.acquire"),
    (
        "import threading\nlock = threading.Lock()\nasync def f():\n  async for x in y: pass\n  with lock: await g()",
        "with threading.Lock",
    ),
    ("import threading\nasync def f():\n    t = threading.Thread(target=g)\n    t.join()", "threading.Thread.join"),
    (
        "from concurrent.futures import ThreadPoolExecutor\nasync def f():\n    pool = ThreadPoolExecutor()\n    pool.submit(g).result()",
        "concurrent.futures.Future.result",
    ),
    (
        "import asyncio\nasync def f():\n    asyncio.run_coroutine_threadsafe(g(), loop).result()",
        "concurrent.futures.Future.result",
    ),
    ("import sqlite3\nasync def f():\n    sqlite3.connect(p)", "sqlite3.connect"),
    ("import sqlite3\nasync def f(db: sqlite3.Connection):\n    db.execute(q)", "sqlite3.execute"),
    ("import asyncio\nasync def f():\n    asyncio.run(g())", "asyncio.run"),
    ("import asyncio\nasync def f():\n    asyncio.get_running_loop().run_until_complete(g())", "asyncio.loop.run_until_complete"),
    // The argument is evaluated on the loop before the thread starts.
    ("import asyncio, time\nasync def f():\n    await asyncio.to_thread(time.sleep(1))", "time.sleep"),
    ("import time\ndef f():\n  async def g():\n    time.sleep(1)", "time.sleep"),
    ("import time\nasync def f():\n    def g(x=time.sleep(1)): pass", "time.sleep"),
];

#[test]
fn what_blocks_in_async_code_is_found_on_its_line() {
    let sources: Vec<_> = BLOCKS.iter().map(|(source, _)| *source).collect();
    let Some(found) = found(&sources) else { return };
    for ((source, what), found) in BLOCKS.iter().zip(found) {
        assert_eq!(found, [(source.lines().count(), (*what).to_owned())], "{source}");
    }
}

/// Sources in which nothing blocks the event loop.
const FINE: &[&str] = &[
    "import time\ndef f():\n    time.sleep(1)",
    "import time\nasync def f():\n    def g(): time.sleep(1)",
    "import asyncio, time\nasync def f():\n    await asyncio.to_thread(time.sleep, 1)",
    "import asyncio, time\nasync def f():\n    await asyncio.to_thread(lambda: time.sleep(1))",
    "import time\nasync def f(loop):\n    await loop.run_in_executor(None, time.sleep, 1)",
    "from asyncio import sleep\nasync def f():\n    await sleep(1)",
    "from aiofiles import open\nasync def f():\n    async with open(p) as file: await file.read()",
    "def open(x): pass\nasync def f():\n    open(p)",
    "import aiohttp\nasync def f():\n    async with aiohttp.ClientSession() as s:\n        async with s.get(url) as r: await r.text()",
    "from anyio import Path\nasync def f(path):\n    await path.read_text()",
    "import asyncio, pathlib\nasync def f(body):\n    asyncio.create_task(body.write_bytes(x))",
    "import asyncio\nasync def f(q: asyncio.Queue):\n    await q.get()\n    task.result()",
    "import queue\nasync def f():\n    q = queue.Queue()\n    q.put(1)\n    q.get(block=False)\n    q.get_nowait()",
    "import queue\nasync def f(q: queue.Queue):\n    def g():\n        return q.get()",
    "import socket\nasync def f():\n    s = socket.socket()\n    s.setblocking(False)\n    s.connect(a)",
    "import threading\nlock = threading.Lock()\nasync def f():\n    with lock: count()\n    lock.acquire(blocking=False)",
    "import threading\nlock = threading.Lock()\nasync def f():\n    with lock:\n        async def g(): await h()",
    "import asyncio\nlock = asyncio.Lock()\nasync def f():\n    async with lock: await g()\n    await lock.acquire()",
    "import requests\nasync def f(requests):\n    requests.get(url)",
    "import time\nasync def f(time):\n    time.sleep(1)",
];

#[test]
fn nothing_is_found_where_nothing_blocks() {
    let Some(found) = found(FINE) else { return };
    for (source, found) in FINE.iter().zip(found) {
        assert_eq!(found, [], "{source}");
    }
}

#[test]
fn a_source_that_is_not_python_is_refused_with_its_line() {
    if found(&[]).is_none() {
        return;
    }
    let deep = format!("x = {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    let texts = ["import time\n\nasync def f(:\n".to_owned(), "x = 1".to_owned(), deep];
    let results = lint(&texts).expect("Python answers");
    let faults: Vec<_> = results.iter().map(|result| result.fault.as_ref().map(|fault| fault.line)).collect();
    assert_eq!(faults[..2], [Some(Some(3)), None]);
    assert!(faults[2].is_some(), "it is nested too deeply");
}
