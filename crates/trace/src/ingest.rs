//! From events to tasks: how each fact changes a task.
//!
//! On one thread the facts of a run arrive in order, and the rules are simple. With
//! several threads, each thread writes its own buffer. A fact may arrive after one
//! that it caused, or a full buffer may have dropped it. No fact is refused for
//! that: a task always remains a series of states in order of time, whatever is
//! missing, and [`Trace::late`] counts the facts that arrived too late.
//!
//! The less obvious rules for one task:
//!
//! - A task that is woken during a poll becomes ready when the poll ends.
//! - Without wakes ([`Detail::Polls`]) a task waits from poll to poll, with an unknown cause.
//! - A wake of a task that is ready, or was already woken in the same poll, is only
//!   counted as redundant; a wake of a task that has ended is ignored.
//! - A poll may start on a waiting task: an abort from outside polls a task without
//!   a wake.
//! - The runtime reports the termination before the end of the last poll; the task
//!   ends with that poll, or at once if none is under way.
//! - A fact older than the task's newest fact counts as happening at the time of
//!   the newest one. A wake from before the last poll was answered by that poll,
//!   and leaves the task as it is.
//! - A poll that starts during another poll of the same task ends that poll, because
//!   a task is never polled twice at once. When the end of the other poll arrives,
//!   it is late: Tokio may call the hook for it when the task is already being
//!   polled elsewhere.

use super::census::Shift;
use super::course::Activity;
use super::lookup::{Ingest, Life};
use super::task::{End, Ended, Segment, State, Task, TaskIx, Wake, Waker, first_segment, push};
use super::within::Happening;
use super::{Sample, Trace};
use facts::event::{CallLine, Event, Lane, LaneOf, LastPoll, Named, TaskId, What};
use facts::site::Cause;

/// Not a thread's index: marks a fact recorded for a thread outside the run.
const OUTSIDE: u16 = u16::MAX;

impl Trace {
    /// Takes in one event, written by the thread with that index. The events of
    /// one thread must arrive in the order in which they were written; events of
    /// different threads should arrive in order of time, as far as it is known.
    /// Ignores all events once the trace is closed.
    pub fn push(&mut self, thread: u16, event: Event) {
        if self.closed {
            return;
        }
        let at_ns = event.at_ns;
        let ours = match event.what {
            What::PollStart(task) => self.poll_start(at_ns, thread, task),
            What::PollEnd(task) => self.poll_end(at_ns, thread, task),
            What::Wake { task, by } => self.wake(at_ns, thread, task, by),
            What::Spawn { task, parent, at } => self.spawn(at_ns, task, parent, at),
            What::Terminate { task, last } => self.terminate(at_ns, task, last),
            What::Named(named) => self.name(*named),
            What::Lane(lane) => self.spawn_beside(at_ns, *lane),
            What::Panic(panic) => self.panicked(at_ns, *panic),
            What::SpanOpen(span) => self.open_span(at_ns, *span),
            What::SpanClose(span) => self.close_span(at_ns, span),
            What::Log(log) => self.write_log(at_ns, *log),
            What::Site(new) => return self.learn_site(*new),
            What::PoolThread => return self.know_pool(thread),
            What::WorkerThread => return self.poll_starts.threads.know_worker(thread),
            What::Resource { resource, kind, site } => self.make_resource(at_ns, resource, kind, site),
            What::Pending { task, op, resource, site } => self.pends(at_ns, task, op, resource, site),
            What::Done { task, op, site, resource } => self.done(at_ns, task, op, resource, site),
            What::Closed { op, by, site } => self.closed_op(at_ns, op, by, site),
            What::Turn { task, site, spent } => self.needs_turn(at_ns, task, site, spent),
            What::Limited { task, operations } => self.limited(task, operations),
            What::Timer { task, op, after_ms } => self.timer_set(at_ns, task, op, after_ms),
            What::Asked { op, permits, resource } => self.asked(op, permits, resource),
            What::Granted { op, by, resource, permits } => self.granted(at_ns, op, by, resource, permits),
            What::Permits { resource, change, permits, by } => self.permits(at_ns, resource, change, permits, by),
            What::Lock { resource, change, by, site, owned } => self.lock(at_ns, resource, change, by, (site, owned)),
        };
        if ours {
            self.recorded += 1;
            self.reach(at_ns);
        }
    }

