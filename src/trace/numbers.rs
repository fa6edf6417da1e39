//! From the numbers that Tokio gives to what they stand for here.
//!
//! Tokio counts, so numbers that are used together lie close together. A hash
//! table scatters them, and then nearly every question of a large run is a miss
//! of the cache. Here neighbours share a page, and a page is found by hash.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::lookup::NumberHasher;

/// Numbers on one page.
const PAGE: u64 = 32;

/// A place for each number; far fewer than `u32::MAX` of them.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pages: HashMap<u64, u32, BuildHasherDefault<NumberHasher>>,
    /// One above each place; 0 where there is none.
    places: Vec<[u32; PAGE as usize]>,
}

impl Numbers {
    pub(super) fn insert(&mut self, number: u64, place: u32) {
        let page = *self.pages.entry(number / PAGE).or_insert_with(|| {
            self.places.push([0; PAGE as usize]);
            self.places.len() as u32 - 1
        });
        self.places[page as usize][(number % PAGE) as usize] = place + 1;
    }

    pub(super) fn get(&self, number: u64) -> Option<u32> {
        let page = *self.pages.get(&(number / PAGE))?;
        self.places[page as usize][(number % PAGE) as usize].checked_sub(1)
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
}
