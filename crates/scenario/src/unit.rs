//! The units of figures, which are declared in the plural.

use std::borrow::Cow;

/// The unit as it is written after this value: `request` after 1, and otherwise `requests`. Symbols, such as `ms`, never change.
pub fn unit_after(value: f64, plural: &str) -> Cow<'_, str> {
    // `1 request`, but `1.5 requests` and `0 requests`.
    if (value - 1.0).abs() > f64::EPSILON || matches!(plural, "ms" | "s" | "us" | "ns") {
        return plural.into();
    }
    // In `calls/s` only the word before the slash is counted.
    let (word, rest) = plural.split_at(plural.find('/').unwrap_or(plural.len()));
    let singular = match word {
        "children" => Some("child".to_owned()),
        _ if word.ends_with("ies") => word.strip_suffix("ies").map(|stem| format!("{stem}y")),
        _ if word.ends_with("ches") || word.ends_with("sses") => word.strip_suffix("es").map(str::to_owned),
        _ => word.strip_suffix('s').map(str::to_owned),
    };
    singular.map_or(plural.into(), |word| Cow::Owned(word + rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular_and_symbols_never_change() {
        for (plural, singular) in [
            ("requests", "request"),
            ("pages", "page"),
            ("bytes", "byte"),
            ("children", "child"),
            ("entries", "entry"),
            ("fetches", "fetch"),
            ("misses", "miss"),
            ("calls/s", "call/s"),
            ("ms", "ms"),
            ("s", "s"),
            ("%", "%"),
            ("", ""),
            ("回", "回"),
        ] {
            assert_eq!(unit_after(1.0, plural), singular);
            for value in [0.0, 0.5, 1.5, 2.0, -1.0] {
                assert_eq!(unit_after(value, plural), plural, "{value}");
            }
        }
    }
}
