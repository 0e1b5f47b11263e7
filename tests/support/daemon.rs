//! The real program in a workspace: started, killed, drained and started again as an operator or a power cut would.

use super::SOON;
use super::process::{AT_ONCE, Log, Process};
use super::workspace::Workspace;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_overture");

/// What a command of the program gave.
#[derive(Clone, Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Told {
    /// # Panics
    /// If the command failed; the message holds what it said.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.stdout))
    }
}

/// The program's command with nothing of this machine's settings in its environment.
fn program(launch: &Launch) -> Command {
    let mut command = launch.command(PROGRAM);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OVERTURE_")) {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1").env_remove("NOTIFY_SOCKET");
    command
}

/// Runs a command of the program in a workspace and waits for its end.
pub fn overture(workspace: &Workspace, arguments: &[&str]) -> Told {
    overture_with(workspace, arguments, &[], b"")
}

/// The same with more of an environment, and with something on standard input.
pub fn overture_with(workspace: &Workspace, arguments: &[&str], environment: &[(&str, &str)], input: &[u8]) -> Told {
    let mut command = program(&Launch::default());
    command.args(arguments).arg("--workspace").arg(workspace.path()).envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("our program starts");
    // A command that does not read may have ended before; what it said tells more than the broken pipe.
    let _ = child.stdin.take().expect("stdin is a pipe").write_all(input);
    let output = child.wait_with_output().expect("our program ends");
    Told {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Starts a command of the program in a workspace and lets it go on.
pub fn begin(workspace: &Workspace, arguments: &[&str]) -> Process {
    let mut command = program(&Launch::default());
    command.args(arguments).arg("--workspace").arg(workspace.path());
    Process::start(&arguments.join(" "), &mut command, AT_ONCE)
}

/// What our program is started with: nothing, or the command that puts it elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    pub prefix: Vec<String>,
}

impl Launch {
    pub fn command(&self, program: &str) -> Command {
        let mut words = self.prefix.iter().map(String::as_str).chain([program]);
        let mut command = Command::new(words.next().unwrap_or(program));
        command.args(words);
        command
    }

    pub const fn is_elsewhere(&self) -> bool {
        !self.prefix.is_empty()
    }
}

pub struct Daemon {
    workspace: PathBuf,
    launch: Launch,
    process: Process,
    listeners: BTreeMap<&'static str, String>,
}

impl Daemon {
    /// Starts `overture run` and waits until it is ready.
    pub fn start(workspace: &Workspace) -> Self {
        Self::with(workspace, &[])
    }

    /// The same with more of an environment, as `("OVERTURE_FAIL_POINT", "intent.committed")`.
    pub fn with(workspace: &Workspace, environment: &[(&str, &str)]) -> Self {
        Self::launched(Launch::default(), workspace, environment)
    }

    /// The same on another host.
    pub fn launched(launch: Launch, workspace: &Workspace, environment: &[(&str, &str)]) -> Self {
        let workspace = workspace.path().to_owned();
        let process = start(&launch, &workspace, environment);
        let listeners = ready(&process);
        Self { workspace, launch, process, listeners }
    }

    /// One that is expected to die, perhaps before it is ready.
    pub fn doomed(workspace: &Workspace, environment: &[(&str, &str)]) -> Self {
        let workspace = workspace.path().to_owned();
        let launch = Launch::default();
        let process = start(&launch, &workspace, environment);
        Self { workspace, launch, process, listeners: BTreeMap::new() }
    }

    /// The address of the public listener, `http://127.0.0.1:PORT`.
    pub fn public(&self) -> &str {
        &self.listeners["public"]
    }

    /// The address of the private listener.
    pub fn private(&self) -> &str {
        &self.listeners["private"]
    }

    /// A link of a mail at the port the public listener really has.
    pub fn reach(&self, link: &str) -> String {
        let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
        format!("{}{}", self.public(), rest.find('/').map_or("/", |at| &rest[at..]))
    }

    /// Its process, for whoever asks the kernel about it.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn log(&self) -> &Log {
        self.process.log()
    }

    /// Ends it as a power cut would.
    pub fn kill9(&mut self) {
        self.process.kill9();
    }

    /// The same while others still speak to it; `kill9` then waits for its end.
    pub fn kill_now(&self) {
        self.process.kill_now();
    }

    /// Asks it to drain and waits until it has.
    pub fn term(&mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.wait(Duration::from_secs(90))
    }

    /// Stops it in its tracks, as a machine that hangs does, until `go_on`.
    pub fn freeze(&mut self) {
        self.process.signal("STOP");
    }

    pub fn go_on(&mut self) {
        self.process.signal("CONT");
    }

    /// Asks it to read its files again.
    pub fn reload(&mut self) {
        self.process.signal("HUP");
    }

    /// Waits until it has ended by itself, as at a fail point.
    pub fn wait_end(&mut self) -> ExitStatus {
        self.process.wait(SOON)
    }

    /// Starts it again without waiting for anything: it may be killed before it is ready.
    pub fn relaunch(&mut self) {
        assert!(self.process.exited().is_some(), "the daemon still runs; end it by kill9 or term first");
        self.process = start(&self.launch, &self.workspace, &[]);
    }

    /// Waits until one that was launched is ready.
    pub fn wait_ready(&mut self) {
        self.listeners = ready(&self.process);
    }

    /// Starts it again in the same workspace, after it has ended; without the environment it had.
    pub fn restart(&mut self) {
        self.relaunch();
        self.wait_ready();
    }
}

fn start(launch: &Launch, workspace: &PathBuf, environment: &[(&str, &str)]) -> Process {
    let mut command = program(launch);
    command.arg("run").arg("--workspace").arg(workspace).envs(environment.iter().copied());
    Process::start("overture run", &mut command, AT_ONCE)
}

/// Waits for the lines in which the daemon says where it listens and that it is ready.
fn ready(process: &Process) -> BTreeMap<&'static str, String> {
    let mut listeners = BTreeMap::new();
    let told = process.log().wait(SOON, |line| {
        for name in ["public", "private"] {
            if let Some(address) = field(line, name).filter(|address| address.starts_with("127.0.0.1:")) {
                listeners.insert(name, format!("http://{address}"));
            }
        }
        (line.ends_with(" ready") || line.contains("\"ready\"")).then_some(())
    });
    assert!(
        told.is_some() && listeners.len() == 2,
        "the daemon did not say that it is ready; it said:\n{}",
        process.log().text()
    );
    listeners
}

/// The value of a field in a log line: `public=127.0.0.1:4025`, or the same in JSON.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (at, _) = line.match_indices(name).find(|(at, _)| line[at + name.len()..].starts_with(['=', '"']))?;
    let value = line[at + name.len()..].trim_start_matches(['=', '"', ':', ' ']);
    value.split([' ', '"', ',', '}']).next()
}
