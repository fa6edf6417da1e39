//! A headless Chromium, driven by the protocol of its developer tools.
//!
//! The protocol is JSON over a WebSocket: each call has a number, and the answer repeats it. Events come in between, and are kept.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// The names of the browser, in the order in which they are looked for.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// The time before a test gives up. It is long, since the machine may be busy, and only a failure waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A tab of a browser of its own.
#[derive(Debug)]
pub(crate) struct Tab {
    browser: Child,
    socket: WebSocket<TcpStream>,
    session: String,
    calls: u64,
    /// What happened, in order.
    pub(crate) events: Vec<Value>,
    /// The browser's settings and cache. Removed at the end.
    _profile: TempDir,
}

impl Tab {
    /// An empty tab. `None` if there is no browser; in CI that is a failure.
    pub(crate) fn open() -> Option<Self> {
        let Some(name) = NAMES.into_iter().find(|name| exists(name)) else {
            assert!(std::env::var_os("CI").is_none_or(|value| value.is_empty()), "CI needs Chromium");
            // Not `println!`, which the test harness hides when a test passes.
            let _ = writeln!(std::io::stderr(), "skipped: no Chromium");
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder for the browser");
        let mut browser = Command::new(name)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let url = address(&mut browser);
        let host = url.trim_start_matches("ws://").split('/').next().expect("a host");
        let stream = TcpStream::connect(host).expect("the browser listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit for reads");
        let (socket, _) = tungstenite::client(&url, stream).expect("a WebSocket");
        let mut tab = Self { browser, socket, session: String::new(), calls: 0, events: Vec::new(), _profile: profile };
        let targets = tab.call("Target.getTargets", &json!({}));
        let pages = targets["targetInfos"].as_array().expect("targets");
        let page = pages.iter().find(|target| target["type"] == "page").expect("a tab")["targetId"].clone();
        let session = tab.call("Target.attachToTarget", &json!({ "targetId": page, "flatten": true }));
        session["sessionId"].as_str().expect("a session").clone_into(&mut tab.session);
        for domain in ["Page", "Runtime", "Log", "Network", "DOM"] {
            tab.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(tab)
    }

    /// Calls a method, and returns its result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Calls a method that may fail, and returns the answer.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": params });
        if !self.session.is_empty() {
            call["sessionId"] = self.session.clone().into();
        }
        self.socket.send(Message::text(call.to_string())).expect("the browser takes a call");
        loop {
            let message = self.read();
            if message["id"] == self.calls {
                return message;
            }
            self.events.push(message);
        }
    }

    fn read(&mut self) -> Value {
        loop {
            let message = self.socket.read().unwrap_or_else(|error| panic!("the browser does not answer: {error}"));
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }

    /// Opens a file, and waits until it is loaded.
    pub(crate) fn load(&mut self, file: &Path) {
        let before = self.events.len();
        self.call("Page.navigate", &json!({ "url": format!("file://{}", file.display()) }));
        while !self.events[before..].iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// Opens a page with a viewer, and waits until it has drawn a frame.
    pub(crate) fn view(&mut self, file: &Path) {
        self.load(file);
        self.until("window.playground?.frames > 0");
        self.settle();
    }

    /// The value of an expression in the page. Waits for it if it is a promise.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// A number in the page.
    pub(crate) fn number(&mut self, expression: &str) -> f64 {
        self.eval(expression).as_f64().unwrap_or_else(|| panic!("{expression} is no number"))
    }

    /// A text in the page.
    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.eval(expression).as_str().unwrap_or_else(|| panic!("{expression} is no text")).to_owned()
    }

    /// Waits until a condition of the page holds, which is checked at each frame.
    pub(crate) fn until(&mut self, condition: &str) {
        self.eval(&format!(
            "new Promise(done => {{ const check = () => ({condition}) ? done(true) : requestAnimationFrame(check); check(); }})"
        ));
    }

    /// Changes the page with a script, and waits until that is drawn.
    pub(crate) fn act(&mut self, script: &str) {
        self.eval(script);
        self.settle();
    }

    /// Waits until what was asked for is drawn.
    pub(crate) fn settle(&mut self) {
        self.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    }

    /// Presses and releases a key, such as `]` or `ArrowDown`.
    pub(crate) fn key(&mut self, key: &str) {
        let mut params = json!({ "type": "keyDown", "key": key });
        if key.chars().count() == 1 {
            params["text"] = key.into();
        }
        self.call("Input.dispatchKeyEvent", &params);
        self.call("Input.dispatchKeyEvent", &json!({ "type": "keyUp", "key": key }));
        self.settle();
    }

    /// Emulates a screen: of a phone, with touch, or of a desktop.
    pub(crate) fn screen(&mut self, width: u32, height: u32, phone: bool) {
        let scale = if phone { 3 } else { 1 };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
        self.call("Emulation.setTouchEmulationEnabled", &json!({ "enabled": phone }));
    }

    /// What the page did wrong: exceptions, errors on the console, dialogs, refused requests.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let wrong = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" | "Page.javascriptDialogOpening" | "Network.loadingFailed" => true,
            "Runtime.consoleAPICalled" => event["params"]["type"] == "error",
            "Log.entryAdded" => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        // An exception says most in its description; the rest is where it was thrown.
        let what = |event: &Value| match event["params"]["exceptionDetails"]["exception"]["description"].as_str() {
            Some(description) => description.to_owned(),
            None => event["params"].to_string(),
        };
        self.events.iter().filter(wrong).map(what).collect()
    }

    /// The addresses of all requests.
    pub(crate) fn requests(&self) -> Vec<&str> {
        let sent = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.filter_map(|event| event["params"]["request"]["url"].as_str()).collect()
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        // It removes its own files and processes. If it is gone already, a test has failed, and says why.
        let close = json!({ "id": self.calls + 1, "method": "Browser.close" });
        if self.socket.send(Message::text(close.to_string())).is_ok() {
            while self.socket.read().is_ok() {}
        }
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}

/// Whether a program of this name is in a folder of `PATH`.
fn exists(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// The address that the browser prints. Whatever it prints later is read too, or it would block.
fn address(browser: &mut Child) -> String {
    let errors = BufReader::new(browser.stderr.take().expect("standard error"));
    let (found, address) = mpsc::channel();
    thread::spawn(move || {
        for line in errors.lines().map_while(Result::ok) {
            if let Some(at) = line.find("ws://") {
                // The test has what it needs after the first.
                let _ = found.send(line[at..].trim().to_owned());
            }
        }
    });
    address.recv_timeout(PATIENCE).expect("the browser prints its address")
}
