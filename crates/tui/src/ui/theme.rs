//! The look: a style for each meaning, and the glyphs.
//!
//! Panes ask for a meaning (running, an error, a key) and never for a colour, so one table decides the look, and the
//! mono theme, with modifiers only, is another column of it. Colour is never the only sign: a glyph or a word says
//! the same, for people who do not see the colour and for terminals that do not show it. [`Colors`] holds the colour
//! of each meaning.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::app::colors::Colors;
use crate::app::model::Theme;
use crate::ui::glyphs::{ASCII, Glyphs, HEAVY, UNICODE};
use facts::event::Level;
use trace::{End, Family, Fill, State};

const ASCII_BORDER: border::Set = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const ASCII_BORDER_FOCUS: border::Set = border::Set { horizontal_top: "=", horizontal_bottom: "=", ..ASCII_BORDER };

/// The role of a piece of code, from the highlighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// Anything else.
    Plain,
    /// A keyword.
    Keyword,
    /// A function, a method or a macro.
    Function,
    /// A type.
    Type,
    /// A string.
    String,
    /// A number, `true`, `None`.
    Constant,
    /// A comment.
    Comment,
    /// An attribute or a decorator.
    Attribute,
}

/// The current theme, queried by meaning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// The marks.
    pub(crate) glyphs: &'static Glyphs,
    theme: Theme,
}

