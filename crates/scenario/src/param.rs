//! Parameters: the knobs of a scenario, and their values.
//!
//! A parameter is declared once, as a constant beside the scenario that reads
//! it. The command line, the form, the validation, the help text and
//! `list --json` all use that declaration, so they cannot disagree.

use std::fmt;
use std::time::Duration;

/// One knob of a scenario.
///
/// A scenario declares its parameters as constants and reads them through
/// [`Context`](crate::Context), so a misspelt name does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    /// The name on the command line, in the form and in JSON: `snake_case`.
    pub name: &'static str,
    /// The values it takes, and its default.
    pub kind: Kind,
    /// What it sets, in one sentence.
    pub help: &'static str,
}

/// The values that a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number within a closed range.
    Number {
        /// The value if none is given.
        default: u64,
        /// The smallest value accepted.
        min: u64,
        /// The largest value accepted.
        max: u64,
        /// The unit: `ms`, `requests`, `%` … Never empty.
        unit: &'static str,
    },
    /// One word from a list; the first one is the default.
    Choice(&'static [&'static str]),
}

impl Param {
    /// Declares a count; `unit` is in the plural.
    pub const fn count(name: &'static str, default: u64, range: (u64, u64), unit: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Number { default, min: range.0, max: range.1, unit }, help }
    }

    /// Declares a duration in whole milliseconds, the resolution of Tokio's timer.
    pub const fn millis(name: &'static str, default: u64, range: (u64, u64), help: &'static str) -> Self {
        Self::count(name, default, range, "ms", help)
    }

    /// Declares a choice of words; the first is the default.
    pub const fn choice(name: &'static str, choices: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Choice(choices), help }
    }

    /// The value if none is given.
    pub const fn default(&self) -> Value {
        match self.kind {
            Kind::Number { default, .. } => Value::Number(default),
            Kind::Choice(choices) => Value::Choice(choices[0]),
        }
    }

    /// Parses a value as the user typed it.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a number, is out of range, or is not one of the
    /// choices. The error says in one line what was wrong and what is valid.
    pub fn parse(&self, text: &str) -> Result<Value, ValueError> {
        let wrong = |reason: String| Err(ValueError { param: self.name, reason });
        match self.kind {
            Kind::Number { min, max, unit, .. } => {
                let text = text.trim();
                let number = text.replace('_', "");
                match number.parse() {
                    Ok(n) if (min..=max).contains(&n) => Ok(Value::Number(n)),
                    // A negative number or one that needs more than 64 bits is a number too, but out of range.
                    _ if is_integer(&number) => wrong(format!("{text} is out of range: {min} to {max} {unit}")),
                    _ => wrong(format!("'{text}' is not a whole number: {min} to {max} {unit}")),
                }
            }
            Kind::Choice(choices) => match choices.iter().find(|choice| **choice == text.trim()) {
                Some(choice) => Ok(Value::Choice(choice)),
                None => wrong(format!("'{}' is not one of {}", text.trim(), choices.join(", "))),
            },
        }
    }

    /// Moves a value by `steps`, within the range.
    ///
    /// A number moves along a ladder of round numbers: in steps of 1 up to 20, 2
    /// up to 50, 5 up to 100, 10 up to 200, and so on. So a held key crosses any
    /// range in a few seconds, and equal steps up and down cancel out. A number
    /// between two rungs moves to the next rung. A choice wraps around.
    pub fn step(&self, value: Value, steps: i64) -> Value {
        match (self.kind, value) {
            (Kind::Number { min, max, .. }, Value::Number(start)) => {
                let mut n = start.clamp(min, max);
                for _ in 0..steps.unsigned_abs() {
                    let next = if steps < 0 { rung_below(n).max(min) } else { rung_above(n).min(max) };
                    if next == n {
                        break;
                    }
                    n = next;
                }
                Value::Number(n)
            }
            (Kind::Choice(choices), Value::Choice(now)) => {
                let at = choices.iter().position(|c| *c == now).unwrap_or(0) as i64;
                let len = choices.len() as i64;
                Value::Choice(choices[(at + steps % len).rem_euclid(len) as usize])
            }
            (_, value) => value,
        }
    }
}

/// Returns true if the text is digits, with at most one sign before them.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The next round number above `n`.
fn rung_above(n: u64) -> u64 {
    let stride = stride(n);
    (n / stride).saturating_add(1).saturating_mul(stride)
}

/// The next round number below `n`; 0 if `n` is 0.
fn rung_below(n: u64) -> u64 {
    // Use the stride of the stretch that ends at `n`, not of the one that starts there: 100 goes down to 95.
    let below = n.saturating_sub(1);
    below / stride(below) * stride(below)
}

