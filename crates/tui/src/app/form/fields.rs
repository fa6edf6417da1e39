//! The form: its fields and their values.

use std::time::Duration;

use scenario::{Clock, Kind, Param, Scenario, ValueError, Values};

use engine::{Detail, Schedule, Spec};

/// The form: the scenario's parameters, then clock, workers, seed and schedule.
#[derive(Debug)]
pub struct Form {
    /// The picked scenario.
    pub scenario: &'static Scenario,
    /// Its parameters.
    pub values: Values,
    /// The seed of the run's randomness.
    pub seed: u64,
    /// Which polls are cut on the virtual clock; kept, without effect, on the real one.
    pub schedule: Schedule,
    /// Virtual or real.
    pub clock: Clock,
    /// Worker threads on the real clock.
    pub workers: usize,
    /// How much to record.
    pub detail: Detail,
    /// See [`Spec::stall_after`].
    pub stall_after: Duration,
    /// The field under the cursor: see [`Form::fields`].
    pub row: usize,
    /// The error in the last typed or set value; it stays at its field until the value is corrected.
    pub error: Option<FieldError>,
}

/// One row of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A parameter of the scenario.
    Param(&'static scenario::Param),
    /// The clock.
    Clock,
    /// Worker threads.
    Workers,
    /// The seed.
    Seed,
    /// The schedule.
    Schedule,
}

impl Field {
    /// Whether the field accepts typed digits: its value is a number.
    pub fn takes_digits(self) -> bool {
        !matches!(self, Field::Clock | Field::Param(Param { kind: Kind::Choice(_), .. }))
    }
}

/// An error in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The row of the form.
    pub row: usize,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl Form {
    /// A scenario with its defaults.
    pub fn new(scenario: &'static Scenario) -> Self {
        let usual = Spec::new(scenario);
        Self {
            scenario,
            values: usual.values,
            seed: 0,
            schedule: Schedule::default(),
            clock: usual.clock,
            workers: 0,
            detail: usual.detail,
            stall_after: usual.stall_after,
            row: 0,
            error: None,
        }
    }

    /// The rows, from top to bottom.
    pub fn fields(&self) -> Vec<Field> {
        let params = self.scenario.params.iter().map(Field::Param);
        params.chain([Field::Clock, Field::Workers, Field::Seed, Field::Schedule]).collect()
    }

    /// The spec that this form describes.
    pub fn spec(&self, limit: Duration) -> Spec {
        Spec {
            scenario: self.scenario,
            values: self.values.clone(),
            seed: self.seed,
            schedule: if self.clock == Clock::Virtual { self.schedule.clone() } else { Schedule::default() },
            clock: self.clock,
            workers: (self.scenario.workers)(&self.values, self.clock, self.workers),
            pace: None,
            limit,
            detail: self.detail,
            stall_after: self.stall_after,
        }
    }

    /// The field under the cursor.
    pub fn field(&self) -> Field {
        let fields = self.fields();
        fields[self.row.min(fields.len() - 1)]
    }
}

/// The field that caused the error, found by the parameter's name.
impl From<(&Form, &ValueError)> for FieldError {
    fn from((form, error): (&Form, &ValueError)) -> Self {
        let row = form.scenario.params.iter().position(|param| param.name == error.param).unwrap_or(form.row);
        Self { row, reason: error.reason.clone() }
    }
}
