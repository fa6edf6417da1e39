//! The model: everything that the screen shows, as plain data.
//!
//! It holds no terminal, no thread and no runtime. [`update`](super::update) is
//! the only thing that changes it, the panes only read it, so each screen can
//! be made in a test by setting fields, and each behaviour tested by a table.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use scenarios::Scenario;

pub use crate::app::areas::Areas;
pub use crate::app::colors::Theme;
pub use crate::app::form::fields::{Field, FieldError, Form};
use crate::app::input::bindings::Bindings;
pub use crate::app::list::List;
pub use crate::app::mode::{Mode, Overlay, Prompt, Wanted};
pub use crate::app::panes::{CodeTab, CodeView, Layout, LogView, MetricsView, Pane};
pub use crate::app::run::view::{Cursor, Pending, RunView};
use crate::app::search::sought::Search;
use crate::app::session::Session;
use crate::app::timeline::reading::Reading;
use crate::app::timeline::tip::Tip;
pub use crate::app::timeline::view::{COUNTERS_NEED, GroupBy, Grouping, LaneKind, LaneView, Timeline};
use crate::engine::Spec;
use crate::record::event::Level;

/// Everything that the screen shows.
#[derive(Debug)]
pub struct Model {
    /// What can be picked.
    pub catalogue: &'static [Scenario],
    /// What was decided when the program was started.
    pub options: Options,
    /// Which key does what.
    pub bindings: Bindings,
    /// The pane that keys go to.
    pub focus: Pane,
    /// The pane that fills the screen.
    pub full: Option<Pane>,
    /// Which panes are on screen.
    pub layout: Layout,
    /// What has the keys.
    pub mode: Mode,
    /// The list of scenarios.
    pub list: List,
    /// The parameters of the picked scenario.
    pub form: Form,
    /// The run on screen.
    pub run: Option<RunView>,
    /// How the timeline is looked at. Survives a new run of the same scenario.
    pub timeline: Timeline,
    /// How the log is looked at.
    pub log: LogView,
    /// How the code is looked at.
    pub code: CodeView,
    /// How the metrics are looked at.
    pub metrics: MetricsView,
    /// Moments to come back to, in nanoseconds, in order. They survive a new run of the same scenario.
    pub bookmarks: Vec<u64>,
    /// How the run is read: measured, sorted, filtered.
    pub reading: Reading,
    /// What is searched for in lanes, log or code; the list of scenarios has a search of its own.
    pub search: Option<Search>,
    /// One line for the user, shown in the footer's place until the next key.
    pub notice: Option<Notice>,
    /// What the pointer is over, told in the footer's place until something else is done.
    pub tip: Option<Tip>,
    /// Where the panes were drawn last: for mouse hits and for page sizes.
    pub areas: Areas,
    /// What is remembered between actions and never drawn.
    pub session: Session,
    /// Whether the run on screen comes from a recording, and there is none to be made.
    pub replay: bool,
    /// The ids of the scenarios that were run on screen, in this session or before.
    pub seen: BTreeSet<&'static str>,
    /// What the run is waiting for that the form describes.
    pub pending: Pending,
    /// Set when the program should end.
    pub quit: bool,
}

/// What was decided when the program was started.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Which marks and colours are drawn.
    pub theme: Theme,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether nothing moves smoothly by itself.
    pub reduced_motion: bool,
    /// Where tokio-console can attach.
    pub console: Option<SocketAddr>,
    /// When endless runs stop, on their own clock.
    pub limit: Duration,
}

/// One line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The line.
    pub text: String,
    /// Whether something went wrong.
    pub error: bool,
}

impl Model {
    /// The model of a session that opens with this catalogue, which must not be empty.
    ///
    /// With a spec its scenario is picked, with those settings, and started by
    /// the shell once the first frame is drawn; its `pace` is the speed that runs
    /// are played at, and none is as fast as time itself.
    pub fn new(catalogue: &'static [Scenario], options: Options, spec: Option<Spec>) -> Self {
        let form = Form::new(spec.as_ref().map_or(&catalogue[0], |spec| spec.scenario));
        let mut model = Self {
            catalogue,
            options,
            bindings: Bindings::default(),
            focus: Pane::Scenarios,
            full: None,
            layout: Layout::default(),
            mode: Mode::default(),
            list: List::default(),
            form,
            run: None,
            timeline: Timeline {
                left_ns: 0,
                cell_ns: 10_000_000,
                follow: true,
                top: 0,
                selected: None,
                grouping: Grouping::default(),
                lanes: LaneView::default(),
            },
            log: LogView { level: Level::Info, back: 0 },
            code: CodeView { tab: CodeTab::Rust, top: 0 },
            metrics: MetricsView::default(),
            bookmarks: Vec::new(),
            reading: Reading::default(),
            search: None,
            notice: None,
            tip: None,
            areas: Areas::default(),
            session: Session::default(),
            replay: false,
            seen: BTreeSet::new(),
            pending: Pending::default(),
            quit: false,
        };
        if let Some(spec) = spec {
            model.list.row = catalogue.iter().position(|scenario| scenario.id == spec.scenario.id).unwrap_or(0);
            let Spec { values, seed, clock, workers, detail, stall_after, .. } = spec;
            model.form = Form { values, seed, clock, workers, detail, stall_after, ..model.form };
            model.focus = Pane::Parameters;
            model.session.speed = spec.pace.unwrap_or(1.0);
            model.session.start = true;
        }
        model
    }

    /// Moves the focus. A search ends with that, and the full screen goes with the focus: keys never go to a pane that is
    /// out of sight.
    pub(in crate::app) fn focus_on(&mut self, pane: Pane) {
        self.focus = pane;
        if self.mode == Mode::Search {
            self.mode = Mode::Browse;
        }
        if self.full.is_some() {
            self.full = Some(pane);
        }
    }

    /// Shows a layout from the start, with the focus on a pane that it has.
    pub fn keep_to(&mut self, layout: Layout) {
        self.layout = layout;
        if !layout.has(self.focus) {
            self.focus = Pane::Timeline;
        }
    }

    /// Tells the user one line.
    pub(in crate::app) fn notify(&mut self, error: bool, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), error });
    }

    /// Tells the user what has gone wrong outside of the model.
    pub fn warn(&mut self, text: String) {
        self.notify(true, text);
    }
}
