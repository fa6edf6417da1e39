//! The ways to run a scenario that have a page: its defaults, each of its choices, and the settings at which it goes wrong on
//! purpose.

use engine::Spec;
use scenario::{Breaks, Clock, How, Kind, Scenario, Value, Values};

/// A way to run a scenario.
#[derive(Debug, Clone)]
pub struct Way {
    /// What is run.
    pub spec: Spec,
    /// The file of its page.
    pub file: String,
    /// What differs from the defaults, in a few words.
    pub title: String,
    /// What happens there, if it goes wrong on purpose; otherwise empty.
    pub says: String,
}

impl Way {
    /// Whether it goes wrong on purpose.
    pub fn goes_wrong(&self) -> bool {
        !self.says.is_empty()
    }
}

/// The ways to run a scenario, its defaults first. Each is valid.
pub fn ways(scenario: &'static Scenario) -> Vec<Way> {
    let mut specs = vec![(Spec::new(scenario), scenario.breaks_at(&Values::defaults(scenario.params)))];
    for param in scenario.params {
        let Kind::Choice(words) = param.kind else { continue };
        for word in words.iter().filter(|word| Value::Choice(word) != param.default()) {
            let mut values = Values::defaults(scenario.params);
            values.set(param, Value::Choice(word));
            let breaks = scenario.breaks_at(&values);
            specs.push((at(scenario, values, breaks), breaks));
        }
    }
    for breaks in scenario.breaks {
        let mut values = Values::defaults(scenario.params);
        for (name, value) in breaks.setting {
            let Some(param) = scenario.param(name) else { continue };
            values.set(param, param.parse(value).unwrap_or(param.default()));
        }
        specs.push((at(scenario, values, Some(breaks)), Some(breaks)));
    }
    let mut ways: Vec<Way> = Vec::new();
    for (spec, breaks) in specs {
        let way = way(spec, breaks);
        if way.spec.check().is_ok() && ways.iter().all(|other| other.spec.share() != way.spec.share()) {
            ways.push(way);
        }
    }
    ways
}

/// A run with these values, on the first clock that takes them, and as the failure needs it.
fn at(scenario: &'static Scenario, values: Values, breaks: Option<&Breaks>) -> Spec {
    let mut spec = Spec::new(scenario);
    let takes = |clock: &&Clock| (scenario.refuse)(&values, **clock).is_ok();
    spec.clock = scenario.clocks.iter().find(takes).copied().unwrap_or(spec.clock);
    spec.workers = (scenario.workers)(&values, spec.clock, spec.workers);
    spec.seed = breaks.and_then(|breaks| breaks.seed).unwrap_or(spec.seed);
    if let Some(schedule) = breaks.and_then(|breaks| breaks.schedule)
        && let Ok(schedule) = schedule.parse()
    {
        spec.schedule = schedule;
    }
    spec.values = values;
    spec
}

fn way(spec: Spec, breaks: Option<&Breaks>) -> Way {
    // Without the command and the scenario, what is left of the share line is what differs.
    let share = spec.share();
    let flags = share.split(' ').skip(3).filter(|word| *word != "-p").collect::<Vec<_>>().join(" ");
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let slug: String = flags.chars().map(plain).collect();
    let id = spec.scenario.id;
    let (file, title) = match slug.trim_matches('-') {
        "" => (format!("{id}.html"), "defaults".to_owned()),
        slug => (format!("{id}.{slug}.html"), flags.replace("--", "")),
    };
    let says = breaks.map_or_else(String::new, |breaks| match breaks.how {
        How::Checks(checks) => format!("Goes wrong on purpose: {} does not hold.", checks.join("; ")),
        How::Stalls => "Goes wrong on purpose: it stalls.".to_owned(),
    });
    Way { spec, file, title, says }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::ways;

    #[test]
    fn each_way_of_each_scenario_has_a_file_of_its_own_and_can_run() {
        let mut files = HashSet::new();
        for scenario in scenarios::CATALOGUE {
            let ways = ways(scenario);
            assert_eq!(ways[0].title, "defaults", "{}", scenario.id);
            for way in ways {
                assert!(way.spec.check().is_ok(), "{}", way.file);
                assert!(files.insert(way.file.clone()), "{}", way.file);
            }
        }
    }

    #[test]
    fn what_goes_wrong_on_purpose_says_how() {
        let ways = ways(&scenarios::deadlock::SCENARIO);
        let crossed = ways.iter().find(|way| way.title == "gap=0 rest=0 schedule 2:0").expect("the declared failure");
        assert_eq!((crossed.says.as_str(), crossed.goes_wrong()), ("Goes wrong on purpose: it stalls.", true));
        assert!(ways.iter().any(|way| !way.goes_wrong()));
    }
}
