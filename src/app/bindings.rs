//! The one table that says which key does what, and where.
//!
//! Key dispatch, footer, help and whatever else lists what can be done are all
//! read from [`ACTIONS`], so a key that works is a key that is explained.

use crossterm::event::KeyCode;

use super::action::{Action, Landmark, Move, Stride, TextKey};
use super::model::Pane;

/// A key as the table knows it: Shift is in the character, Alt is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Whether Ctrl is held.
    pub ctrl: bool,
}

/// Where a binding works: what takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Wherever the keys go.
    Always,
    /// In these panes.
    Panes(&'static [Pane]),
    /// In the help layer.
    Help,
    /// In the layer that says why a task waits.
    Why,
    /// In the path through the catalogue.
    Path,
    /// In the list of findings.
    Findings,
    /// In any layer.
    Layers,
    /// While a search or a field is typed.
    Text,
    /// While a search is typed.
    Search,
    /// While a field is typed.
    Edit,
    /// While a time is typed.
    Time,
    /// While a file is typed.
    File,
}

/// What takes the keys at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// A pane.
    Pane(Pane),
    /// The help layer.
    Help,
    /// The layer that says why a task waits.
    Why,
    /// The path through the catalogue.
    Path,
    /// The list of findings.
    Findings,
    /// The search of the list.
    Search,
    /// A field of the form.
    Edit,
    /// A time to go to.
    Time,
    /// A file to save in.
    File,
}

impl Scope {
    /// Whether a binding of this scope works in that context.
    pub fn covers(self, context: Context) -> bool {
        match (self, context) {
            (Scope::Panes(panes), Context::Pane(pane)) => panes.contains(&pane),
            (Scope::Always, _)
            | (Scope::Help | Scope::Layers, Context::Help)
            | (Scope::Why | Scope::Layers, Context::Why)
            | (Scope::Path | Scope::Layers, Context::Path)
            | (Scope::Findings | Scope::Layers, Context::Findings)
            | (Scope::Text | Scope::Search, Context::Search)
            | (Scope::Text | Scope::Edit, Context::Edit)
            | (Scope::Text | Scope::Time, Context::Time)
            | (Scope::Text | Scope::File, Context::File) => true,
            _ => false,
        }
    }
}

/// The part of the help that a binding stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What only this pane or layer does.
    Here,
    /// The run and its clock.
    Run,
    /// The cursor: where in the run we look.
    Time,
    /// What is looked at.
    View,
    /// The program.
    Program,
}

impl Group {
    /// All of them, in the order of the help.
    pub const ALL: [Group; 5] = [Group::Here, Group::Run, Group::Time, Group::View, Group::Program];

    /// The heading in the help.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Here => "Here",
            Group::Run => "Run",
            Group::Time => "Time",
            Group::View => "View",
            Group::Program => "Program",
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct Binding {
    /// What is done.
    pub action: Action,
    /// The keys that do it; the first one is the one to show when there is no room for all.
    pub keys: &'static [Key],
    /// One or two words for the footer; neighbours with the same label share a hint. Empty: not in the footer.
    pub label: &'static str,
    /// One sentence for the help.
    pub help: &'static str,
    /// Where it works.
    pub scope: Scope,
    /// Where it stands in the help.
    pub group: Group,
    /// Its place in the footer: smaller is further left and the last to be left out.
    pub rank: u8,
}

const fn key(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

const fn ch(c: char) -> Key {
    key(KeyCode::Char(c))
}

const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: true }
}

const UP: &[Key] = &[key(KeyCode::Up), ch('k')];
const DOWN: &[Key] = &[key(KeyCode::Down), ch('j')];
const LEFT: &[Key] = &[key(KeyCode::Left), ch('h')];
const RIGHT: &[Key] = &[key(KeyCode::Right), ch('l')];
const PAGE_UP: &[Key] = &[key(KeyCode::PageUp)];
const PAGE_DOWN: &[Key] = &[key(KeyCode::PageDown)];
const FIRST: &[Key] = &[ch('g'), key(KeyCode::Home)];
const LAST: &[Key] = &[ch('G'), key(KeyCode::End)];
const ENTER: &[Key] = &[key(KeyCode::Enter)];

