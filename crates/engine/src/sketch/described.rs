//! A scenario as bytes, and back: what a sketch tells the screen about itself.
//!
//! The screen shows a `&'static Scenario`, and a sketch can change its own at every save. So the texts and lists of a description
//! are kept for the life of the program, equal texts only once. The functions of the scenario stay in the sketch, which checks
//! values and counts workers itself.
//!
//! Bytes are written and read by the same list of fields, so that the two cannot disagree.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use scenario::question::{Answer, Choice, If, Question};
use scenario::story::{For, How as Ended, Nth, Occurs, Stop, When};
use scenario::{Breaks, Clock, Group, How, Kind, Param, Scenario};

/// Can be put into bytes and read again.
trait Told: Sized + 'static {
    fn tell(&self, out: &mut Vec<u8>);
    /// `None` if the bytes are something else.
    fn hear(from: &mut &[u8]) -> Option<Self>;
}

/// The bytes that describe a scenario.
pub(super) fn describe(scenario: &Scenario) -> Vec<u8> {
    let mut out = Vec::new();
    scenario.tell(&mut out);
    out
}

/// The scenario that these bytes describe; `None` if they describe none.
pub(super) fn described(mut bytes: &[u8]) -> Option<Scenario> {
    let scenario = Scenario::hear(&mut bytes)?;
    (bytes.is_empty() && !scenario.clocks.is_empty()).then_some(scenario)
}

/// Keeps a text for the life of the program, once.
pub(super) fn keep(text: &str) -> &'static str {
    static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    if let Some(known) = kept.get(text) {
        return known;
    }
    let text: &'static str = text.to_owned().leak();
    kept.insert(text);
    text
}

impl Told for u64 {
    fn tell(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn hear(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(Self::from_le_bytes(*bytes))
    }
}

impl Told for usize {
    fn tell(&self, out: &mut Vec<u8>) {
        (*self as u64).tell(out);
    }

    fn hear(from: &mut &[u8]) -> Option<Self> {
        u64::hear(from)?.try_into().ok()
    }
}

impl Told for &'static str {
    fn tell(&self, out: &mut Vec<u8>) {
        self.len().tell(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn hear(from: &mut &[u8]) -> Option<Self> {
        let length = usize::hear(from)?;
        let (text, rest) = from.split_at_checked(length)?;
        *from = rest;
        Some(keep(str::from_utf8(text).ok()?))
    }
}

impl<T: Told> Told for &'static [T] {
    fn tell(&self, out: &mut Vec<u8>) {
        self.len().tell(out);
        self.iter().for_each(|it| it.tell(out));
    }

    fn hear(from: &mut &[u8]) -> Option<Self> {
        let length = usize::hear(from)?;
        // Each takes a byte at least, so a wrong length cannot make it allocate.
        if length > from.len() {
            return None;
        }
        let all: Option<Vec<T>> = (0..length).map(|_| T::hear(from)).collect();
        Some(all?.leak())
    }
}

impl<A: Told, B: Told> Told for (A, B) {
    fn tell(&self, out: &mut Vec<u8>) {
        self.0.tell(out);
        self.1.tell(out);
    }

    fn hear(from: &mut &[u8]) -> Option<Self> {
        Some((A::hear(from)?, B::hear(from)?))
    }
}

impl<T: Told> Told for Option<T> {
    fn tell(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(it) = self {
            it.tell(out);
        }
    }

    fn hear(from: &mut &[u8]) -> Option<Self> {
        match byte(from)? {
            0 => Some(None),
            1 => Some(Some(T::hear(from)?)),
            _ => None,
        }
    }
}

fn byte(from: &mut &[u8]) -> Option<u8> {
    let (first, rest) = from.split_first()?;
    *from = rest;
    Some(*first)
}

/// A struct, by its fields; those that are left out are taken from a default.
macro_rules! fields {
    ($type:ty { $($field:ident),* $(; ..$rest:expr)? }) => {
        impl Told for $type {
            fn tell(&self, out: &mut Vec<u8>) {
                $(self.$field.tell(out);)*
            }

            fn hear(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Told::hear(from)?,)* $(..$rest)? })
            }
        }
    };
}

