//! Names that come back from a file and are kept once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The names of one recording: each is kept once, however often it occurs.
#[derive(Debug, Default)]
pub(super) struct Shared(HashSet<Arc<str>>);

impl Shared {
    pub(super) fn get(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.0.insert(name.clone());
        name
    }
}

/// The most names that live as long as the program, and their bytes together.
const MOST: usize = 4096;
const MOST_BYTES: usize = 1 << 18;

/// The names that live as long as the program.
#[derive(Default)]
struct Fixed {
    names: HashSet<&'static str>,
    bytes: usize,
}

static FIXED: Mutex<Option<Fixed>> = Mutex::new(None);

/// A name as a running program has it, built in: counters and units. What is not known yet is kept for as long as the
/// program runs; none when there are too many.
pub(super) fn fixed(name: &str) -> Option<&'static str> {
    let mut fixed = FIXED.lock().unwrap_or_else(PoisonError::into_inner);
    let fixed = fixed.get_or_insert_default();
    if let Some(known) = fixed.names.get(name) {
        return Some(known);
    }
    if fixed.names.len() >= MOST || fixed.bytes + name.len() > MOST_BYTES {
        return None;
    }
    fixed.bytes += name.len();
    let name: &'static str = Box::leak(name.into());
    fixed.names.insert(name);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let mut shared = Shared::default();
        let (one, two) = (shared.get("a.rs"), shared.get("a.rs"));
        assert!(Arc::ptr_eq(&one, &two));
        let fixed = [fixed("queue"), fixed("queue")].map(|name| name.map(str::as_ptr));
        assert!(fixed[0].is_some() && fixed[0] == fixed[1]);
    }

    #[test]
    fn a_name_that_is_too_much_is_refused() {
        assert_eq!(fixed(&"x".repeat(MOST_BYTES + 1)), None);
    }
}