const ALL: Scope = Scope::Panes(&Pane::ALL);
const LIST: Scope = Scope::Panes(&[Pane::Scenarios]);
const FORM: Scope = Scope::Panes(&[Pane::Parameters]);
const LANES: Scope = Scope::Panes(&[Pane::Timeline]);
const TASKS: Scope = Scope::Panes(&[Pane::Timeline, Pane::Task]);
const LOG: Scope = Scope::Panes(&[Pane::Log]);
const CODE: Scope = Scope::Panes(&[Pane::Code]);
/// In the form a digit is the start of a value.
const NOT_FORM: Scope = Scope::Panes(&[Pane::Scenarios, Pane::Timeline, Pane::Metrics, Pane::Log, Pane::Code, Pane::Task]);
/// Where Enter has nothing else to do.
const ENTER_FREE: Scope = Scope::Panes(&[Pane::Metrics, Pane::Log, Pane::Code, Pane::Task]);

impl Binding {
    const fn new(action: Action, keys: &'static [Key], scope: Scope, help: &'static str) -> Self {
        Self { action, keys, label: "", help, scope, group: Group::Here, rank: u8::MAX }
    }

    /// A step of the cursor, in any pane.
    const fn step(stride: Stride, keys: &'static [Key], help: &'static str) -> Self {
        Self::new(Action::Step(stride), keys, ALL, help).group(Group::Time)
    }

    /// A jump of the cursor, in any pane.
    const fn jump(landmark: Landmark, keys: &'static [Key], help: &'static str) -> Self {
        Self::new(Action::Jump(landmark), keys, ALL, help).group(Group::Time)
    }

    /// In the footer too.
    const fn hint(mut self, rank: u8, label: &'static str) -> Self {
        self.rank = rank;
        self.label = label;
        self
    }

    const fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }
}

