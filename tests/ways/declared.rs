//! What the declared ways of scenarios mean.

use scenario::{Clock, Scenario, Values};
use scenarios::{blocking, bridge, cancellation, futurelock};

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
    assert_eq!(words(Clock::Real), ["block", "spawn_blocking", "yield", "timeout"]);
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
