//! Right ways and wrong ways: the variants of a scenario, and the settings at which it fails on purpose.
//!
//! A scenario that teaches by failing declares its failing settings once, as
//! data. The tests, the CI and `list --json` all use this declaration, so a
//! lesson and its proof cannot disagree.

use crate::param::{Kind, Value, Values};
use crate::{Clock, Scenario};

/// A setting at which a scenario fails, as its lesson says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaks {
    /// Parameters and their values, as the user would type them. All others are at their defaults.
    pub setting: &'static [(&'static str, &'static str)],
    /// How the run fails.
    pub how: How,
    /// One failing seed, if not every seed fails.
    pub seed: Option<u64>,
    /// A failing schedule, as `run --schedule` takes it; in Tokio's own order the run goes well. `None` if it fails there.
    pub schedule: Option<&'static str>,
}

/// How a run fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The run ends, and these checks fail.
    Checks(&'static [&'static str]),
    /// The run stalls: nothing can ever run again.
    Stalls,
}

impl Breaks {
    /// At this setting these checks fail, with every seed.
    pub const fn checks(setting: &'static [(&'static str, &'static str)], checks: &'static [&'static str]) -> Self {
        Self { setting, how: How::Checks(checks), seed: None, schedule: None }
    }

    /// At this setting the run stalls, with every seed.
    pub const fn stalls(setting: &'static [(&'static str, &'static str)]) -> Self {
        Self { setting, how: How::Stalls, seed: None, schedule: None }
    }

    /// Not every seed fails; this one does.
    #[must_use]
    pub const fn with_seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// It fails under this schedule, with every seed, and goes well in Tokio's own order.
    #[must_use]
    pub const fn with_schedule(self, schedule: &'static str) -> Self {
        Self { schedule: Some(schedule), ..self }
    }

    /// Returns true if these values match the setting.
    pub fn is_at(&self, values: &Values) -> bool {
        self.setting.iter().all(|turned| is_turned(values, turned))
    }

    /// Returns true if a run with these values may fail: the words match the setting, the numbers need not.
    pub fn may_be_at(&self, values: &Values) -> bool {
        let is_number = |name| values.iter().any(|(param, _)| param.name == name && matches!(param.kind, Kind::Number { .. }));
        self.setting.iter().all(|turned| is_number(turned.0) || is_turned(values, turned))
    }
}

fn is_turned(values: &Values, turned: &(&str, &str)) -> bool {
    values.iter().any(|(param, value)| param.name == turned.0 && value.to_string() == turned.1)
}

impl Scenario {
    /// Every combination of choices that is valid on this clock, defaults first. Numbers keep their defaults.
    pub fn variants(&self, clock: Clock) -> Vec<Values> {
        let mut all = vec![Values::defaults(self.params)];
        for param in self.params {
            let Kind::Choice(choices) = param.kind else { continue };
            let turned = |choice| {
                let to_it = move |mut values: Values| {
                    values.set(param, Value::Choice(choice));
                    values
                };
                all.iter().cloned().map(to_it)
            };
            all = choices.iter().copied().flat_map(turned).collect();
        }
        all.retain(|values| (self.refuse)(values, clock).is_ok());
        all
    }

    /// The declared failure that these values match, if any.
    pub fn breaks_at(&self, values: &Values) -> Option<&'static Breaks> {
        self.breaks.iter().find(|breaks| breaks.is_at(values))
    }

    /// The first variant on this clock that succeeds with every seed. `None` if there is no such variant.
    pub fn right_way(&self, clock: Clock) -> Option<Values> {
        self.variants(clock).into_iter().find(|values| self.breaks_at(values).is_none())
    }
}
