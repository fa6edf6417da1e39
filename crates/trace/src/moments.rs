//! Thins out a history to a bounded number of moments.

/// Rounds moments down to a multiple of a grain, and doubles the grain until at most
/// `most` moments are left. If several round to the same moment, the last one wins.
/// Returns the new grain, in nanoseconds.
///
/// Passing half the maximum makes this rare.
pub(super) fn coarsen<T: Copy>(moments: &mut Vec<(u64, T)>, grain_ns: u64, most: usize) -> u64 {
    let mut grain_ns = grain_ns;
    while moments.len() > most {
        grain_ns *= 2;
        let mask = !(grain_ns - 1);
        moments.dedup_by(|later, kept| {
            let same = later.0 & mask == kept.0 & mask;
            if same {
                kept.1 = later.1;
            }
            same
        });
    }
    for (at_ns, _) in moments.iter_mut() {
        *at_ns &= !(grain_ns - 1);
    }
    grain_ns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_that_fall_together_are_the_last_of_them() {
        let mut moments = vec![(0, 'a'), (1, 'b'), (2, 'c'), (5, 'd'), (7, 'e'), (9, 'f')];
        assert_eq!(coarsen(&mut moments, 1, 3), 4);
        assert_eq!(moments, [(0, 'c'), (4, 'e'), (8, 'f')]);
        assert_eq!(coarsen(&mut moments, 4, 3), 4);
        assert_eq!(moments.len(), 3, "nothing to do");
    }
}