/// An enum, by its variants, each with a number and its parts.
macro_rules! variants {
    ($type:ty { $($number:literal $variant:ident $(($($part:ident),*))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl Told for $type {
            fn tell(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($($part),*))? $({ $($field),* })? => {
                        out.push($number);
                        $($($part.tell(out);)*)?
                        $($($field.tell(out);)*)?
                    })*
                }
            }

            fn hear(from: &mut &[u8]) -> Option<Self> {
                Some(match byte(from)? {
                    $($number => {
                        $($(let $part = Told::hear(from)?;)*)?
                        $($(let $field = Told::hear(from)?;)*)?
                        Self::$variant $(($($part),*))? $({ $($field),* })?
                    })*
                    _ => return None,
                })
            }
        }
    };
}

fields!(Scenario {
    id, title, lesson, clocks, params, patterns, differs, breaks, story, questions, real_because, source, path, twin;
    ..Scenario { group: Group::Sketches, ..Scenario::DEFAULTS }
});
fields!(Param { name, kind, help });
fields!(Breaks { setting, how, seed, schedule });
fields!(Stop { when, says, line, occurs });
fields!(Question { asks, answer, why, at, occurs });
fields!(Choice { says, right });

variants!(Clock { 0 Virtual, 1 Real });
variants!(Kind { 0 Number { default, min, max, unit }, 1 Choice(words) });
variants!(How { 0 Checks(names), 1 Stalls });
variants!(Nth { 0 First, 1 Last, 2 Number(n) });
variants!(Occurs { 0 Always, 1 At(name, value), 2 NotAt(name, value), 3 Sometimes });
variants!(Ended { 0 Somehow, 1 Well, 2 Failed, 3 Cancelled, 4 Panicked });
variants!(Answer { 0 Choice(choices), 1 Number { is, typical }, 2 Time { is, typical } });
variants!(If { 0 Equal(a, b), 1 Less(a, b), 2 More(a, b), 3 Occurs(when), 4 Holds(name), 5 Otherwise });
variants!(For {
    0 Anything, 1 Time, 2 Permit, 3 Lock, 4 Room, 5 Message, 6 Signal, 7 Join, 8 Io, 9 Blocking, 10 Turn,
});
variants!(When {
    0 Spawn(nth, name), 1 Wait(nth, name, of), 2 Resume(nth, name, of), 3 LongestWait(name, of), 4 Crowd(of),
    5 LongestPoll(name), 6 End(nth, name, how), 7 Log(nth, text), 8 Highest(name), 9 Becomes(nth, name, word),
    10 Stall, 11 Over, 12 OverOrStall,
});

#[cfg(test)]
mod tests {
    use super::*;

    /// What is sent, without the functions.
    fn sent(scenario: &Scenario) -> String {
        let same = Scenario { group: Group::Sketches, builds_on: &[], ..*scenario };
        let Scenario { id, title, lesson, clocks, params, patterns, differs, breaks, story, .. } = same;
        let Scenario { questions, real_because, source, path, twin, group, builds_on, .. } = same;
        format!(
            "{:?}",
            (
                (id, title, lesson, clocks, params, patterns, differs, breaks, story),
                (questions, real_because, source, path, twin, group, builds_on)
            )
        )
    }

    #[test]
    fn every_scenario_is_the_same_after_it_was_sent() {
        for scenario in scenarios::CATALOGUE {
            let there = described(&describe(scenario)).expect(scenario.id);
            assert_eq!(sent(&there), sent(scenario), "{}", scenario.id);
        }
    }

    #[test]
    fn bytes_that_are_cut_off_or_changed_are_refused_or_read_and_never_crash() {
        let bytes = describe(&scenarios::semaphore::SCENARIO);
        for length in 0..bytes.len() {
            assert!(described(&bytes[..length]).is_none(), "{length} of {} bytes", bytes.len());
        }
        for at in (0..bytes.len()).filter(|at| at % 7 == 0 || *at < 400) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0xFF;
            let _ = described(&bytes);
        }
    }

    #[test]
    fn equal_texts_are_kept_once() {
        assert!(std::ptr::eq(keep("a text"), keep(&["a", "text"].join(" "))));
    }
}
