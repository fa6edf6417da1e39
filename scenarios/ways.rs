//! The right ways and the wrong ones: every variant of a scenario, and where it goes wrong on purpose.
//!
//! A scenario that teaches by going wrong says where it does, once, as data. What
//! the tests expect, what the continuous integration expects, and what `list --json`
//! tells all come from there, so a lesson and its proof cannot part.

use crate::param::{Kind, Value, Values};
use crate::scenario::{Clock, Scenario};

/// A setting at which a scenario goes wrong, as its lesson says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaks {
    /// Names of parameters, and what each is turned to, as it is typed. The others are at their defaults.
    pub setting: &'static [(&'static str, &'static str)],
    /// How such a run ends.
    pub how: How,
    /// One seed with which it does, if not with every seed.
    pub seed: Option<u64>,
}

/// How a run goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It ends, and these checks do not hold.
    Checks(&'static [&'static str]),
    /// It does not end: nothing can ever run again.
    Stalls,
}

impl Breaks {
    /// With this setting these checks do not hold, whatever the seed.
    pub const fn checks(setting: &'static [(&'static str, &'static str)], checks: &'static [&'static str]) -> Self {
        Self { setting, how: How::Checks(checks), seed: None }
    }

    /// With this setting the run stalls, whatever the seed.
    pub const fn stalls(setting: &'static [(&'static str, &'static str)]) -> Self {
        Self { setting, how: How::Stalls, seed: None }
    }

    /// It depends on the seed: with this one it does go wrong.
    #[must_use]
    pub const fn with_seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Whether these values are turned as the setting says.
    pub fn is_at(&self, values: &Values) -> bool {
        self.setting.iter().all(|turned| is_turned(values, turned))
    }

    /// Whether it may go wrong with these values too: the words are those of the setting, and the numbers decide.
    pub fn may_be_at(&self, values: &Values) -> bool {
        let is_number = |name| values.iter().any(|(param, _)| param.name == name && matches!(param.kind, Kind::Number { .. }));
        self.setting.iter().all(|turned| is_number(turned.0) || is_turned(values, turned))
    }
}

fn is_turned(values: &Values, turned: &(&str, &str)) -> bool {
    values.iter().any(|(param, value)| param.name == turned.0 && value.to_string() == turned.1)
}

impl Scenario {
    /// Every combination of its choices that this clock takes, with the numbers at their defaults; the defaults first.
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

    /// Where it goes wrong, if it does at these values: it is declared for them.
    pub fn breaks_at(&self, values: &Values) -> Option<&'static Breaks> {
        self.breaks.iter().find(|breaks| breaks.is_at(values))
    }

    /// The first variant on this clock that goes well with every seed. None if they all need the other clock.
    pub fn right_way(&self, clock: Clock) -> Option<Values> {
        self.variants(clock).into_iter().find(|values| self.breaks_at(values).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{blocking, bridge, cancellation, futurelock};

    fn turned(scenario: &Scenario, name: &str, text: &str) -> Values {
        let mut values = Values::defaults(scenario.params);
        let param = scenario.param(name).expect("a parameter of that name");
        values.set(param, param.parse(text).expect("a value in range"));
        values
    }

    #[test]
    fn words_say_that_it_may_break_and_numbers_that_it_does() {
        let scenario = &cancellation::SCENARIO;
        let may = |values: &Values| scenario.breaks.iter().any(|breaks| breaks.may_be_at(values));
        let does = |values: &Values| scenario.breaks_at(values).is_some();
        let defaults = Values::defaults(scenario.params);
        assert_eq!((may(&defaults), does(&defaults)), (true, true));
        let early = turned(scenario, "cancel_after", "3000");
        assert_eq!((may(&early), does(&early)), (true, false));
        let token = turned(scenario, "variant", "token");
        assert_eq!((may(&token), does(&token)), (false, false));
    }

    #[test]
    fn variants_are_the_combinations_that_a_clock_takes() {
        let words = |clock| blocking::SCENARIO.variants(clock).iter().map(|values| word(values, "variant")).collect::<Vec<_>>();
        assert_eq!(words(Clock::Virtual), ["block", "yield"]);
        assert_eq!(words(Clock::Real), ["block", "spawn_blocking", "yield"]);
    }

    #[test]
    fn the_right_way_is_the_first_that_goes_well_on_that_clock() {
        let way = |scenario: &Scenario, clock| scenario.right_way(clock).map(|values| word(&values, "variant"));
        assert_eq!(way(&futurelock::SCENARIO, Clock::Virtual), Some("spawned".to_owned()));
        assert_eq!(way(&bridge::SCENARIO, Clock::Virtual), None);
        assert_eq!(way(&bridge::SCENARIO, Clock::Real), Some("spawn_blocking".to_owned()));
    }

    fn word(values: &Values, name: &str) -> String {
        values.iter().find(|(param, _)| param.name == name).map_or_else(String::new, |(_, value)| value.to_string())
    }
}
