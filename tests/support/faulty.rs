//! A program in which everything goes wrong, for the tests on a real terminal.
//!
//! It is the playground with other inputs and another catalogue: scenarios that panic, never end and never yield, and keys at
//! which the user interface panics (F12), aborts (F11) and hangs (F10). The playground itself knows nothing about them.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crossterm::event::KeyCode;
use export::Format;
use scenario::Running;
use scenario::prelude::*;
use tui::app::model::{Model, Options, Theme};
use tui::shell::{Events, Shell, Tokio};
use tui::term::{Input, Inputs, Screen};

const fn faulty(id: &'static str, run: fn(Context) -> Running) -> Scenario {
    Scenario {
        id,
        title: id,
        group: Group::Basics,
        lesson: "Something goes wrong.",
        clocks: &[Clock::Real, Clock::Virtual],
        source: include_str!("faulty.rs"),
        path: file!(),
        run,
        ..Scenario::DEFAULTS
    }
}

static CATALOGUE: &[Scenario] = &[
    faulty("panics", |_| Box::pin(async { panic!("the scenario's own panic") })),
    faulty("never-ends", |_| Box::pin(std::future::pending())),
    faulty("never-yields", |_| {
        Box::pin(async {
            loop {
                std::hint::spin_loop();
            }
        })
    }),
];

/// The terminal's inputs, with keys that break the drawing thread.
struct Fragile(Inputs);

impl Events for Fragile {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn next(&mut self, until: Option<Instant>) -> Option<Input> {
        let input = self.0.next(until);
        if let Some(Input::Key(key)) = &input {
            match key.code {
                KeyCode::F(12) => panic!("the user interface's own panic"),
                KeyCode::F(11) => std::process::abort(),
                KeyCode::F(10) => loop {
                    std::thread::park();
                },
                _ => {}
            }
        }
        input
    }
}

fn main() -> std::io::Result<ExitCode> {
    let theme = Theme::plain(true, true);
    let options = Options { theme, mouse: true, reduced_motion: false, console: None, limit: Duration::from_secs(60) };
    let inputs = Fragile(Inputs::open()?);
    let screen = Screen::open(options.mouse)?;
    let lay = |_: &Scenario, _: &Path| Err("nothing is made here".to_owned());
    let export = |_: &mut Model, _: Format| Err("nothing is made here".to_owned());
    let engine = Tokio { record: None, seen: None, give_back: || (), lay, export, sketch: None };
    let exit = Shell::new(Model::new(CATALOGUE, options, None), inputs, screen, engine).run()?;
    Ok(ExitCode::from(exit.code()))
}
