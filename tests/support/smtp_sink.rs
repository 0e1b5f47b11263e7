//! Postfix's `smtp-sink`: a mail server that is not ours, keeping what it gets and failing as told.

use super::daemon::Launch;
use super::mail::{self, Mail};
use super::process::{AT_ONCE, Process};
use super::watch::eventually;
use super::{SOON, free_port, skipped};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const PROGRAM: &str = "/usr/sbin/smtp-sink";

pub struct SmtpSink {
    address: SocketAddr,
    folder: tempfile::TempDir,
    /// What was read already: a dump that is whole stays as it is.
    read: Mutex<BTreeMap<PathBuf, Mail>>,
    /// Held for its drop, which ends the server.
    _server: Process,
}

impl SmtpSink {
    /// A server that takes everything; nothing, said aloud, where Postfix is not installed.
    pub fn start() -> Option<Self> {
        Self::with(&[])
    }

    /// A server with options of its manual: `["-f", "RCPT"]` refuses recipients, `["-q", "."]` hangs up after the message.
    pub fn with(options: &[&str]) -> Option<Self> {
        Self::launched(&Launch::default(), options)
    }

    /// The same on another host.
    pub fn launched(launch: &Launch, options: &[&str]) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            skipped("postfix (its smtp-sink)");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("overture-sink-").tempdir().expect("a folder can be made");
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path(), open).expect("our own folder can be opened to the server's user");
        let name = folder.path().file_name().expect("a folder has a name").to_string_lossy().into_owned();
        for _ in 0..5 {
            let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
            let mut command = launch.command(PROGRAM);
            command.args(["-u", "nobody", "-h", &name, "-d"]).arg(folder.path().join("mail."));
            let mut server =
                Process::start("smtp-sink", command.args(options).arg(address.to_string()).arg("128"), AT_ONCE);
            if launch.is_elsewhere() {
                // Its loopback is not ours: nobody else is on it, and its clients try again.
                return Some(Self { address, folder, read: Mutex::default(), _server: server });
            }
            let greeted = eventually("smtp-sink listens", SOON, || {
                TcpStream::connect(address)
                    .map(|stream| greets(stream, &name, options))
                    .ok()
                    .or_else(|| server.exited().map(|_| false))
            });
            if greeted {
                return Some(Self { address, folder, read: Mutex::default(), _server: server });
            }
        }
        panic!("smtp-sink starts on one of five free ports")
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The mails it answered 250 for, in the order in which they came.
    pub fn mails(&self) -> Vec<Mail> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder.path())
            .expect("our folder can be read")
            .filter_map(Result::ok)
            .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())))
            .collect();
        files.sort();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let mut mails = Vec::with_capacity(files.len());
        for (_, file) in files {
            if !read.contains_key(&file) {
                // A transaction's file is there from MAIL on; its closing empty line comes with the dot, before the 250.
                let dump = std::fs::read(&file).ok().filter(|dump| dump.ends_with(b"\n\n"));
                let Some(dump) = dump else { continue };
                read.insert(file.clone(), mail::of_sink(&String::from_utf8_lossy(&dump)));
            }
            mails.extend(read.get(&file).cloned());
        }
        mails
    }

    /// Waits until it has got at least so many mails.
    pub fn wait_for(&self, count: usize) -> Vec<Mail> {
        eventually(&format!("the sink gets {count} mail(s)"), SOON, || {
            Some(self.mails()).filter(|mails| mails.len() >= count)
        })
    }
}

/// Whether it is our server that answers at the port; one told to fail at once greets nobody.
fn greets(stream: TcpStream, name: &str, options: &[&str]) -> bool {
    let mut banner = String::new();
    let read = stream.set_read_timeout(Some(SOON)).and_then(|()| BufReader::new(stream).read_line(&mut banner));
    banner.contains(name) || (read.is_ok() && options.iter().any(|option| option.to_uppercase().contains("CONNECT")))
}
