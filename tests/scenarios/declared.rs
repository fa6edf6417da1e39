//! What each entry of the catalogue must have. A scenario that lacks any of it fails here, by name.

use std::collections::HashSet;

use scenario::{Clock, Kind, Values};
use scenarios::CATALOGUE;

use super::on;

/// The list itself, in order, is in `docs/coverage.md`, which another test compares with the catalogue.
#[test]
fn the_groups_stand_together() {
    assert!(CATALOGUE.is_sorted_by_key(|scenario| scenario.group));
}

#[test]
fn every_parameter_says_what_it_is_and_starts_within_its_range() {
    for scenario in CATALOGUE {
        let mut names = HashSet::new();
        for param in scenario.params {
            let what = format!("{} {}", scenario.id, param.name);
            assert!(names.insert(param.name), "{what}: declared twice");
            assert!(param.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{what}: the name is snake_case");
            assert!(param.help.ends_with('.') && param.help.len() > 15, "{what}: the help is a sentence");
            assert_eq!(param.parse(&param.default().to_string()), Ok(param.default()), "{what}: the default can be typed");
            match param.kind {
                Kind::Number { unit, default, min, max } => {
                    assert!(!unit.is_empty(), "{what}: the unit");
                    assert!(min < max && (min..=max).contains(&default), "{what}: the range");
                }
                Kind::Choice(choices) => {
                    assert!(choices.len() > 1, "{what}: there is something to choose");
                    assert_eq!(HashSet::<_>::from_iter(choices).len(), choices.len(), "{what}: each word once");
                }
            }
        }
        assert_eq!((scenario.refuse)(&Values::defaults(scenario.params), scenario.clocks[0]), Ok(()), "{}", scenario.id);
    }
}

#[test]
fn every_scenario_has_its_lesson_its_source_and_its_twin() {
    for scenario in CATALOGUE {
        let file = scenario.id.replace('-', "_");
        assert_eq!(scenario.path, format!("scenarios/{file}.rs"));
        let text = scenario.text();
        assert!(text.starts_with(&format!("# {}: ", scenario.title)), "{}: the lesson begins with the title", scenario.id);
        for part in ["**What you see.**", "**Why.**", "**Try.**", "**Pitfall.**", "**Words.** asyncio: ", "Tokio:"] {
            assert!(text.contains(part), "{}: the lesson has no {part}", scenario.id);
        }
        for empty in [": …\n", ".** …", "asyncio: …", "Tokio: …"] {
            assert!(!text.contains(empty), "{}: the lesson still has to be written: {empty:?}", scenario.id);
        }
        let main = format!("main(\"{}\", PARAMS, run", scenario.id);
        assert!(scenario.twin.contains(&main), "{}: the twin runs under the same name", scenario.id);
        assert!(scenario.lesson.ends_with(['.', '?']), "{}: the lesson in one sentence", scenario.id);
        assert!(!scenario.patterns.is_empty() && !scenario.patterns.contains(&"…"), "{}: the patterns", scenario.id);
        for sentence in [scenario.differs, scenario.real_because] {
            assert!(!sentence.contains(['|', '\n']), "{}: {sentence:?} fits a cell of a table", scenario.id);
        }
    }
}

#[test]
fn every_scenario_has_a_check_that_it_states_and_a_test_on_paused_time_if_it_can_be_paused() {
    for scenario in CATALOGUE {
        let tests = scenario.source.split_once("#[cfg(test)]").map(|(_, tests)| tests);
        let code = scenario.source.strip_suffix(tests.unwrap_or_default()).unwrap_or_default();
        assert!(code.contains(".check("), "{}: no check is stated", scenario.id);
        let paused = scenario.clocks.contains(&Clock::Virtual);
        let (what, proof) =
            if paused { ("on paused time", "start_paused = true") } else { ("on the real clock", "scenario::really(") };
        assert!(tests.is_some_and(|tests| tests.contains(proof)), "{}: no test proves the lesson {what}", scenario.id);
    }
}

/// A reader who follows the list from its top has always seen what the next scenario builds on.
#[test]
fn every_scenario_builds_on_some_that_come_before_it() {
    let mut seen = HashSet::new();
    for scenario in CATALOGUE {
        assert_eq!(scenario.builds_on.is_empty(), seen.is_empty(), "{}: only the first one builds on nothing", scenario.id);
        for id in scenario.builds_on {
            assert!(seen.contains(id), "{} builds on {id}, which does not come before it", scenario.id);
        }
        assert!(seen.insert(scenario.id), "{} is there twice", scenario.id);
    }
}

#[test]
fn what_breaks_is_a_setting_that_can_be_turned_and_a_check_that_is_stated() {
    for scenario in CATALOGUE {
        for breaks in scenario.breaks {
            assert!(!breaks.setting.is_empty(), "{}: no setting", scenario.id);
            for (name, text) in breaks.setting {
                let param = scenario.param(name).unwrap_or_else(|| panic!("{}: no parameter {name}", scenario.id));
                assert!(param.parse(text).is_ok(), "{}: {name}={text}", scenario.id);
            }
        }
    }
}

#[test]
fn a_reason_for_the_real_clock_is_given_where_it_is_needed_and_nowhere_else() {
    for scenario in CATALOGUE {
        let needs_it = !scenario.clocks.contains(&Clock::Virtual)
            || scenario.variants(Clock::Real).len() > scenario.variants(Clock::Virtual).len();
        assert_eq!(!scenario.real_because.is_empty(), needs_it, "{}: {:?}", scenario.id, scenario.real_because);
    }
    for scenario in on(Clock::Virtual) {
        assert_eq!((scenario.refuse)(&Values::defaults(scenario.params), Clock::Virtual), Ok(()), "{}", scenario.id);
    }
}

/// A setting is typed as `-p NAME=VALUE`, and the form shows it beside the settings of the run.
#[test]
fn no_parameter_is_named_like_a_setting_of_the_run() {
    let of_the_run =
        ["clock", "console", "detail", "limit", "param", "record", "schedule", "seed", "speed", "stall_after", "workers"];
    for scenario in CATALOGUE {
        let named_alike = scenario.params.iter().find(|param| of_the_run.contains(&param.name));
        assert_eq!(named_alike, None, "{}", scenario.id);
    }
}

/// A reader who follows the list from its top has seen what a name needs before any other scenario names a task.
#[test]
fn the_first_names_of_tasks_say_which_flag_they_need() {
    for naming in ["Builder::new().name(", ".build_task().name("] {
        let names = |line: &&str| line.contains(naming) && !line.trim_start().starts_with(".line(");
        let first = CATALOGUE.iter().find(|scenario| scenario.source.lines().any(|line| names(&line))).expect("tasks have names");
        let before = first.source.lines().take_while(|line| !names(line)).last();
        assert!(before.is_some_and(|line| line.contains("`--cfg tokio_unstable`")), "{}: {before:?}", first.id);
    }
}

/// Texts on lanes have to fit: marks, span names, and the words over moments.
#[test]
fn what_is_said_on_lanes_is_short() {
    for scenario in CATALOGUE {
        for (before, most) in [("mark = \"", 8), ("info_span!(\"", 20)] {
            for word in quoted(scenario.source, before) {
                assert!((1..=most).contains(&word.chars().count()), "{}: {before}{word}", scenario.id);
            }
        }
        for moment in quoted(scenario.source, "moment = \"") {
            assert!((1..=4).contains(&moment.split(' ').count()), "{}: {moment}", scenario.id);
        }
    }
}

/// The quoted text that follows each of these.
fn quoted<'a>(source: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    source.split(before).skip(1).filter_map(|after| after.split('"').next())
}
