//! The sites of a run's stacks, and the events that wait for them.
//!
//! A new stack is looked up in the line tables, and the first look-ups of a program
//! read those tables, which takes a tenth of a second. The thread that draws also
//! drains the events, and must not block on that. So an event with an unknown stack,
//! and all events after it, are held until another thread has looked the stack up.
//! Their order stays the same.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::event::{Event, NewSite, OpId, SiteId, What};
use super::handle::Handle;
use super::recorder::Shared;
use super::site::{Cause, Site};
use super::symbols;

/// After this many events without a look-up, the line tables are freed: such a long run needs their memory more, and has
/// probably reached all of its code.
const TABLES_REST: usize = 1 << 20;

/// What to do with an event whose stack has not been looked up yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Hold it.
    Hold,
    /// Look the stack up, however long that takes.
    LookUp,
}

/// The sites of one run, and the held events.
#[derive(Debug)]
pub(super) struct Sites {
    shared: Arc<Shared>,
    /// By the number of the stack, which are consecutive; 0 for an unknown one.
    of_stacks: Vec<SiteId>,
    ids: HashMap<Arc<Site>, SiteId>,
    /// Sites whose cause is unknown or uncertain.
    unexplained: HashMap<SiteId, Arc<Site>>,
    /// Events since the last look-up; `None` if there was none, or the line tables have been freed since.
    quiet: Option<usize>,
    /// The held events, in order.
    held: VecDeque<(u16, Event)>,
    /// The stack that the first held event waits for; `None` if it need not wait.
    awaited: Option<u32>,
    /// The stacks that are being looked up for the held events.
    asked: HashSet<u32>,
}

impl Sites {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            of_stacks: Vec::new(),
            ids: HashMap::new(),
            unexplained: HashMap::new(),
            quiet: None,
            held: VecDeque::new(),
            awaited: None,
            asked: HashSet::new(),
        }
    }

    /// The number of held events: an event that waits for a stack to be looked up, and all later ones.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Whether the first held event still has to wait.
    pub(super) fn must_wait(&self) -> bool {
        self.awaited.is_some_and(|stack| symbols::known(stack).is_none())
    }

    /// Passes on held events, up to the first one with an unknown stack, and at most this many.
    pub(super) fn release(&mut self, most: usize, unknown: Unknown, sink: &mut impl FnMut(u16, Event)) {
        for _ in 0..most {
            let Some((thread, event)) = self.held.pop_front() else { break };
            if let Err(event) = self.try_on(thread, event, unknown, sink) {
                self.held.push_front((thread, event));
                return;
            }
        }
        if self.held.is_empty() {
            self.asked.clear();
        }
    }

    /// Passes an event on, or holds it if it has to wait or earlier events are held.
    pub(super) fn hand_on(&mut self, thread: u16, mut event: Event, unknown: Unknown, sink: &mut impl FnMut(u16, Event)) {
        if self.held.is_empty() {
            if let Err(event) = self.try_on(thread, event, unknown, sink) {
                self.held.push_back((thread, event));
            }
        } else {
            if let Some(site) = event.what.site_mut() {
                self.ask(site.0);
            }
            self.held.push_back((thread, event));
        }
    }

    /// Counts events that were passed on.
    pub(super) fn handed_on(&mut self, events: usize) {
        self.quiet = self.quiet.map(|quiet| quiet + events);
        if self.quiet.is_some_and(|quiet| quiet >= TABLES_REST) {
            symbols::give_back();
            self.quiet = None;
        }
    }

    /// Passes an event on, and before it the meaning of its site if that is new. Returns the event as an error if it has to be
    /// held.
    fn try_on(
        &mut self,
        thread: u16,
        mut event: Event,
        unknown: Unknown,
        sink: &mut impl FnMut(u16, Event),
    ) -> Result<(), Event> {
        if let Some(site) = event.what.site_mut() {
            let stack = site.0;
            if let Some(met) = self.met(stack) {
                *site = met;
            } else if let Some(found) = look(stack, unknown) {
                let (id, new) = self.meet(stack, found);
                *site = id;
                if let Some(new) = new {
                    sink(thread, Event { at_ns: event.at_ns, what: What::Site(Box::new(new)) });
                }
            } else {
                self.ask(stack);
                self.awaited = Some(stack);
                return Err(event);
            }
        }
        if let What::Pending { op: Some(op), site, .. } = &mut event.what
            && let Some(cause) = cause_of(*op)
            && let Some(new) = self.explain(site, cause)
        {
            sink(thread, Event { at_ns: event.at_ns, what: What::Site(Box::new(new)) });
        }
        sink(thread, event);
        Ok(())
    }

    /// The number of a stack's site, if this run knows it. Stack 0 has site 0.
    fn met(&self, stack: u32) -> Option<SiteId> {
        let met = self.of_stacks.get(stack as usize).copied().filter(|met| met.0 != 0);
        if stack == 0 { Some(SiteId(0)) } else { met }
    }

    /// Stores the site of a stack. Returns the site's number, and the site itself if it is new.
    fn meet(&mut self, stack: u32, site: Arc<Site>) -> (SiteId, Option<NewSite>) {
        (self.quiet, self.awaited) = (Some(0), None);
        let (id, new) = self.number(site.clone());
        if site.missing.any() || site.cause == Cause::Unknown {
            self.unexplained.insert(id, site);
        }
        if self.of_stacks.len() <= stack as usize {
            self.of_stacks.resize(stack as usize + 1, SiteId::default());
        }
        self.of_stacks[stack as usize] = id;
        (id, new)
    }

    /// Replaces a site with an uncertain cause by one with the cause that Tokio reports for the operation. Returns that site if
    /// it is new.
    fn explain(&mut self, site: &mut SiteId, cause: Cause) -> Option<NewSite> {
        let unexplained = self.unexplained.get(site)?;
        let explained = Arc::new(Site { cause, ..Site::clone(unexplained) });
        let new;
        (*site, new) = self.number(explained);
        new
    }

    /// The number of a site, and the site itself if it is new.
    fn number(&mut self, site: Arc<Site>) -> (SiteId, Option<NewSite>) {
        let next = SiteId(self.ids.len() as u32 + 1);
        let id = *self.ids.entry(site.clone()).or_insert(next);
        (id, (id == next).then_some(NewSite { id, site }))
    }

    /// Asks for a stack to be looked up, unless it is known or in progress.
    fn ask(&mut self, stack: u32) {
        if self.met(stack).is_none() && self.asked.insert(stack) {
            symbols::ask(stack, &self.shared);
        }
    }
}

