//! Opens the file that `--record` names.

use std::fs::File;
use std::io;

use recording::files;
use tui::text;

use super::args::RecordArgs;
use super::stop::Stop;

/// Creates the file, if one is named. Call it after every other check that can fail, so that no empty file is left behind.
pub(super) fn file(args: &RecordArgs) -> Result<Option<File>, Stop> {
    let Some(path) = &args.record else { return Ok(None) };
    files::create(path, args.force).map(Some).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::AlreadyExists => "file already exists; use --force to overwrite it".to_owned(),
            _ => format!("cannot be written: {error}"),
        };
        Stop::Usage(format!("--record: {}: {reason}", text::path(path)))
    })
}
