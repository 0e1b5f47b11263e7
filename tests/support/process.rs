//! A child process that cannot outlive its test, with all it printed.
//!
//! A second process, the leash, holds the read end of a pipe whose write end only the test has: however the test ends, by panic, by kill or
//! by its exit, the pipe closes and the leash ends the child.

use super::SOON;
use super::watch::{Watch, eventually};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Ends the process given as `$1` at once.
pub const AT_ONCE: &str = r#"kill -KILL "$1" 2>/dev/null"#;

/// What a child printed on both streams, line by line.
#[derive(Clone, Default)]
pub struct Log(Watch<Lines>);

#[derive(Default)]
struct Lines {
    all: Vec<String>,
    open_streams: usize,
}

impl Log {
    /// Waits for a line in which `look` finds something; nothing if the time is over or the process has ended.
    pub fn wait<R>(&self, within: Duration, mut look: impl FnMut(&str) -> Option<R>) -> Option<R> {
        let mut seen = 0;
        let found = self.0.wait(within, |lines| {
            let found = lines.all[seen..].iter().find_map(|line| look(line));
            seen = lines.all.len();
            if found.is_none() && lines.open_streams > 0 { None } else { Some(found) }
        });
        found.flatten()
    }

    pub fn text(&self) -> String {
        self.0.with(|lines| lines.all.join("\n"))
    }

    fn follow(&self, stream: impl Read + Send + 'static) {
        self.0.with(|lines| lines.open_streams += 1);
        let log = self.0.clone();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                log.with(|lines| lines.all.push(text));
                line.clear();
            }
            log.with(|lines| lines.open_streams -= 1);
        });
    }
}

pub struct Process {
    name: String,
    child: Child,
    leash: Child,
    log: Log,
}

impl Process {
    /// Starts a command; `at_end` is the shell line that ends it, with its pid as `$1`, should the test die first.
    pub fn start(name: &str, command: &mut Command, at_end: &str) -> Self {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let leash = Command::new("sh")
            .args(["-c", &format!("trap '' INT TERM HUP\ncat >/dev/null\n{at_end}"), "leash", &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        let log = Log::default();
        log.follow(child.stdout.take().expect("stdout is a pipe"));
        log.follow(child.stderr.take().expect("stderr is a pipe"));
        Self { name: name.to_owned(), child, leash, log }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Sends a signal by its name, as `TERM`; to a process that has ended, nothing happens.
    pub fn signal(&mut self, signal: &str) {
        if self.exited().is_none() {
            let pid = self.child.id().to_string();
            let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill starts");
            assert!(sent.success() || self.exited().is_some(), "cannot send {signal} to {}", self.name);
        }
    }

    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked for its status")
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Panics
    /// If it has not within the time; the message holds what it printed.
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let what = format!("{} ends; it printed:\n{}", self.name, self.log.text());
        eventually(&what, within, || self.exited())
    }

    /// Kills the process without waiting for its end; only for one that has not been waited for, whose pid is its own still.
    pub fn kill_now(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "KILL", &pid]).status().is_ok_and(|sent| sent.success()));
    }

    /// Ends the process as a power cut would.
    pub fn kill9(&mut self) {
        self.signal("KILL");
        self.wait(SOON);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The leash goes first: once the child is gone its pid may be somebody else's.
        let _ = self.leash.kill();
        let _ = self.leash.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- {} printed:\n{}", self.name, self.log.text());
        }
    }
}
