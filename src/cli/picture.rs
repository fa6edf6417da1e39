//! `export --format svg` and `--format cast`: what the screen shows, as a picture or as a film.
//!
//! The user's settings do not apply, so that the same command makes the same picture everywhere.

use std::ops::RangeInclusive;

use engine::Recording;
use scenarios::CATALOGUE;
use tui::app::colors::ThemeName;
use tui::app::input::bindings::Bindings;
use tui::app::model::{Model, Options, Theme};
use tui::app::run::lifecycle;
use tui::clock;
use tui::picture::{self, Film};
use tui::ui::SMALLEST;

use super::args::{ExportArgs, FormatArg, Speed};
use super::stop::Stop;

/// Checks the flags that only pictures and films have.
pub(super) fn check(args: &ExportArgs) -> Result<(), Stop> {
    let given = [("--size", args.size.is_some()), ("--theme", args.theme.is_some()), ("--ascii", args.marks.ascii)];
    if let Some((flag, _)) = given.iter().find(|(_, is_given)| *is_given && !args.format.is_drawn()) {
        return Err(Stop::Usage(format!("{flag}: only the formats svg and cast are drawn")));
    }
    if args.format != FormatArg::Cast {
        return Ok(());
    }
    let (columns, rows) = SMALLEST;
    if args.size.is_some_and(|size| size.0 < columns || size.1 < rows) {
        return Err(Stop::Usage(format!("--size: the screen needs at least {columns}x{rows}")));
    }
    if args.how.speed == Some(Speed::Max) {
        return Err(Stop::Usage("--speed: a film needs a number".to_owned()));
    }
    Ok(())
}

/// The picture of a run.
pub(super) fn svg(args: &ExportArgs, run: Recording, range_ns: RangeInclusive<u64>) -> Vec<u8> {
    picture::svg(&mut model(args, run, 1.0), args.size, range_ns).into_bytes()
}

/// The film of a run.
pub(super) fn cast(args: &ExportArgs, run: Recording, range_ns: RangeInclusive<u64>) -> Result<Vec<u8>, String> {
    let speed = if let Some(Speed::Times(speed)) = args.how.speed { speed } else { 1.0 };
    let film = Film { size: args.size.unwrap_or(picture::SCREEN), range_ns, speed };
    picture::cast(&mut model(args, run, speed), &film).map_err(|error| format!("cannot draw the film: {error}"))
}

/// The screen after the run: of a scenario as the program shows it, of a recording as `replay` does.
fn model(args: &ExportArgs, run: Recording, speed: f64) -> Model {
    let theme = args.theme.and_then(Into::into).unwrap_or(ThemeName::OkabeIto);
    let options = Options {
        theme: Theme { colors: theme.colors(), unicode: !args.marks.ascii },
        mouse: true,
        reduced_motion: false,
        console: None,
        limit: run.spec.limit,
    };
    let mut model = if run.program.is_some() {
        Model::of_programs(options, Bindings::default())
    } else {
        Model::new(CATALOGUE, options, Some(run.spec.clone()))
    };
    model.session.speed = speed;
    if scenarios::find(&args.what).is_some() {
        model.seen.insert(run.spec.scenario.id);
        lifecycle::finished(&mut model, run);
    } else {
        lifecycle::replayed(&mut model, run);
    }
    if let Some(current) = model.programs.as_mut().and_then(|programs| programs.current.as_mut()) {
        current.east_s = clock::east_s(current.program.began_ms);
    }
    model
}