    /// Names the thread with that index. Unnamed threads that poll are called `thread N`.
    pub fn name_thread(&mut self, index: u16, name: impl Into<String>) {
        self.know_thread(index);
        self.threads[usize::from(index)] = name.into();
    }

    /// Adds to the number of events that the recorder had to drop. Also works after
    /// the trace is closed: the last count may be known only then.
    pub fn add_lost(&mut self, events: u64) {
        self.lost = self.lost.saturating_add(events);
    }

    /// Takes in a sample of Tokio's own metrics. Ignores it once the trace is closed.
    pub fn add_sample(&mut self, sample: Sample) {
        if self.closed {
            return;
        }
        // A sample does not show that the run continued, so it does not move the end.
        let place = self.samples.partition_point(|earlier| earlier.at_ns <= sample.at_ns);
        self.samples.insert(place, sample);
    }

    /// Extends the trace to a time, assuming that nothing has changed since the last event. May be called too early: earlier
    /// events are still taken in, and [`Trace::close`] discards the extension.
    pub fn pass(&mut self, now_ns: u64) {
        if !self.closed {
            self.end_ns = self.end_ns.max(now_ns);
        }
    }

    /// Ends the recording. Tasks that are alive are marked as [`End::Dropped`] at
    /// this time, in spawn order, and keep their state from then on. A task whose
    /// termination was already reported ends as reported, at that time.
    pub fn close(&mut self, at_ns: u64) {
        self.close_some(at_ns, usize::MAX);
    }

    /// [`Trace::close`] in pieces: handles up to this many tasks. No event may arrive after the first piece. Returns whether
    /// the trace is now closed.
    pub fn close_some(&mut self, at_ns: u64, tasks: usize) -> bool {
        if self.closed {
            return true;
        }
        // Discard what `pass` added.
        self.end_ns = self.heard_ns;
        self.reach(at_ns);
        let first = self.ingest.closing;
        let last = first.saturating_add(tasks).min(self.tasks.len());
        for task in first..last {
            let task = task as TaskIx;
            if !self.life(task).ended && !self.end_if_terminated(task) {
                let at_ns = at_ns.max(self.life(task).newest_ns);
                self.end(at_ns, task, Ended { at_ns, how: End::Dropped, inferred: false });
            }
        }
        self.ingest.closing = last;
        if last == self.tasks.len() {
            self.ingest = Ingest::default();
            self.samples.retain(|sample| sample.at_ns <= self.end_ns);
            self.closed = true;
        }
        self.closed
    }

    fn spawn(&mut self, at_ns: u64, id: TaskId, parent: Option<TaskId>, at: CallLine) -> bool {
        if self.known(id).is_some_and(|task| self.task(task).ended.is_none()) {
            return true; // It is alive: a second spawn adds nothing.
        }
        let told = self.ingest.names.remove(&id);
        self.recorded += u64::from(told.is_some());
        let (name, bytes) = told.unwrap_or_default();
        self.add(at_ns, Lane { task: id, of: LaneOf::Task, name, bytes: bytes.into(), parent, at })
    }

    /// Adds a lane that is not a task of the runtime.
    fn spawn_beside(&mut self, at_ns: u64, lane: Lane) -> bool {
        lane.of == LaneOf::Task || self.known(lane.task).is_some() || self.add(at_ns, lane)
    }

