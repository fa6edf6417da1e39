use std::collections::HashMap;

use super::*;

#[test]
fn rows_of_one_name_do_one_thing_with_one_set_of_keys() {
    let mut rows: HashMap<&str, Vec<Key>> = HashMap::new();
    for binding in Bindings::default().iter() {
        let kebab = binding.name.split('-').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()));
        assert!(kebab, "{}", binding.name);
        let keys = rows.entry(binding.name).or_insert_with(|| binding.keys.to_vec());
        assert_eq!(*keys, *binding.keys, "{}", binding.name);
    }
}

/// The keys in the published table of keys: the first of each row in panes and overlays, without those that edit
/// text. A row's second key (Home for `0`, `Ctrl-F` for `PgDn`) counts as the same key.
fn shown() -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for binding in Bindings::default().iter() {
        let browses = matches!(binding.scope, Scope::Panes(_) | Scope::Always | Scope::Layers | Scope::Explain | Scope::Arrange);
        if let Some(key) = binding.keys.first().filter(|key| browses && !keys.contains(key)) {
            keys.push(*key);
        }
    }
    keys
}

#[test]
fn about_fifty_keys_are_left() {
    let keys = shown();
    assert!((45..=55).contains(&keys.len()), "{}: {:?}", keys.len(), keys.iter().map(|key| key.name()).collect::<Vec<_>>());
}

#[test]
fn each_key_is_in_the_documents_table_with_its_habit() {
    let table = include_str!("../../../../../../docs/keys.md");
    for key in shown() {
        let shown = format!("`{}`", key.text(true));
        assert!(table.lines().any(|line| line.starts_with('|') && line.contains(&shown)), "{shown}");
    }
}

#[test]
fn nothing_that_stops_a_run_or_switches_its_clock_has_a_key() {
    for binding in Bindings::default().iter().filter(|binding| matches!(binding.action, Action::Stop | Action::SwitchClock)) {
        assert!(binding.keys.is_empty(), "{}", binding.name);
    }
    let bindings = Bindings::default();
    let restarts: Vec<_> = bindings.iter().filter(|binding| binding.action == Action::Restart).collect();
    assert!(
        matches!(&restarts[..], [only] if only.keys.len() == 1),
        "only one key restarts, and asks where that loses something"
    );
}
