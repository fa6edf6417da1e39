//! Interned names from recordings.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The names of one recording: each is stored once, however often it occurs.
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

/// The maximum number of names kept for the life of the program, and their maximum total size.
const MOST: usize = 4096;
const MOST_BYTES: usize = 1 << 18;

/// The names kept for the life of the program.
#[derive(Default)]
struct Fixed {
    names: HashSet<&'static str>,
    bytes: usize,
}

static FIXED: Mutex<Option<Fixed>> = Mutex::new(None);

/// Returns a static name for a counter or a unit, which a live run has as a literal. A new name is kept for the life of the
/// program; `None` if there are too many.
pub fn fixed(name: &str) -> Option<&'static str> {
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
