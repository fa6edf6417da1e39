//! The glyphs, each by what it means: three columns, Unicode, heavy Unicode and ASCII.
//!
//! What tasks do and how they end has its marks in [`crate::marks`], which the
//! reports draw, too.

use crate::marks::{self, Marks};

/// The marks that are drawn, in Unicode or in ASCII.
#[derive(Debug)]
pub(crate) struct Glyphs {
    /// What tasks do and how they end, on their lanes and everywhere else.
    pub(crate) lane: Marks,
    /// Behind an end that is inferred and was not observed.
    pub(crate) inferred: &'static str,
    /// Below a lane, as long as something is held.
    pub(crate) held: &'static str,
    /// As long as a word holds.
    pub(crate) ribbon: &'static str,
    /// A rule through the lanes at a decisive moment.
    pub(crate) moment: &'static str,
    /// The line through the lanes at the time cursor.
    pub(crate) cursor: &'static str,
    /// The time cursor on the ruler.
    pub(crate) cursor_head: &'static str,
    /// A bookmark on the ruler.
    pub(crate) bookmark: &'static str,
    /// Behind the name of a task that a finding tells of.
    pub(crate) finding: &'static str,
    /// Behind the name of a task through which the critical path goes, and a cell of it that is all run.
    pub(crate) path: [&'static str; 2],
    /// The edges of a range, where no lane covers them.
    pub(crate) edge: &'static str,
    /// A tick of the ruler.
    pub(crate) tick: &'static str,
    /// Before the row under the selection.
    pub(crate) pointer: &'static str,
    /// The arrows that turn a value.
    pub(crate) turn: [&'static str; 2],
    /// Beside what is picked, and beside a value that is not the default.
    pub(crate) dot: &'static str,
    /// Before an open group.
    pub(crate) open: &'static str,
    /// The first cell of a bar that touches another one.
    pub(crate) bar_start: &'static str,
    /// A poll of the selected task on a thread: of a part of its cell, of all of it.
    pub(crate) chosen: [&'static str; 2],
    /// From who woke to who was woken: the way, downward, upward.
    pub(crate) link: [&'static str; 3],
    /// All of that, for the legend.
    pub(crate) wakes: &'static str,
    /// Before the lane of one of a task's futures.
    pub(crate) branch: &'static str,
    /// Before the number of tasks that are folded away.
    pub(crate) folded: &'static str,
    /// Text goes on where there was no room.
    pub(crate) more: &'static str,
    /// Between two parts of a line.
    pub(crate) between: &'static str,
    /// Playing, paused, ended.
    pub(crate) play: [&'static str; 3],
    /// Times.
    pub(crate) times: &'static str,
    /// The levels of a chart, from the lowest to the fullest.
    pub(crate) chart: &'static [&'static str],
    /// The thumb of a scroll bar.
    pub(crate) thumb: &'static str,
    /// Between line numbers and code, and between tabs.
    pub(crate) rule: &'static str,
    /// A circle of tasks: where it begins, goes on and closes.
    pub(crate) circle: [&'static str; 3],
    /// Lanes that are joined: the first one, between two, another one, the last.
    pub(crate) join: [&'static str; 4],
    /// All of that, for the legend.
    pub(crate) joined: &'static str,
    /// A level of the log, from trace to error.
    pub(crate) levels: [&'static str; 5],
    /// The prefix of a millionth.
    pub(crate) micro: &'static str,
    /// A point of a list in prose.
    pub(crate) bullet: &'static str,
    /// A span from a smallest to a largest value.
    pub(crate) to: &'static str,
}

/// The marks for a terminal that shows Unicode.
pub(super) const UNICODE: Glyphs = Glyphs {
    lane: marks::UNICODE,
    inferred: "?",
    held: "▔",
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

/// Heavier marks for Unicode, to be seen from the last row of a room.
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

/// The marks of ASCII only.
pub(super) const ASCII: Glyphs = Glyphs {
    lane: marks::ASCII,
    inferred: "?",
    held: "`",
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
