//! A scenario that goes wrong on purpose exits with 1 and says why.

use scenario::{Breaks, Clock, How, Scenario, Values};
use scenarios::CATALOGUE;

use super::{run, stderr};

#[test]
fn every_setting_that_is_declared_to_break_exits_1_with_the_reason() {
    for scenario in CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual)) {
        for breaks in scenario.breaks {
            let args = args(scenario, breaks);
            let output = run(&args);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
            assert!(said.starts_with(&format!("error: {}: ", scenario.id)), "{args:?}: {said}");
            let reason = match breaks.how {
                How::Checks(checks) => format!("check failed: {}", checks.join("; ")),
                How::Stalls => "stalled: nothing can ever run again".to_owned(),
            };
            assert!(said.contains(&reason), "{args:?}: {said}");
        }
    }
}

fn args(scenario: &Scenario, breaks: &Breaks) -> Vec<String> {
    let turned = breaks.setting.iter().flat_map(|(name, text)| ["-p".to_owned(), format!("{name}={text}")]);
    let (seed, schedule) = (breaks.seed.unwrap_or_default().to_string(), breaks.schedule.unwrap_or("0"));
    // Virtual time refuses variants that use threads.
    let mut values = Values::defaults(scenario.params);
    for (name, text) in breaks.setting {
        let param = scenario.param(name).expect("a parameter of that name");
        values.set(param, param.parse(text).expect("a value in range"));
    }
    let refused = (scenario.refuse)(&values, Clock::Virtual).is_err();
    let clock = if refused { Clock::Real } else { Clock::Virtual };
    let how = ["--clock", clock.name(), "--seed", &seed, "--schedule", schedule, "--detail", "polls"].map(str::to_owned);
    ["run", scenario.id].map(str::to_owned).into_iter().chain(turned).chain(how).collect()
}