    /// Not inlined into [`Trace::push`]: a `Task` is built on the stack, which would enlarge the stack frame of every event.
    #[inline(never)]
    fn add(&mut self, at_ns: u64, Lane { task: id, of, name, bytes, parent, at }: Lane) -> bool {
        let ix = self.tasks.len() as TaskIx;
        let parent = parent.and_then(|parent| self.known(parent));
        match parent {
            Some(parent) => {
                self.guards_loosen(at_ns, parent);
                self.tasks[parent as usize].children.push(ix);
                self.happens_in(at_ns, parent, Happening::Spawn(ix));
            }
            None => self.roots.push(ix),
        }
        let number = self.lanes.next(of);
        let hashed = (of == LaneOf::Task).then_some(number);
        if let Some(number) = hashed {
            self.digest.spawn(at_ns, number, parent.and_then(|parent| self.life(parent).number), &at);
        }
        let name = Some(name).filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{} {number}", of.word()));
        let member = self.groups.join(ix, &at, &name);
        self.tasks.push(Task {
            name,
            of,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            parent,
            spawned_ns: at_ns,
            spawned_at: Some(at),
            segments: first_segment(at_ns),
            ..Task::default()
        });
        self.ingest.tasks.insert(id.0.get(), ix);
        self.ingest.lives.push(Life::new(at_ns, member, hashed));
        if hashed.is_some() {
            self.totals.spawned += 1;
            self.totals.alive += 1;
        }
        self.shift(at_ns, ix, Activity::Ready);
        true
    }

    /// A name, with the size of the future, arrives before the spawn and counts as taken in only with the spawn.
    fn name(&mut self, named: Named) -> bool {
        let Some(task) = self.known(named.task).filter(|task| self.task(*task).ended.is_none()) else {
            self.ingest.names.insert(named.task, (named.name, u32::try_from(named.bytes).unwrap_or(u32::MAX)));
            return false;
        };
        if !named.name.is_empty() {
            self.tasks[task as usize].name = named.name;
        }
        true
    }

    fn poll_start(&mut self, at_ns: u64, thread: u16, id: TaskId) -> bool {
        let Some(task) = self.known(id) else { return false };
        if self.life(task).ended || self.end_if_terminated(task) {
            return true;
        }
        let at_ns = self.in_order(task, at_ns);
        let (last, number) = (self.last(task), self.number(task));
        match last.state {
            State::Ready if number.is_some() && self.knows_ready() => {
                self.bins.add_delay(at_ns, at_ns - last.start_ns);
                self.delays.add(at_ns, at_ns - last.start_ns);
            }
            State::Running(_) => {
                self.poll_is_over(task, last.start_ns, at_ns);
                if self.life(task).woken {
                    self.enter(at_ns, task, State::Ready);
                }
            }
            State::Waiting(_) | State::Ready => {}
        }
        self.know_thread(thread);
        self.enter(at_ns, task, State::Running(thread));
        self.tasks[task as usize].polls += 1;
        let inner = matches!(self.task(task).of, LaneOf::Local | LaneOf::Root);
        self.poll_starts.push(at_ns, task, thread, inner);
        let life = self.life_mut(task);
        (life.newest_ns, life.polled_ns) = (at_ns, at_ns);
        (life.woken, life.turn, life.limit, life.panicked, life.terminated) = (false, None, None, false, None);
        self.begin_cuts(task);
        if let Some(number) = number {
            self.polls += 1;
            self.digest.poll_start(at_ns, number);
        }
        true
    }

