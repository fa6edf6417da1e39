//! Actions: everything that the model can be asked to do.
//!
//! The table [`Bindings`](super::bindings::Bindings) assigns keys to actions.

use std::time::Duration;

use crate::app::colors::ThemeName;
use crate::app::panes::{CodeTab, ExplainTab, Pane};
use crate::app::timeline::tip::Tip;
use trace::TaskIx;

/// Everything that the model can be asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Ends the program.
    Quit,
    /// Gives the terminal back to the shell that started the program.
    Suspend,
    /// Opens the help of the focused pane, or closes it.
    Help,
    /// Closes one layer: an overlay, an edit, a search, the full screen.
    Close,
    /// Moves the focus to the next pane.
    FocusNext,
    /// Moves the focus to the previous pane.
    FocusPrevious,
    /// Moves the focus to a pane.
    Focus(Pane),
    /// Shows the next layout: all panes, the stage, lanes only.
    Layout,
    /// Makes the focused pane fill the screen, or restores it.
    FullScreen,
    /// Opens the command palette, or closes it.
    Palette,
    /// Runs the selected command of the palette.
    RunCommand,
    /// Opens the current source line in the user's editor.
    OpenEditor,
    /// Starts a search in the focused pane: scenarios, lanes, log or code.
    Find,
    /// Runs the typed search, and goes to its first match.
    TakeSearch,
    /// Goes to the next match of the search, or to the previous one.
    Match {
        /// Forward, to the next match.
        on: bool,
    },
    /// Pauses, resumes, or plays again from the start after the end.
    PauseOrGo,
    /// Runs again from the start; asks first if the run is live on the real clock.
    Restart,
    /// Answers the question with yes.
    Yes,
    /// Asks before each run what the user expects, or no longer.
    Predict,
    /// Takes the answer to the question before a run.
    Answer,
    /// Stops the run.
    Stop,
    /// Switches between the virtual and the real clock.
    SwitchClock,
    /// Moves the cursor by one step and stops there.
    Step(Stride),
    /// Moves the cursor to the next landmark of a kind.
    Jump(Landmark),
    /// Moves the cursor to the next or previous problem of any kind.
    Problem {
        /// Forward, to the next problem.
        on: bool,
    },
    /// Goes to the next or previous stop of the scenario's story.
    Story {
        /// Forward, to the next stop.
        on: bool,
    },
    /// Moves the cursor to the start of the run and stops there.
    ToStart,
    /// Moves the cursor to the newest event and follows the run.
    ToLive,
    /// Starts typing a time.
    TypeTime,
    /// Moves the cursor to the typed time.
    GoToTime,
    /// Sets one end of the measured range at the cursor; if both are set, clears the range.
    MarkRange,
    /// Shows or hides the critical path of the range or the run.
    CriticalPath,
    /// Shows the outcome beside that of the previous run.
    Compare,
    /// Pins the run on screen above the next ones, or unpins it.
    Pin,
    /// Lets the critical path lead to the selected task, or to the end of the run again.
    PathTo,
    /// Sorts the lanes by the next criterion.
    Order,
    /// Starts typing a filter for the lanes.
    Filter,
    /// Applies the typed filter.
    TakeFilter,
    /// Removes the filter.
    ClearFilter,
    /// Sets a bookmark at the cursor, or removes the one there.
    Bookmark,
    /// Moves the cursor to the next bookmark.
    NextBookmark,
    /// Moves the cursor to the previous bookmark.
    PreviousBookmark,
    /// Puts the poll that was stepped to off, and runs again.
    PutOff,
    /// Takes back the last poll that was put off, and runs again.
    TakeBack,
    /// Begins the challenge of the form's scenario.
    Challenge,
    /// Hunts for a run that goes wrong.
    Hunt,
    /// Runs the parameter under the cursor over its values.
    Sweep,
    /// Copies the run's share line, and shows it.
    Share,
    /// Asks for the folder in which the scenario becomes the user's own.
    Own,
    /// Makes the scenario the user's own in the typed folder.
    MakeOwn,
    /// Opens the place of the selected error of the compiler in the user's editor.
    OpenProblem,
    /// Starts typing the name of the file to save the recording in.
    SaveAs,
    /// Starts typing the name of the file to export the run to.
    ExportAs,
    /// Changes the typed name to the next form of an export.
    NextFormat,
    /// Saves the recording in the typed file, or exports the run there.
    Save,
    /// Steps to the next lower speed.
    Slower,
    /// Steps to the next higher speed.
    Faster,
    /// Moves within the overlay, or within the focused pane if there is no overlay.
    Move(Move),
    /// Picks the scenario under the cursor of the list or of the tour, and starts it.
    Pick,
    /// Opens or closes the tour of the catalogue.
    Path,
    /// Changes the field under the cursor by a number of steps.
    Turn(i64),
    /// Starts typing into the field under the cursor.
    Edit,
    /// Commits the typed value.
    Commit,
    /// Resets the field under the cursor to its default.
    Reset,
    /// Pans the timeline by eighths of its width; positive is later.
    Pan(i64),
    /// Zooms in: a cell covers half the time.
    ZoomIn,
    /// Zooms out: a cell covers twice the time.
    ZoomOut,
    /// Zooms around a column of the screen.
    ZoomAt {
        /// The screen column whose time stays in place.
        column: u16,
        /// Steps in; negative zooms out.
        steps: i32,
    },
    /// Fits the whole run into the timeline.
    Fit,
    /// Fits the selected task into the timeline; if it fits already, or none is selected, fits the whole run.
    FitSelection,
    /// Undoes the last change of the view.
    UndoView,
    /// Redoes the view change that was undone last.
    RedoView,
    /// Groups the lanes by the next criterion, or ungroups them.
    Group,
    /// Shows the lanes of the selected group; for other kinds of lanes, selects the task that the row is about.
    Open,
    /// Shows the next kind of lanes: tasks, threads, resources, source lines.
    NextKind,
    /// Folds or unfolds the descendants of the selected task.
    Fold,
    /// Shows or hides the counters below the lanes.
    Counters,
    /// Shows or hides a lane for each future that a task awaits concurrently.
    Branches,
    /// Opens the menu that arranges the lanes.
    Arrange,
    /// Changes the selected row of that menu.
    Choose,
    /// Opens a tab of the overlay that explains the run.
    Explain(ExplainTab),
    /// Shows the next or previous tab of that overlay.
    TurnExplain {
        /// Forward, to the next tab.
        on: bool,
    },
    /// Goes to the selected finding or the selected step of the critical path.
    Show,
    /// Selects the task that ended the selected task's wait.
    ToWaker,
    /// Selects the task that was selected before the last jump to a waker.
    JumpBack,
    /// Follows a wake with the cursor: back to the task that ended this wait, or on to the task that this one woke
    /// next.
    AlongWake {
        /// Forward, to the woken task.
        on: bool,
    },
    /// Shows the next log level: fewer lines, or all again.
    LogLevel,
    /// Shows the next tab of the code pane.
    NextTab,
    /// Shows the previous tab of the code pane.
    PreviousTab,
    /// Shows a tab of the code pane.
    ShowTab(CodeTab),
    /// Attaches to the process under the cursor.
    Attach,
    /// Switches to the next theme.
    NextTheme,
    /// Switches to a theme.
    Theme(ThemeName),
    /// A character was typed.
    Type(char),
    /// Text was pasted.
    Paste(String),
    /// A key that edits text.
    Text(TextKey),
    /// The pointer was pressed on a target.
    Point(Target),
    /// The pointer was dragged to a column of the screen.
    Drag(u16),
    /// The pointer moved onto another target with no button held.
    Hover(Option<Tip>),
    /// The pointer's button was released.
    LetGo,
    /// Scrolls a pane by a number of rows, regardless of the focus.
    Scroll {
        /// The pane.
        pane: Pane,
        /// Rows down; negative is up.
        rows: i32,
    },
    /// Wall time has passed.
    Tick(Duration),
}

