//! Formats numbers, times and counts.

use scenario::Clock;

use engine::Spec;

/// A number with at most three decimals and no trailing zeros.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time in a fitting unit, with at most three decimals.
pub(super) fn time(ns: u64) -> String {
    let (size, unit) = match ns {
        1_000_000_000.. => (1e9, "s"),
        1_000_000.. | 0 => (1e6, "ms"),
        1_000.. => (1e3, "us"),
        _ => (1.0, "ns"),
    };
    format!("{} {unit}", number(ns as f64 / size))
}

/// A count with its noun, in the plural unless it is 1.
pub(super) fn count(n: usize, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {thing}{plural}")
}

/// The clock and the threads of a run.
pub(super) fn ground(spec: &Spec) -> String {
    let threads = match spec.workers {
        0 => "one thread".to_owned(),
        n => count(n, "worker"),
    };
    let clock = match spec.clock {
        Clock::Virtual => "virtual",
        Clock::Real => "real",
    };
    format!("{clock} clock, {threads}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_unit_that_suits_them() {
        for (ns, told) in [
            (0, "0 ms"),
            (999, "999 ns"),
            (1_500, "1.5 us"),
            (500_000_000, "500 ms"),
            (3_500_000_000, "3.5 s"),
            (100_000_000_000, "100 s"),
            (1_234_567_890, "1.235 s"),
        ] {
            assert_eq!(time(ns), told);
        }
    }

    #[test]
    fn whole_numbers_have_no_point() {
        assert_eq!(number(20.0), "20");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(-1.25), "-1.25");
        assert_eq!(number(1.0 / 3.0), "0.333");
    }
}
