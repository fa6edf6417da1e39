//! The asyncio twins agree with the scenarios: same parameters, same draws, same outcome.
//!
//! Without Python 3.11 these tests say so and pass; in CI, where the variable
//! `CI` is set, they fail.

mod copied;
mod cut;
mod debug;
mod differences;
mod idioms;
mod pytest;
mod python;
mod random;
mod served;
mod settings;
#[path = "../simulate/mod.rs"]
mod simulate;
mod usage;

use std::thread;
use std::time::Instant;

use python::{module, python, python_code, python_is_here, twin};
use scenario::Measure;
use scenario::{Clock, Context, Kind, Scenario, Value, Values, draw};
use scenarios::{CATALOGUE, find};
use serde_json::{Value as Json, json};
use served::served;
use settings::{SETTINGS, Setting};
use simulate::{Ended, simulate, values};
use tokio::runtime;

/// The number of concurrent comparisons on virtual time.
const AT_ONCE: usize = 3;

fn scenario(id: &str) -> &'static Scenario {
    find(id).unwrap_or_else(|| panic!("there is no scenario {id}"))
}

#[test]
fn every_scenario_on_virtual_time_is_compared_at_three_settings_or_more() {
    for scenario in CATALOGUE {
        let settings = SETTINGS.iter().filter(|(id, ..)| *id == scenario.id).count();
        assert!(settings >= 3, "{}: {settings}", scenario.id);
    }
}

#[test]
fn outcomes_agree() {
    if !python_is_here() {
        return;
    }
    let (on_virtual, real): (Vec<_>, Vec<_>) = SETTINGS.iter().partition(|(id, ..)| is_virtual(scenario(id)));
    thread::scope(|scope| {
        // All at once, since they wait and do not compute.
        for setting in real {
            scope.spawn(move || outcome_agrees(setting));
        }
        for part in 0..AT_ONCE {
            let mine = on_virtual.iter().skip(part).step_by(AT_ONCE);
            scope.spawn(move || mine.for_each(|setting| outcome_agrees(setting)));
        }
    });
}

/// Every twin runs in a process of its own, as for a user, at its first setting, and on the real clock at all of them.
fn outcome_agrees(setting: &Setting) {
    let (id, seed, turned) = setting;
    let scenario = scenario(id);
    let is_first = SETTINGS.iter().find(|(of, ..)| of == id) == Some(setting);
    let by_itself = is_first || !is_virtual(scenario);
    let values = values(scenario, turned);
    assert_eq!((scenario.refuse)(&values, scenario.clocks[0]), Ok(()), "{id} {turned:?}");

    let mut args: Vec<String> = turned.iter().map(|(name, value)| format!("{name}={value}")).collect();
    args.push(format!("seed={seed}"));
    let (output, ours) = thread::scope(|scope| {
        let output = scope.spawn(|| if by_itself { twin(scenario, &args) } else { served(scenario, &args) });
        let ours = report(scenario, values, *seed);
        (output.join().expect("Python starts"), ours)
    });
    let theirs: Json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{id} {args:?}: {error}\n{}", String::from_utf8_lossy(&output.stderr)));
    let told = if is_virtual(scenario) { in_floats } else { but_for_times };
    assert_eq!(told(theirs), told(ours.clone()), "{id} {args:?}");
    let holds = ours["checks"].as_array().is_some_and(|checks| checks.iter().all(|check| check["holds"] == json!(true)));
    assert_eq!(output.status.code(), Some(i32::from(!holds)), "{id} {args:?}: exit code");
}

#[test]
fn parameters_are_declared_alike() {
    if !python_is_here() {
        return;
    }
    let code = "
import importlib, json, sys
import twin
def plain(param):
    return list(param.words) if isinstance(param, twin.Choice) else [param.default, param.low, param.high]
print(json.dumps([[[name, plain(param)] for name, param in importlib.import_module(module).PARAMS.items()]
                  for module in sys.argv[1:]]))
";
    let modules = CATALOGUE.iter().map(module);
    let twins: Json = serde_json::from_str(&python_code(code, modules)).expect("JSON");
    let ours = CATALOGUE.iter().map(|scenario| {
        let params = scenario.params.iter().map(|param| match param.kind {
            Kind::Number { default, min, max, .. } => json!([param.name, [default, min, max]]),
            Kind::Choice(choices) => json!([param.name, choices]),
        });
        params.collect::<Json>()
    });
    assert_eq!(twins, ours.collect::<Json>());
}

