//! How events change a task: which of them are kept, and until when.
//!
//! A task keeps its first poll and its last one. The first is there because a trace would otherwise take the time from the
//! spawn to the last poll for a delay of the scheduler.

use std::collections::BTreeMap;

use facts::event::{Event, LastPoll, Log, OpId, SiteId, SpanId, TaskId};
use smallvec::SmallVec;

use super::super::history::History;
use super::leaves::Leaves;
use super::{Living, Task};

impl Task {
    /// Takes the facts of its polls out of the history.
    fn forget_polls(&mut self, history: &mut History) {
        let polls = self.first.iter_mut().chain(&mut self.last);
        polls.chain([&mut self.wake, &mut self.failed, &mut self.panic]).for_each(|node| history.clear(node));
    }

    /// Takes everything out of the history that it has there.
    pub(super) fn forget(mut self, history: &mut History) {
        self.forget_polls(history);
        self.leaves.clear(history);
        history.clear(&mut self.named);
        history.clear(&mut self.terminated);
        history.remove(self.spawned);
    }
}

impl Living {
    pub(super) fn is_alive(&self, id: TaskId) -> bool {
        self.tasks.get(&id).is_some_and(|task| !task.ended)
    }

    pub(super) fn named(&mut self, thread: u16, event: &Event, id: TaskId) {
        let node = self.history.push(thread, event.clone());
        let mut before = match self.tasks.get_mut(&id).filter(|task| !task.ended) {
            Some(task) => task.named.replace(node),
            None => self.names.insert(id, node),
        };
        self.history.clear(&mut before);
    }

    pub(super) fn spawn(&mut self, thread: u16, event: &Event, id: TaskId, parent: Option<TaskId>) {
        if self.is_alive(id) {
            return;
        }
        if let Some(ghost) = self.tasks.remove(&id) {
            ghost.forget(&mut self.history);
        }
        let key = self.spawned;
        self.spawned += 1;
        let parent = parent.and_then(|parent| Some((parent, self.tasks.get(&parent)?.key)));
        if let Some(parent) = parent.and_then(|(parent, _)| self.tasks.get_mut(&parent)) {
            parent.children.insert(key, id);
        }
        let task = Task {
            key,
            parent,
            children: BTreeMap::new(),
            named: self.names.remove(&id),
            spawned: self.history.push(thread, event.clone()),
            first: [None; 2],
            last: [None; 2],
            wake: None,
            failed: None,
            panic: None,
            terminated: None,
            running: None,
            polled_ns: 0,
            ready: true,
            woken: false,
            ended: false,
            leaves: Leaves::default(),
            spans: SmallVec::new(),
            guards: SmallVec::new(),
            believed: 0,
        };
        self.tasks.insert(id, task);
    }

