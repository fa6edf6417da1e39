//! An editable line of text: a cursor and the usual keys, independent of the terminal.

/// The most bytes of a line. No path is this long, so a longer paste was not meant for the field.
pub const MOST: usize = 4096;

/// Text with a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextField {
    text: String,
    /// The cursor, as a byte index on a character boundary.
    cursor: usize,
}

impl TextField {
    /// A field with this text, and the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text }
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor's position, in characters from the left.
    pub fn cursor(&self) -> usize {
        self.text[..self.cursor].chars().count()
    }

    /// Inserts a character. Returns whether there was room.
    pub fn insert(&mut self, c: char) -> bool {
        let room = self.text.len() + c.len_utf8() <= MOST;
        if room {
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
        room
    }

    /// Deletes the character before the cursor.
    pub fn backspace(&mut self) {
        if let Some(c) = self.text[..self.cursor].chars().next_back() {
            self.cursor -= c.len_utf8();
            self.text.remove(self.cursor);
        }
    }

    /// Deletes the character at the cursor.
    pub fn delete(&mut self) {
        if self.cursor < self.text.len() {
            self.text.remove(self.cursor);
        }
    }

    /// Moves one character left.
    pub fn left(&mut self) {
        self.cursor -= self.text[..self.cursor].chars().next_back().map_or(0, char::len_utf8);
    }

    /// Moves one character right.
    pub fn right(&mut self) {
        self.cursor += self.text[self.cursor..].chars().next().map_or(0, char::len_utf8);
    }

    /// Moves to the start.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// Moves to the end.
    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }

    /// Deletes all text.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
