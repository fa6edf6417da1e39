//! The panes of the screen, and the view of each.
//!
//! This module is the lowest layer of `app`: actions, keys and the model use it.

use facts::event::Level;

/// A part of the screen that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The list of scenarios.
    Scenarios,
    /// The form.
    Parameters,
    /// The lanes.
    Timeline,
    /// Charts of the run's figures.
    Metrics,
    /// The scenario's own events.
    Log,
    /// The source, the twin, the lesson.
    Code,
    /// The selected task.
    Task,
}

impl Pane {
    /// All panes, in Tab order.
    pub const ALL: [Pane; 7] =
        [Pane::Scenarios, Pane::Parameters, Pane::Timeline, Pane::Metrics, Pane::Log, Pane::Code, Pane::Task];

    /// Its name on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Pane::Scenarios => "Scenarios",
            Pane::Parameters => "Parameters",
            Pane::Timeline => "Timeline",
            Pane::Metrics => "Metrics",
            Pane::Log => "Log",
            Pane::Code => "Code",
            Pane::Task => "Selected task",
        }
    }
}

/// Which panes are on screen, and their sizes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// All panes, as far as there is room.
    #[default]
    Explore,
    /// Lanes and code, with the lesson below: for presenting a scenario to others.
    Stage,
    /// Only the lanes.
    Lanes,
}

impl Layout {
    /// All layouts, in the order of the command.
    pub const ALL: [Self; 3] = [Self::Explore, Self::Stage, Self::Lanes];

    /// Its name, as saved.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Explore => "explore",
            Self::Stage => "stage",
            Self::Lanes => "lanes",
        }
    }

    /// The next layout, cyclically.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Explore => Self::Stage,
            Self::Stage => Self::Lanes,
            Self::Lanes => Self::Explore,
        }
    }

    /// Whether this layout shows a pane.
    pub const fn has(self, pane: Pane) -> bool {
        match self {
            Self::Explore => true,
            Self::Stage => matches!(pane, Pane::Timeline | Pane::Code),
            Self::Lanes => matches!(pane, Pane::Timeline),
        }
    }
}

/// The view of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogView {
    /// Lines below this level are hidden.
    pub level: Level,
    /// Lines scrolled back from the newest one; 0 follows the log.
    pub back: usize,
}

impl LogView {
    /// Sets the next level, from everything to errors only and round again; the log follows again.
    pub fn next_level(&mut self) {
        self.level = match self.level {
            Level::Trace => Level::Debug,
            Level::Debug => Level::Info,
            Level::Info => Level::Warn,
            Level::Warn => Level::Error,
            Level::Error => Level::Trace,
        };
        self.back = 0;
    }
}

/// The view of the metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MetricsView {
    /// The index of the selected figure.
    pub row: usize,
}

/// The view of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeView {
    /// The open tab.
    pub tab: CodeTab,
    /// Rows scrolled down from where the tab opens; negative is above.
    pub top: isize,
}

impl CodeView {
    /// Shows a tab from where it opens.
    pub fn show(&mut self, tab: CodeTab) {
        if self.tab != tab {
            (self.tab, self.top) = (tab, 0);
        }
    }

    /// Moves forward by a number of tabs, cyclically.
    pub fn turn(&mut self, tabs: usize) {
        let at = CodeTab::ALL.iter().position(|tab| *tab == self.tab).unwrap_or(0);
        self.show(CodeTab::ALL[(at + tabs) % CodeTab::ALL.len()]);
    }
}

/// A tab of the code pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeTab {
    /// The lesson.
    Lesson,
    /// The scenario's own source.
    Rust,
    /// Its asyncio twin.
    Asyncio,
    /// The tests in the scenario's source, on paused time, and the same test of its twin, for pytest-asyncio. They prove the
    /// lesson, and show how to test async code.
    Test,
}

impl CodeTab {
    /// All tabs, in screen order.
    pub const ALL: [CodeTab; 4] = [CodeTab::Lesson, CodeTab::Rust, CodeTab::Asyncio, CodeTab::Test];

    /// Its name on screen.
    pub const fn title(self) -> &'static str {
        match self {
            CodeTab::Lesson => "Lesson",
            CodeTab::Rust => "Rust",
            CodeTab::Asyncio => "asyncio",
            CodeTab::Test => "Test",
        }
    }
}

/// A tab of the overlay that explains the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExplainTab {
    /// Why a task waits.
    Why,
    /// What is wrong with the run.
    Findings,
    /// What decided how long the run or a range of it took.
    Path,
    /// Locks, semaphores and channels.
    Resources,
}

impl ExplainTab {
    /// All tabs, in screen order.
    pub const ALL: [Self; 4] = [Self::Why, Self::Findings, Self::Path, Self::Resources];

    /// Its name on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Why => "Why",
            Self::Findings => "Findings",
            Self::Path => "Critical path",
            Self::Resources => "Resources",
        }
    }

    /// The next or previous tab, cyclically.
    #[must_use]
    pub fn neighbour(self, on: bool) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL[(at + if on { 1 } else { Self::ALL.len() - 1 }) % Self::ALL.len()]
    }
}
