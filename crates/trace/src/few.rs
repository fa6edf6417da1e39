//! A list that is empty for most tasks.
//!
//! A run may have a hundred thousand tasks, all kept in memory. An empty `Vec`
//! takes three words; this list takes one word while it is empty, and reads as a
//! slice.

use std::fmt;
use std::ops::Deref;

use super::task::push;

/// A list that is usually empty. It reads as a slice.
pub struct Few<T>(#[expect(clippy::box_collection, reason = "an empty list must take only one word")] Option<Box<Vec<T>>>);

impl<T> Few<T> {
    /// Appends an item.
    pub(super) fn push(&mut self, item: T) {
        push(self.0.get_or_insert_default(), item);
    }

    /// The items as a mutable slice.
    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        self.0.as_mut().map_or(&mut [], |list| list.as_mut_slice())
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |list| list.as_slice())
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(list: Vec<T>) -> Self {
        Self(Some(list).filter(|list| !list.is_empty()).map(Box::new))
    }
}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

const _: () = assert!(size_of::<Few<u64>>() == size_of::<usize>(), "an empty list takes one word");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_what_was_put_into_it() {
        let mut list = Few::default();
        assert!(list.is_empty());
        list.push(3);
        list.push(4);
        list.as_mut_slice()[0] = 2;
        assert_eq!((&list[..], list.last()), (&[2, 4][..], Some(&4)));
        assert_eq!(list, Few::from(vec![2, 4]));
        assert_eq!(Few::from(Vec::<u8>::new()), Few::default());
    }
}
