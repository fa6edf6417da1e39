//! Parameters: the knobs of a scenario, and the values they are turned to.
//!
//! A parameter is declared once, as a constant beside the scenario that reads
//! it. Its command-line value, its form field, its validation, its help text
//! and its line in `list --json` all come from that one declaration, so they
//! cannot disagree.

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
    /// What values it takes, and the one it starts with.
    pub kind: Kind,
    /// One sentence that says what turning it does.
    pub help: &'static str,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number within a closed range.
    Number {
        /// The value a run starts with when none is given.
        default: u64,
        /// The smallest value that is accepted.
        min: u64,
        /// The largest value that is accepted.
        max: u64,
        /// What is counted: `ms`, `requests`, `%` … Never empty.
        unit: &'static str,
    },
    /// One word out of a list; the first one is the default.
    Choice(&'static [&'static str]),
}

impl Param {
    /// A count of things, `unit` in the plural.
    pub const fn count(name: &'static str, default: u64, range: (u64, u64), unit: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Number { default, min: range.0, max: range.1, unit }, help }
    }

    /// A duration in whole milliseconds, the finest step of Tokio's timer.
    pub const fn millis(name: &'static str, default: u64, range: (u64, u64), help: &'static str) -> Self {
        Self::count(name, default, range, "ms", help)
    }

    /// One of several words; the first is the default.
    pub const fn choice(name: &'static str, choices: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Choice(choices), help }
    }

    /// The value a run starts with when none is given.
    pub const fn default(&self) -> Value {
        match self.kind {
            Kind::Number { default, .. } => Value::Number(default),
            Kind::Choice(choices) => Value::Choice(choices[0]),
        }
    }

    /// Reads a value as it was typed.
    ///
    /// # Errors
    ///
    /// Says what was wrong and what would be right, in one line, when the text
    /// is not a number, lies outside the range, or is none of the choices.
    pub fn parse(&self, text: &str) -> Result<Value, ValueError> {
        let wrong = |reason: String| Err(ValueError { param: self.name, reason });
        match self.kind {
            Kind::Number { min, max, unit, .. } => {
                let text = text.trim();
                let number = text.replace('_', "");
                match number.parse() {
                    Ok(n) if (min..=max).contains(&n) => Ok(Value::Number(n)),
                    // A negative number, and one too long for 64 bits, are out of range and no slip of the finger.
                    _ if is_integer(&number) => wrong(format!("{text} is out of range: {min} to {max} {unit}")),
                    _ => wrong(format!("'{text}' is not a whole number: {min} to {max} {unit}")),
                }
            }
            Kind::Choice(choices) => match choices.iter().find(|choice| **choice == text.trim()) {
                Some(choice) => Ok(Value::Choice(choice)),
                None => wrong(format!("'{}' is none of {}", text.trim(), choices.join(", "))),
            },
        }
    }

    /// The value that is `steps` away, kept inside the range.
    ///
    /// A number climbs a ladder of round numbers: by 1 up to 20, by 2 up to 50,
    /// by 5 up to 100, by 10 up to 200, and so on, so that a key that is held
    /// down crosses any range in a few seconds, and steps up and down come back.
    /// A number between two rungs goes to the next rung. A choice goes round.
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

/// Whether the text is digits with at most one sign before them.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The next round number above `n`.
fn rung_above(n: u64) -> u64 {
    let stride = stride(n);
    (n / stride).saturating_add(1).saturating_mul(stride)
}

/// The next round number below `n`; 0 below 0.
fn rung_below(n: u64) -> u64 {
    // The stride of the stretch that ends at `n`, not of the one that starts there: 100 goes down to 95.
    let below = n.saturating_sub(1);
    below / stride(below) * stride(below)
}

/// The distance of the rungs around `n`: a tenth of it, rounded down to 1, 2 or 5 times a power of ten.
fn stride(n: u64) -> u64 {
    let tenth = (n / 10).max(1);
    let power = 10_u64.pow(tenth.ilog10());
    match tenth / power {
        1 => power,
        2..=4 => 2 * power,
        _ => 5 * power,
    }
}

/// What a parameter is turned to.
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

/// A value that cannot be taken, with the reason in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    /// The parameter at fault: the field that the message belongs to.
    pub param: &'static str,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.param, self.reason)
    }
}

impl std::error::Error for ValueError {}

/// One value for each parameter of a scenario, in the order of declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    params: &'static [Param],
    values: Vec<Value>,
}

impl Values {
    /// Every parameter at its default.
    pub fn defaults(params: &'static [Param]) -> Self {
        Self { params, values: params.iter().map(Param::default).collect() }
    }

    /// Turns one parameter. The value comes from [`Param::parse`] or
    /// [`Param::step`], so it is within range.
    pub fn set(&mut self, param: &Param, value: Value) {
        if let Some(at) = self.params.iter().position(|p| p.name == param.name) {
            self.values[at] = value;
        }
    }

    /// What this parameter is turned to.
    pub fn get(&self, param: &Param) -> Value {
        self.iter().find(|(p, _)| p.name == param.name).map_or(param.default(), |(_, value)| value)
    }

    /// The number this parameter is turned to; 0 for a choice.
    pub fn number(&self, param: &Param) -> u64 {
        match self.get(param) {
            Value::Number(n) => n,
            Value::Choice(_) => 0,
        }
    }

    /// The word this parameter is turned to; empty for a number.
    pub fn word(&self, param: &Param) -> &'static str {
        match self.get(param) {
            Value::Choice(word) => word,
            Value::Number(_) => "",
        }
    }

    /// The duration this parameter is turned to.
    pub fn duration(&self, param: &Param) -> Duration {
        Duration::from_millis(self.number(param))
    }

    /// Each parameter with its value, in the order of declaration.
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
            (LOCK, "Short", wrong("'Short' is none of long, short, none")),
            (LOCK, "", wrong("'' is none of long, short, none")),
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
            // Typed, and between two rungs: to the next one.
            (TIME, 3001, 1, 3200),
            (TIME, 3001, -1, 3000),
            // The ends of the range are stops, round or not.
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

    /// Every stop from one end of a range to the other, as a held key makes them.
    fn climb(param: Param) -> Vec<Value> {
        let Kind::Number { min, max, .. } = param.kind else { return Vec::new() };
        let mut stops = vec![Value::Number(min)];
        while stops.last() != Some(&Value::Number(max)) {
            stops.push(param.step(stops[stops.len() - 1], 1));
            assert!(stops.len() < 10_000, "{} is never crossed", param.name);
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
        assert_eq!(values.number(&REQUESTS), 20, "a parameter that is not among them is at its default");
    }
}
