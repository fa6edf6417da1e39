//! Converts times of a run to text and back.

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// The units that may follow a number. `ms` precedes `s`, because it also ends in `s`.
const UNITS: [(&str, u64); 7] =
    [("ms", MILLI), ("us", MICRO), ("µs", MICRO), ("ns", 1), ("s", SECOND), ("m", 60 * SECOND), ("h", 3_600 * SECOND)];

/// A time of the run: `00:02.413`, with hours only if there are any.
pub fn moment(ns: u64) -> String {
    let millis = ns / MILLI;
    let (hours, minutes, seconds) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
    let rest = format!("{minutes:02}:{seconds:02}.{:03}", millis % 1_000);
    if hours == 0 { rest } else { format!("{hours}:{rest}") }
}

/// Parses a typed time, in nanoseconds since the run began: `1.5s`, `2413` (milliseconds) or `00:02.413`.
///
/// # Errors
///
/// If the text is not a time. The error says which forms are valid.
pub fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let read = if text.contains(':') { clock(text) } else { number(text) };
    read.ok_or_else(|| format!("'{text}' is not a time; try 1.5s, 2413 (milliseconds) or 00:02.413"))
}

/// `MM:SS` or `H:MM:SS`, with or without a fraction.
fn clock(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.split(':').collect();
    let (seconds, whole) = parts.split_last()?;
    if whole.len() > 2 || whole.is_empty() {
        return None;
    }
    let mut minutes: u64 = 0;
    for (i, part) in whole.iter().enumerate() {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let part: u64 = part.parse().ok().filter(|part| digits && (i == 0 || *part < 60))?;
        minutes = minutes.checked_mul(60)?.checked_add(part)?;
    }
    let seconds = decimal(seconds, SECOND).filter(|ns| *ns < 60 * SECOND)?;
    minutes.checked_mul(60 * SECOND)?.checked_add(seconds)
}

/// A number with a unit; the default unit is milliseconds.
fn number(text: &str) -> Option<u64> {
    let unit = UNITS.iter().find_map(|(name, ns)| Some((text.strip_suffix(name)?, *ns)));
    let (number, unit_ns) = unit.unwrap_or((text, MILLI));
    decimal(number.trim_end(), unit_ns)
}

/// A decimal number of units, exactly; anything finer than a nanosecond is cut off.
fn decimal(text: &str, unit_ns: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut ns = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()?.checked_mul(unit_ns)? };
    let mut place = u128::from(unit_ns);
    // Twenty digits are finer than a nanosecond in any unit.
    let (mut rest, mut parts) = (0_u128, 1_u128);
    for digit in fraction.bytes().take(20) {
        rest = rest * 10 + u128::from(digit - b'0');
        parts *= 10;
    }
    place = place * rest / parts;
    ns = ns.checked_add(u64::try_from(place).ok()?)?;
    Some(ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_hours_only_when_there_are_any() {
        assert_eq!(moment(2_413_000_000), "00:02.413");
        assert_eq!(moment(3_723_004_000_000), "1:02:03.004");
    }

    #[test]
    fn a_time_is_read_in_each_of_its_forms() {
        let table = [
            ("0", 0),
            ("2413", 2_413 * MILLI),
            ("2413.25", 2_413_250_000),
            ("1.5s", 1_500 * MILLI),
            (" 1.5 s ", 1_500 * MILLI),
            (".5s", 500 * MILLI),
            ("500ms", 500 * MILLI),
            ("20us", 20 * MICRO),
            ("20µs", 20 * MICRO),
            ("7ns", 7),
            ("0.1ns", 0),
            ("2m", 120 * SECOND),
            ("1.5h", 5_400 * SECOND),
            ("00:02.413", 2_413 * MILLI),
            ("90:00", 5_400 * SECOND),
            ("1:02:03.004", 3_723_004 * MILLI),
        ];
        for (text, ns) in table {
            assert_eq!(parse(text), Ok(ns), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_with_what_would_be_one() {
        for text in [
            "",
            ".",
            "s",
            "-1",
            "+1",
            "1e3",
            "1.2.3",
            "2 413",
            "1:60",
            "1:61:00",
            ":",
            "1:",
            "1:2:3:4",
            "12x",
            "١",
            "99999999999999999999",
        ] {
            let reason = parse(text).expect_err(text);
            assert!(reason.starts_with(&format!("'{text}' is not a time")) && reason.contains("1.5s"), "{reason}");
        }
        assert!(parse("99999999999h").is_err(), "more than there is room for");
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        for millis in [0, 1, 999, 2_413, 59_999, 60_000, 3_723_004, 360_000_000] {
            assert_eq!(parse(&moment(millis * MILLI)), Ok(millis * MILLI));
        }
    }
}
