//! The values of a swept parameter: as typed, and around the present one.

use scenario::{Kind, Param, Value};

/// At most this many values are swept if nobody says which.
const AROUND: usize = 21;
/// How far such a sweep reaches: to a fifth of the present value, and to five times as much.
const REACH: u64 = 5;

/// Whether a typed value is several: a range, a list, or `*`.
pub fn is_several(text: &str) -> bool {
    text.contains("..") || text.contains(',') || text.trim() == "*"
}

/// Reads the values of a parameter: `A..B`, `A..B:STEP`, a list such as `a,b,c`, or `*` for all words.
///
/// # Errors
///
/// In one line, what is wrong and what would be right.
pub fn values(param: &Param, text: &str, most: u64) -> Result<Vec<Value>, String> {
    let one = |text: &str| param.parse(text).map_err(|error| error.to_string());
    match (param.kind, text.trim()) {
        (Kind::Choice(words), "*") => Ok(words.iter().map(|word| Value::Choice(word)).collect()),
        (Kind::Number { min, max, .. }, "*") => Err(format!(
            "{}: '*' means all words, and this is a number; name a range, such as {min}..{}",
            param.name,
            max.min(min + 9)
        )),
        (Kind::Choice(words), text) if text.contains("..") => {
            let list = if words.len() > 1 { words[..2].join(",") } else { "*".to_owned() };
            Err(format!("{}: a range needs numbers; name words, such as {list}, or * for all", param.name))
        }
        (Kind::Number { .. }, text) if text.contains("..") => range(param, text, most),
        (_, text) => {
            let mut values = Vec::new();
            for part in text.split(',') {
                let value = one(part)?;
                if values.contains(&value) {
                    return Err(format!("{}: {value} is named twice; name it once", param.name));
                }
                values.push(value);
            }
            Ok(values)
        }
    }
}

/// A range of numbers, both ends included.
fn range(param: &Param, text: &str, most: u64) -> Result<Vec<Value>, String> {
    let name = param.name;
    let (range, step) = text.split_once(':').map_or((text, None), |(range, step)| (range, Some(step)));
    let (from, to) = range.split_once("..").unwrap_or((range, range));
    let bound = |text: &str| match param.parse(text) {
        Ok(Value::Number(n)) => Ok(n),
        Ok(Value::Choice(_)) => Err(format!("{name}: a range needs numbers")),
        Err(error) => Err(error.to_string()),
    };
    let (from, to) = (bound(from)?, bound(to)?);
    if from > to {
        return Err(format!("{name}: {from}..{to} is empty; name the smaller end first: {to}..{from}"));
    }
    let step = match step.map(|step| step.trim().replace('_', "").parse::<u64>()) {
        None => 1,
        Some(Ok(step)) if step > 0 => step,
        Some(_) => return Err(format!("{name}: the step is a whole number above 0, such as {from}..{to}:2")),
    };
    let count = ((to - from) / step).saturating_add(1);
    if count > most {
        let wider = (to - from).div_ceil(most.saturating_sub(1).max(1)).max(step + 1);
        return Err(format!("{name}: {count} values are more than {most}; use a step: {from}..{to}:{wider}"));
    }
    Ok((0..count).map(|n| Value::Number(from + n * step)).collect())
}