/// The cause of an operation's wait, by the kind of its resource.
fn cause_of(op: OpId) -> Option<Cause> {
    Handle::from_bits(op.0.get())?.kind().cause()
}

fn look(stack: u32, unknown: Unknown) -> Option<Arc<Site>> {
    match unknown {
        Unknown::Hold => symbols::known(stack),
        Unknown::LookUp => Some(symbols::site(stack)),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::{OnFull, Recorder};
    use facts::event::TaskId;
    use facts::site::Missing;

    #[test]
    fn an_operation_has_the_cause_that_its_stack_does_not_tell() {
        let (recorder, _reader) = Recorder::new(OnFull::Drop);
        let mut sites = Sites::new(recorder.shared.clone());
        let missing = Missing { symbols: true, ..Missing::default() };
        sites.meet(1, Arc::new(Site { cause: Cause::Unknown, missing, ..Site::default() }));
        sites.meet(2, Arc::new(Site { cause: Cause::Notify, ..Site::default() }));
        let timer = |sequence| Handle::timer_op(sequence).op_id();
        let (mutex, _) = Handle::resource("tokio::sync::mutex", None);
        let (inner, _) = Handle::resource("tokio::sync::batch_semaphore", Some(mutex));
        let (mut causes, mut known) = (Vec::new(), HashMap::from([(SiteId(1), Cause::Unknown), (SiteId(2), Cause::Notify)]));
        for (stack, op) in [(1, None), (1, timer(1)), (1, timer(2)), (1, inner.op(3).op_id()), (2, timer(4))] {
            let what = What::Pending { task: TaskId(NonZeroU64::MIN), op, resource: None, site: SiteId(stack) };
            sites.hand_on(0, Event { at_ns: 0, what }, Unknown::Hold, &mut |_, event| match event.what {
                What::Site(new) => {
                    assert_eq!((new.site.missing, known.insert(new.id, new.site.cause)), (missing, None), "told once");
                }
                What::Pending { site, .. } => causes.push(known[&site]),
                other => panic!("{other:?}"),
            });
        }
        // A readable stack takes precedence.
        assert_eq!(causes, [Cause::Unknown, Cause::Time, Cause::Time, Cause::Mutex, Cause::Notify]);
    }
}
