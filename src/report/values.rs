//! Numbers, settings, figures and checks in JSON.

use engine::Report;
use engine::compare::outcome;
use scenario::Value;
use serde::{Serialize, Serializer};

/// A number. A whole one is written without a decimal point: 20, not 20.0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(pub(super) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Every whole number up to here is exactly representable.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.0.fract() == 0.0 && self.0.abs() <= EXACT {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// A value of a parameter: a number or a word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed(pub(super) Value);

impl Serialize for Typed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Number(n) => serializer.serialize_u64(n),
            Value::Choice(word) => serializer.serialize_str(word),
        }
    }
}

/// A figure.
#[derive(Debug, Serialize)]
pub(super) struct Named<'a> {
    name: &'a str,
    value: Number,
    unit: &'static str,
}

/// A check.
#[derive(Debug, Serialize)]
pub(super) struct Checked<'a> {
    name: &'a str,
    holds: bool,
}

/// The figures of a run.
pub(super) fn figures(report: &Report) -> Vec<Named<'_>> {
    let figures = outcome(report).map_or(&[][..], |outcome| &outcome.figures);
    figures.iter().map(|figure| Named { name: &figure.name, value: Number(figure.value), unit: figure.unit }).collect()
}

/// The checks of a run.
pub(super) fn checks(report: &Report) -> Vec<Checked<'_>> {
    let checks = outcome(report).map_or(&[][..], |outcome| &outcome.checks);
    checks.iter().map(|check| Checked { name: &check.name, holds: check.holds }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_is_not_whole_keeps_its_fraction() -> serde_json::Result<()> {
        let figure = |value| serde_json::to_string(&Named { name: "n", value: Number(value), unit: "ms" });
        assert_eq!(figure(1.5)?, r#"{"name":"n","value":1.5,"unit":"ms"}"#);
        assert_eq!(figure(-2.0)?, r#"{"name":"n","value":-2,"unit":"ms"}"#);
        assert_eq!(figure(1e300)?, r#"{"name":"n","value":1e+300,"unit":"ms"}"#);
        Ok(())
    }
}
