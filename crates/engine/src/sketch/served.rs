//! The side of the sketch: runs what the screen asks for, one run after another.
//!
//! The main thread runs; another one listens, so that the process ends with the screen even if the code of a run never yields.
//! A run that cannot be stopped takes its process with it: the screen starts another one.

use std::fs::File;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{self, ExitCode};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use recording::header;
use scenario::Scenario;
use trace::Trace;

use super::described::describe;
use super::wire::{self, Command, Kind, PATIENCE, Reply, VARIABLE, VERSION};
use crate::{Phase, Run, Spec, StartError, told, warm_up, writer};

/// How long a run waits for events between two looks at the commands.
const MOMENT: Duration = Duration::from_millis(5);

/// The exit code if there is no screen to serve.
const REFUSED: u8 = 2;

/// Whether the screen has started this process.
pub(super) fn is_asked_for() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Serves the screen until it is gone.
pub(super) fn serve(scenario: &'static Scenario) -> ExitCode {
    if std::env::var_os(VARIABLE).is_none_or(|version| version != VERSION) {
        eprintln!("error: the screen speaks another version than the engine in this sketch; build both from the same checkout");
        return ExitCode::from(REFUSED);
    }
    match socket().and_then(|socket| serve_on(scenario, &socket)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the screen is gone: {error}");
            ExitCode::from(REFUSED)
        }
    }
}

/// The socket that was given as standard input, which is empty from now on.
fn socket() -> io::Result<UnixStream> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(UnixStream::from(socket))
}

fn serve_on(scenario: &'static Scenario, socket: &UnixStream) -> io::Result<()> {
    if let Ok(folder) = std::env::current_dir() {
        recorder::built_in(folder);
    }
    wire::send(socket, Kind::Description, &describe(scenario))?;
    warm_up(std::slice::from_ref(scenario));
    let commands = listen(socket.try_clone()?)?;
    // The listener ends the process when there is no more.
    while let Ok(command) = commands.recv() {
        // Others were meant for a run that was over already.
        let Command::Start { run, pace } = command else { continue };
        if !one(scenario, (run, pace), socket, &commands)? {
            break;
        }
    }
    socket.shutdown(Shutdown::Both)
}

/// Reads commands on a thread.
fn listen(socket: UnixStream) -> io::Result<Receiver<Command>> {
    let (sender, commands) = mpsc::channel();
    let forward = move || {
        let next = || {
            let (_, bytes) = wire::receive(&socket)?;
            wire::json::<Command>(&bytes)
        };
        while let Ok(command) = next() {
            if sender.send(command).is_err() {
                return;
            }
        }
        // Nobody watches any more.
        process::exit(0);
    };
    thread::Builder::new().name("screen".to_owned()).spawn(forward)?;
    Ok(commands)
}

/// Runs once. Returns whether the next run can start in this process.
fn one(
    scenario: &'static Scenario,
    (run, pace): (header::Scenario, Option<f64>),
    socket: &UnixStream,
    commands: &Receiver<Command>,
) -> io::Result<bool> {
    let spec = match spec(scenario, run, pace) {
        Ok(spec) => spec,
        Err(reply) => return refused(socket, &reply),
    };
    let mut run = match Run::start(&spec) {
        Ok(run) => run,
        Err(error) => return refused(socket, &error.into()),
    };
    wire::send_json(socket, Kind::Reply, &Reply::Started)?;
    run.set_sink(Box::new(writer(Facts(socket.try_clone()?), &spec)));
    let gone = perform(&mut run, commands);
    if gone {
        wire::send(socket, Kind::Gone, &[])?;
    }
    Ok(gone)
}

fn refused(socket: &UnixStream, reply: &Reply) -> io::Result<bool> {
    wire::send_json(socket, Kind::Reply, reply)?;
    wire::send(socket, Kind::Gone, &[])?;
    Ok(true)
}

/// The spec that the screen has asked for.
fn spec(scenario: &'static Scenario, run: header::Scenario, pace: Option<f64>) -> Result<Spec, Reply> {
    let run = header::Scenario { id: scenario.id.to_owned(), ..run };
    let spec = told::unchecked(&run, std::slice::from_ref(scenario)).map_err(Reply::Failed)?;
    let workers = (scenario.workers)(&spec.values, spec.clock, spec.workers);
    let spec = Spec { workers, pace, ..spec };
    spec.check().map_err(StartError::Spec)?;
    Ok(spec)
}

/// Moves facts to the screen until the run is over or was left. Returns whether nothing of it is left.
fn perform(run: &mut Run, commands: &Receiver<Command>) -> bool {
    let mut trace = Trace::default();
    while run.phase() != Phase::Over {
        for command in commands.try_iter() {
            match command {
                Command::Stop => run.stop(),
                Command::Pause(paused) => run.pause(paused),
                Command::Step => run.step(),
                Command::Pace(pace) => run.set_pace(pace),
                Command::Leave => {
                    run.leave();
                    return run.is_gone_within(PATIENCE);
                }
                // The screen waits until this run is gone.
                Command::Start { .. } => {}
            }
        }
        run.wait(MOMENT);
        run.drain(&mut trace);
    }
    run.leave();
    run.is_gone_within(PATIENCE)
}

/// Sends what is written as facts.
struct Facts(UnixStream);

impl Write for Facts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        wire::send(&self.0, Kind::Facts, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
