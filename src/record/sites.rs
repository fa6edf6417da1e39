//! What the stacks of a run mean, and the events that wait for that to be known.
//!
//! A stack is looked up in the line tables when it is met for the first time,
//! and the first look-ups of a program read those tables, which takes a tenth
//! of a second. The thread that draws also takes the events, and must not block
//! meanwhile. So such an event, and all that come after it, are held until
//! another thread has looked the stack up. Their order stays as it was.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::event::{Event, NewSite, OpId, SiteId, What};
use super::handle::Handle;
use super::recorder::Shared;
use super::site::{Cause, Site};
use super::symbols;

/// After so many events without a stack that had to be looked up, the line tables are given back: what they take in memory
/// is then worth more for what is recorded, and a run that is so long has been everywhere.
const TABLES_REST: usize = 1 << 20;

/// What becomes of an event whose stack has not been looked up yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// It is held.
    Hold,
    /// It is looked up, however long that takes.
    LookUp,
}

/// The sites of one run, and what is held.
#[derive(Debug)]
pub(super) struct Sites {
    shared: Arc<Shared>,
    /// By number of the stack, which are given out one after the other; 0 for one not met yet.
    of_stacks: Vec<SiteId>,
    ids: HashMap<Arc<Site>, SiteId>,
    /// Those whose cause is not known, or not for sure.
    unexplained: HashMap<SiteId, Arc<Site>>,
    /// Events since a stack was last looked up; none when none was, or the line tables have been given back since.
    quiet: Option<usize>,
    /// In order.
    held: VecDeque<(u16, Event)>,
    /// The stack that the first of those waits for; none when it could go on.
    awaited: Option<u32>,
    /// What is being looked up for those.
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

    /// How many events are held. They cannot be handed on before a stack has been looked up, or come after those.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Whether the first event that is held still has to wait.
    pub(super) fn must_wait(&self) -> bool {
        self.awaited.is_some_and(|stack| symbols::known(stack).is_none())
    }

    /// Hands on what is held, up to the first one whose stack is not known, and so many at most.
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

    /// Hands an event on, unless it has to wait or there are some that were before it and do.
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

    /// So many events were handed on.
    pub(super) fn handed_on(&mut self, events: usize) {
        self.quiet = self.quiet.map(|quiet| quiet + events);
        if self.quiet.is_some_and(|quiet| quiet >= TABLES_REST) {
            symbols::give_back();
            self.quiet = None;
        }
    }

    /// Hands an event on, and before it what the site that it names is, if nobody knows that yet. Gives it back when it has
    /// to be held.
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

    /// The number of a stack's site, if this run has met it. No stack has no site.
    fn met(&self, stack: u32) -> Option<SiteId> {
        let met = self.of_stacks.get(stack as usize).copied().filter(|met| met.0 != 0);
        if stack == 0 { Some(SiteId(0)) } else { met }
    }

    /// What a stack means, from now on: the number of its site, and the site if it is met for the first time.
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

    /// A site of which the stack does not tell the cause for sure: of an operation Tokio tells it. The site that has it, if it is
    /// met for the first time.
    fn explain(&mut self, site: &mut SiteId, cause: Cause) -> Option<NewSite> {
        let unexplained = self.unexplained.get(site)?;
        let explained = Arc::new(Site { cause, ..Site::clone(unexplained) });
        let new;
        (*site, new) = self.number(explained);
        new
    }

    /// The number of a site, and the site if it is met for the first time.
    fn number(&mut self, site: Arc<Site>) -> (SiteId, Option<NewSite>) {
        let next = SiteId(self.ids.len() as u32 + 1);
        let id = *self.ids.entry(site.clone()).or_insert(next);
        (id, (id == next).then_some(NewSite { id, site }))
    }

    /// Has a stack looked up, if this run needs that and it is not under way.
    fn ask(&mut self, stack: u32) {
        if self.met(stack).is_none() && self.asked.insert(stack) {
            symbols::ask(stack, &self.shared);
        }
    }
}

/// What an operation is, by what Tokio says of the resource that it is on.
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
    use crate::record::event::TaskId;
    use crate::record::site::Missing;
    use crate::record::{OnFull, Recorder};

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
        // A stack that can be read is believed.
        assert_eq!(causes, [Cause::Unknown, Cause::Time, Cause::Time, Cause::Mutex, Cause::Notify]);
    }
}
