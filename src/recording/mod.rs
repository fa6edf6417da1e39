//! A recording: a trace in a file.
//!
//! What is written is what the trace was told while the run went on, fact by
//! fact, and not what it made of it. So a recording that is opened tells another
//! trace the same, and everything that is made from a trace comes out as it was:
//! lanes, waits, resources, log, metrics, hash. It also means that a trace that
//! is changed or learns more later learns it from old recordings too.
//!
//! # Format, version 4
//!
//! Numbers of a fixed size are little-endian.
//!
//! | part | bytes | |
//! |---|---|---|
//! | magic | 8 | `APLAYREC` |
//! | version | 2 | 2; a program opens its own version only |
//! | length, CRC-32 | 4, 4 | of the header |
//! | header | at most 64 KiB | JSON: version of the program, scenario, parameters, seed, clock, workers, limit, detail, stall-after |
//! | chunks | | one after the other; the last is the footer |
//!
//! A chunk:
//!
//! | part | bytes | |
//! |---|---|---|
//! | length | 4 | of the content in the file |
//! | size | 4 | of the content when it is decompressed, at most 4 MiB |
//! | facts | 4 | how many it has |
//! | kind | 4 | 1: facts; 2: the footer |
//! | CRC-32 | 4 | of everything in the chunk before and behind it |
//! | content | length | an LZ4 block |
//!
//! The content of a chunk of facts is described in `codec`: each fact a byte for its
//! kind and flags, then numbers of seven bits a byte, as differences. The footer
//! is JSON: how the run ended, its outcome, when its trace was closed, and by what
//! that trace can be known again (trace hash, events). A file without a footer
//! was cut off: the program or the machine ended before the run did.

mod bytes;
mod codec;
mod decode;
mod encode;
mod frame;
mod names;
mod read;
mod tape;
mod told;
mod write;

use std::fmt;
use std::io;

pub use read::{open, read};
pub use tape::{SaveError, Tape};
pub use write::Writer;

use crate::engine::{Report, Spec};
use crate::trace::Trace;

/// A recording that was opened.
#[derive(Debug)]
pub struct Recording {
    /// What was run.
    pub spec: Spec,
    /// What happened, as far as it could be read. It is closed.
    pub trace: Trace,
    /// How the run ended; [`Ending::CutOff`](crate::engine::Ending::CutOff) if that could not be read.
    pub report: Report,
    /// What is wrong with the recording, if anything.
    pub flaw: Option<Flaw>,
}

/// Why a recording is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The file ends before the recording does.
    CutOff,
    /// There is something that cannot be: what it is.
    Damaged(&'static str),
    /// What comes next would take more memory than a recording is given.
    TooLarge,
    /// What came took more time than a recording is given.
    TooLong,
    /// It was read to its end, and the trace is not the one that was recorded.
    Differs,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::CutOff => f.write_str("the recording is cut off"),
            Flaw::Damaged(what) => write!(f, "the recording is damaged: {what}"),
            Flaw::TooLarge => f.write_str("the recording is too large"),
            Flaw::TooLong => f.write_str("the recording takes too long to open"),
            Flaw::Differs => return f.write_str("the trace of the recording is not the one that was recorded"),
        }?;
        f.write_str("; what comes before that is shown")
    }
}

/// Why a file cannot be opened as a recording.
#[derive(Debug)]
pub enum OpenError {
    /// The system does not let it be read.
    Io(io::Error),
    /// It is something else.
    NotARecording,
    /// It has another version of the format.
    Version(u16),
    /// The header says nothing that this program can show: why.
    Header(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Io(error) => write!(f, "cannot be read: {error}"),
            OpenError::NotARecording => f.write_str("is not a recording"),
            OpenError::Version(found) => {
                write!(f, "is a recording of format {found}, and this version of the program opens format {}", frame::VERSION)
            }
            OpenError::Header(reason) => write!(f, "is a recording whose header cannot be used: {reason}"),
        }
    }
}

impl std::error::Error for OpenError {}
