//! Pages to open: what the program exports, and the same with other data in it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

const BEGIN: &str = "<script type=\"application/json\" id=\"run\">";
const END: &str = "</script>";

/// A page in a folder of its own.
#[derive(Debug)]
pub(crate) struct Page {
    folder: TempDir,
}

impl Page {
    /// What `export` writes for a scenario at its defaults.
    pub(crate) fn exported(scenario: &str) -> Self {
        let page = Self { folder: tempfile::tempdir().expect("a folder") };
        let output = Command::new(env!("CARGO_BIN_EXE_async-playground"))
            .args(["export", scenario, "--format", "html", "-o"])
            .arg(page.file())
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        page
    }

    /// The file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("page.html")
    }

    /// The same page with its run changed.
    pub(crate) fn changed(self, change: impl FnOnce(&mut Value)) -> Self {
        let html = fs::read_to_string(self.file()).expect("the page");
        let (before, rest) = html.split_once(BEGIN).expect("a run in the page");
        let (run, after) = rest.split_once(END).expect("the end of the run");
        let mut run: Value = serde_json::from_str(run).expect("JSON");
        change(&mut run);
        let run = run.to_string().replace('<', "\\u003c").replace('>', "\\u003e");
        fs::write(self.file(), format!("{before}{BEGIN}{run}{END}{after}")).expect("the page is written");
        self
    }
}

/// Gives a run this many segments, all of its tasks together: ready, running and waiting in turn, from its begin to its end.
pub(crate) fn fill(run: &mut Value, segments: u64) {
    let end = run["end"].as_u64().expect("an end");
    let tasks = run["tasks"].as_array_mut().expect("tasks");
    let each = segments / tasks.len() as u64;
    for task in tasks {
        let step = end / each;
        let of = |i: u64| [json!(if i == 0 { 0 } else { step / 2 + i * 7919 % step }), json!([0, -1, 1][(i % 3) as usize])];
        task["segments"] = (0..each).flat_map(of).collect();
        task["end"] = Value::Null;
        task["wakes"] = json!([]);
    }
}

/// Pans by a tenth of the screen, frame after frame: `[median ms, 95th percentile, frames a second, moves]`.
pub(crate) const PAN: &str = "(async () => {
    const times = [], begin = performance.now(), count = 200;
    let from = playground.view.from, moved = 0;
    for (let i = 0; i < count; i++) {
        const key = i % 4 < 2 ? 'ArrowRight' : 'ArrowLeft';
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        await new Promise(done => requestAnimationFrame(done));
        times.push(playground.lastFrameMs);
        if (playground.view.from !== from) moved++;
        ({ from } = playground.view);
    }
    const rate = count / (performance.now() - begin) * 1000;
    times.sort((a, b) => a - b);
    return [times[count / 2], times[Math.floor(count * 0.95)], rate, moved];
})()";
