//! Actions: everything that can be asked of the model.
//!
//! Which key asks for which is in the table [`Bindings`](super::bindings::Bindings).

use std::time::Duration;

use crate::app::colors::ThemeName;
use crate::app::panes::{CodeTab, ExplainTab, Pane};
use crate::app::timeline::tip::Tip;
use crate::trace::TaskIx;

/// Everything that can be asked of the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Ends the program.
    Quit,
    /// Gives the terminal back to the shell that started the program.
    Suspend,
    /// Opens the help of the focused pane, or closes it.
    Help,
    /// Closes one thing: an overlay, an edit, a search, the full screen.
    Close,
    /// Moves the focus to the pane after this one.
    FocusNext,
    /// Moves the focus to the pane before this one.
    FocusPrevious,
    /// Moves the focus to that pane.
    Focus(Pane),
    /// Shows the next layout: all panes, the stage, the lanes alone.
    Layout,
    /// Lets the focused pane fill the screen, or puts it back.
    FullScreen,
    /// Opens the command palette, or closes it.
    Palette,
    /// Does what is under the cursor of the command palette.
    RunCommand,
    /// Opens the line that is looked at in the user's editor.
    OpenEditor,
    /// Starts a search of what is in focus: scenarios, lanes, log or code.
    Find,
    /// Takes the search that was typed, and goes to its first match.
    TakeSearch,
    /// Goes to the next match of the search, or to the previous one.
    Match {
        /// To the next one.
        on: bool,
    },
    /// Pauses; goes on; plays again from the start when it has ended.
    PauseOrGo,
    /// Runs again, from the start; a live run on the real clock only after a question.
    Restart,
    /// Answers the question with yes.
    Yes,
    /// Stops the run.
    Stop,
    /// Goes from the virtual to the real clock, and back.
    SwitchClock,
    /// Moves the cursor by one step, and lets it rest there.
    Step(Stride),
    /// Moves the cursor to the next landmark of that kind.
    Jump(Landmark),
    /// Moves the cursor to the next problem of whatever kind, or to the previous one.
    Problem {
        /// To the next one.
        on: bool,
    },
    /// Moves the cursor to the start of the run, and lets it rest there.
    ToStart,
    /// Shows the newest event again, and what comes after it.
    ToLive,
    /// Starts typing a time.
    TypeTime,
    /// Moves the cursor to the time that was typed.
    GoToTime,
    /// Sets an end of the range that is measured at the cursor; once both are set, takes it away.
    MarkRange,
    /// Shows the critical path of the range or of the run, or hides it.
    CriticalPath,
    /// Shows the outcome beside that of the previous run.
    Compare,
    /// Lets the critical path lead to the selected task, or to the end of the run again.
    PathTo,
    /// Sorts the lanes by the next thing that they can be sorted by.
    Order,
    /// Starts typing which lanes there are to be.
    Filter,
    /// Takes the filter that was typed.
    TakeFilter,
    /// Shows all lanes again.
    ClearFilter,
    /// Sets a bookmark at the cursor, or takes the one there away.
    Bookmark,
    /// Moves the cursor to the next bookmark.
    NextBookmark,
    /// Moves the cursor to the bookmark before.
    PreviousBookmark,
    /// Copies the share line of the run, and shows it.
    Share,
    /// Starts typing the file that the recording of the run is to be saved in.
    SaveAs,
    /// Saves the recording in the file that was typed.
    Save,
    /// Plays at the next lower speed.
    Slower,
    /// Plays at the next higher speed.
    Faster,
    /// Moves within the overlay, else within the focused pane.
    Move(Move),
    /// Picks the scenario under the cursor of the list or of the path, and starts it.
    Pick,
    /// Opens the path through the catalogue, or closes it.
    Path,
    /// Turns the field under the cursor by so many steps.
    Turn(i64),
    /// Starts typing into the field under the cursor.
    Edit,
    /// Takes what was typed.
    Commit,
    /// Turns the field under the cursor back to its default.
    Reset,
    /// Moves the timeline by so many steps of an eighth of its width; forward is positive.
    Pan(i64),
    /// Lets a cell of the timeline stand for half the time.
    ZoomIn,
    /// Lets a cell of the timeline stand for twice the time.
    ZoomOut,
    /// The same at a place of the screen: one step in when positive, out when negative.
    ZoomAt {
        /// The column of the screen whose time stays where it is.
        column: u16,
        /// Steps in; negative is out.
        steps: i32,
    },
    /// Fits the whole run into the timeline.
    Fit,
    /// Fits the life of the selected task into the timeline; where it fits already, or without one, the whole run.
    FitSelection,
    /// Looks again at what was looked at before the last change of the view.
    UndoView,
    /// Takes the last undo back.
    RedoView,
    /// Puts the lanes of tasks together by the next thing that they have in common, or takes them apart again.
    Group,
    /// Shows the lanes of the group under the selection; of another kind of lanes, selects the task that the row is about.
    Open,
    /// Shows the next kind of lanes: of tasks, threads, resources, lines of the source.
    NextKind,
    /// Folds away what the selected task spawned, or unfolds it.
    Fold,
    /// Shows the counters under the lanes, or hides them.
    Counters,
    /// Shows the lanes of the futures that a task waits on at once, or hides them.
    Branches,
    /// Opens the menu that arranges the lanes.
    Arrange,
    /// Changes what is under the cursor of that menu.
    Choose,
    /// Opens a tab of the layer that explains the run.
    Explain(ExplainTab),
    /// Shows the next tab of that layer, or the previous one.
    TurnExplain {
        /// To the next one.
        on: bool,
    },
    /// Goes to the finding or to the step of the critical path under the cursor.
    Show,
    /// Selects the task that ended the wait of the selected one.
    ToWaker,
    /// Selects the task that was selected before the last jump to a waker.
    JumpBack,
    /// Goes to the task that ended this wait, or on to the one that this task woke next, with the cursor at the wake.
    AlongWake {
        /// On, and not back.
        on: bool,
    },
    /// Leaves out less, or more, of the log.
    LogLevel,
    /// Shows the next tab of the code pane.
    NextTab,
    /// Shows the tab before this one.
    PreviousTab,
    /// Shows that tab of the code pane.
    ShowTab(CodeTab),
    /// Draws with the next theme.
    NextTheme,
    /// Draws with that theme.
    Theme(ThemeName),
    /// A character was typed.
    Type(char),
    /// Text was pasted.
    Paste(String),
    /// A key that edits text.
    Text(TextKey),
    /// The pointer was pressed on something.
    Point(Target),
    /// The pointer was moved to that column of the screen with its button held.
    Drag(u16),
    /// The pointer was moved, with no button held, onto something else than it was over before.
    Hover(Option<Tip>),
    /// The pointer's button was let go.
    LetGo,
    /// Scrolls a pane by so many rows, down when positive, whatever has the focus.
    Scroll {
        /// The pane.
        pane: Pane,
        /// Rows down; negative is up.
        rows: i32,
    },
    /// So much wall time has passed.
    Tick(Duration),
}