/// The values to sweep around the present one: all words, or numbers from a fifth of it to five times as much.
pub fn around(param: &Param, now: Value) -> Vec<Value> {
    let (Kind::Number { min, max, .. }, Value::Number(number)) = (param.kind, now) else {
        let Kind::Choice(words) = param.kind else { return vec![now] };
        return words.iter().map(|word| Value::Choice(word)).collect();
    };
    let low = Value::Number((number / REACH).clamp(min, max));
    let high = number.max(2).saturating_mul(REACH).clamp(min, max);
    let mut all = vec![low];
    while let Some(Value::Number(last)) = all.last().copied()
        && last < high
    {
        match param.step(Value::Number(last), 1) {
            Value::Number(next) if next > last && next <= high => all.push(Value::Number(next)),
            _ => break,
        }
    }
    if !all.contains(&now) {
        all.push(now);
    }
    let stride = all.len().div_ceil(AROUND);
    let last = all.len() - 1;
    let mut kept: Vec<_> = all.iter().enumerate().filter(|(at, v)| at % stride == 0 || *at == last || **v == now).collect();
    kept.sort_by_key(|(_, value)| match value {
        Value::Number(n) => *n,
        Value::Choice(_) => 0,
    });
    kept.into_iter().map(|(_, value)| *value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERMITS: Param = Param::count("permits", 3, (1, 1_000), "permits", "How many.");
    const ORDER: Param = Param::choice("order", &["same", "crossed", "none"], "Which one.");

    fn told(param: &Param, text: &str) -> Result<String, String> {
        let values = values(param, text, 100)?;
        Ok(values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn ranges_and_lists_are_read_and_errors_say_what_is_right() {
        for (param, text, expected) in [
            (&PERMITS, "1..4", Ok("1 2 3 4")),
            (&PERMITS, "1..10:4", Ok("1 5 9")),
            (&PERMITS, "7..7", Ok("7")),
            (&PERMITS, "1, 5,20", Ok("1 5 20")),
            (&PERMITS, "1..1_000:333", Ok("1 334 667 1000")),
            (&PERMITS, "0..4", Err("permits: 0 is out of range: 1 to 1000 permits")),
            (&PERMITS, "1..1001", Err("permits: 1001 is out of range: 1 to 1000 permits")),
            (&PERMITS, "5..1", Err("permits: 5..1 is empty; name the smaller end first: 1..5")),
            (&PERMITS, "1..5:0", Err("permits: the step is a whole number above 0, such as 1..5:2")),
            (&PERMITS, "1..5:x", Err("permits: the step is a whole number above 0, such as 1..5:2")),
            (&PERMITS, "..5", Err("permits: '' is not a whole number: 1 to 1000 permits")),
            (&PERMITS, "1..=5", Err("permits: '=5' is not a whole number: 1 to 1000 permits")),
            (&PERMITS, "1..1000", Err("permits: 1000 values are more than 100; use a step: 1..1000:11")),
            (&PERMITS, "1,1", Err("permits: 1 is named twice; name it once")),
            (&PERMITS, "*", Err("permits: '*' means all words, and this is a number; name a range, such as 1..10")),
            (&ORDER, "*", Ok("same crossed none")),
            (&ORDER, "none,same", Ok("none same")),
            (&ORDER, "same,odd", Err("order: 'odd' is not one of same, crossed, none")),
            (&ORDER, "same..none", Err("order: a range needs numbers; name words, such as same,crossed, or * for all")),
        ] {
            assert_eq!(told(param, text), expected.map(str::to_owned).map_err(str::to_owned), "{text}");
            assert!(is_several(text) || text == "1", "{text}");
        }
        assert!(!is_several("crossed") && !is_several("5"));
    }

    #[test]
    fn a_sweep_that_nobody_has_chosen_covers_the_present_value_within_the_bounds() {
        for now in [1, 2, 3, 20, 33, 777, 1_000] {
            let values = around(&PERMITS, Value::Number(now));
            assert!(values.len() >= 5 && values.len() <= AROUND + 2, "{now}: {}", values.len());
            assert!(values.contains(&Value::Number(now)), "{now}");
            let numbers: Vec<_> = values.iter().map(|v| if let Value::Number(n) = v { *n } else { 0 }).collect();
            assert!(numbers.is_sorted() && numbers.iter().all(|n| (1..=1_000).contains(n)), "{numbers:?}");
        }
        let fixed = Param::count("fixed", 7, (7, 7), "things", "How many.");
        assert_eq!(around(&fixed, Value::Number(7)), [Value::Number(7)]);
        assert_eq!(around(&ORDER, Value::Choice("crossed")).len(), 3);
    }
}
