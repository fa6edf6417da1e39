//! The screen that an export is drawn from: of a run that was made or read here, or of the run on the user's screen.
//!
//! On the command line the user's settings do not apply, so that the same command makes the same picture everywhere.

use std::mem;
use std::ops::RangeInclusive;

use engine::{Ending, Recording, Report};
use export::Format;
use scenarios::CATALOGUE;
use tui::app::colors::ThemeName;
use tui::app::input::bindings::Bindings;
use tui::app::model::{Model, Options, Theme};
use tui::app::run::lifecycle;
use tui::clock;
use tui::picture::{Film, SCREEN, Size};
use tui::ui::SMALLEST;

use super::args::{ExportArgs, Speed};
use super::stop::Stop;

/// How an export is drawn.
pub(super) struct Drawing {
    /// The size of a picture or film; none for the usual one.
    pub(super) size: Option<Size>,
    /// The part of the run, in nanoseconds since it began.
    pub(super) range_ns: RangeInclusive<u64>,
    /// Run time per wall time in a film.
    pub(super) speed: f64,
}

impl Drawing {
    /// A whole run, as it is usually drawn.
    pub(super) fn whole(run: &Recording) -> Self {
        Self { size: None, range_ns: run.trace.since_ns..=run.trace.end_ns, speed: 1.0 }
    }

    /// The film of this drawing.
    pub(super) fn film(&self) -> Film {
        Film { size: self.size.unwrap_or(SCREEN), range_ns: self.range_ns.clone(), speed: self.speed }
    }
}

/// Checks the flags that only pictures and films have. The picture in a page is one too.
pub(super) fn check(args: &ExportArgs, format: Format) -> Result<(), Stop> {
    let is_drawn = matches!(format, Format::Html | Format::Svg | Format::Cast);
    let given = [("--size", args.size.is_some()), ("--theme", args.theme.is_some()), ("--ascii", args.marks.ascii)];
    if let Some((flag, _)) = given.iter().find(|(_, is_given)| *is_given && !is_drawn) {
        return Err(Stop::Usage(format!("{flag}: only the formats html, svg and cast are drawn")));
    }
    if format != Format::Cast {
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

/// The colours and marks of a picture, if nothing else was asked for.
pub(super) fn usual() -> Theme {
    Theme { colors: ThemeName::OkabeIto.colors(), unicode: true }
}

/// The screen after a run that plays at a speed: of a scenario as the program shows it, of a recording as `replay` does.
pub(super) fn model(run: Recording, theme: Theme, replay: bool, speed: f64) -> Model {
    let options = Options { theme, mouse: true, reduced_motion: false, console: None, limit: run.spec.limit };
    let mut model = if run.program.is_some() {
        Model::of_programs(options, Bindings::default())
    } else {
        Model::new(CATALOGUE, options, Some(run.spec.clone()))
    };
    model.session.speed = speed;
    if replay {
        lifecycle::replayed(&mut model, run);
    } else {
        model.seen.insert(run.spec.scenario.id);
        lifecycle::finished(&mut model, run);
    }
    if let Some(current) = model.programs.as_mut().and_then(|programs| programs.current.as_mut()) {
        current.east_s = clock::east_s(current.program.began_ms);
    }
    model
}

/// Draws the run on the user's screen on a screen of its own, which may be moved to any time; the user's stays as it is.
pub(super) fn apart<T>(screen: &mut Model, draw: impl FnOnce(&mut Model, &Drawing) -> T) -> Option<T> {
    let theme = screen.options.theme;
    let replay = screen.replay;
    let program = screen.programs.as_ref().and_then(|programs| programs.current.as_ref()).map(|current| current.program.clone());
    let shown = screen.run.as_mut()?;
    let so_far = || Report { ending: Ending::CutOff, elapsed_ns: shown.trace.end_ns, runtime_polls: None };
    let report = shown.report.clone().unwrap_or_else(so_far);
    // A trace may be large: it is lent, not copied.
    let trace = mem::take(&mut shown.trace);
    let run = Recording { spec: shown.spec.clone(), program, trace, report, flaw: None };
    let drawing = Drawing::whole(&run);
    let mut own = model(run, theme, replay, drawing.speed);
    let drawn = draw(&mut own, &drawing);
    if let Some(lent) = own.run {
        shown.trace = lent.trace;
    }
    Some(drawn)
}