/// A step of the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stride {
    /// To the next poll. At the newest event of a live run: lets exactly one poll through the gate.
    Poll,
    /// To the poll before: takes back a step to the next one.
    PollBack,
    /// To the next event of the selected task.
    Task,
    /// To the event of the selected task before.
    TaskBack,
    /// To the next wake of any task.
    Wake,
    /// To the next time at which there is a poll: on the virtual clock, over a jump of time.
    Time,
    /// To the time before at which there is a poll.
    TimeBack,
    /// By one cell of the timeline.
    Cell,
    /// Back by one cell of the timeline.
    CellBack,
}

/// What the cursor can jump to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landmark {
    /// The next task that fails.
    Failure,
    /// The next task that is cancelled.
    Cancellation,
    /// The next task that panics.
    Panic,
    /// The moment from which on tasks can never go on.
    Stall,
    /// The end of the longest wait, of the selected task or else of any.
    LongestWait,
}

/// A movement along rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// As many rows up as are in sight.
    PageUp,
    /// As many rows down as are in sight.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

/// A key that edits text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKey {
    /// Takes away the character before the cursor.
    Backspace,
    /// Takes away the character at the cursor.
    Delete,
    /// Moves the cursor left.
    Left,
    /// Moves the cursor right.
    Right,
    /// Moves the cursor to the start.
    Home,
    /// Moves the cursor behind the end.
    End,
    /// Empties the field.
    Clear,
}

/// What is under the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A pane, and nothing in it that can be selected.
    Pane(Pane),
    /// A row of the list, by its place in the catalogue.
    Scenario(usize),
    /// A row of the form.
    Field(usize),
    /// A lane, by its name.
    Task(TaskIx),
    /// The name of a group of tasks, by its place.
    Group(usize),
    /// The lanes themselves: they can be dragged.
    Lanes {
        /// The lane's task; none below the last one.
        task: Option<TaskIx>,
        /// The column of the screen.
        column: u16,
    },
    /// The ruler, at that column of the screen: the cursor goes there, and along with the pointer.
    Ruler(u16),
    /// The map of the whole run, at that column of the screen: the lanes look there, and along with the pointer.
    Map(u16),
    /// The lanes or the ruler, at that column of the screen: a range is marked from there on.
    Range(u16),
    /// A tab of the code pane.
    Tab(CodeTab),
}
