//! The catalogue, as text and as JSON.

use scenarios::CATALOGUE;
use serde_json::Value;

use super::{json, run, stdout};

fn ids() -> Vec<&'static str> {
    CATALOGUE.iter().map(|scenario| scenario.id).collect()
}

#[test]
fn list_tells_every_scenario_by_group() {
    let text = stdout(&run(&["list"]));
    for id in ids() {
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(id)), "{id}: {text}");
    }
    let one = stdout(&run(&["list", "semaphore"]));
    assert!(one.contains("permits") && one.contains("(1 to 1000 permits)"), "{one}");
    let breaking = stdout(&run(&["list", "deadlock"]));
    for line in ["Breaks at: order=crossed acquire=lock --seed 0 (stalls)", "Breaks at: gap=0 rest=0 --schedule 2:0 (stalls)"] {
        assert!(breaking.lines().any(|said| said == line), "{line}: {breaking}");
    }
}

#[test]
fn list_json_has_the_fields_of_the_contract() {
    let list = json(&["list", "--json"]);
    let entries = list.as_array().expect("an array");
    assert_eq!(entries.iter().filter_map(|entry| entry["id"].as_str()).collect::<Vec<_>>(), ids());
    let keys = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>());
    for entry in entries {
        let first = ["id", "title", "group", "lesson", "clocks", "params", "patterns"];
        let expected = sorted(&[&first[..], &["differs", "builds_on", "breaks", "real_because"]].concat());
        assert_eq!(keys(entry), Some(expected), "{entry}");
        for breaks in entry["breaks"].as_array().expect("settings") {
            assert_eq!(keys(breaks), Some(sorted(&["setting", "ends", "checks", "seed", "schedule", "default"])), "{breaks}");
            let checks = breaks["checks"].as_array().map(Vec::len);
            assert!(
                matches!((breaks["ends"].as_str(), checks), (Some("check"), Some(1..)) | (Some("stall"), Some(0))),
                "{breaks}"
            );
        }
        for param in entry["params"].as_array().expect("parameters") {
            let expected = sorted(&["name", "kind", "default", "min", "max", "choices", "unit", "help"]);
            assert_eq!(keys(param), Some(expected), "{param}");
            match param["kind"].as_str() {
                Some("number") => {
                    let [min, default, max] = ["min", "default", "max"].map(|key| param[key].as_u64());
                    assert!(min.is_some() && min <= default && default <= max, "{param}");
                    assert!(param["unit"].as_str().is_some_and(|unit| !unit.is_empty()), "{param}");
                    assert!(param["choices"].is_null(), "{param}");
                }
                Some("choice") => {
                    let choices = param["choices"].as_array().expect("choices");
                    assert!(choices.contains(&param["default"]), "{param}");
                    assert!(["min", "max", "unit"].iter().all(|key| param[*key].is_null()), "{param}");
                }
                kind => panic!("kind {kind:?}"),
            }
        }
    }
}

/// In the order of `serde_json`'s map.
fn sorted(keys: &[&str]) -> Vec<String> {
    let mut keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
    keys.sort();
    keys
}