/// The distance between rungs at `n`: a tenth of `n`, rounded down to 1, 2 or 5 times a power of ten.
fn stride(n: u64) -> u64 {
    let tenth = (n / 10).max(1);
    let power = 10_u64.pow(tenth.ilog10());
    match tenth / power {
        1 => power,
        2..=4 => 2 * power,
        _ => 5 * power,
    }
}

/// The value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// A whole number, in the parameter's unit.
    Number(u64),
    /// One of the parameter's choices.
    Choice(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(n) => n.fmt(f),
            Value::Choice(word) => word.fmt(f),
        }
    }
}

/// An invalid value, with the reason in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    /// The parameter at fault; the form shows the message at its field.
    pub param: &'static str,
    /// What is wrong, and what is valid.
    pub reason: String,
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.param, self.reason)
    }
}

impl std::error::Error for ValueError {}

/// The values of a scenario's parameters, in the order of declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    params: &'static [Param],
    values: Vec<Value>,
}

impl Values {
    /// Every parameter at its default value.
    pub fn defaults(params: &'static [Param]) -> Self {
        Self { params, values: params.iter().map(Param::default).collect() }
    }

    /// Sets one parameter. Take the value from [`Param::parse`] or
    /// [`Param::step`], which keep it in range.
    pub fn set(&mut self, param: &Param, value: Value) {
        if let Some(at) = self.params.iter().position(|p| p.name == param.name) {
            self.values[at] = value;
        }
    }

    /// The value of this parameter.
    pub fn get(&self, param: &Param) -> Value {
        self.iter().find(|(p, _)| p.name == param.name).map_or(param.default(), |(_, value)| value)
    }

    /// The value of a numeric parameter; 0 for a choice.
    pub fn number(&self, param: &Param) -> u64 {
        match self.get(param) {
            Value::Number(n) => n,
            Value::Choice(_) => 0,
        }
    }

