//! A copy of the shipped example workspace in a folder of its own, its settings changed as a person would: in the files.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const SETTINGS: &str = "config/overture.yaml";

pub struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    /// The example on SQLite and the sandbox, with listeners on ports that the system chooses.
    pub fn example() -> Self {
        let folder = tempfile::Builder::new().prefix("overture-workspace-").tempdir().expect("a folder can be made");
        let workspace = Self { folder };
        for part in ["config", "sequences", "templates"] {
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part), &workspace.path().join(part));
        }
        workspace.set("listen.public", "127.0.0.1:0");
        workspace.set("listen.private", "127.0.0.1:0");
        workspace
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the workspace by its path in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("cannot read {name}: {error}"))
    }

    pub fn write(&self, name: &str, text: &str) {
        let file = self.file(name);
        std::fs::create_dir_all(file.parent().expect("a file lies in a folder")).expect("folders can be made");
        std::fs::write(&file, text).unwrap_or_else(|error| panic!("cannot write {name}: {error}"));
    }

    /// Sets a key of config/overture.yaml, `senders.growth.gap`, to a value in YAML's flow form.
    pub fn set(&self, key: &str, value: &str) {
        self.write(SETTINGS, &with_key(&self.read(SETTINGS), key, value));
    }

    pub fn database(&self, url: &str) {
        self.set("database.url", url);
    }

    /// Lets a sender's mails leave through a server without TLS on the loopback, as fast as it takes them.
    pub fn live(&self, sender: &str, server: SocketAddr) {
        let smtp = format!("{{host: {}, port: {}, security: none}}", server.ip(), server.port());
        self.set(&format!("senders.{sender}.smtp"), &smtp);
        self.set(&format!("senders.{sender}.gap"), "0s");
        self.set("send", "live");
    }

    /// Points a channel at a receiver on the loopback.
    pub fn channel(&self, name: &str, url: &str) {
        self.set(&format!("channels.{name}.url"), url);
        self.set(&format!("channels.{name}.allow_http"), "true");
        self.set("allow_private", "[127.0.0.0/8]");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap_or_else(|error| panic!("the example workspace lacks a part: {error}"));
        let target = to.join(entry.path().strip_prefix(from).expect("a walk stays in its folder"));
        let done = if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target)
        } else {
            std::fs::copy(entry.path(), &target).map(|_| ())
        };
        done.unwrap_or_else(|error| panic!("cannot copy {}: {error}", entry.path().display()));
    }
}

/// A YAML text in block form with one key changed, or added at the end of its mapping; all else stays as it was.
pub fn with_key(text: &str, key: &str, value: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let parts: Vec<&str> = key.split('.').collect();
    let (mut from, mut until) = (0, lines.len());
    for (depth, part) in parts.iter().enumerate() {
        let margin = " ".repeat(depth * 2);
        let opening = format!("{margin}{part}:");
        let found = (from..until).find(|at| lines[*at].starts_with(&opening));
        let Some(at) = found else {
            let rest =
                parts[depth + 1..].iter().rev().fold(value.to_owned(), |inner, name| format!("{{{name}: {inner}}}"));
            lines.insert(until, format!("{opening} {rest}"));
            break;
        };
        let inside = |line: &&String| line.is_empty() || line.starts_with(&format!("{margin} "));
        let end = at + 1 + lines[at + 1..until].iter().take_while(inside).count();
        if depth + 1 == parts.len() {
            lines.splice(at..end, [format!("{opening} {value}")]);
            break;
        }
        // Comments and empty lines at the end of a mapping belong to what follows.
        let spoken = |line: &String| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let last = lines[at + 1..end].iter().rposition(spoken).map_or(at, |offset| at + 1 + offset);
        (from, until) = (at + 1, last + 1);
    }
    lines.join("\n") + "\n"
}
