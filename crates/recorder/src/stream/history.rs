//! A history from which events can be taken out again.
//!
//! A list in the order of arrival, in one block of memory: adding and taking out an event costs the same however long the
//! history is, and it can be walked piece by piece without a copy.

use facts::event::{Event, What};

/// The place of an event in a [`History`].
pub(super) type Node = u32;

/// No node.
const NIL: Node = u32::MAX;

/// The events that still matter, in the order in which they came.
#[derive(Debug)]
pub(super) struct History {
    slots: Vec<Slot>,
    first: Node,
    last: Node,
    /// The first free slot; each links to the next one.
    free: Node,
    length: usize,
}

#[derive(Debug)]
struct Slot {
    before: Node,
    after: Node,
    thread: u16,
    event: Event,
}

impl Default for History {
    fn default() -> Self {
        Self { slots: Vec::new(), first: NIL, last: NIL, free: NIL, length: 0 }
    }
}

impl History {
    /// Adds an event at the end.
    pub(super) fn push(&mut self, thread: u16, event: Event) -> Node {
        let slot = Slot { before: self.last, after: NIL, thread, event };
        let node = if self.free == NIL {
            self.slots.push(slot);
            self.slots.len() as Node - 1
        } else {
            let node = self.free;
            self.free = self.slots[node as usize].after;
            self.slots[node as usize] = slot;
            node
        };
        match self.last {
            NIL => self.first = node,
            last => self.slots[last as usize].after = node,
        }
        self.last = node;
        self.length += 1;
        node
    }

    /// Takes an event out.
    pub(super) fn remove(&mut self, node: Node) {
        let Slot { before, after, .. } = self.slots[node as usize];
        match before {
            NIL => self.first = after,
            before => self.slots[before as usize].after = after,
        }
        match after {
            NIL => self.last = before,
            after => self.slots[after as usize].before = before,
        }
        let slot = &mut self.slots[node as usize];
        // This frees the event's own memory.
        (slot.after, slot.event.what) = (self.free, What::PoolThread);
        self.free = node;
        self.length -= 1;
        if self.length == 0 && self.slots.capacity() > 1 << 16 {
            *self = Self::default();
        }
    }

    /// Takes out the event in a field, if there is one.
    pub(super) fn clear(&mut self, node: &mut Option<Node>) {
        if let Some(node) = node.take() {
            self.remove(node);
        }
    }

    /// Changes an event.
    pub(super) fn what_mut(&mut self, node: Node) -> &mut What {
        &mut self.slots[node as usize].event.what
    }

    /// The number of events.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The first event.
    pub(super) fn first(&self) -> Option<Node> {
        (self.first != NIL).then_some(self.first)
    }

    /// An event with the thread that wrote it, and the event after it.
    pub(super) fn get(&self, node: Node) -> (u16, &Event, Option<Node>) {
        let Slot { after, thread, event, .. } = &self.slots[node as usize];
        (*thread, event, (*after != NIL).then_some(*after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(history: &History) -> Vec<u64> {
        let nodes = std::iter::successors(history.first(), |node| history.get(*node).2);
        nodes.map(|node| history.get(node).1.at_ns).collect()
    }

    #[test]
    fn what_is_left_keeps_its_order_and_free_places_are_used_again() {
        let mut history = History::default();
        let add = |history: &mut History, at_ns| history.push(0, Event { at_ns, what: What::PoolThread });
        let nodes: Vec<_> = (0..5).map(|at_ns| add(&mut history, at_ns)).collect();
        for gone in [0, 4, 2] {
            history.remove(nodes[gone]);
        }
        assert_eq!(times(&history), [1, 3]);
        for at_ns in 5..8 {
            assert!(nodes.contains(&add(&mut history, at_ns)), "a free place");
        }
        assert_eq!((times(&history), history.len()), (vec![1, 3, 5, 6, 7], 5));
    }
}
