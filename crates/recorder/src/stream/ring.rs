//! The last segments of the stream, in memory.

use std::collections::VecDeque;
use std::sync::Arc;

/// Encoded facts that belong together. Viewers share it with the ring.
pub(super) type Chunk = Arc<[u8]>;

/// The maximum size of what is kept, in bytes.
const MOST: usize = 64 << 20;

/// The segments that are kept, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ring {
    segments: VecDeque<Segment>,
    bytes: usize,
}

/// Chunks from a keyframe to the next one.
#[derive(Debug, Default)]
struct Segment {
    chunks: Vec<Chunk>,
    bytes: usize,
    facts: u64,
}

impl Ring {
    /// Adds a chunk. Drops the oldest segments if there is too much.
    pub(super) fn push(&mut self, chunk: &Chunk) {
        if recording::begins_keyframe(chunk) || self.segments.is_empty() {
            self.segments.push_back(Segment::default());
        }
        if let Some(segment) = self.segments.back_mut() {
            segment.bytes += chunk.len();
            segment.facts += u64::from(recording::facts_in(chunk));
            segment.chunks.push(chunk.clone());
        }
        self.bytes += chunk.len();
        while self.bytes > MOST && self.segments.len() > 1 {
            self.bytes -= self.segments.pop_front().map_or(0, |gone| gone.bytes);
        }
    }

    /// The newest segments that have no more than this many facts together; none if the last one alone has more.
    pub(super) fn newest(&self, mut facts: u64) -> impl Iterator<Item = &Chunk> {
        let fits = |segment: &&Segment| {
            let left = facts.checked_sub(segment.facts);
            facts = left.unwrap_or(0);
            left.is_some()
        };
        let count = self.segments.iter().rev().take_while(fits).count();
        self.segments.iter().skip(self.segments.len() - count).flat_map(|segment| &segment.chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk with a head only, of a kind, with a number of facts.
    fn chunk(kind: u8, facts: u32, bytes: usize) -> Chunk {
        let mut chunk = vec![0; bytes.max(20)];
        chunk[8..12].copy_from_slice(&facts.to_le_bytes());
        chunk[12] = kind;
        chunk.into()
    }

    #[test]
    fn whole_segments_go_and_the_newest_that_fit_are_found() {
        let mut ring = Ring::default();
        for _ in 0..20 {
            ring.push(&chunk(3, 7, 1 << 20));
            (0..4).for_each(|_| ring.push(&chunk(1, 100, 1 << 20)));
        }
        assert!(ring.bytes <= MOST && ring.bytes > MOST - (5 << 20), "{}", ring.bytes);
        let first = |facts| ring.newest(facts).next().map(|chunk| chunk[12]);
        assert_eq!((ring.newest(399).count(), first(400), ring.newest(1_250).count()), (0, Some(3), 15));
        assert!(ring.newest(u64::MAX).count().is_multiple_of(5), "no segment without its keyframe");
    }
}
