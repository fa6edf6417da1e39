//! The connection to the server.

use std::fmt;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, Update};
use recording::Program;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Status, Streaming};
use tracing_core::subscriber::NoSubscriber;

use super::samples::Samples;
use crate::attach::{Feed, Over, Source};

/// The port that console-subscriber uses by default.
const PORT: u16 = 6669;
/// How long the server may take to accept, and then to send its first update.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait for the second update. Tokio-console's interval is a second unless the program sets another one, and none
/// arrives while another viewer has paused the server.
const SECOND: Duration = Duration::from_millis(1_500);
/// The longest update in bytes. console-subscriber limits the first one to 4 MiB, but not the others.
const LONGEST: usize = 64 << 20;

/// What samples cannot show.
const LACKS: [&str; 8] = [
    "Samples arrive about once a second: polls in between are shown only if a timer or a lock was part of them.",
    "The cause of a wait for messages, notifications, joins, sockets and blocking work is not known.",
    "The line of a wait is known for intervals only, and the cause of a plain sleep is not known.",
    "Which task woke another one, or spawned it, is not known.",
    "Who holds permits or read locks is not known.",
    "How a task ended is not known.",
    "The thread of a poll is not known.",
    "The program's log is not sent.",
];

/// Why a server cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    /// It is not an address: what is wrong.
    Address(String),
    /// Nothing answers there, or not what was expected: the reason.
    Failed {
        /// The address.
        address: String,
        /// The reason.
        reason: String,
    },
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(reason) => f.write_str(reason),
            Self::Failed { address, reason } => write!(f, "cannot attach to {address}: {reason}"),
        }
    }
}

impl std::error::Error for ConnectError {}

/// Connects to the program that serves tokio-console at `http://HOST[:PORT]`, and waits for its first sample.
///
/// # Errors
///
/// If it is not such an address, nothing accepts there, or what accepts is not a console-subscriber that this version
/// understands.
pub fn connect(url: &str) -> Result<Feed, ConnectError> {
    let address = address(url)?;
    let failed = |reason: String| ConnectError::Failed { address: format!("http://{address}"), reason };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.to_string()))?;
    // Otherwise a recorder in this program would list the tasks of the connection.
    let quiet = tracing::subscriber::set_default(NoSubscriber::default());
    let opened = runtime.block_on(open(&address)).map_err(failed);
    drop(quiet);
    let (connection, first) = opened?;
    let samples = Samples::new(&first);
    let (source, feed) = Feed::new(program(&address, &samples, &first), true);
    thread::Builder::new()
        .name("samples".to_owned())
        .spawn(move || {
            tracing::subscriber::with_default(NoSubscriber::default(), || pump(&runtime, connection, &first, samples, source));
        })
        .map_err(|error| ConnectError::Failed { address: format!("http://{address}"), reason: error.to_string() })?;
    Ok(feed)
}

/// The host and port of a URL.
fn address(url: &str) -> Result<String, ConnectError> {
    let wrong = |what: &str| ConnectError::Address(format!("'{url}' is not valid: {what}; give http://HOST:PORT"));
    let uri: Uri = url.parse().map_err(|_| wrong("it is not a URL"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => return Err(wrong("encrypted connections are not supported")),
        _ => return Err(wrong("it does not begin with http://")),
    }
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it has no host"))?;
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(wrong("it has a path"));
    }
    Ok(format!("{host}:{}", uri.port_u16().unwrap_or(PORT)))
}

/// What is known of the program. A sample has times, but no names.
fn program(address: &str, samples: &Samples, first: &Update) -> Program {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Program {
        name: address.to_owned(),
        base: base(first).unwrap_or_default(),
        // By this machine's clock: the other one may be wrong.
        began_ms: now.saturating_sub(Duration::from_nanos(samples.at(first))).as_millis() as u64,
        detail: "waits".to_owned(),
        lacks: LACKS.map(str::to_owned).to_vec(),
        ..Program::default()
    }
}

/// The current folder, if one of the program's sources is in it.
fn base(first: &Update) -> Option<String> {
    let folder = std::env::current_dir().ok()?;
    let tasks = first.task_update.iter().flat_map(|update| &update.new_tasks);
    let mut files = tasks.filter_map(|task| task.location.as_ref()?.file.as_deref()).filter(|file| Path::new(file).is_relative());
    files.any(|file| folder.join(file).is_file()).then(|| folder.to_string_lossy().into_owned())
}

