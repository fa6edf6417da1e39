//! Where a run is recorded: the file that `--record` names.

use std::fs::File;
use std::io;

use async_playground::{files, text};

use super::args::RecordArgs;
use super::stop::Stop;

/// Makes the file, if one is named. Comes after everything else that can be refused, so that nothing is left behind.
pub(super) fn file(args: &RecordArgs) -> Result<Option<File>, Stop> {
    let Some(path) = &args.record else { return Ok(None) };
    files::create(path, args.force).map(Some).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::AlreadyExists => "there is such a file; --force overwrites it".to_owned(),
            _ => format!("cannot be written: {error}"),
        };
        Stop::Usage(format!("--record: {}: {reason}", text::path(path)))
    })
}