    pub(super) fn poll_start(&mut self, thread: u16, event: &Event, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.ended) else { return };
        if task.terminated.is_some() {
            return self.end(id);
        }
        if task.running.is_some() {
            task.leaves.rest(&mut self.history);
        }
        let history = &mut self.history;
        history.clear(&mut task.wake);
        history.clear(&mut task.panic);
        let node = history.push(thread, event.clone());
        if task.first[0].is_none() {
            task.first[0] = Some(node);
        } else {
            task.last.iter_mut().for_each(|node| history.clear(node));
            task.last[0] = Some(node);
        }
        task.leaves.polled(&self.sites, history);
        (task.running, task.ready, task.woken) = (Some(thread), false, false);
        task.polled_ns = task.polled_ns.max(event.at_ns);
    }

    pub(super) fn poll_end(&mut self, thread: u16, event: &Event, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.ended && task.running == Some(thread)) else { return };
        if task.terminated.is_some() {
            return self.end(id);
        }
        let node = self.history.push(thread, event.clone());
        let poll = if task.last[0].is_some() { &mut task.last } else { &mut task.first };
        let mut before = poll[1].replace(node);
        self.history.clear(&mut before);
        self.history.clear(&mut task.panic);
        task.leaves.rest(&mut self.history);
        (task.running, task.ready) = (None, task.woken);
    }

    pub(super) fn wake(&mut self, thread: u16, event: &Event, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.ended && task.terminated.is_none()) else { return };
        if event.at_ns < task.polled_ns || task.woken || task.ready {
            return;
        }
        task.wake = Some(self.history.push(thread, event.clone()));
        if task.running.is_some() { task.woken = true } else { task.ready = true }
    }

    pub(super) fn terminate(&mut self, thread: u16, event: &Event, id: TaskId, last: LastPoll) {
        let Some(task) = self.tasks.get_mut(&id) else {
            let mut name = self.names.remove(&id);
            return self.history.clear(&mut name);
        };
        if task.ended || task.terminated.is_some() {
            return;
        }
        task.terminated = Some(self.history.push(thread, event.clone()));
        if task.running.is_none() || last == LastPoll::Shutdown {
            self.end(id);
        }
    }

    /// A task ends. If a guard that it took is still out, its spawn and end are kept: a trace infers from them who has it.
    fn end(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.ended = true;
        let (ops, spans) = (task.leaves.ops().collect::<SmallVec<[OpId; 4]>>(), std::mem::take(&mut task.spans));
        task.forget_polls(&mut self.history);
        task.leaves.clear(&mut self.history);
        let (key, parent) = (task.key, task.parent);
        for op in ops {
            self.forget_op(op);
        }
        for span in spans {
            self.close_span(span);
        }
        self.forget_took(id);
        self.guards_outlive(id);
        if let Some(parent) = parent.and_then(|(parent, of)| self.tasks.get_mut(&parent).filter(|parent| parent.key == of)) {
            parent.children.remove(&key);
        }
        self.bury(id);
    }

    /// Forgets a task that has ended, unless a guard is out that it took or is believed to have got.
    pub(super) fn bury(&mut self, id: TaskId) {
        if self.tasks.get(&id).is_some_and(|task| task.ended && task.guards.is_empty() && task.believed == 0)
            && let Some(task) = self.tasks.remove(&id)
        {
            task.forget(&mut self.history);
        }
    }

    pub(super) fn panic(&mut self, thread: u16, event: &Event, id: TaskId) {
        if let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.ended) {
            self.history.clear(&mut task.panic);
            task.panic = Some(self.history.push(thread, event.clone()));
        }
    }

    /// Of the log only that a task has failed is kept: it decides how the task ends.
    pub(super) fn log(&mut self, thread: u16, event: &Event, log: &Log) {
        let Some(task) = log.task.filter(|_| log.failed).and_then(|task| self.tasks.get_mut(&task)) else { return };
        if !task.ended {
            self.history.clear(&mut task.failed);
            task.failed = Some(self.history.push(thread, event.clone()));
        }
    }

    pub(super) fn open_span(&mut self, thread: u16, event: &Event, span: SpanId, id: TaskId) {
        if !self.is_alive(id) {
            return;
        }
        self.close_span(span);
        let node = self.history.push(thread, event.clone());
        self.spans.insert(span, (id, node));
        if let Some(task) = self.tasks.get_mut(&id) {
            task.spans.push(span);
        }
    }

    pub(super) fn close_span(&mut self, span: SpanId) {
        let Some((id, node)) = self.spans.remove(&span) else { return };
        self.history.remove(node);
        if let Some(task) = self.tasks.get_mut(&id) {
            task.spans.retain(|known| *known != span);
        }
    }

    pub(super) fn turn(&mut self, thread: u16, event: &Event, id: TaskId, site: SiteId, spent: bool) {
        if spent {
            self.put_off(thread, event, id, site);
        }
    }

    pub(super) fn put_off(&mut self, thread: u16, event: &Event, id: TaskId, site: SiteId) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.ended) else { return };
        let node = self.history.push(thread, event.clone());
        if !task.leaves.put_off(site, node, &self.sites) {
            self.history.remove(node);
        }
    }

    pub(super) fn timer(&mut self, thread: u16, event: &Event, id: TaskId, op: OpId) {
        if !self.is_alive(id) {
            return;
        }
        let node = self.history.push(thread, event.clone());
        let mut before = self.timers.insert(op, node);
        self.history.clear(&mut before);
    }

    /// Forgets a timer.
    pub(super) fn forget_timer(&mut self, op: OpId) {
        let mut node = self.timers.remove(&op);
        self.history.clear(&mut node);
    }
}