/// Every binding. [`Action`]s that are not here come from the pointer, from typing or from time passing.
pub static ACTIONS: &[Binding] = &[
    // The list of scenarios.
    Binding::new(Action::Pick, ENTER, LIST, "Pick this scenario and start it.").hint(1, "start"),
    Binding::new(Action::Move(Move::Up), UP, LIST, "The scenario above.").hint(2, "choose"),
    Binding::new(Action::Move(Move::Down), DOWN, LIST, "The scenario below.").hint(2, "choose"),
    Binding::new(Action::Move(Move::PageUp), PAGE_UP, LIST, "One page up."),
    Binding::new(Action::Move(Move::PageDown), PAGE_DOWN, LIST, "One page down."),
    Binding::new(Action::Move(Move::First), FIRST, LIST, "The first scenario."),
    Binding::new(Action::Move(Move::Last), LAST, LIST, "The last scenario."),
    // The form.
    Binding::new(Action::Turn(-1), LEFT, FORM, "Turn the value down by one step, or to the choice before; runs at once.")
        .hint(1, "tune"),
    Binding::new(Action::Turn(1), RIGHT, FORM, "Turn the value up by one step, or to the next choice; runs at once.")
        .hint(1, "tune"),
    Binding::new(Action::Turn(-10), PAGE_DOWN, FORM, "Turn the value down by ten steps."),
    Binding::new(Action::Turn(10), PAGE_UP, FORM, "Turn the value up by ten steps."),
    Binding::new(Action::Edit, ENTER, FORM, "Type a value; a digit starts that too.").hint(2, "type"),
    Binding::new(Action::Reset, &[ch('d'), key(KeyCode::Backspace)], FORM, "Turn the value back to its default.")
        .hint(3, "default"),
    Binding::new(Action::Move(Move::Up), UP, FORM, "The field above."),
    Binding::new(Action::Move(Move::Down), DOWN, FORM, "The field below."),
    Binding::new(Action::Move(Move::First), FIRST, FORM, "The first field."),
    Binding::new(Action::Move(Move::Last), LAST, FORM, "The last field."),
    // The timeline, and the task that is selected there.
    Binding::new(Action::Move(Move::Up), UP, TASKS, "Select the task above.").hint(1, "select"),
    Binding::new(Action::Move(Move::Down), DOWN, TASKS, "Select the task below.").hint(1, "select"),
    Binding::new(Action::Move(Move::PageUp), PAGE_UP, TASKS, "One page of tasks up."),
    Binding::new(Action::Move(Move::PageDown), PAGE_DOWN, TASKS, "One page of tasks down."),
    Binding::new(Action::Move(Move::First), &[ch('g')], TASKS, "Select the first task."),
    Binding::new(Action::Move(Move::Last), &[ch('G')], TASKS, "Select the last task."),
    Binding::new(Action::Pan(-1), LEFT, LANES, "Look at an earlier time.").hint(2, "scroll"),
    Binding::new(Action::Pan(1), RIGHT, LANES, "Look at a later time.").hint(2, "scroll"),
    Binding::new(Action::PanToStart, &[key(KeyCode::Home)], LANES, "Look at the start of the run."),
    Binding::new(Action::Follow, &[key(KeyCode::End)], LANES, "Keep the cursor in sight again."),
    Binding::new(
        Action::FullScreen,
        ENTER,
        LANES,
        "Let this pane fill the screen, or put it back; where a row is a group, open it, and Esc closes it; \
         where it is a thread, a resource or a line, select a task there.",
    ),
    // The log.
    Binding::new(Action::Move(Move::Up), UP, LOG, "One line back.").hint(1, "scroll"),
    Binding::new(Action::Move(Move::Down), DOWN, LOG, "One line on.").hint(1, "scroll"),
    Binding::new(Action::Move(Move::PageUp), PAGE_UP, LOG, "One page back."),
    Binding::new(Action::Move(Move::PageDown), PAGE_DOWN, LOG, "One page on."),
    Binding::new(Action::Move(Move::First), FIRST, LOG, "The first line."),
    Binding::new(Action::Move(Move::Last), LAST, LOG, "The newest line; stay there."),
    // The code.
    Binding::new(Action::Move(Move::Up), UP, CODE, "One line up.").hint(1, "scroll"),
    Binding::new(Action::Move(Move::Down), DOWN, CODE, "One line down.").hint(1, "scroll"),
    Binding::new(Action::Move(Move::PageUp), PAGE_UP, CODE, "One page up."),
    Binding::new(Action::Move(Move::PageDown), PAGE_DOWN, CODE, "One page down."),
    Binding::new(Action::Move(Move::First), FIRST, CODE, "The first line."),
    Binding::new(Action::Move(Move::Last), LAST, CODE, "The last line."),
    Binding::new(Action::PreviousTab, LEFT, CODE, "The tab before: lesson, Rust, asyncio.").hint(2, "tab"),
    Binding::new(Action::NextTab, RIGHT, CODE, "The next tab: lesson, Rust, asyncio.").hint(2, "tab"),
    // The run.
    Binding::new(Action::PauseOrGo, &[ch(' ')], ALL, "Pause; go on; play again from the start when it has ended.")
        .hint(4, "pause")
        .group(Group::Run),
    Binding::new(Action::Restart, &[ch('r')], ALL, "Run again from the start, with the same seed.")
        .hint(8, "restart")
        .group(Group::Run),
    Binding::new(Action::Stop, &[ch('s')], ALL, "Stop the run; tasks that are left are cancelled.")
        .hint(13, "stop")
        .group(Group::Run),
    Binding::new(Action::SwitchClock, &[ch('c')], ALL, "Switch between the virtual and the real clock, and run again.")
        .hint(9, "clock")
        .group(Group::Run),
    Binding::new(Action::Slower, &[ch('[')], ALL, "Play slower, down to a hundredth.").hint(12, "speed").group(Group::Run),
    Binding::new(Action::Faster, &[ch(']')], ALL, "Play faster, up to a hundredfold, and then as fast as it goes.")
        .hint(12, "speed")
        .group(Group::Run),
    Binding::new(Action::SaveAs, &[ctrl('s')], ALL, "Save the recording of this run in a file.").group(Group::Run),
    Binding::new(Action::Share, &[ch('y')], ALL, "Copy the command that gives this run again, and show it.")
        .hint(15, "copy")
        .group(Group::Run),
    // The cursor.
    Binding::step(Stride::Poll, &[ch('n')], "To the next poll; a live run is paused, and lets just one poll through.")
        .hint(7, "step"),
    Binding::step(Stride::PollBack, &[ch('N')], "Back to the poll before.").hint(7, "step"),
    Binding::step(Stride::Task, &[ch('.')], "To the next event of the selected task.").hint(13, "its events"),
    Binding::step(Stride::TaskBack, &[ch(',')], "To the event of the selected task before.").hint(13, "its events"),
    Binding::step(Stride::Wake, &[ch('W')], "To the next wake of any task."),
    Binding::step(Stride::Time, &[ch('J')], "To the next time at which anything is polled: over a jump of virtual time."),
    Binding::step(Stride::TimeBack, &[ch('K')], "To the time before at which anything is polled."),
    Binding::step(Stride::Cell, &[ch('>')], "Move the cursor on by a cell of the timeline; the pointer drags it by the ruler."),
    Binding::step(Stride::CellBack, &[ch('<')], "Move the cursor back by a cell of the timeline."),
    Binding::new(Action::TypeTime, &[ch('T')], ALL, "Type a time to go to: 1.5s, 2413 (milliseconds) or 00:02.413.")
        .hint(14, "to time")
        .group(Group::Time),
    Binding::new(Action::ToLive, &[ch('L')], ALL, "To the newest event; in a live run, stay there.")
        .hint(10, "live")
        .group(Group::Time),
    Binding::new(Action::Bookmark, &[ch('m')], ALL, "Set a bookmark at the cursor, or take it away.").group(Group::Time),
    Binding::new(Action::NextBookmark, &[ch('\'')], ALL, "To the next bookmark.").group(Group::Time),
    Binding::new(Action::PreviousBookmark, &[ch('"')], ALL, "To the bookmark before.").group(Group::Time),
    Binding::jump(Landmark::Failure, &[ch('x')], "To the next task that fails."),
    Binding::jump(Landmark::Cancellation, &[ch('o')], "To the next task that is cancelled."),
    Binding::jump(Landmark::Panic, &[ch('!')], "To the next task that panics."),
    Binding::jump(Landmark::Stall, &[ch('S')], "To the moment from which on tasks are stuck for good."),
    Binding::jump(Landmark::LongestWait, &[ch('M')], "To the end of the longest wait, of the selected task or else of any."),
    // What is looked at.
    Binding::new(Action::Why, &[ch('w')], ALL, "Say why the selected task waits: who holds what, and who waits for whom.")
        .hint(9, "why?")
        .group(Group::View),
    Binding::new(Action::ToWaker, &[ch('b')], ALL, "Select the task that ended this wait, or the last one.")
        .hint(12, "woken by")
        .group(Group::View),
    Binding::new(Action::JumpBack, &[ch('B')], ALL, "Select the task from before that.").group(Group::View),
    Binding::new(
        Action::Resources,
        &[ch('e')],
        ALL,
        "Show locks, semaphores and channels in place of the selected task, and back.",
    )
    .hint(13, "resources")
    .group(Group::View),
    Binding::new(Action::Findings, &[ch('i')], ALL, "List the findings: what is wrong with the run, why, and what to do.")
        .group(Group::View),
    Binding::new(Action::ZoomIn, &[ch('+'), ch('=')], ALL, "Zoom the timeline in, around the cursor.")
        .hint(11, "zoom")
        .group(Group::View),
    Binding::new(Action::ZoomOut, &[ch('-')], ALL, "Zoom the timeline out.").hint(11, "zoom").group(Group::View),
    Binding::new(Action::Fit, &[ch('f')], ALL, "Fit the whole run into the timeline.").hint(14, "fit").group(Group::View),
    Binding::new(
        Action::Together,
        &[ch('D')],
        ALL,
        "Put tasks together that one line spawned, then those with one name, then by what they do; then none.",
    )
    .group(Group::View),
    Binding::new(Action::NextKind, &[ch('A')], ALL, "Lanes of tasks, of threads, of resources, of source lines.")
        .group(Group::View),
    Binding::new(Action::Fold, &[ch('Z')], ALL, "Fold away what the selected task spawned, or unfold it.").group(Group::View),
    Binding::new(Action::Counters, &[ch('C')], ALL, "Show the counters under the lanes, or hide them.").group(Group::View),
    Binding::new(Action::Follow, &[ch('F')], ALL, "Keep the cursor in sight again.").group(Group::View),
    Binding::new(Action::NextTab, &[ch('t')], ALL, "Show the next tab of the code pane.").hint(15, "code tab").group(Group::View),
    Binding::new(Action::LogLevel, &[ch('v')], ALL, "Show fewer levels of the log, then all again.")
        .hint(16, "log level")
        .group(Group::View),
    Binding::new(Action::FullScreen, &[ch('z')], ALL, "Let this pane fill the screen, or put it back.")
        .hint(17, "full screen")
        .group(Group::View),
    Binding::new(Action::FullScreen, ENTER, ENTER_FREE, "Let this pane fill the screen, or put it back.").group(Group::View),
    // The program.
    Binding::new(Action::Find, &[ch('/')], ALL, "Find a scenario.").hint(10, "find").group(Group::Program),
    Binding::new(Action::Path, &[ch('P')], ALL, "Show the path through the scenarios: what to see next, and what was run.")
        .hint(11, "path")
        .group(Group::Program),
    Binding::new(Action::FocusNext, &[key(KeyCode::Tab)], ALL, "The next pane.").hint(7, "pane").group(Group::Program),
    Binding::new(Action::FocusPrevious, &[key(KeyCode::BackTab)], ALL, "The pane before.").group(Group::Program),
    Binding::new(Action::Focus(Pane::Scenarios), &[ch('1')], NOT_FORM, "To the scenarios.").group(Group::Program),
    Binding::new(Action::Focus(Pane::Parameters), &[ch('2')], NOT_FORM, "To the parameters.").group(Group::Program),
    Binding::new(Action::Focus(Pane::Timeline), &[ch('3')], NOT_FORM, "To the timeline.").group(Group::Program),
    Binding::new(Action::Focus(Pane::Metrics), &[ch('4')], NOT_FORM, "To the metrics.").group(Group::Program),
    Binding::new(Action::Focus(Pane::Log), &[ch('5')], NOT_FORM, "To the log.").group(Group::Program),
    Binding::new(Action::Focus(Pane::Code), &[ch('6')], NOT_FORM, "To the code.").group(Group::Program),
    Binding::new(Action::Focus(Pane::Task), &[ch('7')], NOT_FORM, "To the selected task.").group(Group::Program),
    Binding::new(Action::Help, &[ch('?')], ALL, "Help for this pane.").hint(5, "help").group(Group::Program),
    Binding::new(Action::Close, &[key(KeyCode::Esc)], ALL, "Leave the full screen; end a search.").group(Group::Program),
    Binding::new(Action::Quit, &[ch('q')], ALL, "Quit.").hint(6, "quit").group(Group::Program),
    Binding::new(Action::Quit, &[ctrl('c')], Scope::Always, "Quit, from anywhere.").group(Group::Program),
    Binding::new(Action::Suspend, &[ctrl('z')], Scope::Always, "Suspend: back to the shell until `fg`.").group(Group::Program),
    // The layers.
    Binding::new(Action::Close, &[key(KeyCode::Esc), ch('?')], Scope::Help, "Close the help.").hint(1, "close"),
    Binding::new(Action::Why, &[key(KeyCode::Esc), ch('w')], Scope::Why, "Close it.").hint(1, "close"),
    Binding::new(Action::Path, &[key(KeyCode::Esc), ch('P')], Scope::Path, "Close it.").hint(2, "close"),
    Binding::new(Action::Pick, ENTER, Scope::Path, "Start the scenario under the cursor.").hint(1, "start"),
    Binding::new(Action::PauseOrGo, &[ch(' ')], Scope::Why, "Pause; go on.").hint(4, "pause"),
    Binding::new(Action::Step(Stride::Poll), &[ch('n')], Scope::Why, "To the next poll.").hint(3, "step"),
    Binding::new(Action::Step(Stride::PollBack), &[ch('N')], Scope::Why, "Back to the poll before.").hint(3, "step"),
    Binding::new(Action::Findings, &[key(KeyCode::Esc), ch('i')], Scope::Findings, "Close the list.").hint(3, "close"),
    Binding::new(Action::ShowFinding, ENTER, Scope::Findings, "Select its task and go to the moment at which it can be seen.")
        .hint(1, "go there"),
    Binding::new(Action::Move(Move::Up), UP, Scope::Layers, "One line up.").hint(2, "scroll"),
    Binding::new(Action::Move(Move::Down), DOWN, Scope::Layers, "One line down.").hint(2, "scroll"),
    Binding::new(Action::Move(Move::PageUp), PAGE_UP, Scope::Layers, "One page up."),
    Binding::new(Action::Move(Move::PageDown), PAGE_DOWN, Scope::Layers, "One page down."),
    Binding::new(Action::Move(Move::First), FIRST, Scope::Layers, "The first line."),
    Binding::new(Action::Move(Move::Last), LAST, Scope::Layers, "The last line."),
    Binding::new(Action::Quit, &[ch('q')], Scope::Layers, "Quit.").hint(6, "quit"),
    // Typing.
    Binding::new(Action::Pick, ENTER, Scope::Search, "Pick the scenario under the cursor and start it.").hint(1, "start"),
    Binding::new(Action::Move(Move::Up), &[key(KeyCode::Up)], Scope::Search, "The scenario above.").hint(2, "choose"),
    Binding::new(Action::Move(Move::Down), &[key(KeyCode::Down)], Scope::Search, "The scenario below.").hint(2, "choose"),
    Binding::new(Action::Close, &[key(KeyCode::Esc)], Scope::Search, "End the search.").hint(3, "end search"),
    Binding::new(Action::Commit, &[key(KeyCode::Enter), key(KeyCode::Tab)], Scope::Edit, "Take the value and run at once.")
        .hint(1, "take"),
    Binding::new(Action::Close, &[key(KeyCode::Esc)], Scope::Edit, "Keep the value from before.").hint(2, "keep old"),
    Binding::new(Action::GoToTime, ENTER, Scope::Time, "Go to that time.").hint(1, "go"),
    Binding::new(Action::Close, &[key(KeyCode::Esc)], Scope::Time, "Stay where it is.").hint(2, "stay"),
    Binding::new(Action::Save, ENTER, Scope::File, "Save the recording there.").hint(1, "save"),
    Binding::new(Action::Close, &[key(KeyCode::Esc)], Scope::File, "Save nothing.").hint(2, "do not save"),
    Binding::new(Action::Text(TextKey::Left), &[key(KeyCode::Left)], Scope::Text, "One character left."),
    Binding::new(Action::Text(TextKey::Right), &[key(KeyCode::Right)], Scope::Text, "One character right."),
    Binding::new(Action::Text(TextKey::Home), &[key(KeyCode::Home)], Scope::Text, "To the start."),
    Binding::new(Action::Text(TextKey::End), &[key(KeyCode::End)], Scope::Text, "Behind the end."),
    Binding::new(Action::Text(TextKey::Backspace), &[key(KeyCode::Backspace)], Scope::Text, "Take away the character before."),
    Binding::new(Action::Text(TextKey::Delete), &[key(KeyCode::Delete)], Scope::Text, "Take away this character."),
    Binding::new(Action::Text(TextKey::Clear), &[ctrl('u')], Scope::Text, "Empty the field.").hint(3, "empty"),
];
