//! From events to tasks: what each fact does to a life.
//!
//! On one thread the facts of a run come in order, and the rules are plain. On
//! several threads each writes for itself, so a fact may come after one that
//! it caused, and a full buffer may have swallowed it. Nothing that comes is
//! refused for that: a life always stays a row of states in order of time,
//! whatever is missing, and [`Trace::late`] tells how often it had to be mended.
//!
//! The rules for one task, beyond the plain ones:
//!
//! - A task that was woken within a poll is ready when the poll ends.
//! - A wake of a task that is ready, or was woken in the same poll, changes
//!   nothing; one of a task that ended is nothing.
//! - A poll may start on a waiting task: that is how an abort from outside
//!   arrives, which wakes nobody.
//! - The runtime's letting go comes before the end of the last poll; the task
//!   ends with that poll, or at once when none is under way.
//! - A fact that is older than the newest one of the same task happened at the
//!   time of that one. If it is a wake from before the last poll, that poll was
//!   the answer to it, and the task stays as it is.
//! - A poll that starts while another one lasts ends that one: the task can be
//!   in one place only. The end of the other, when it comes, is late: Tokio
//!   calls the hook for it when the task may be polled elsewhere already.

use super::census::Shift;
use super::course::Activity;
use super::lanes;
use super::lookup::{Ingest, Life};
use super::task::{End, Ended, Segment, State, Task, TaskIx, Wake, Waker, first_segment, push};
use super::{Sample, Trace};
use crate::record::event::{CallLine, Event, Lane, LaneOf, LastPoll, Named, TaskId, What};
use crate::record::site::Cause;

/// The number of no thread: such a fact was written down for a thread that does not belong to the run.
const OUTSIDE: u16 = u16::MAX;

impl Trace {
    /// Takes in one event, written by the thread with that index. The events of
    /// one thread must come in the order they were written; those of several
    /// threads should come in order of time, as far as that is known. Once the
    /// trace is closed, nothing is taken in.
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

    /// Gives the thread with that index its name. Threads that poll without a name are called `thread N`.
    pub fn name_thread(&mut self, index: u16, name: impl Into<String>) {
        self.know_thread(index);
        self.threads[usize::from(index)] = name.into();
    }

    /// The recorder had to drop that many events more. Also counts after the
    /// trace is closed: the last count may be known only then.
    pub fn add_lost(&mut self, events: u64) {
        self.lost = self.lost.saturating_add(events);
    }

    /// Takes in a sample of Tokio's own figures. Once the trace is closed, nothing is taken in.
    pub fn add_sample(&mut self, sample: Sample) {
        if self.closed {
            return;
        }
        // A sample says how Tokio fares, not that the run went on: it does not move the end.
        let place = self.samples.partition_point(|earlier| earlier.at_ns <= sample.at_ns);
        self.samples.insert(place, sample);
    }

    /// Nothing that matters has happened up to this time: what tasks do goes on. It may be said too early. Events from before
    /// are taken in all the same, and [`Trace::close`] forgets what was said here.
    pub fn pass(&mut self, now_ns: u64) {
        if !self.closed {
            self.end_ns = self.end_ns.max(now_ns);
        }
    }

    /// The recording is over. Tasks that live are marked as [`End::Dropped`] at
    /// this time, in the order of spawning, and stand from then on as they
    /// stood; one that the runtime had already let go of ends as that said, and when.
    pub fn close(&mut self, at_ns: u64) {
        self.close_some(at_ns, usize::MAX);
    }

    /// The same, a piece at a time: so many tasks are looked at, and from then on no event may come. Returns whether these were
    /// the last ones.
    pub fn close_some(&mut self, at_ns: u64, tasks: usize) -> bool {
        if self.closed {
            return true;
        }
        // The present was no more than a look ahead.
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
            return true; // It lives: a second spawn says nothing new.
        }
        let told = self.ingest.names.remove(&id);
        self.recorded += u64::from(told.is_some());
        let (name, bytes) = told.unwrap_or_default();
        self.add(at_ns, Lane { task: id, of: LaneOf::Task, name, bytes: bytes.into(), parent, at })
    }

    /// Something is spawned that is no task of the runtime.
    fn spawn_beside(&mut self, at_ns: u64, lane: Lane) -> bool {
        lane.of == LaneOf::Task || self.known(lane.task).is_some() || self.add(at_ns, lane)
    }

    /// Not part of [`Trace::push`]: a task is made ready on the stack, which would have to be laid out for that at every event.
    #[inline(never)]
    fn add(&mut self, at_ns: u64, Lane { task: id, of, name, bytes, parent, at }: Lane) -> bool {
        let ix = self.tasks.len() as TaskIx;
        let parent = parent.and_then(|parent| self.known(parent));
        match parent {
            Some(parent) => {
                self.guards_loosen(at_ns, parent);
                self.tasks[parent as usize].children.push(ix);
            }
            None => self.roots.push(ix),
        }
        let number = self.lanes.next(of);
        let hashed = (of == LaneOf::Task).then_some(number);
        if let Some(number) = hashed {
            self.digest.spawn(at_ns, number, parent.and_then(|parent| self.life(parent).number), &at);
        }
        let name = Some(name).filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{} {number}", lanes::word(of)));
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

    /// A name, with the size of the future, comes before its spawn: it counts as taken in only with that.
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
            State::Ready if number.is_some() => {
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
        (life.woken, life.turn, life.panicked, life.terminated) = (false, None, false, None);
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
            // Its start was lost, or the poll was already taken to be over.
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
            self.life_mut(task).panicked = false; // Somebody caught it.
        }
        true
    }

    fn terminate(&mut self, at_ns: u64, id: TaskId, last: LastPoll) -> bool {
        let Some(task) = self.known(id) else {
            // A task without a spawn (blocking work) needs its name no more.
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
            self.digest.wake(at_ns, number, by);
        }
    }

    /// How a task ends that the runtime let go of.
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

    /// Ends a task whose last poll has no end that we know of. Returns whether that was so.
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
            // It lives, and counts as alive wherever tasks are counted; only how long it has waited is added up.
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

    /// A state is over, for another one or for good.
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

    /// A task goes over to something else, from nothing when it is spawned.
    fn shift(&mut self, at_ns: u64, task: TaskIx, to: Activity) {
        let life = self.life_mut(task);
        let (member, shift, is_task) = (life.member, Shift { from: life.does.replace(to), to }, life.number.is_some());
        if is_task {
            self.changes.shift(at_ns, shift);
            self.bins.shift(at_ns, shift);
        }
        self.groups.shift(member, at_ns, shift);
    }

    /// The run has come this far.
    fn reach(&mut self, at_ns: u64) {
        if at_ns > self.heard_ns {
            self.heard_ns = at_ns;
            self.end_ns = self.end_ns.max(at_ns);
            self.bins.cover(at_ns);
        }
    }
}
