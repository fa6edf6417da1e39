//! The source lines at which a thread spawned tasks.
//!
//! Tokio reports the line of a spawn as text. A program spawns from few lines, so each thread keeps the texts that it has
//! seen last, and a spawn needs no copy.

use std::sync::Arc;

use super::event::CallLine;
use super::site::Place;

/// How many lines a thread keeps.
const KEPT: usize = 32;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct SpawnLines([Option<Arc<Place>>; KEPT]);

impl SpawnLines {
    /// The line as an event has it.
    pub(super) fn line(&mut self, file: &str, line: u32) -> CallLine {
        let slot = &mut self.0[(line as usize ^ file.len()) % KEPT];
        let place = match slot {
            Some(place) if place.line == line && *place.file == *file => place.clone(),
            _ => slot.insert(Arc::new(Place { file: file.into(), line })).clone(),
        };
        CallLine::Told(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_and_not_confused() {
        let mut lines = SpawnLines::default();
        let first = lines.line("src/main.rs", 3);
        assert_eq!(first.to_string(), "src/main.rs:3");
        let (CallLine::Told(one), CallLine::Told(other)) = (first, lines.line("src/main.rs", 3)) else { panic!("texts") };
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!(lines.line("src/main.rs", 3 + KEPT as u32).to_string(), "src/main.rs:35", "the same slot");
        assert_eq!(lines.line("src/noon.rs", 3).to_string(), "src/noon.rs:3");
    }
}