    fn poll_end(&mut self, at_ns: u64, thread: u16, id: TaskId) -> bool {
        let Some(task) = self.known(id) else { return false };
        if self.life(task).ended {
            return true;
        }
        if self.last(task).state != State::Running(thread) {
            // Its start was lost, or the poll was already ended.
            self.late += u64::from(at_ns < self.life(task).newest_ns);
            return true;
        }
        let at_ns = self.in_order(task, at_ns);
        if let Some(number) = self.number(task) {
            self.digest.poll_end(at_ns, number);
        }
        let (terminated, woken) = (self.life(task).terminated, self.life(task).woken);
        if let Some(last) = terminated {
            self.end(at_ns, task, self.how(task, at_ns, last));
        } else {
            self.poll_is_over(task, self.last(task).start_ns, at_ns);
            self.enter(at_ns, task, if woken { State::Ready } else { State::Waiting(Cause::Other) });
            self.life_mut(task).panicked = false; // The panic was caught.
        }
        true
    }

    fn terminate(&mut self, at_ns: u64, id: TaskId, last: LastPoll) -> bool {
        let Some(task) = self.known(id) else {
            // A task without a spawn (blocking work) no longer needs its name.
            self.ingest.names.remove(&id);
            return false;
        };
        if self.life(task).ended || self.life(task).terminated.is_some() {
            return true;
        }
        let at_ns = self.in_order(task, at_ns);
        if self.polled(task) && last != LastPoll::Shutdown {
            self.life_mut(task).terminated = Some(last);
        } else {
            self.end(at_ns, task, self.how(task, at_ns, last));
        }
        true
    }

    fn wake(&mut self, at_ns: u64, thread: u16, id: TaskId, by: Option<TaskId>) -> bool {
        if !self.knows_ready() {
            return false;
        }
        let Some(task) = self.known(id) else { return false };
        let Life { polled_ns, woken, ended, terminated, .. } = *self.life(task);
        if ended || terminated.is_some() {
            return true;
        }
        let waker = by.map(|by| self.known(by));
        let hashed = waker.flatten().and_then(|by| self.number(by));
        let by = match waker {
            Some(Some(by)) if by == task => self.own_waker(task),
            Some(Some(by)) => Waker::Task(by),
            Some(None) => Waker::Outside,
            None if thread == OUTSIDE => Waker::Outside,
            None if self.is_in_pool(thread) => Waker::Blocking,
            None => self.runtime_waker(at_ns, task),
        };
        let answered = at_ns < polled_ns;
        if answered || woken || self.last(task).state == State::Ready {
            self.late += u64::from(answered);
            self.tasks[task as usize].redundant_wakes += 1;
            self.hash_wake(at_ns, task, hashed);
            return true;
        }
        let at_ns = self.in_order(task, at_ns);
        push(&mut self.tasks[task as usize].wakes, Wake { at_ns, by });
        self.wake_happens(at_ns, task, by);
        self.count_turn(task, by);
        self.hash_wake(at_ns, task, hashed);
        if self.polled(task) {
            self.life_mut(task).woken = true;
        } else {
            self.enter(at_ns, task, State::Ready);
        }
        true
    }

    fn hash_wake(&mut self, at_ns: u64, task: TaskIx, by: Option<u32>) {
        if let Some(number) = self.number(task) {
            self.wake_digest.wake(at_ns, number, by, self.digest.facts());
        }
    }

    /// How a task ends whose termination the runtime has reported.
    fn how(&self, task: TaskIx, at_ns: u64, last: LastPoll) -> Ended {
        let how = match last {
            LastPoll::Shutdown => End::Dropped,
            _ if self.life(task).panicked => End::Panicked,
            LastPoll::Unheard => End::Unknown,
            LastPoll::Dropped => End::Cancelled,
            LastPoll::Polled if self.task(task).failed => End::Failed,
            LastPoll::Polled => End::Completed,
        };
        // A root is dropped after its last poll.
        let unseen = !self.polled(task) && self.task(task).of != LaneOf::Root;
        Ended { at_ns, how, inferred: last == LastPoll::Polled && unseen }
    }

    /// Ends a terminated task whose last poll has no known end. Returns whether it did.
    fn end_if_terminated(&mut self, task: TaskIx) -> bool {
        let Life { newest_ns: at_ns, terminated: Some(last), .. } = *self.life(task) else { return false };
        self.end(at_ns, task, self.how(task, at_ns, last));
        true
    }

