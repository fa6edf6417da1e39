//! The model: everything that the screen shows, as plain data.
//!
//! It holds no terminal, no thread and no runtime. Only [`update`](super::update) changes it and the panes only read
//! it, so a test can build any screen by setting fields, and check any behaviour with a table.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use scenario::Scenario;

pub use crate::app::areas::Areas;
pub use crate::app::colors::Theme;
pub use crate::app::form::fields::{Field, FieldError, Form};
use crate::app::input::bindings::Bindings;
pub use crate::app::list::List;
pub use crate::app::mode::{Mode, Overlay, Prompt, Wanted};
use crate::app::overlay::hunted::HuntView;
use crate::app::overlay::swept::SweepView;
pub use crate::app::panes::{CodeTab, CodeView, Layout, LogView, MetricsView, Pane};
use crate::app::programs::view::Programs;
use crate::app::run::pinned::Pin;
use crate::app::run::prediction::Predict;
pub use crate::app::run::view::{Cursor, Pending, RunView, StoryView};
use crate::app::search::sought::Search;
use crate::app::session::Session;
use crate::app::sketch::view::SketchView;
use crate::app::timeline::reading::Reading;
use crate::app::timeline::tip::Tip;
pub use crate::app::timeline::view::{COUNTERS_NEED, GroupBy, Grouping, LaneKind, LaneView, Timeline};
use engine::Spec;
use engine::program::PROGRAM;
use facts::event::Level;

/// Everything that the screen shows.
#[derive(Debug)]
pub struct Model {
    /// The scenarios that can be picked.
    pub catalogue: &'static [Scenario],
    /// The options that were set when the program started.
    pub options: Options,
    /// The table of keys.
    pub bindings: Bindings,
    /// The pane that receives keys.
    pub focus: Pane,
    /// The pane that fills the screen.
    pub full: Option<Pane>,
    /// Which panes are on screen.
    pub layout: Layout,
    /// What receives the keys.
    pub mode: Mode,
    /// The list of scenarios.
    pub list: List,
    /// The parameters of the picked scenario.
    pub form: Form,
    /// The run on screen.
    pub run: Option<RunView>,
    /// The run that stays above the next ones.
    pub pin: Option<Pin>,
    /// The view of the timeline. It survives a new run of the same scenario.
    pub timeline: Timeline,
    /// The view of the log.
    pub log: LogView,
    /// The view of the code.
    pub code: CodeView,
    /// The view of the metrics.
    pub metrics: MetricsView,
    /// Bookmarked times in nanoseconds, sorted. They survive a new run of the same scenario.
    pub bookmarks: Vec<u64>,
    /// The story of the run, once the user has gone to one of its stops.
    pub story: Option<StoryView>,
    /// The questions before runs.
    pub predict: Predict,
    /// The last hunt.
    pub hunt: Option<HuntView>,
    /// The last sweep.
    pub sweep: Option<SweepView>,
    /// How the run is analysed: range, order, filter.
    pub reading: Reading,
    /// The search in lanes, log or code; the list of scenarios has its own.
    pub search: Option<Search>,
    /// A message to the user, shown in place of the footer until the next key.
    pub notice: Option<Notice>,
    /// What the pointer is over, described in place of the footer until the next input.
    pub tip: Option<Tip>,
    /// Where the panes were last drawn: for mouse hits and page sizes.
    pub areas: Areas,
    /// State that is kept between actions and never drawn.
    pub session: Session,
    /// Set if the screen is for programs, and not for scenarios: there is nothing to run or to set.
    pub programs: Option<Programs>,
    /// The sketch that is open. It is the first entry of the catalogue.
    pub sketch: Option<SketchView>,
    /// Whether the run on screen comes from a recording, so it cannot be run again or saved.
    pub replay: bool,
    /// The ids of the scenarios that were run on screen, in this or an earlier session.
    pub seen: BTreeSet<&'static str>,
    /// The ids of the scenarios whose challenge was solved, in this or an earlier session.
    pub solved: BTreeSet<&'static str>,
    /// What delays the run that the form describes.
    pub pending: Pending,
    /// Set when the program should end.
    pub quit: bool,
}

