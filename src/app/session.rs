//! What is remembered between actions and never drawn.

use std::time::Duration;

use scenarios::{Clock, Values};

use crate::app::colors::OwnColor;
use crate::app::input::action::Target;
use crate::app::mode::Overlay;
use crate::app::run::view::Cursor;
use crate::app::timeline::folds::Folds;
use crate::app::timeline::history::History;
use crate::app::timeline::view::{Timeline, Zoom};
use crate::trace::TaskIx;

/// What the pointer can hold while its button is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The lanes, at that column of the screen.
    Lanes(u16),
    /// The cursor, by the ruler.
    Cursor,
    /// The window on the map of the whole run.
    Map,
}

/// What is remembered between actions and never drawn.
#[derive(Debug)]
pub struct Session {
    /// The settings of each scenario that was picked and left.
    pub visited: Vec<Settings>,
    /// Whether the timeline's zoom is ours or the user's.
    pub zoom: Zoom,
    /// How the next run comes on screen.
    pub entry: Entry,
    /// What the pointer holds and moves.
    pub held: Option<Held>,
    /// The last press of the pointer, while another one can make it a double click.
    pub click: Option<Click>,
    /// Where the first of the steps was taken from.
    pub origin: Option<Origin>,
    /// The speed that runs are played at.
    pub speed: f64,
    /// The workers to go back to with the real clock: the virtual one has none.
    pub real_workers: usize,
    /// The recorder's own cost for a poll, in nanoseconds, once it was measured.
    pub cost_ns: Option<f64>,
    /// The tasks that were selected before each jump to a waker, the last one last.
    pub jumps: Vec<TaskIx>,
    /// The views to go back to.
    pub history: History,
    /// The tab of the layer that explains from which the user went to a place in the run: `e` comes back to it.
    pub explained: Option<Overlay>,
    /// The last way along a wake.
    pub came: Option<Came>,
    /// The tasks of the group that is open, where they were looked for when it was opened.
    pub opened: Vec<TaskIx>,
    /// Whose descendants have no lanes.
    pub folds: Folds,
    /// Whether the picked scenario is to be started when the program has opened.
    pub start: bool,
    /// The user's own colours, for the next theme too.
    pub own_colors: Vec<OwnColor>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            visited: Vec::new(),
            zoom: Zoom::Fit,
            entry: Entry::Keep,
            held: None,
            click: None,
            origin: None,
            speed: 1.0,
            real_workers: 0,
            cost_ns: None,
            jumps: Vec::new(),
            history: History::default(),
            explained: None,
            came: None,
            opened: Vec::new(),
            folds: Folds::default(),
            start: false,
            own_colors: Vec::new(),
        }
    }
}

/// A press of the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Click {
    /// What it was on.
    pub target: Target,
    /// The wall time since then.
    pub age: Duration,
}

/// A way along a wake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came {
    /// Where it came from.
    pub from: TaskIx,
    /// The time of the wake, in nanoseconds.
    pub at_ns: u64,
    /// Whether it went on, from the waker to the woken.
    pub on: bool,
}

/// Where the first of several steps from poll to poll was taken from: as many steps back lead there again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Origin {
    /// The cursor there.
    pub cursor: Cursor,
    /// How the timeline was looked at.
    pub timeline: Timeline,
    /// The number of the first poll after it.
    pub next_poll: u64,
}

/// The settings that a scenario was left with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The scenario.
    pub id: &'static str,
    /// Its parameters.
    pub values: Values,
    /// Its seed.
    pub seed: u64,
    /// Its clock.
    pub clock: Clock,
    /// Its workers.
    pub workers: usize,
}

/// How the next run comes on screen. When several are asked for at once, the greatest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// At the cursor's time, as it was playing or paused; zoom and selection stay.
    Keep,
    /// From the start, playing; zoom and selection stay.
    Rewind,
    /// From the start, playing, as if nothing had been looked at before.
    Fresh,
}
