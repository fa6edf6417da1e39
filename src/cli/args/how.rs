//! How to run a scenario: the flags that every command with a run has, and how their values are parsed.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCompleter;
use engine::{Detail, Schedule};
use scenario::Clock;

use super::completions;

/// The default of `--limit`, in milliseconds.
pub(super) const LIMIT_MS: u64 = 60_000;
/// At most a day: far below the year after which the engine calls a virtual run stalled.
pub(super) const LIMITS_MS: RangeInclusive<u64> = 1..=86_400_000;
/// The default of `--stall-after`, in milliseconds.
const STALL_AFTER_MS: u64 = 2_000;
/// More workers than this show nothing new.
pub(super) const WORKERS: RangeInclusive<u64> = 0..=64;
/// The port that tokio-console uses by default.
const CONSOLE_PORT: u16 = 6669;
/// Slower than this nothing seems to move; faster looks like `max`.
const SPEEDS: RangeInclusive<f64> = 0.001..=1000.0;

/// How to run a scenario: flags that the screen and `run` share.
#[derive(Debug, Args)]
pub(in crate::cli) struct HowArgs {
    /// Set a parameter; repeat the flag for more.
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = assignment, add = ArgValueCompleter::new(completions::parameters))]
    pub params: Vec<(String, String)>,
    /// Set the random seed.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &(0..=u64::MAX)))]
    pub seed: u64,
    /// Cut polls: a number, or POLL:OPERATIONS,...
    ///
    /// A number draws the preemptions; 0 is Tokio's own order. In a list, 7:2 cuts the run's poll 7 after 2 of Tokio's
    /// operations. Only on the virtual clock.
    #[arg(long, value_name = "N|LIST", default_value = "0", allow_negative_numbers = true)]
    pub schedule: Schedule,
    /// Choose the clock [default: the scenario's first].
    #[arg(long, value_enum)]
    pub clock: Option<ClockArg>,
    /// Set the number of workers; 0: current-thread runtime.
    ///
    /// The virtual clock allows only 0.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &WORKERS))]
    pub workers: u64,
    /// Set virtual time per wall time, or 'max'.
    ///
    /// A number from 0.001 to 1000; 'max' runs as fast as possible.
    #[arg(long, value_name = "X|max", allow_negative_numbers = true, value_parser = speed)]
    pub speed: Option<Speed>,
    /// End the run after MS milliseconds of its clock.
    #[arg(long, value_name = "MS", default_value_t = LIMIT_MS, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &LIMITS_MS))]
    pub limit: u64,
    /// Choose how much to record.
    #[arg(long, value_enum, default_value_t = DetailArg::Waits)]
    pub detail: DetailArg,
    /// Call the run stalled after MS quiet milliseconds.
    ///
    /// Only on the real clock: quiet means that nothing happens and every task waits for another one.
    /// The virtual clock detects a stall at once.
    #[arg(long, value_name = "MS", default_value_t = STALL_AFTER_MS, allow_negative_numbers = true, value_parser = |text: &str| whole(text, &LIMITS_MS))]
    pub stall_after: u64,
    /// Let tokio-console attach at ADDR or 127.0.0.1:6669.
    ///
    /// If ADDR is not a loopback address, anyone on the network can watch the run.
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:6669", value_parser = address)]
    pub console: Option<SocketAddr>,
}

/// A clock, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ClockArg {
    /// jumps ahead when nothing can run
    Virtual,
    /// wall time
    Real,
}

impl From<ClockArg> for Clock {
    fn from(clock: ClockArg) -> Self {
        match clock {
            ClockArg::Virtual => Clock::Virtual,
            ClockArg::Real => Clock::Real,
        }
    }
}

/// How much to record, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DetailArg {
    /// spawns, polls and ends
    Polls,
    /// also wakes, and waits with their causes, lines and holders
    Waits,
}

impl From<DetailArg> for Detail {
    fn from(detail: DetailArg) -> Self {
        match detail {
            DetailArg::Polls => Detail::Polls,
            DetailArg::Waits => Detail::Waits,
        }
    }
}

/// The speed of a run on the virtual clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::cli) enum Speed {
    /// As fast as possible.
    Max,
    /// Run time per wall time, above 0.
    Times(f64),
}

pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// A range of whole numbers, both ends included; a single number is a range of one.
pub(super) fn range(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    match (from.trim().parse(), to.trim().parse()) {
        (Ok(from), Ok(to)) if from <= to => Ok(from..=to),
        _ => Err("expected a range of whole numbers A..B, such as 0..99".to_owned()),
    }
}

pub(super) fn whole(text: &str, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let wanted = || format!("expected a whole number from {} to {}", range.start(), range.end());
    text.parse().ok().filter(|n| range.contains(n)).ok_or_else(wanted)
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let wanted = || format!("expected a number from {} to {}, or max", SPEEDS.start(), SPEEDS.end());
    text.parse().ok().filter(|x| SPEEDS.contains(x)).map(Speed::Times).ok_or_else(wanted)
}

/// An address; without a port, tokio-console's default one.
fn address(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, CONSOLE_PORT)));
    address.map_err(|_| "expected an address such as 127.0.0.1:6669".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_above_nothing_and_finite() {
        assert_eq!(speed("max"), Ok(Speed::Max));
        assert_eq!(speed("0.5"), Ok(Speed::Times(0.5)));
        for wrong in ["0", "-1", "inf", "NaN", "", "fast", "1e9"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }
}