impl Look {
    /// The look of the sixteen-colour theme with Unicode glyphs.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self::new(Theme::plain(true, true))
    }

    /// The look of a theme.
    pub(crate) fn new(theme: Theme) -> Self {
        let glyphs = match (theme.unicode, theme.is_heavy()) {
            (true, true) => &HEAVY,
            (true, false) => &UNICODE,
            (false, _) => &ASCII,
        };
        Self { glyphs, theme }
    }

    /// Whether glyphs beyond ASCII are allowed.
    pub(crate) fn unicode(&self) -> bool {
        self.theme.unicode
    }

    /// Whether the theme has colours.
    pub(crate) fn has_colours(&self) -> bool {
        self.theme.colors.is_some()
    }

    /// A colour in a colour theme, the modifier in the mono theme.
    fn fg(self, role: impl Fn(&Colors) -> Color, mono: Modifier) -> Style {
        match &self.theme.colors {
            Some(colors) => Style::new().fg(role(colors)),
            None => Style::new().add_modifier(mono),
        }
    }

    fn bold(self, role: impl Fn(&Colors) -> Color, mono: Modifier) -> Style {
        self.fg(role, mono).add_modifier(Modifier::BOLD)
    }

    /// Adds a modifier only if the theme has colours.
    fn with(self, style: Style, modifier: Modifier) -> Style {
        if self.theme.colors.is_some() { style.add_modifier(modifier) } else { style }
    }

    /// Fills in the theme's text and background colours where a cell has none, after everything is drawn. Panes set a
    /// colour only if it differs from plain text. Terminals draw dim text differently, so a theme with a faint colour
    /// uses that instead.
    pub(crate) fn paint(self, buf: &mut Buffer) {
        let Some(colors) = &self.theme.colors else { return };
        for cell in &mut buf.content {
            if cell.modifier.contains(Modifier::DIM) && colors.faint != Color::Reset {
                cell.modifier.remove(Modifier::DIM);
                cell.fg = colors.faint;
            } else if self.theme.is_heavy() && cell.fg != Color::Reset {
                cell.modifier.insert(Modifier::BOLD);
            }
            if cell.fg == Color::Reset {
                cell.fg = colors.text;
            }
            if cell.bg == Color::Reset {
                cell.bg = colors.background;
            }
        }
    }

    /// Plain text.
    #[expect(clippy::unused_self, reason = "every style is asked of the look")]
    pub(crate) fn text(self) -> Style {
        Style::new()
    }

    /// Unimportant text.
    #[expect(clippy::unused_self, reason = "every style is asked of the look")]
    pub(crate) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Important text.
    #[expect(clippy::unused_self, reason = "every style is asked of the look")]
    pub(crate) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The name of the program.
    pub(crate) fn brand(self) -> Style {
        self.bold(|c| c.accent, Modifier::REVERSED)
    }

    /// A heading within a pane.
    pub(crate) fn heading(self) -> Style {
        self.bold(|c| c.accent, Modifier::UNDERLINED)
    }

    /// A border.
    pub(crate) fn border(self, focus: bool) -> Style {
        if focus { self.bold(|c| c.accent, Modifier::BOLD) } else { self.fg(|c| c.border, Modifier::DIM) }
    }

    /// The title of a pane. If all borders are heavy, the title shows the focus.
    pub(crate) fn title(self, focus: bool) -> Style {
        let heavy = if self.theme.is_heavy() { Modifier::REVERSED } else { Modifier::empty() };
        if focus { self.bold(|c| c.accent, Modifier::REVERSED).add_modifier(heavy) } else { self.strong() }
    }

    /// The line characters of a border. Heavy lines mark the focus, even without colour.
    pub(crate) fn border_set(self, focus: bool) -> border::Set<'static> {
        match (self.theme.unicode, focus || self.theme.is_heavy()) {
            (true, true) => border::THICK,
            (true, false) => border::PLAIN,
            (false, true) => ASCII_BORDER_FOCUS,
            (false, false) => ASCII_BORDER,
        }
    }

    /// A key in the footer and in help.
    pub(crate) fn key(self) -> Style {
        self.bold(|c| c.accent, Modifier::BOLD)
    }

    /// The selected row; fainter if its pane does not have the focus.
    #[expect(clippy::unused_self, reason = "every style is asked of the look")]
    pub(crate) fn selected(self, focus: bool) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        if focus { style.add_modifier(Modifier::REVERSED) } else { style }
    }

    /// A match of a search.
    pub(crate) fn found(self) -> Style {
        self.bold(|c| c.warn, Modifier::UNDERLINED)
    }

    /// A picked row.
    pub(crate) fn picked(self) -> Style {
        self.bold(|c| c.good, Modifier::BOLD)
    }

    /// A value that is not the default.
    pub(crate) fn changed(self) -> Style {
        self.bold(|c| c.warn, Modifier::BOLD)
    }

    /// A value that is being typed.
    pub(crate) fn editing(self) -> Style {
        self.bold(|c| c.accent, Modifier::UNDERLINED)
    }

    /// An error.
    pub(crate) fn error(self) -> Style {
        self.bold(|c| c.bad, Modifier::BOLD)
    }

    /// A warning.
    pub(crate) fn warn(self) -> Style {
        self.bold(|c| c.warn, Modifier::BOLD)
    }

    /// Success.
    pub(crate) fn good(self) -> Style {
        self.bold(|c| c.good, Modifier::BOLD)
    }

    /// The time cursor.
    pub(crate) fn cursor(self) -> Style {
        self.fg(|c| c.accent, Modifier::DIM)
    }

    /// The line of a chart.
    pub(crate) fn chart(self) -> Style {
        self.fg(|c| c.chart, Modifier::empty())
    }

    /// A span's label on a lane.
    pub(crate) fn span_label(self) -> Style {
        self.fg(|c| c.accent, Modifier::empty()).add_modifier(Modifier::ITALIC)
    }

    /// A line of code where the selected task waits or was spawned.
    pub(crate) fn code_here(self) -> Style {
        self.bold(|c| c.warn, Modifier::REVERSED)
    }

    /// A line of code where tasks were spawned.
    pub(crate) fn code_spawn(self) -> Style {
        self.fg(|c| c.good, Modifier::BOLD)
    }

    /// The glyph and style of a task's state.
    pub(crate) fn state(self, state: State) -> (&'static str, Style) {
        match state {
            State::Running(_) => (self.glyphs.lane.running, self.fg(|c| c.running, Modifier::BOLD)),
            State::Ready => (self.glyphs.lane.ready, self.fg(|c| c.ready, Modifier::empty())),
            State::Waiting(cause) => self.wait(Family::of(cause)),
        }
    }

    /// The glyph and style of a cell of a lane.
    pub(crate) fn cell(self, fill: Fill) -> (&'static str, Style) {
        let (_, style) = match fill {
            Fill::Empty => ("", Style::new()),
            Fill::Running { .. } => self.state(State::Running(0)),
            Fill::Ready => self.state(State::Ready),
            Fill::Waiting { family, holds: false } => self.wait(family),
            Fill::Waiting { family, holds: true } => {
                let (_, style) = self.wait(family);
                ("", style.add_modifier(Modifier::BOLD).remove_modifier(Modifier::DIM))
            }
            Fill::End(how, _) => self.end(how),
            Fill::Forever => ("", self.error()),
        };
        (self.glyphs.lane.cell(fill), style)
    }

    /// The glyph and style of a family of waits.
    pub(crate) fn wait(self, family: Family) -> (&'static str, Style) {
        let style = match family {
            Family::Time => self.fg(|c| c.time, Modifier::DIM),
            Family::Lock => self.fg(|c| c.lock, Modifier::BOLD),
            Family::Channel => self.fg(|c| c.channel, Modifier::empty()),
            Family::Join | Family::Other => self.fg(|c| c.other, Modifier::DIM),
            Family::Io => self.fg(|c| c.io, Modifier::empty()),
        };
        (self.glyphs.lane.wait(family, false), style)
    }

    /// The glyph and style of a task's end.
    pub(crate) fn end(self, how: End) -> (&'static str, Style) {
        let style = match how {
            End::Completed => self.good(),
            End::Failed => self.error(),
            End::Cancelled => self.warn(),
            End::Dropped => self.text(),
            End::Panicked => self.error().add_modifier(Modifier::REVERSED),
            End::Unknown => self.dim(),
        };
        (self.glyphs.lane.end(how), style)
    }

    /// The mark for something inferred, not observed.
    pub(crate) fn inferred(self) -> Style {
        self.fg(|c| c.warn, Modifier::DIM)
    }

    /// The glyph, letter and style of a log level.
    pub(crate) fn level(self, level: Level) -> (&'static str, &'static str, Style) {
        let [trace, debug, info, warn, error] = self.glyphs.levels;
        match level {
            Level::Trace => (trace, "T", self.dim()),
            Level::Debug => (debug, "D", self.dim()),
            Level::Info => (info, "I", self.fg(|c| c.good, Modifier::empty())),
            Level::Warn => (warn, "W", self.warn()),
            Level::Error => (error, "E", self.error()),
        }
    }

    /// A piece of code.
    pub(crate) fn role(self, role: Role) -> Style {
        match role {
            Role::Plain => self.text(),
            Role::Keyword => self.bold(|c| c.keyword, Modifier::BOLD),
            Role::Function => self.fg(|c| c.function, Modifier::empty()),
            Role::Type => self.fg(|c| c.r#type, Modifier::empty()),
            Role::String => self.fg(|c| c.string, Modifier::empty()),
            Role::Constant => self.fg(|c| c.constant, Modifier::empty()),
            Role::Comment => self.with(self.dim(), Modifier::ITALIC),
            Role::Attribute => self.fg(|c| c.constant, Modifier::DIM),
        }
    }
}
