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
                let digits = text.trim().replace('_', "");
                let number = digits.parse::<u64>();
                match number {
                    Ok(n) if (min..=max).contains(&n) => Ok(Value::Number(n)),
                    // Digits that do not fit 64 bits are a number out of range, not a typing error.
                    _ if !digits.is_empty()
                        && digits.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit())
                        && digits != "-" =>
                    {
                        wrong(format!("{text} is out of range: {min} to {max} {unit}"))
                    }
                    _ => wrong(format!("'{text}' is not a whole number: {min} to {max} {unit}")),
                }
            }
            Kind::Choice(choices) => match choices.iter().find(|choice| **choice == text.trim()) {
                Some(choice) => Ok(Value::Choice(choice)),
                None => wrong(format!("'{text}' is none of {}", choices.join(", "))),
            },
        }
    }

    /// The neighbouring value, `steps` away, kept inside the range.
    ///
    /// A number moves by one up to 20 and by about a twentieth of its size
    /// above, rounded to 1, 2 or 5 times a power of ten, so that holding a key
    /// crosses any range in a few seconds. A choice goes round.
    pub fn step(&self, value: Value, steps: i64) -> Value {
        match (self.kind, value) {
            (Kind::Number { min, max, .. }, Value::Number(n)) => {
                let stride = stride(if steps < 0 { n.saturating_sub(1) } else { n });
                let delta = stride.saturating_mul(steps.unsigned_abs());
                // Land on a multiple of the stride, so that 500 goes to 520 and back to 500.
                let next = if steps < 0 {
                    n.saturating_sub(delta).next_multiple_of(stride).min(n.saturating_sub(1))
                } else {
                    n.saturating_add(delta) / stride * stride
                };
                Value::Number(next.clamp(min, max))
            }
            (Kind::Choice(choices), Value::Choice(now)) => {
                let at = choices.iter().position(|c| *c == now).unwrap_or(0) as i64;
                let len = choices.len() as i64;
                Value::Choice(choices[(at + steps).rem_euclid(len) as usize])
            }
            (_, value) => value,
        }
    }
}

/// How far one step moves a number of this size.
fn stride(n: u64) -> u64 {
    let twentieth = n / 20;
    let mut power = 1_u64;
    while power.saturating_mul(10) <= twentieth {
        power *= 10;
    }
    match twentieth / power {
        0 => 1,
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