/// A step of the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stride {
    /// To the next poll. At the newest event of a live run, lets exactly one poll through the gate.
    Poll,
    /// To the previous poll: undoes a step to the next one.
    PollBack,
    /// To the next event of the selected task.
    Task,
    /// To the previous event of the selected task.
    TaskBack,
    /// To the next wake of any task.
    Wake,
    /// To the next time with a poll; on the virtual clock this skips a jump of time.
    Time,
    /// To the previous time with a poll.
    TimeBack,
    /// Forward by one cell of the timeline.
    Cell,
    /// Back by one cell of the timeline.
    CellBack,
}

/// A target of a cursor jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landmark {
    /// The next task that fails.
    Failure,
    /// The next task that is cancelled.
    Cancellation,
    /// The next task that panics.
    Panic,
    /// The moment when tasks get stuck for good.
    Stall,
    /// The end of the longest wait of the selected task, or of any task if none is selected.
    LongestWait,
}

/// A movement between rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

/// A key that edits text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKey {
    /// Deletes the character before the cursor.
    Backspace,
    /// Deletes the character at the cursor.
    Delete,
    /// Moves the cursor left.
    Left,
    /// Moves the cursor right.
    Right,
    /// Moves the cursor to the start.
    Home,
    /// Moves the cursor to the end.
    End,
    /// Empties the field.
    Clear,
}

/// What is under the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A pane, but nothing selectable in it.
    Pane(Pane),
    /// A row of the list, by its index in the catalogue.
    Scenario(usize),
    /// A row of the form.
    Field(usize),
    /// A lane's name.
    Task(TaskIx),
    /// The name of a group of tasks, by its index.
    Group(usize),
    /// The lanes, which can be dragged.
    Lanes {
        /// The lane's task; `None` below the last lane.
        task: Option<TaskIx>,
        /// The column of the screen.
        column: u16,
    },
    /// The ruler, at a screen column: the cursor goes there and follows the pointer.
    Ruler(u16),
    /// The map of the whole run, at a screen column: the view goes there and follows the pointer.
    Map(u16),
    /// The lanes or the ruler, at a screen column where a range starts.
    Range(u16),
    /// A tab of the code pane.
    Tab(CodeTab),
}
