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