/// Options that were set when the program started.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Which marks and colours are drawn.
    pub theme: Theme,
    /// Whether to use the mouse.
    pub mouse: bool,
    /// Whether to avoid smooth motion.
    pub reduced_motion: bool,
    /// The address where tokio-console can attach.
    pub console: Option<SocketAddr>,
    /// When endless runs stop, in their own clock's time.
    pub limit: Duration,
}

/// A message of one line to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The message.
    pub text: String,
    /// Whether it reports an error.
    pub error: bool,
}

impl Model {
    /// A model for a new session with this catalogue, which must not be empty.
    ///
    /// If a spec is given, its scenario is picked with those settings, and the shell starts it after the first frame.
    /// The spec's `pace` is the playback speed; without one, runs play at the speed of wall time.
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
            pin: None,
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
            story: None,
            predict: Predict::default(),
            hunt: None,
            sweep: None,
            reading: Reading::default(),
            search: None,
            notice: None,
            tip: None,
            areas: Areas::default(),
            session: Session::default(),
            programs: None,
            sketch: None,
            replay: false,
            seen: BTreeSet::new(),
            solved: BTreeSet::new(),
            pending: Pending::default(),
            quit: false,
        };
        if let Some(spec) = spec {
            model.list.row = catalogue.iter().position(|scenario| scenario.id == spec.scenario.id).unwrap_or(0);
            let Spec { values, seed, schedule, clock, workers, detail, stall_after, .. } = spec;
            model.form = Form { values, seed, schedule, clock, workers, detail, stall_after, ..model.form };
            model.focus = Pane::Parameters;
            model.session.speed = spec.pace.unwrap_or(1.0);
            model.session.start = true;
        }
        model
    }

    /// A model for a session with programs.
    pub fn of_programs(options: Options, bindings: Bindings) -> Self {
        let mut model = Self::new(std::slice::from_ref(&PROGRAM), options, None);
        (model.programs, model.bindings) = (Some(Programs::default()), bindings.of_programs());
        model.code.tab = CodeTab::Rust;
        model
    }

    /// Whether there is something to run: scenarios, and no recording.
    pub fn can_run(&self) -> bool {
        self.programs.is_none() && !self.replay
    }

    /// Whether what is on screen are samples, between which something may have happened.
    pub fn is_sampled(&self) -> bool {
        self.programs.as_ref().and_then(|programs| programs.current.as_ref()).is_some_and(|current| current.sampled)
    }

    /// What a pane says that has nothing to show.
    pub fn nothing_yet(&self) -> &'static str {
        if self.programs.is_some() { "no program yet" } else { "no run yet" }
    }

    /// Says that there is no run yet, and how to get one.
    pub(in crate::app) fn no_run(&self) -> &'static str {
        if self.programs.is_some() { "no program yet: Enter attaches to one" } else { "no run yet: space starts one" }
    }

    /// Moves the focus. This ends a search, and moves the full screen along with the focus: keys never go to a pane
    /// that is out of sight.
    pub(in crate::app) fn focus_on(&mut self, pane: Pane) {
        self.focus = pane;
        if self.mode == Mode::Search {
            self.mode = Mode::Browse;
        }
        if self.full.is_some() {
            self.full = Some(pane);
        }
    }

    /// Starts in a layout, with the focus on one of its panes.
    pub fn keep_to(&mut self, layout: Layout) {
        self.layout = layout;
        if !layout.has(self.focus) {
            self.focus = Pane::Timeline;
        }
    }

    /// Shows the user a message.
    pub(in crate::app) fn notify(&mut self, error: bool, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), error });
    }

    /// Warns the user of a problem outside the model.
    pub fn warn(&mut self, text: String) {
        self.notify(true, text);
    }
}
