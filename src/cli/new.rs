//! `new`: lays a crate for a scenario of one's own, or a service with a playground.

use async_playground::sketch;
use tui::text;

use super::args::NewArgs;
use super::out;
use super::spec;
use super::stop::Stop;

/// Makes the crate, and says what to do with it.
pub(super) fn new(args: &NewArgs) -> Result<(), Stop> {
    let folder = text::path(&args.folder);
    let failed = |error: sketch::LayError| Stop::Usage(format!("{folder}: {error}"));
    let what = if let Some(id) = &args.from {
        let file = sketch::from_scenario(spec::scenario(id)?, &args.folder).map_err(failed)?;
        format!("your own {id}: change {folder}/{file}")
    } else {
        sketch::service(&args.folder).map_err(failed)?;
        format!("a service: 'cargo run' in {folder} starts it, 'cargo test' tests it, and {folder}/playground shows it")
    };
    out::print(&format!("{what}\nasync-playground open {folder}\n"))
}