    /// The chosen word; empty for a number.
    pub fn word(&self, param: &Param) -> &'static str {
        match self.get(param) {
            Value::Choice(word) => word,
            Value::Number(_) => "",
        }
    }

    /// The value in milliseconds, as a duration.
    pub fn duration(&self, param: &Param) -> Duration {
        Duration::from_millis(self.number(param))
    }

    /// Every parameter and its value, in the order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Param, Value)> + '_ {
        self.params.iter().zip(self.values.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERMITS: Param = Param::count("permits", 3, (1, 1_000), "permits", "How many.");
    const TIME: Param = Param::millis("time", 500, (0, 60_000), "How long.");
    const REQUESTS: Param = Param::count("requests", 20, (1, 1_000_000), "requests", "How many.");
    const WIDEST: Param = Param::count("widest", 0, (0, u64::MAX), "things", "How many.");
    const ODD: Param = Param::count("odd", 33, (7, 333), "things", "How many.");
    const LOCK: Param = Param::choice("lock", &["long", "short", "none"], "Which one.");

    #[test]
    fn parse_takes_what_is_in_range_and_says_what_is_wrong_with_the_rest() {
        let number = |n| Ok(Value::Number(n));
        let wrong = |reason: &str| Err(reason.to_owned());
        for (param, text, expected) in [
            (PERMITS, "1", number(1)),
            (PERMITS, "1000", number(1000)),
            (PERMITS, " 1_000 ", number(1000)),
            (PERMITS, "+7", number(7)),
            (PERMITS, "0", wrong("0 is out of range: 1 to 1000 permits")),
            (PERMITS, "1001", wrong("1001 is out of range: 1 to 1000 permits")),
            (PERMITS, "-1", wrong("-1 is out of range: 1 to 1000 permits")),
            (PERMITS, "99999999999999999999999", wrong("99999999999999999999999 is out of range: 1 to 1000 permits")),
            (PERMITS, "", wrong("'' is not a whole number: 1 to 1000 permits")),
            (PERMITS, "_", wrong("'_' is not a whole number: 1 to 1000 permits")),
            (PERMITS, "-", wrong("'-' is not a whole number: 1 to 1000 permits")),
            (PERMITS, "--1", wrong("'--1' is not a whole number: 1 to 1000 permits")),
            (PERMITS, "2.5", wrong("'2.5' is not a whole number: 1 to 1000 permits")),
            (PERMITS, "many", wrong("'many' is not a whole number: 1 to 1000 permits")),
            (TIME, "0", number(0)),
            (TIME, "60001", wrong("60001 is out of range: 0 to 60000 ms")),
            (TIME, "5s", wrong("'5s' is not a whole number: 0 to 60000 ms")),
            (WIDEST, "18446744073709551615", number(u64::MAX)),
            (LOCK, " short", Ok(Value::Choice("short"))),
            (LOCK, "Short", wrong("'Short' is not one of long, short, none")),
            (LOCK, "", wrong("'' is not one of long, short, none")),
        ] {
            let parsed = param.parse(text).map_err(|error| {
                assert_eq!(error.param, param.name, "the error names the parameter it is about");
                error.reason
            });
            assert_eq!(parsed, expected, "{} = '{text}'", param.name);
        }
    }

    #[test]
    fn an_error_reads_as_one_line_with_the_name_of_the_parameter() {
        let error = PERMITS.parse("0").unwrap_err();
        assert_eq!(error.to_string(), "permits: 0 is out of range: 1 to 1000 permits");
    }

    #[test]
    fn steps_go_from_rung_to_rung_and_stay_inside_the_range() {
        for (param, from, steps, to) in [
            (PERMITS, 3, 1, 4),
            (PERMITS, 3, -1, 2),
            (PERMITS, 1, -1, 1),
            (PERMITS, 1000, 1, 1000),
            (PERMITS, 19, 1, 20),
            (PERMITS, 20, 1, 22),
            (PERMITS, 20, -1, 19),
            (PERMITS, 3, 0, 3),
            (TIME, 0, -1, 0),
            (TIME, 500, 1, 550),
            (TIME, 500, -1, 480),
            (TIME, 500, 10, 1000),
            (TIME, 500, i64::MAX, 60_000),
            (TIME, 500, i64::MIN, 0),
            // A typed number between two rungs goes to the next rung.
            (TIME, 3001, 1, 3200),
            (TIME, 3001, -1, 3000),
            // Steps stop at the ends of the range, even if these are not round.
            (ODD, 330, 1, 333),
            (ODD, 333, 1, 333),
            (ODD, 333, -1, 320),
            (ODD, 8, -5, 7),
            (WIDEST, u64::MAX, 1, u64::MAX),
        ] {
            assert_eq!(param.step(Value::Number(from), steps), Value::Number(to), "{} {from} by {steps}", param.name);
        }
    }

    #[test]
    fn a_choice_goes_round() {
        for (from, steps, to) in [
            ("long", 1, "short"),
            ("none", 1, "long"),
            ("long", -1, "none"),
            ("short", 3, "short"),
            ("short", -4, "long"),
            ("long", i64::MAX, "short"),
        ] {
            assert_eq!(LOCK.step(Value::Choice(from), steps), Value::Choice(to), "{from} by {steps}");
        }
    }

    /// Every value from one end of a range to the other, as a held key steps through them.
    fn climb(param: Param) -> Vec<Value> {
        let Kind::Number { min, max, .. } = param.kind else { return Vec::new() };
        let mut stops = vec![Value::Number(min)];
        while stops.last() != Some(&Value::Number(max)) {
            stops.push(param.step(stops[stops.len() - 1], 1));
            assert!(stops.len() < 10_000, "{}: the end is never reached", param.name);
        }
        stops
    }

    #[test]
    fn a_held_key_crosses_a_range_of_a_million_in_a_few_seconds() {
        let repeats_a_second = 30;
        for param in [PERMITS, TIME, REQUESTS] {
            let steps = climb(param).len();
            assert!(steps <= 7 * repeats_a_second, "{}: {steps} steps", param.name);
        }
    }

    #[test]
    fn steps_up_and_down_come_back() {
        for param in [PERMITS, TIME, REQUESTS, ODD, WIDEST] {
            let ladder = climb(param);
            for (i, low) in ladder.iter().enumerate() {
                for (j, high) in ladder.iter().enumerate().skip(i).take(5) {
                    let steps = (j - i) as i64;
                    assert_eq!(param.step(*low, steps), *high, "{}: {low} up by {steps}", param.name);
                    assert_eq!(param.step(*high, -steps), *low, "{}: {high} down by {steps}", param.name);
                }
            }
        }
    }

    #[test]
    fn values_keep_the_order_of_declaration_and_start_at_the_defaults() {
        const PARAMS: &[Param] = &[TIME, LOCK, PERMITS];
        let mut values = Values::defaults(PARAMS);
        values.set(&LOCK, Value::Choice("none"));
        values.set(&PERMITS, Value::Number(9));
        let read: Vec<_> = values.iter().map(|(param, value)| format!("{}={value}", param.name)).collect();
        assert_eq!(read, ["time=500", "lock=none", "permits=9"]);
        assert_eq!((values.number(&PERMITS), values.word(&LOCK)), (9, "none"));
        assert_eq!(values.duration(&TIME), Duration::from_millis(500));
        assert_eq!(values.number(&REQUESTS), 20, "an undeclared parameter has its default");
    }
}