#[test]
fn draws_are_the_same_numbers() {
    if !python_is_here() {
        return;
    }
    let code = "
import twin
for seed in (0, 1, 7, 2**63, 2**64 - 1):
    for stream in ('latency', 'jitter', 'ü', ''):
        for index in range(50):
            print(twin.bits(seed, stream, index), twin.within(seed, stream, index, 500, 2000))
";
    let twins = python_code(code, []);
    let mut twins = twins.lines();
    for seed in [0, 1, 7, 1 << 63, u64::MAX] {
        for stream in ["latency", "jitter", "ü", ""] {
            for index in 0..50 {
                let ours = format!("{} {}", draw::bits(seed, stream, index), draw::within(seed, stream, index, &(500..=2000)));
                assert_eq!(twins.next(), Some(ours.as_str()), "seed {seed}, stream {stream:?}, index {index}");
            }
        }
    }
    assert_eq!(twins.next(), None);
}

/// The draws that are known on both sides, and what asyncio alone does with an orphan and a shared generator.
#[test]
fn the_examples_in_the_twins_hold() {
    if !python_is_here() {
        return;
    }
    for file in ["twin.py", "orphan.py", "stream.py"] {
        let output = python(["-m", "doctest", "-v", file]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{file}: {said}");
        assert!(said.contains("passed"), "{file}: there are examples to check: {said}");
    }
}

/// The expected output of a twin, made from the Rust run.
fn report(scenario: &Scenario, values: Values, seed: u64) -> Json {
    report_unless_stalled(scenario, values, seed).unwrap_or_else(|| panic!("{} stalled", scenario.id))
}

/// The expected output of a twin, made from the Rust run; `None` if the run stalls.
fn report_unless_stalled(scenario: &Scenario, values: Values, seed: u64) -> Option<Json> {
    let params = values.iter().map(|(param, value)| {
        let value = match value {
            Value::Number(number) => json!(number),
            Value::Choice(word) => json!(word),
        };
        (param.name.to_owned(), value)
    });
    let params = Json::Object(params.collect());
    let ended = if is_virtual(scenario) { simulate(scenario, values, seed) } else { really(scenario, values, seed) };
    let Ended::Finished(outcome, elapsed) = ended else { return None };
    let figures = outcome.figures.iter().map(|f| json!({"name": f.name, "value": f.value, "unit": f.unit}));
    let checks = outcome.checks.iter().map(|check| json!({"name": check.name, "holds": check.holds}));
    Some(json!({
        "scenario": scenario.id,
        "params": params,
        "seed": seed,
        "elapsed_ms": elapsed.measure(),
        "outcome": figures.collect::<Json>(),
        "checks": checks.collect::<Json>(),
    }))
}

/// True if a scenario can run on virtual time.
fn is_virtual(scenario: &Scenario) -> bool {
    scenario.clocks.contains(&Clock::Virtual)
}

/// Runs a scenario on the real clock, as a spawned task.
fn really(scenario: &Scenario, values: Values, seed: u64) -> Ended {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let running = (scenario.run)(Context::new(values, seed, Clock::Real));
    let started = Instant::now();
    let outcome = runtime.block_on(async { tokio::spawn(running).await });
    Ended::Finished(outcome.expect("the scenario does not panic").expect("the scenario does not fail"), started.elapsed())
}

/// The JSON with figures and times as floating-point numbers: Python writes 3 where Rust writes 3.0.
fn in_floats(mut report: Json) -> Json {
    report["elapsed_ms"] = json!(report["elapsed_ms"].as_f64());
    for figure in report["outcome"].as_array_mut().into_iter().flatten() {
        figure["value"] = json!(figure["value"].as_f64());
    }
    report
}

/// The same JSON without what differs from run to run on the real clock: durations, and how many connections a pool opened,
/// which may dial a new one just before another comes back.
fn but_for_times(report: Json) -> Json {
    let mut report = in_floats(report);
    report["elapsed_ms"] = Json::Null;
    for figure in report["outcome"].as_array_mut().into_iter().flatten() {
        if figure["unit"] == json!("ms") || figure["name"] == json!("connections") {
            figure["value"] = Json::Null;
        }
    }
    report
}
