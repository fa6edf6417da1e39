//! The sockets at which observed programs listen: one folder per user, one socket per process.
//!
//! A program and its viewer need not have the same environment (one may run under a service manager, without
//! `XDG_RUNTIME_DIR`), so a viewer looks in both folders that a program may choose. What a program sends contains texts of its
//! user, and the temporary folder belongs to everybody. So a folder is used only if it belongs to the user and nobody else may
//! enter it, and a symbolic link in its place is refused.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, geteuid, test_kill_process};

/// The name of the folder within the user's own runtime folder.
const NAME: &str = "async-playground";

/// A program that listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listening {
    /// Its process.
    pub pid: u32,
    /// Its socket.
    pub path: PathBuf,
}

/// The folder of this user's sockets, which may not exist: `async-playground` in `$XDG_RUNTIME_DIR`; if that is not a folder,
/// `async-playground-UID` in the temporary folder.
pub fn folder() -> PathBuf {
    runtime_folder(std::env::var_os("XDG_RUNTIME_DIR").as_deref()).unwrap_or_else(|| temporary(&std::env::temp_dir()))
}

fn runtime_folder(runtime: Option<&OsStr>) -> Option<PathBuf> {
    let runtime = Path::new(runtime?);
    (runtime.is_absolute() && runtime.is_dir()).then(|| runtime.join(NAME))
}

fn temporary(folder: &Path) -> PathBuf {
    folder.join(format!("{NAME}-{}", geteuid().as_raw()))
}

/// Creates the folder if it is missing, and checks it.
///
/// # Errors
///
/// If the system refuses it, or the folder is not the user's own: see [`check`].
pub fn create(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(named(folder, &error)),
        _ => check(folder),
    }
}

/// Checks that a folder is a folder and no link, belongs to this user, and is closed to everybody else.
///
/// # Errors
///
/// If one of these is not so ([`io::ErrorKind::PermissionDenied`]), or the system refuses to say.
pub fn check(folder: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(folder).map_err(|error| named(folder, &error))?;
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{}: {why}", folder.display())));
    match found.mode() & 0o777 {
        _ if !found.is_dir() => refuse("not a folder"),
        _ if found.uid() != geteuid().as_raw() => refuse("belongs to another user"),
        mode if mode & 0o077 != 0 => refuse("open to other users; its mode must be 0700"),
        _ => Ok(()),
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The socket of a process in a folder.
pub fn path(folder: &Path, pid: u32) -> PathBuf {
    folder.join(format!("{pid}.sock"))
}

/// Listens at this process's socket in a folder, which must have been checked. Only the user may connect. First removes the
/// sockets of processes that have ended.
///
/// # Errors
///
/// If the system refuses it.
pub fn listen(folder: &Path) -> io::Result<(PathBuf, UnixListener)> {
    let own = std::process::id();
    for stale in in_folder(folder).filter(|found| found.pid == own || !is_alive(found.pid)) {
        // Another program may have removed it meanwhile.
        _ = fs::remove_file(stale.path);
    }
    let path = path(folder, own);
    let listener = UnixListener::bind(&path).map_err(|error| named(&path, &error))?;
    fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(|error| named(&path, &error))?;
    Ok((path, listener))
}

/// The programs of this user that listen, by process.
pub fn list() -> Vec<Listening> {
    let mut folders = vec![folder(), temporary(&std::env::temp_dir())];
    folders.dedup();
    let checked = folders.iter().filter(|folder| check(folder).is_ok());
    let mut found: Vec<_> =
        checked.flat_map(|folder| in_folder(folder)).filter(|found| is_alive(found.pid) && listens(found)).collect();
    found.sort();
    found
}

/// Connects to a program.
///
/// # Errors
///
/// If the path is not a socket of this user, or nobody listens there.
pub fn connect(path: &Path) -> io::Result<UnixStream> {
    let found = fs::symlink_metadata(path).map_err(|error| named(path, &error))?;
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{}: {why}", path.display())));
    if !found.file_type().is_socket() {
        return refuse("not a socket");
    }
    if found.uid() != geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    UnixStream::connect(path).map_err(|error| named(path, &error))
}

/// The sockets in a folder that are named after a process.
fn in_folder(folder: &Path) -> impl Iterator<Item = Listening> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket())).filter_map(|entry| {
        let path = entry.path();
        let pid = path.file_name()?.to_str()?.strip_suffix(".sock")?.parse().ok()?;
        Some(Listening { pid, path })
    })
}

