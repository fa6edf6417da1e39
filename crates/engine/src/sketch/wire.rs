//! What the screen and a sketch send each other, over one socket.
//!
//! The socket is the standard input of the sketch, so there is no path, no port and nothing to clean up. When the screen is gone,
//! the sketch reads the end of its input, and ends too.
//!
//! Everything is a frame: a kind, a length, and so many bytes. Neither side trusts the other: a length has a bound.

use std::io::{self, Read, Write};
use std::time::Duration;

use recording::header;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Spec, SpecError, StartError, told};
use scenario::{Scenario, ValueError};

/// The environment variable that asks a sketch to serve the screen. Its value is [`VERSION`].
pub(super) const VARIABLE: &str = "ASYNC_PLAYGROUND_SKETCH";

/// The version of all this. Both sides must have the same.
pub(super) const VERSION: &str = "1";

/// The longest frame, in bytes: a description with all sources, or a chunk of facts.
const LONGEST: u32 = 64 << 20;

/// What a frame contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A [`Command`] to the sketch.
    Command = 1,
    /// What the sketch is: see [`described`](super::described).
    Description = 2,
    /// The [`Reply`] to a start.
    Reply = 3,
    /// A part of the recording of the run.
    Facts = 4,
    /// The run is gone, and the next one can start.
    Gone = 5,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Command, Self::Description, Self::Reply, Self::Facts, Self::Gone].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What the screen asks a sketch to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Command {
    /// Start a run.
    Start {
        /// What to run.
        run: header::Scenario,
        /// See [`Spec::pace`].
        pace: Option<f64>,
    },
    /// See [`Run::stop`](crate::Run::stop).
    Stop,
    /// See [`Run::leave`](crate::Run::leave).
    Leave,
    /// See [`Run::pause`](crate::Run::pause).
    Pause(bool),
    /// See [`Run::step`](crate::Run::step).
    Step,
    /// See [`Run::set_pace`](crate::Run::set_pace).
    Pace(f64),
}

/// The answer to [`Command::Start`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// The run has started.
    Started,
    /// The values contradict each other or the clock.
    Values {
        /// The parameter at fault.
        param: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// See [`SpecError::Clock`].
    Clock(String),
    /// See [`SpecError::Workers`].
    Workers(String),
    /// See [`SpecError::Speed`].
    Speed(String),
    /// Anything else, in one line.
    Failed(String),
}

impl From<StartError> for Reply {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Spec(SpecError::Values(ValueError { param, reason })) => Self::Values { param: param.to_owned(), reason },
            StartError::Spec(SpecError::Clock(reason)) => Self::Clock(reason),
            StartError::Spec(SpecError::Workers(reason)) => Self::Workers(reason),
            StartError::Spec(SpecError::Speed(reason)) => Self::Speed(reason),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl Reply {
    /// Why a run of this scenario did not start, if it did not.
    pub(super) fn refusal(self, scenario: &'static Scenario) -> Option<StartError> {
        let spec = match self {
            Self::Started => return None,
            Self::Values { param, reason } => {
                let param = scenario.param(&param).map_or("", |param| param.name);
                SpecError::Values(ValueError { param, reason })
            }
            Self::Clock(reason) => SpecError::Clock(reason),
            Self::Workers(reason) => SpecError::Workers(reason),
            Self::Speed(reason) => SpecError::Speed(reason),
            Self::Failed(reason) => return Some(StartError::System(io::Error::other(reason))),
        };
        Some(StartError::Spec(spec))
    }
}

/// The command that starts a run of this spec.
pub(super) fn start(spec: &Spec) -> Command {
    Command::Start { run: told::header_of(spec), pace: spec.pace }
}

/// Sends a frame.
///
/// # Errors
///
/// If the other side is gone.
pub(super) fn send(mut to: impl Write, kind: Kind, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LONGEST).ok_or(io::ErrorKind::InvalidInput)?;
    let mut frame = Vec::with_capacity(bytes.len() + 5);
    frame.push(kind as u8);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(bytes);
    to.write_all(&frame)
}

/// Sends a value as JSON.
///
/// # Errors
///
/// See [`send`].
pub(super) fn send_json(to: impl Write, kind: Kind, value: &impl Serialize) -> io::Result<()> {
    send(to, kind, &serde_json::to_vec(value)?)
}

/// Receives a frame.
///
/// # Errors
///
/// If the other side is gone, or sends something else.
pub(super) fn receive(mut from: impl Read) -> io::Result<(Kind, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    let length = u32::from_le_bytes(length);
    let kind = Kind::of(kind).filter(|_| length <= LONGEST).ok_or(io::ErrorKind::InvalidData)?;
    let mut bytes = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == u64::from(length) { Ok((kind, bytes)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Reads a value from JSON.
///
/// # Errors
///
/// If the other side has sent something else.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(io::Error::from)
}

/// How long a run may take to be gone after it was asked to.
pub(super) const PATIENCE: Duration = Duration::from_millis(900);
