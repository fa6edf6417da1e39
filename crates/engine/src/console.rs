//! Serves tokio-console in addition to our own recording.
//!
//! The server runs on its own thread and runtime, so it is never recorded and never
//! on the virtual clock. The port is bound before anything is installed, so that a
//! taken port has no side effects.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use console_subscriber::{ConsoleLayer, Server, ServerParts};
use tonic::transport::server::TcpIncoming;
use tracing_core::Metadata;
use tracing_core::subscriber::NoSubscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;

use recorder::{RecordLayer, install_panic_hook};

/// How long to keep tasks that have ended. tokio-console shows them for six seconds. Each takes tens of kilobytes, so with
/// console-subscriber's default of an hour, a held key would take many gigabytes.
const RETENTION: Duration = Duration::from_secs(10);

/// Serves tokio-console for every run from now on. Returns the address, with the
/// port that the system chose if `addr` has port 0. Call it before the first run.
///
/// # Errors
///
/// If the address cannot be bound, or another subscriber is installed already.
pub fn serve_console(addr: SocketAddr) -> Result<SocketAddr, ConsoleError> {
    let failed = |error: &dyn fmt::Display| ConsoleError { addr, reason: error.to_string() };
    let listener = TcpListener::bind(addr).map_err(|error| failed(&error))?;
    let bound = listener.local_addr().map_err(|error| failed(&error))?;
    listener.set_nonblocking(true).map_err(|error| failed(&error))?;

    let (console, server) = ConsoleLayer::builder().retention(RETENTION).build();
    let registry = tracing_subscriber::registry()
        .with(RecordLayer::filtered())
        .with(console.with_filter(filter_fn(|metadata: &Metadata<'_>| concerns_console(metadata))));
    tracing::subscriber::set_global_default(registry).map_err(|error| failed(&error))?;
    install_panic_hook();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
    thread::Builder::new()
        .name("console server".to_owned())
        .spawn(move || {
            // Otherwise tokio-console would list the tasks that serve it.
            tracing::subscriber::with_default(NoSubscriber::default(), || runtime.block_on(serve(server, listener)))
        })
        .map_err(|error| failed(&error))?;
    Ok(bound)
}

/// Whether other machines can reach this address: any address except a loopback one.
pub fn is_open_to_the_network(addr: SocketAddr) -> bool {
    !addr.ip().to_canonical().is_loopback()
}

/// The filter that console-subscriber uses in its own setup.
fn concerns_console(metadata: &Metadata<'_>) -> bool {
    if metadata.is_event() {
        metadata.target().starts_with("runtime") || metadata.target().starts_with("tokio")
    } else {
        metadata.name().starts_with("runtime.") || metadata.target().starts_with("tokio")
    }
}

async fn serve(server: Server, listener: TcpListener) -> io::Result<()> {
    let ServerParts { instrument_server, aggregator, .. } = server.into_parts();
    // The aggregator drains its events once a second. Tokio's budget would stop it after 128 of them, and the rest would pile
    // up, each with the histograms of a task.
    let aggregator = tokio::spawn(tokio::task::unconstrained(aggregator.run()));
    let incoming = TcpIncoming::from(tokio::net::TcpListener::from_std(listener)?);
    let ended = tonic::transport::Server::builder().add_service(instrument_server).serve_with_incoming(incoming).await;
    aggregator.abort();
    ended.map_err(io::Error::other)
}

/// Why tokio-console cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleError {
    /// The requested address.
    pub addr: SocketAddr,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for ConsoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot serve tokio-console at {}: {}; choose another with --console=ADDR:PORT", self.addr, self.reason)
    }
}

impl std::error::Error for ConsoleError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_address_is_out_of_reach_for_other_machines() {
        for (addr, open) in [
            ("127.0.0.1:6669", false),
            ("127.8.9.10:1", false),
            ("[::1]:6669", false),
            ("[::ffff:127.0.0.1]:6669", false),
            ("0.0.0.0:6669", true),
            ("[::]:6669", true),
            ("[::ffff:0.0.0.0]:6669", true),
            ("192.168.1.2:6669", true),
            ("[fe80::1]:6669", true),
        ] {
            assert_eq!(addr.parse().map(is_open_to_the_network), Ok(open), "{addr}");
        }
    }
}
