//! State that is kept between actions and never drawn.

use std::time::Duration;

use scenario::{Clock, Values};

use crate::app::colors::OwnColor;
use crate::app::input::action::Target;
use crate::app::mode::Overlay;
use crate::app::run::view::{Cursor, RunView};
use crate::app::timeline::folds::Folds;
use crate::app::timeline::history::History;
use crate::app::timeline::view::{Timeline, Zoom};
use engine::Schedule;
use trace::TaskIx;

/// What the pointer can drag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The lanes, grabbed at a screen column.
    Lanes(u16),
    /// The cursor, grabbed by the ruler.
    Cursor,
    /// The window on the map of the whole run.
    Map,
}

/// State that is kept between actions and never drawn.
#[derive(Debug)]
pub struct Session {
    /// The settings of each scenario that was picked and left.
    pub visited: Vec<Settings>,
    /// Whether the zoom is automatic or the user's.
    pub zoom: Zoom,
    /// The command that was copied by the last action; asked again, the command that shows the run is copied.
    pub offered: Option<String>,
    /// How the next run appears.
    pub entry: Entry,
    /// What the pointer drags.
    pub held: Option<Held>,
    /// The last press, while a second one can make it a double click.
    pub click: Option<Click>,
    /// Where the current series of steps started.
    pub origin: Option<Origin>,
    /// The playback speed.
    pub speed: f64,
    /// The worker count to restore with the real clock; the virtual clock has none.
    pub real_workers: usize,
    /// The recorder's own cost per poll in nanoseconds, once measured.
    pub cost_ns: Option<f64>,
    /// The tasks that were selected before each jump to a waker, newest last.
    pub jumps: Vec<TaskIx>,
    /// The history of views, for undo.
    pub history: History,
    /// The schedules before each poll that was put off, newest last.
    pub schedules: Vec<Schedule>,
    /// The poll that was put off last, counted among those of tasks, until it is known whether it was cut.
    pub put_off: Option<u64>,
    /// Where the cursor is in the next run, which is paused there, in nanoseconds since it began.
    pub go_to_ns: Option<u64>,
    /// The poll that the cursor is at in the next run too.
    pub stepped: Option<u64>,
    /// The tab of the explaining overlay that the user left for a place in the run: `e` reopens it.
    pub explained: Option<Overlay>,
    /// The last wake that was followed.
    pub came: Option<Came>,
    /// The tasks of the open group, if they had to be searched for when it was opened.
    pub opened: Vec<TaskIx>,
    /// The tasks whose descendants have no lanes.
    pub folds: Folds,
    /// Runs that are no longer needed. Freeing them takes too long for the thread that draws, so the shell takes them.
    pub freed: Vec<Box<RunView>>,
    /// Whether to start the picked scenario once the program is open.
    pub start: bool,
    /// The user's own colours, which also apply to the next theme.
    pub own_colors: Vec<OwnColor>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            visited: Vec::new(),
            zoom: Zoom::Fit,
            offered: None,
            entry: Entry::Keep,
            held: None,
            click: None,
            origin: None,
            speed: 1.0,
            real_workers: 0,
            cost_ns: None,
            jumps: Vec::new(),
            history: History::default(),
            schedules: Vec::new(),
            put_off: None,
            go_to_ns: None,
            stepped: None,
            explained: None,
            came: None,
            opened: Vec::new(),
            folds: Folds::default(),
            freed: Vec::new(),
            start: false,
            own_colors: Vec::new(),
        }
    }
}

/// A press of the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Click {
    /// What was pressed.
    pub target: Target,
    /// Its age in wall time.
    pub age: Duration,
}

/// A wake that was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came {
    /// The task that was selected before.
    pub from: TaskIx,
    /// The time of the wake, in nanoseconds.
    pub at_ns: u64,
    /// Whether it was followed forward, from the waker to the woken task.
    pub on: bool,
}

/// Where a series of steps from poll to poll started: as many steps back return to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Origin {
    /// The cursor then.
    pub cursor: Cursor,
    /// The view of the timeline then.
    pub timeline: Timeline,
    /// The number of the first poll after the start.
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
    /// Its schedule.
    pub schedule: Schedule,
    /// Its clock.
    pub clock: Clock,
    /// Its workers.
    pub workers: usize,
}

/// How the next run appears. If several are requested at once, the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// At the cursor's time, still playing or paused; zoom and selection stay.
    Keep,
    /// From the start, playing; zoom and selection stay.
    Rewind,
    /// From the start, playing, with a new view.
    Fresh,
}
