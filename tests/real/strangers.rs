//! Other programs connect to a scenario's server: they see nothing, and the run does not notice.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use engine::{Ending, Spec};
use trace::Trace;

use super::left::Left;
use super::{alone, in_the_engine, scenario};

/// The scenario whose servers listen until it ends; the others stop listening once their own clients are connected.
const SERVER: &str = "scrape";

#[test]
fn strangers_change_nothing_in_a_run() {
    alone("real::strangers::strangers_change_nothing_in_a_run", strangers_call_everywhere);
}

fn strangers_call_everywhere() {
    let (before, _) = run();
    let (among, turned_away) = thread::scope(|scope| {
        let (_goes_on, over) = mpsc::channel();
        scope.spawn(move || call_everywhere(&over));
        run()
    });
    assert_eq!(among, before);
    assert!(turned_away > 0);
}

/// Runs it, and returns the names of its tasks and the number of strangers it counted.
fn run() -> (BTreeSet<String>, usize) {
    let (trace, report, _) = in_the_engine(&Spec::new(scenario(SERVER)), Duration::from_secs(60));
    let Ending::Finished(outcome) = &report.ending else { panic!("{:?}", report.ending) };
    assert!(outcome.holds(), "{outcome:?}");
    (names(&trace), outcome.value("strangers").expect("it counts them") as usize)
}

/// Libraries spawn tasks without a name.
fn names(trace: &Trace) -> BTreeSet<String> {
    trace.tasks.iter().map(|task| task.name.clone()).filter(|name| !name.starts_with("task ")).collect()
}

/// Connects to each port as soon as this process listens on it, again and again: talks, stays silent, leaves at once.
fn call_everywhere(over: &Receiver<()>) {
    let mut kept = Vec::new();
    while over.recv_timeout(Duration::from_millis(2)) == Err(RecvTimeoutError::Timeout) {
        for port in Left::of_this_process().ports {
            let Ok(mut stranger) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { continue };
            match kept.len() % 3 {
                // The server may have closed the connection meanwhile.
                0 => drop(stranger.write_all(b"GET /delay/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")),
                1 => drop(stranger.shutdown(Shutdown::Write)),
                _ => {}
            }
            kept.push(stranger);
            if kept.len() > 300 {
                kept.remove(0);
            }
        }
    }
}
