//! Maps Tokio's ids to indices in the trace.
//!
//! Tokio assigns ids by counting, so ids that are used together are close together. A
//! hash table scatters them, and in a large run nearly every lookup would miss the
//! cache. Here neighbouring ids share a page, and the pages form an array. A page far
//! from all others (a recording may hold any ids) goes into a hash table, so memory use
//! stays proportional to the number of ids.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::lookup::NumberHasher;

/// Ids per page.
const PAGE: u64 = 32;
/// The row may have at most this many times as many entries as there are pages.
const SPARSE: usize = 4;

/// A map from ids to indices, with far fewer than `u32::MAX` entries.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The first page of the row.
    first: u64,
    /// For each page from `first` on, its index + 1; 0 if it does not exist or is in `far`.
    row: Vec<u32>,
    far: HashMap<u64, u32, BuildHasherDefault<NumberHasher>>,
    /// Each index + 1; 0 if there is none.
    places: Vec<[u32; PAGE as usize]>,
}

impl Numbers {
    pub(super) fn insert(&mut self, number: u64, place: u32) {
        let page = self.page(number / PAGE).unwrap_or_else(|| self.add(number / PAGE));
        self.places[page as usize][(number % PAGE) as usize] = place + 1;
    }

    #[inline]
    pub(super) fn get(&self, number: u64) -> Option<u32> {
        let page = self.page(number / PAGE)?;
        self.places[page as usize][(number % PAGE) as usize].checked_sub(1)
    }

    #[inline]
    fn page(&self, page: u64) -> Option<u32> {
        match self.in_row(page).and_then(|at| self.row.get(at)) {
            Some(place) if *place > 0 => Some(place - 1),
            _ => self.far_page(page),
        }
    }

    #[cold]
    fn far_page(&self, page: u64) -> Option<u32> {
        self.far.get(&page).copied()
    }

    /// The position that a page would have in the row.
    fn in_row(&self, page: u64) -> Option<usize> {
        usize::try_from(page.checked_sub(self.first)?).ok()
    }

    fn add(&mut self, page: u64) -> u32 {
        if self.row.is_empty() {
            self.first = page;
        }
        self.places.push([0; PAGE as usize]);
        let place = self.places.len() as u32 - 1;
        if let Some(at) = self.in_row(page).filter(|at| *at < SPARSE * self.places.len()) {
            self.row.resize(self.row.len().max(at + 1), 0);
            self.row[at] = place + 1;
        } else {
            self.far.insert(page, place);
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_what_it_was_told_last() {
        let mut numbers = Numbers::default();
        for (number, place) in [(5, 0), (6, 1), (31, 2), (32, 3), (1 << 40, 4), (5, 5)] {
            numbers.insert(number, place);
        }
        let told = [4, 5, 6, 31, 32, 33, 1 << 40, u64::MAX].map(|number| numbers.get(number));
        assert_eq!(told, [None, Some(5), Some(1), Some(2), Some(3), None, Some(4), None]);
    }

    #[test]
    fn numbers_far_from_all_others_cost_no_row() {
        let mut numbers = Numbers::default();
        // The first number is in the middle, others before it and far after it; the gap is filled later.
        let middle = 1 << 40;
        let far = [middle, 0, u64::MAX, middle + 64, middle + 40 * PAGE];
        let all: Vec<u64> = far.into_iter().chain((0..400).map(|i| middle + 3 * i)).collect();
        for (number, place) in all.iter().zip(0..) {
            numbers.insert(*number, place);
        }
        for number in &all {
            let last = all.iter().rposition(|other| other == number);
            assert_eq!(numbers.get(*number).map(|place| place as usize), last, "{number}");
        }
        assert!(numbers.row.len() <= SPARSE * numbers.places.len() && numbers.far.len() >= 2);
        assert_eq!([1, middle - 1, u64::MAX - 1].map(|number| numbers.get(number)), [None; 3]);
    }
}
