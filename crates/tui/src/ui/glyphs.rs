//! The glyphs by meaning: in Unicode, in heavy Unicode and in ASCII.
//!
//! The marks for states and ends of tasks are in [`trace::marks`], because the reports use them too.

use trace::marks::{self, Marks};

/// A set of marks, in Unicode or in ASCII.
#[derive(Debug)]
pub(crate) struct Glyphs {
    /// States and ends of tasks, on lanes and everywhere else.
    pub(crate) lane: Marks,
    /// After an end that was inferred, not observed.
    pub(crate) inferred: &'static str,
    /// Below a lane, while something is held.
    pub(crate) held: &'static str,
    /// While a word of a quantity applies.
    pub(crate) ribbon: &'static str,
    /// Before a lane or a value that differs from that of the pinned run.
    pub(crate) differs: &'static str,
    /// On a lane, where the run's schedule cut a poll.
    pub(crate) preempted: &'static str,
    /// A line through the lanes at a moment of the scenario.
    pub(crate) moment: &'static str,
    /// The line through the lanes at the time cursor.
    pub(crate) cursor: &'static str,
    /// The time cursor on the ruler.
    pub(crate) cursor_head: &'static str,
    /// A bookmark on the ruler.
    pub(crate) bookmark: &'static str,
    /// After the name of a task with a finding.
    pub(crate) finding: &'static str,
    /// After the name of a task on the critical path, and a full cell of the path.
    pub(crate) path: [&'static str; 2],
    /// The edges of a range, where no lane covers them.
    pub(crate) edge: &'static str,
    /// A tick of the ruler.
    pub(crate) tick: &'static str,
    /// Before the selected row.
    pub(crate) pointer: &'static str,
    /// The arrows that change a value.
    pub(crate) turn: [&'static str; 2],
    /// Beside a picked row, and beside a value that is not the default.
    pub(crate) dot: &'static str,
    /// Before an open group.
    pub(crate) open: &'static str,
    /// The first cell of a bar that touches another bar.
    pub(crate) bar_start: &'static str,
    /// A poll of the selected task on a thread: part of a cell, or a full cell.
    pub(crate) chosen: [&'static str; 2],
    /// From the waker to the woken task: the line, downward, upward.
    pub(crate) link: [&'static str; 3],
    /// All of these, for the legend.
    pub(crate) wakes: &'static str,
    /// Before the lane of one of a task's futures.
    pub(crate) branch: &'static str,
    /// Before the number of folded tasks.
    pub(crate) folded: &'static str,
    /// At the end of a cut text.
    pub(crate) more: &'static str,
    /// Between two parts of a line.
    pub(crate) between: &'static str,
    /// Playing, paused, ended.
    pub(crate) play: [&'static str; 3],
    /// The multiplication sign.
    pub(crate) times: &'static str,
    /// The levels of a chart, from the lowest to the fullest.
    pub(crate) chart: &'static [&'static str],
    /// The thumb of a scroll bar.
    pub(crate) thumb: &'static str,
    /// Between line numbers and code, and between tabs.
    pub(crate) rule: &'static str,
    /// A deadlock cycle: where it begins, continues and closes.
    pub(crate) circle: [&'static str; 3],
    /// Joined lanes: the first, between two, a further one, the last.
    pub(crate) join: [&'static str; 4],
    /// All of these, for the legend.
    pub(crate) joined: &'static str,
    /// A level of the log, from trace to error.
    pub(crate) levels: [&'static str; 5],
    /// The prefix for a millionth.
    pub(crate) micro: &'static str,
    /// A list item in prose.
    pub(crate) bullet: &'static str,
    /// Between the ends of a range of values.
    pub(crate) to: &'static str,
}

/// The marks for a terminal that shows Unicode.
pub(super) const UNICODE: Glyphs = Glyphs {
    lane: marks::UNICODE,
    inferred: "?",
    held: "▔",
    differs: "≠",
    preempted: "↷",
    moment: "╎",
    ribbon: "─",
    cursor: "│",
    cursor_head: "▼",
    bookmark: "◆",
    finding: "⚑",
    path: ["→", "▓"],
    edge: "┊",
    tick: "╷",
    pointer: "▸",
    turn: ["◂", "▸"],
    dot: "●",
    open: "▾",
    bar_start: "▐",
    chosen: ["●", "▓"],
    link: ["┃", "↓", "↑"],
    wakes: "┃↓↑",
    branch: "└",
    folded: "▸ +",
    more: "…",
    between: "·",
    play: ["▶", "⏸", "■"],
    times: "×",
    chart: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    thumb: "▐",
    rule: "│",
    circle: ["╭▸", "│", "╰─"],
    join: ["┐", "│", "┤", "┘"],
    joined: "┐┘",
    levels: ["·", "∘", "•", "!", "✗"],
    micro: "µ",
    bullet: "•",
    to: "–",
};

/// Heavier marks for Unicode, visible from the last row of a room.
pub(super) const HEAVY: Glyphs = Glyphs {
    lane: marks::HEAVY,
    held: "▀",
    moment: "╏",
    ribbon: "━",
    edge: "┋",
    tick: "╻",
    link: ["║", "⇓", "⇑"],
    wakes: "║⇓⇑",
    cursor: "┃",
    branch: "┗",
    rule: "┃",
    circle: ["┏▸", "┃", "┗━"],
    join: ["┓", "┃", "┫", "┛"],
    joined: "┓┛",
    ..UNICODE
};

/// ASCII marks.
pub(super) const ASCII: Glyphs = Glyphs {
    lane: marks::ASCII,
    inferred: "?",
    held: "`",
    differs: "&",
    preempted: "/",
    moment: "\"",
    ribbon: "-",
    cursor: "|",
    cursor_head: "T",
    bookmark: "B",
    finding: "*",
    path: [">", "#"],
    edge: "'",
    tick: "'",
    pointer: ">",
    turn: ["<", ">"],
    dot: "*",
    open: "-",
    bar_start: "[",
    chosen: ["*", "@"],
    link: ["I", "V", "^"],
    wakes: "IV^",
    branch: "`",
    folded: "> +",
    more: "~",
    between: "-",
    play: [">", "=", "#"],
    times: "x",
    chart: &["_", ".", "-", "=", "#"],
    thumb: "#",
    rule: "|",
    circle: [",>", "|", "`-"],
    join: [")", ")", ")", ")"],
    joined: ")",
    levels: [".", "-", "*", "W", "x"],
    micro: "u",
    bullet: "-",
    to: "to",
};

/// All marks in Unicode, among other text.
#[cfg(test)]
pub(crate) fn all() -> String {
    format!("{UNICODE:?}{HEAVY:?}")
}
