//! The source lines at which tasks are spawned.
//!
//! A program spawns from few lines, and a spawn must be cheap. So a line is written as its number in the run: a thread keeps
//! the lines that it has seen last, and only a new one takes a lock. The reader turns the number into the line again.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Arc, Mutex};

use super::event::CallLine;
use super::recorder::lock;
use super::site::Place;

/// How many lines a thread keeps.
const KEPT: usize = 64;

/// The lines of a run; the number of a line is its index.
#[derive(Debug, Default)]
pub(super) struct Lines {
    all: Vec<CallLine>,
    /// The numbers of all lines with the same number in their files.
    by_line: HashMap<u32, Vec<u32>>,
}

impl Lines {
    fn number(&mut self, at: &CallLine) -> u32 {
        let same = self.by_line.entry(at.line()).or_default();
        if let Some(known) = same.iter().find(|number| self.all[**number as usize].file() == at.file()) {
            return *known;
        }
        let number = self.all.len() as u32;
        same.push(number);
        self.all.push(at.clone());
        number
    }
}

/// The lines of a run as far as a reader has asked for them.
#[derive(Debug, Default)]
pub(super) struct KnownLines(Vec<CallLine>);

impl KnownLines {
    /// The line of a number.
    pub(super) fn get(&mut self, lines: &Mutex<Lines>, number: u32) -> Option<CallLine> {
        if self.0.len() <= number as usize {
            let (known, all) = (self.0.len(), lock(lines));
            self.0.extend(all.all.iter().skip(known).cloned());
        }
        self.0.get(number as usize).cloned()
    }
}

/// A line and its number.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) at: CallLine,
}

/// The lines that a thread has seen last.
#[derive(Debug)]
pub(super) struct SpawnLines(Box<[Option<Line>]>);

impl Default for SpawnLines {
    fn default() -> Self {
        // On the heap, since a thread may have a tiny stack.
        Self((0..KEPT).map(|_| None).collect())
    }
}

impl SpawnLines {
    /// The line of a hook.
    pub(super) fn known(&mut self, lines: &Mutex<Lines>, at: &'static Location<'static>) -> &Line {
        let is_it = |line: &Line| matches!(line.at, CallLine::Known(known) if std::ptr::eq(known, at));
        self.line(at.line() as usize ^ at.file().len(), lines, is_it, || at.into())
    }

    /// The line of a span, which has it as text.
    pub(super) fn told(&mut self, lines: &Mutex<Lines>, file: &str, line: u32) -> &Line {
        let is_it = |known: &Line| known.at.line() == line && known.at.file() == file;
        let new = || CallLine::Told(Arc::new(Place { file: file.into(), line }));
        self.line(line as usize ^ file.len(), lines, is_it, new)
    }

    fn line(&mut self, slot: usize, lines: &Mutex<Lines>, is_it: impl Fn(&Line) -> bool, new: impl Fn() -> CallLine) -> &Line {
        let slot = &mut self.0[slot % KEPT];
        if !slot.as_ref().is_some_and(is_it) {
            let at = new();
            *slot = Some(Line { number: lock(lines).number(&at), at });
        }
        slot.get_or_insert_with(|| Line { number: 0, at: new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_one_number_however_it_is_told_and_no_other_line_has_it() {
        let (run, mut lines, mut others) = (Mutex::default(), SpawnLines::default(), SpawnLines::default());
        let here = Location::caller();
        let known = lines.known(&run, here).number;
        assert_eq!(others.told(&run, here.file(), here.line()).number, known);
        assert_eq!(others.known(&run, here).number, known, "the slot holds the text");
        let same_slot = lines.told(&run, here.file(), here.line() + KEPT as u32).number;
        assert_eq!(lines.known(&run, here).number, known);
        let other_file = lines.told(&run, "src/noon.rs", here.line()).number;
        assert_eq!([same_slot, other_file], [known + 1, known + 2]);
        let mut read = KnownLines::default();
        let mut told = |number| read.get(&run, number).map(|at| at.to_string());
        assert_eq!(
            [known, other_file].map(&mut told),
            [format!("{}:{}", here.file(), here.line()), format!("src/noon.rs:{}", here.line())].map(Some)
        );
        assert_eq!(told(other_file + 1), None);
    }
}
