//! Synonyms for the commands of the palette.
//!
//! A user who does not know a command's name types another program's word for it. Each synonym belongs to one
//! command: the one that it most likely means.

/// The synonyms for a command, by its name in the table of keys.
pub(super) fn of(name: &str) -> &'static [&'static str] {
    TABLE.iter().find(|(command, _)| *command == name).map_or(&[], |(_, words)| words)
}

const TABLE: &[(&str, &[&str])] = &[
    ("start", &["run", "go", "open scenario"]),
    ("turn-up", &["increase", "raise", "set parameter"]),
    ("turn-down", &["decrease", "lower"]),
    ("edit", &["type value", "change value"]),
    ("reset", &["default"]),
    ("pause", &["play", "continue", "go on", "resume", "freeze", "hold"]),
    ("restart", &["run again", "rerun", "replay", "reload", "start over", "repeat"]),
    ("speed-up", &["speed", "faster", "fast forward"]),
    ("speed-down", &["slower", "slow motion"]),
    ("put-off", &["preempt", "yield here", "scheduler", "delay poll", "cut poll"]),
    ("take-back", &["undo put off", "undo preemption"]),
    ("hunt", &["fuzz", "search schedules", "find a failure", "find bug", "explore", "shuttle", "loom"]),
    ("challenge", &["puzzle", "game", "break it", "exercise"]),
    ("predict", &["quiz", "question", "guess", "ask me", "test me"]),
    ("stop", &["abort", "kill", "cancel run", "end run"]),
    ("clock", &["real time", "virtual", "wall time"]),
    ("save-as", &["save", "record", "recording", "write file"]),
    ("export", &["html", "svg", "perfetto", "asciinema", "json", "picture", "page", "film", "screenshot", "browser"]),
    ("share", &["copy", "command line", "clipboard", "yank"]),
    ("cursor-left", &["back in time", "earlier"]),
    ("cursor-right", &["later"]),
    ("rewind", &["start of run", "beginning", "to start", "home"]),
    ("end", &["live", "newest", "latest", "follow", "last event"]),
    ("step", &["next poll", "single step", "advance"]),
    ("step-back", &["previous poll"]),
    ("task-step", &["next event"]),
    ("task-step-back", &["previous event"]),
    ("next-stop", &["story", "guide", "walk through", "teach", "narrate"]),
    ("previous-stop", &["previous step of the story"]),
    ("next-problem", &["problem", "error", "failure", "issue", "fault"]),
    ("previous-problem", &["previous error"]),
    ("go-to-time", &["time", "seek", "jump", "goto"]),
    ("bookmark", &["mark", "flag"]),
    ("stall", &["stuck", "hang"]),
    ("longest-wait", &["slowest wait"]),
    ("why", &["explain", "reason", "cause", "blocked", "waits for", "holder"]),
    ("findings", &["problems", "diagnose", "warnings", "lint", "what is wrong"]),
    ("critical-path", &["path", "bottleneck", "longest path"]),
    ("compare", &["diff", "difference", "previous run", "versus"]),
    ("pin", &["keep this run", "side by side", "two runs", "beside"]),
    ("sweep", &["chart", "plot", "graph", "vary", "all values"]),
    ("resources", &["locks", "semaphores", "channels", "holders"]),
    ("woken-by", &["waker", "who woke"]),
    ("arrange", &["sort menu", "view menu"]),
    ("zoom-in", &["magnify", "closer"]),
    ("zoom-out", &["wider"]),
    ("fit", &["fit task", "zoom to selection"]),
    ("fit-run", &["whole run", "zoom to fit", "overview"]),
    ("range", &["measure", "selection", "duration between"]),
    ("full-screen", &["maximize", "zoom pane", "fill"]),
    ("undo-view", &["undo"]),
    ("redo-view", &["redo"]),
    ("group", &["together", "collapse", "cluster"]),
    ("order", &["sort"]),
    ("lanes", &["kind of lanes", "threads", "source lines"]),
    ("filter", &["only", "show only", "where"]),
    ("clear-filter", &["show all", "unfilter"]),
    ("fold", &["unfold", "hide children"]),
    ("counters", &["quantities", "gauges"]),
    ("branches", &["futures", "select", "join"]),
    ("next-tab", &["tab"]),
    ("lesson", &["learn", "read", "description", "about", "text"]),
    ("rust", &["source", "code", "tokio"]),
    ("asyncio", &["python", "twin"]),
    ("tests", &["test", "proof"]),
    ("log-level", &["level", "verbosity"]),
    ("layout", &["stage", "panes", "presentation"]),
    ("theme", &["colors", "colours", "dark", "light", "palette of colours", "contrast"]),
    ("help", &["keys", "manual", "shortcuts", "legend", "marks"]),
    ("quit", &["exit", "leave", "close program"]),
    ("suspend", &["shell", "background"]),
    ("find", &["search", "look for"]),
    ("focus-scenarios", &["scenarios", "list"]),
    ("focus-parameters", &["parameters", "form", "settings", "tune", "knobs"]),
    ("focus-timeline", &["timeline"]),
    ("focus-metrics", &["metrics", "figures", "charts", "statistics"]),
    ("focus-log", &["log", "messages", "output"]),
    ("focus-code", &["code pane"]),
    ("focus-task", &["selected task", "task"]),
    ("tour", &["course", "what next", "progress", "learning path"]),
    ("own", &["make my own", "sketch", "copy scenario", "new crate", "change code"]),
    ("open-problem", &["compiler error", "build error"]),
    ("edit-line", &["editor", "vim", "open file"]),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::app::input::bindings::{Bindings, Scope};

    #[test]
    fn each_word_belongs_to_one_command_that_there_is() {
        let (bindings, mut words) = (Bindings::default(), HashSet::new());
        let is_name = |word: &str| bindings.named(word).is_some_and(|row| matches!(row.scope, Scope::Panes(_) | Scope::Always));
        for (name, synonyms) in TABLE {
            assert!(is_name(name), "{name}");
            for word in *synonyms {
                assert!(words.insert(word) && !is_name(word), "{word}");
            }
        }
    }
}
