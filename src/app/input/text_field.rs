//! A line of text that is being edited: a cursor and the usual keys, no terminal.

/// The most bytes of a line, longer than any path: a longer paste is something else.
pub const MOST: usize = 4096;

/// Text with a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextField {
    text: String,
    /// The cursor, as a byte index on a character boundary.
    cursor: usize,
}

impl TextField {
    /// A field that holds this text, the cursor behind it.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text }
    }

    /// What has been typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor's place, in characters from the left.
    pub fn cursor(&self) -> usize {
        self.text[..self.cursor].chars().count()
    }

    /// Types a character. Returns whether there was room for it.
    pub fn insert(&mut self, c: char) -> bool {
        let room = self.text.len() + c.len_utf8() <= MOST;
        if room {
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
        room
    }

    /// Takes away the character before the cursor.
    pub fn backspace(&mut self) {
        if let Some(c) = self.text[..self.cursor].chars().next_back() {
            self.cursor -= c.len_utf8();
            self.text.remove(self.cursor);
        }
    }

    /// Takes away the character at the cursor.
    pub fn delete(&mut self) {
        if self.cursor < self.text.len() {
            self.text.remove(self.cursor);
        }
    }

    /// One character to the left.
    pub fn left(&mut self) {
        self.cursor -= self.text[..self.cursor].chars().next_back().map_or(0, char::len_utf8);
    }

    /// One character to the right.
    pub fn right(&mut self) {
        self.cursor += self.text[self.cursor..].chars().next().map_or(0, char::len_utf8);
    }

    /// To the start.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// Behind the end.
    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }

    /// Empties it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
