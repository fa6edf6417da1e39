//! The list of a hunt: every setting at every seed under every schedule, the schedules with few preemptions first.
//!
//! A schedule that cannot change anything is left out: a single preemption of a poll that the run without it does not have.
//! Likewise a seed whose run in Tokio's own order is the run of an earlier seed: as far as that run shows, the scenario draws
//! nothing from it.

use std::collections::{HashMap, HashSet};

use scenario::Values;
use trace::Trace;

use super::Hunt;
use crate::schedule::Limits;
use crate::{Schedule, Spec};

/// What is left of the list.
pub(super) struct List {
    settings: Vec<Values>,
    setting: usize,
    seed: Option<u64>,
    schedule: Option<u64>,
    /// How many runs were handed out or left out.
    at: u64,
    /// How many polls the runs in Tokio's own order have, by setting and seed.
    polls: HashMap<(usize, u64), u64>,
    /// The smallest seed of each run in Tokio's own order, by setting and hash.
    seeds: HashMap<(usize, u64), u64>,
    /// The seeds whose run is the run of an earlier one.
    repeated: HashSet<(usize, u64)>,
}

impl List {
    pub(super) fn new(hunt: &Hunt) -> Self {
        let settings = if hunt.settings.is_empty() { vec![hunt.spec.values.clone()] } else { hunt.settings.clone() };
        Self {
            settings,
            setting: 0,
            seed: Some(*hunt.seeds.start()),
            schedule: Some(*hunt.schedules.start()),
            at: 0,
            polls: HashMap::new(),
            seeds: HashMap::new(),
            repeated: HashSet::new(),
        }
    }

    /// The next run, with its place; `None` at the end of the list.
    pub(super) fn next(&mut self, hunt: &Hunt) -> Option<(u64, Spec)> {
        loop {
            let (schedule, seed) = (self.schedule?, self.seed?);
            let setting = self.setting;
            self.advance(hunt);
            self.at += 1;
            if self.is_vain(setting, seed, schedule) {
                continue;
            }
            let (values, schedule) = (self.settings[setting].clone(), Schedule::Number(schedule));
            let mut spec = Spec { values, seed, schedule, pace: None, ..hunt.spec.clone() };
            spec.workers = 0;
            if spec.check().is_ok() {
                return Some((self.at, spec));
            }
        }
    }

    /// Moves to the next setting; after the last one to the next seed, and after the last one to the next schedule.
    fn advance(&mut self, hunt: &Hunt) {
        self.setting += 1;
        if self.setting < self.settings.len() {
            return;
        }
        self.setting = 0;
        let next = |now: Option<u64>, last: u64| now.filter(|now| *now < last).map(|now| now + 1);
        self.seed = next(self.seed, *hunt.seeds.end());
        if self.seed.is_none() {
            self.seed = Some(*hunt.seeds.start());
            self.schedule = next(self.schedule, *hunt.schedules.end());
        }
    }

    fn is_vain(&self, setting: usize, seed: u64, schedule: u64) -> bool {
        let beyond = |polls: &u64| match Schedule::Number(schedule).limits() {
            Limits::Listed(list) => list.iter().all(|cut| cut.poll > *polls),
            Limits::None | Limits::Often(..) => false,
        };
        self.repeated.contains(&(setting, seed)) || self.polls.get(&(setting, seed)).is_some_and(beyond)
    }

    /// Learns from a run.
    pub(super) fn learn(&mut self, spec: &Spec, trace: &Trace) {
        if !spec.schedule.is_tokios() {
            return;
        }
        let Some(setting) = self.settings.iter().position(|values| *values == spec.values) else { return };
        self.polls.insert((setting, spec.seed), trace.polls);
        // Of two seeds the larger one repeats the other, whichever ran first: several threads end their runs in any order.
        let first = self.seeds.entry((setting, trace.hash())).or_insert(spec.seed);
        if *first != spec.seed {
            self.repeated.insert((setting, spec.seed.max(*first)));
            *first = spec.seed.min(*first);
        }
    }
}