    fn end(&mut self, at_ns: u64, task: TaskIx, ended: Ended) {
        self.branches_close(at_ns, task, ended.how);
        let (last, number) = (self.last(task), self.number(task));
        let is_task = number.is_some();
        let count = match ended.how {
            End::Completed => Some(&mut self.totals.completed),
            End::Failed => Some(&mut self.totals.failed),
            End::Cancelled => Some(&mut self.totals.cancelled),
            End::Panicked => Some(&mut self.totals.panicked),
            End::Unknown => Some(&mut self.totals.unknown),
            End::Dropped => None,
        };
        if let Some(count) = count {
            if is_task {
                *count += 1;
                self.totals.alive -= 1;
            }
            if self.polled(task) {
                self.poll_is_over(task, last.start_ns, at_ns);
            }
            self.leave(at_ns, task, last.state);
            self.guards_outlive(at_ns, task);
            self.shift(at_ns, task, Activity::Ended);
        } else if last.state.is_waiting() {
            // It is alive and counts as alive everywhere; only its last wait is added to the totals.
            self.wait_counts(at_ns, task);
        }
        for op in std::mem::take(&mut self.ingest.lives[task as usize].leaves.live).into_iter().filter_map(|leaf| leaf.op) {
            self.ingest.ops.remove(&op);
            self.forget_timer(op);
        }
        self.tasks[task as usize].count(last, at_ns);
        self.tasks[task as usize].ended = Some(ended);
        self.life_mut(task).ended = true;
        if let Some(number) = number {
            self.digest.end(at_ns, number, ended.how);
        }
    }

    fn enter(&mut self, at_ns: u64, task: TaskIx, state: State) {
        let last = self.last(task);
        let from = last.state;
        self.leave(at_ns, task, from);
        let (state, leaves) = match state {
            State::Waiting(_) => self.wait_begins(at_ns, task),
            state => (state, 0),
        };
        if matches!(state, State::Running(_)) {
            self.leaves_polled(at_ns, task);
        }
        let entered = &mut self.tasks[task as usize];
        entered.count(last, at_ns);
        let segment = Segment { start_ns: at_ns, state, leaves };
        entered.enter(segment);
        let life = self.life_mut(task);
        (life.last, life.woken) = (segment, false);
        self.shift(at_ns, task, state.into());
        if state.is_waiting() {
            self.look_for_circle(at_ns, task);
        }
    }

    /// Ends a state, when another begins or the task ends.
    fn leave(&mut self, at_ns: u64, task: TaskIx, from: State) {
        match from {
            State::Running(thread) => {
                self.leaves_rest(at_ns, task);
                self.guards_loosen(at_ns, task);
                let lasted_ns = at_ns - self.last(task).start_ns;
                self.poll_starts.end(thread, task, lasted_ns);
            }
            State::Waiting(_) => {
                self.note_overdue(at_ns, task);
                self.wait_ends(at_ns, task);
            }
            State::Ready => self.was_ready |= at_ns > self.last(task).start_ns,
        }
    }

    /// Counts a task's change of activity.
    fn shift(&mut self, at_ns: u64, task: TaskIx, to: Activity) {
        let life = self.life_mut(task);
        let (member, shift, is_task) = (life.member, Shift { from: life.does.replace(to), to }, life.number.is_some());
        if is_task {
            self.changes.shift(at_ns, shift);
            self.bins.shift(at_ns, shift);
        }
        self.groups.shift(member, at_ns, shift);
    }

    /// Extends the trace to the time of an event.
    fn reach(&mut self, at_ns: u64) {
        if at_ns > self.heard_ns {
            self.heard_ns = at_ns;
            self.end_ns = self.end_ns.max(at_ns);
            self.bins.cover(at_ns);
        }
    }
}