/// An open stream of updates.
struct Connection {
    client: InstrumentClient<Channel>,
    updates: Streaming<Update>,
}

async fn open(address: &str) -> Result<(Connection, Update), String> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|error| error.to_string())?;
    let channel = timeout(PATIENCE, endpoint.connect()).await.map_err(|_| "it does not accept".to_owned())?;
    let channel = channel.map_err(|error| innermost(&error))?;
    subscribe(InstrumentClient::new(channel).max_decoding_message_size(LONGEST)).await
}

/// Asks for updates, and waits for the first ones.
///
/// The first update has the statistics of this moment, but not what began since the sample before: that follows with the
/// second one. So they are read as one.
async fn subscribe(mut client: InstrumentClient<Channel>) -> Result<(Connection, Update), String> {
    let first = async {
        let mut updates = client.watch_updates(InstrumentRequest {}).await?.into_inner();
        let mut first = updates.message().await?;
        if let Some(first) = &mut first
            && let Ok(second) = timeout(SECOND, updates.message()).await
            && let Some(second) = second?
        {
            join(first, second);
        }
        Ok::<_, Status>((updates, first))
    };
    match timeout(PATIENCE, first).await {
        Ok(Ok((updates, Some(first)))) => Ok((Connection { client, updates }, first)),
        Ok(Ok((_, None))) => Err("it closed the connection".to_owned()),
        Ok(Err(status)) => Err(why(&status)),
        Err(_) => Err("it accepts but sends no sample; is it stopped, or not a console-subscriber?".to_owned()),
    }
}

/// Adds a later update to an earlier one.
fn join(earlier: &mut Update, later: Update) {
    earlier.now = later.now;
    if let (Some(earlier), Some(later)) = (&mut earlier.task_update, later.task_update) {
        earlier.new_tasks.extend(later.new_tasks);
        earlier.stats_update.extend(later.stats_update);
        earlier.dropped_events += later.dropped_events;
    }
    if let (Some(earlier), Some(later)) = (&mut earlier.resource_update, later.resource_update) {
        earlier.new_resources.extend(later.new_resources);
        earlier.stats_update.extend(later.stats_update);
        earlier.new_poll_ops.extend(later.new_poll_ops);
        earlier.dropped_events += later.dropped_events;
    }
    if let (Some(earlier), Some(later)) = (&mut earlier.async_op_update, later.async_op_update) {
        earlier.new_async_ops.extend(later.new_async_ops);
        earlier.stats_update.extend(later.stats_update);
        earlier.dropped_events += later.dropped_events;
    }
}

/// Why a call failed, for people.
fn why(status: &Status) -> String {
    match status.code() {
        Code::Unimplemented => "it does not serve tokio-console, or another version of its protocol".to_owned(),
        Code::OutOfRange => "its sample is too long".to_owned(),
        Code::Internal if status.message().contains("decode") => {
            "its samples cannot be read: another version of tokio-console's protocol?".to_owned()
        }
        _ => format!("it does not serve tokio-console ({})", innermost(status)),
    }
}

/// The last of an error's causes, which is the one to read: `Connection refused`.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Passes on samples until the server or the viewer is gone.
fn pump(runtime: &Runtime, mut connection: Connection, first: &Update, mut samples: Samples, source: Source) {
    if !source.send(samples.take(first)) {
        return;
    }
    loop {
        match runtime.block_on(connection.updates.message()) {
            Ok(Some(update)) => {
                if !source.send(samples.take(&update)) {
                    return;
                }
            }
            // The server drops a viewer that is slow.
            Ok(None) => match again(runtime, connection.client.clone(), &samples) {
                Ok((new, update)) if source.send(samples.take(&update)) => connection = new,
                Ok(_) => return,
                Err(reason) => return source.end(Over::Failed(reason)),
            },
            Err(status) => {
                return source.end(Over::Failed(format!("the program closed the connection ({})", innermost(&status))));
            }
        }
    }
}

/// Subscribes again. The program must be the same, because another one has other tasks of the same numbers.
fn again(runtime: &Runtime, client: InstrumentClient<Channel>, samples: &Samples) -> Result<(Connection, Update), String> {
    let subscribed = runtime.block_on(subscribe(client));
    let (connection, update) = subscribed.map_err(|_| "the program closed the connection".to_owned())?;
    let same = samples.continues_with(&update);
    same.then_some((connection, update)).ok_or_else(|| "the program was started anew: attach again".to_owned())
}