/// Whether a process is alive, or one with its number is.
fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

/// Whether a living process listens at its socket: after an `exec`, another program may have its number.
#[cfg(target_os = "linux")]
fn listens(found: &Listening) -> bool {
    // The table is that of the network namespace that the process is in, and its paths are those that programs have bound.
    let Ok(table) = fs::read(format!("/proc/{}/net/unix", found.pid)) else { return true };
    let name = format!("/{}.sock", found.pid);
    table.split(|byte| *byte == b'\n').any(|line| line.ends_with(name.as_bytes()))
}

#[cfg(not(target_os = "linux"))]
fn listens(_: &Listening) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn refused(folder: &Path) -> String {
        let error = create(folder).expect_err("it is not safe");
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        error.to_string()
    }

    #[test]
    fn a_folder_that_others_may_enter_a_link_and_a_file_are_refused() {
        let outer = tempfile::tempdir().expect("a folder");
        let [own, open, link, file] = ["own", "open", "link", "file"].map(|name| outer.path().join(name));
        create(&own).expect("it is new");
        create(&own).expect("it is the user's own");
        assert_eq!(fs::metadata(&own).expect("it exists").mode() & 0o777, 0o700);
        fs::create_dir(&open).expect("it is new");
        fs::set_permissions(&open, Permissions::from_mode(0o750)).expect("it is the user's own");
        symlink(&own, &link).expect("it is new");
        fs::write(&file, "").expect("it is new");
        assert!(refused(&open).contains("open to other users"));
        assert!(refused(&link).contains("not a folder"));
        assert!(refused(&file).contains("not a folder"));
    }

    #[test]
    fn the_folder_of_another_user_is_refused() {
        let outer = tempfile::tempdir().expect("a folder");
        let foreign = outer.path().join("foreign");
        create(&foreign).expect("it is new");
        // Only root can give a folder away; elsewhere the system has one of root's.
        if std::os::unix::fs::chown(&foreign, Some(65_534), None).is_ok() {
            assert!(refused(&foreign).contains("another user"));
        } else {
            assert!(refused(Path::new("/")).contains("another user"));
        }
    }

    #[test]
    fn a_socket_is_the_users_own_and_the_stale_ones_go() {
        let outer = tempfile::tempdir().expect("a folder");
        let dead = path(outer.path(), i32::MAX as u32);
        drop(UnixListener::bind(&dead).expect("it is new"));
        let parent = path(outer.path(), std::os::unix::process::parent_id());
        drop(UnixListener::bind(&parent).expect("it is new"));
        for _ in 0..2 {
            let (path, listener) = listen(outer.path()).expect("the folder is writable");
            assert_eq!(fs::metadata(&path).expect("it exists").mode() & 0o777, 0o600);
            assert!(!dead.exists() && parent.exists(), "only the sockets of dead processes are stale");
            let _viewer = connect(&path).expect("it listens");
            listener.accept().expect("a viewer has connected");
        }
        assert!(connect(outer.path()).expect_err("it is a folder").to_string().contains("not a socket"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_has_become_another_program_does_not_listen() {
        let outer = tempfile::tempdir().expect("a folder");
        let (path, listener) = listen(outer.path()).expect("the folder is writable");
        let own = Listening { pid: std::process::id(), path };
        assert!(listens(&own));
        // As an `exec` leaves it: the socket is closed, and its file is there.
        drop(listener);
        assert!(own.path.exists() && !listens(&own));
    }

    #[test]
    fn a_runtime_folder_that_is_missing_is_not_used() {
        let outer = tempfile::tempdir().expect("a folder");
        assert_eq!(runtime_folder(Some(outer.path().as_os_str())), Some(outer.path().join(NAME)));
        assert_eq!(runtime_folder(Some(outer.path().join("no").as_os_str())), None);
        assert_eq!(runtime_folder(Some(OsStr::new("relative"))), None);
        assert_eq!(runtime_folder(None), None);
    }
}
