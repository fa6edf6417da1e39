//! A recording: facts in a file, or on their way to a viewer.
//!
//! A recording holds the facts that the trace received during the run, and not what
//! the trace derived from them. Opening a recording feeds the same facts to a new
//! trace, so everything derived from it is the same: lanes, waits, resources, log,
//! metrics, hash. A later version of the trace that derives more also does so from
//! old recordings.
//!
//! # Format, version 5
//!
//! Numbers of a fixed size are little-endian.
//!
//! | part | bytes | |
//! |---|---|---|
//! | magic | 8 | `APLAYREC` |
//! | version | 2 | a program opens only its own version |
//! | length, CRC-32 | 4, 4 | of the header |
//! | header | at most 64 KiB | JSON: version of the recorder, and what ran: a scenario or a program (see [`Header`]) |
//! | chunks | | in sequence; the last is the footer |
//!
//! A chunk:
//!
//! | part | bytes | |
//! |---|---|---|
//! | length | 4 | of the content in the file |
//! | size | 4 | of the decompressed content, at most 4 MiB |
//! | facts | 4 | their number |
//! | kind | 4 | 1: facts; 2: the footer; 3: a keyframe, 3 + 256: one that the next chunk continues; 512 more for a chunk that continues one |
//! | CRC-32 | 4 | of everything else in the chunk |
//! | content | length | an LZ4 block |
//!
//! `codec` describes the content of a chunk of facts: each fact is a byte for its
//! kind and flags, then numbers of seven bits a byte, as differences. The footer
//! is JSON: how the run ended, its outcome, when its trace was closed, and what
//! identifies that trace (trace hash, wake hash, events). A file without a footer was cut off:
//! the program or the machine ended before the run did.
//!
//! A *keyframe* restates the living: the facts from which a reader that has nothing from before gets the same picture of all
//! that is alive. The numbers of lines and sites start anew with it, so a reader can begin at any keyframe.

mod bytes;
mod codec;
mod decode;
mod encode;
pub mod files;
mod frame;
pub mod header;
mod names;
mod read;
pub mod sockets;
mod write;

use std::fmt;
use std::io;

pub use codec::{Fact, LATEST_NS};
pub use header::{Ended, Footer, Header, Program, Subject};
pub use names::fixed as known_name;
pub use read::Reader;
pub use write::{Writer, begins_keyframe, facts_in, lost_chunk, opening};

/// Why a recording is incomplete or suspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The file ends before the recording does.
    CutOff,
    /// The file contains something impossible: what it is.
    Damaged(&'static str),
    /// The rest would take more memory than a recording may.
    TooLarge,
    /// Reading took longer than a recording may.
    TooLong,
    /// The file was read to its end, but the trace differs from the recorded one.
    Differs,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::CutOff => f.write_str("the recording is cut off"),
            Flaw::Damaged(what) => write!(f, "the recording is damaged: {what}"),
            Flaw::TooLarge => f.write_str("the recording is too large"),
            Flaw::TooLong => f.write_str("the recording takes too long to open"),
            Flaw::Differs => return f.write_str("the trace differs from the one that was recorded"),
        }?;
        f.write_str("; the part before that is shown")
    }
}

/// Why a file cannot be opened as a recording.
#[derive(Debug)]
pub enum OpenError {
    /// The system refuses to read it.
    Io(io::Error),
    /// It is not a recording.
    NotARecording,
    /// It has another format version.
    Version(u16),
    /// This program cannot use the header: the reason.
    Header(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Io(error) => write!(f, "cannot be read: {error}"),
            OpenError::NotARecording => f.write_str("is not a recording"),
            OpenError::Version(found) => {
                write!(f, "is a recording in format {found}; this version of the program opens format {}", frame::VERSION)
            }
            OpenError::Header(reason) => write!(f, "is a recording with an unusable header: {reason}"),
        }
    }
}

impl std::error::Error for OpenError {}
