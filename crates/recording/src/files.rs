//! Opens files that the user names, without blocking, and only regular files.
//!
//! Opening a named pipe blocks until another process opens its other end, and a device may have no end. A typed path can lead
//! to either, and the screen must not hang on it.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Opens a file for reading.
///
/// # Errors
///
/// If it is not a regular file ([`io::ErrorKind::InvalidInput`]), or the system refuses it.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(OpenOptions::new().read(true), path)
}

/// Creates a file for writing. An existing file is truncated only with `force`.
///
/// # Errors
///
/// If the file exists and `force` is false ([`io::ErrorKind::AlreadyExists`]), if the path is not a regular file
/// ([`io::ErrorKind::InvalidInput`]), or the system refuses it.
pub fn create(path: &Path, force: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    open_with(&mut options, path)
}

/// Writes a whole file. An existing file is overwritten only with `force`. A new file that cannot be written whole is removed.
///
/// # Errors
///
/// As for [`create`], and if the system refuses the bytes.
pub fn write(path: &Path, bytes: &[u8], force: bool) -> io::Result<()> {
    create(path, force)?.write_all(bytes).inspect_err(|_| {
        if !force {
            // The error of the write is reported, not one of the removal.
            let _ = fs::remove_file(path);
        }
    })
}

/// Reads a text of at most `most` bytes.
///
/// # Errors
///
/// As for [`open`], and if the text is longer ([`io::ErrorKind::FileTooLarge`]) or not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    // Reading one more byte detects a text that is too long. The reported size does not: it is 0 for some endless files.
    if open(path)?.take(most + 1).read_to_string(&mut text)? as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} KiB", most >> 10)));
    }
    Ok(text)
}

fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Check before opening, since opening a device can have an effect, and after, since the path may lead elsewhere by then.
    match fs::metadata(path) {
        Ok(there) => check(&there)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

fn check(there: &Metadata) -> io::Result<()> {
    if there.is_file() {
        return Ok(());
    }
    let what = kind(there.file_type());
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{what} is not a regular file")))
}

fn kind(of: FileType) -> &'static str {
    match of {
        _ if of.is_dir() => "a directory",
        _ if of.is_fifo() => "a pipe",
        _ if of.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_not_a_regular_file_is_refused_at_once_with_what_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let [pipe, socket, link] = ["pipe", "socket", "link"].map(|name| folder.path().join(name));
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
        let _listener = UnixListener::bind(&socket).expect("it is made");
        std::os::unix::fs::symlink(&pipe, &link).expect("it is made");
        for (path, what) in [
            (pipe.as_path(), "a pipe"),
            (&link, "a pipe"),
            (&socket, "a socket"),
            (folder.path(), "a directory"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            for opened in [open(path), create(path, false), create(path, true)] {
                let error = opened.expect_err("it is refused");
                assert_eq!(
                    (error.kind(), error.to_string()),
                    (io::ErrorKind::InvalidInput, format!("{what} is not a regular file"))
                );
            }
        }
    }

    #[test]
    fn a_file_is_made_once_and_emptied_only_when_that_is_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        create(&path, false).expect("it is new");
        fs::write(&path, "precious").expect("it is there");
        assert_eq!(create(&path, false).expect_err("it exists").kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read_text(&path, 8).expect("it is short enough"), "precious");
        create(&path, true).expect("it is asked for");
        assert_eq!(read_text(&path, 8).expect("it is there"), "");
    }

    #[test]
    fn a_text_is_read_up_to_its_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "x".repeat(2048)).expect("it is written");
        assert_eq!(read_text(&path, 2048).expect("it is no longer").len(), 2048);
        let error = read_text(&path, 2047).expect_err("it is longer");
        assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::FileTooLarge, "it is larger than 1 KiB".to_owned()));
        // An endless file that claims to be a regular one.
        #[cfg(target_os = "linux")]
        assert!(read_text(Path::new("/proc/self/pagemap"), 4096).is_err());
    }
}
