//! The YAML language server that editors run, spoken to as an editor does: LSP over its standard input and output.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::skipped;

/// Where `tests/run` puts it.
const KEPT: &str = ".cache/overture/language-server/node_modules/.bin/yaml-language-server";

pub struct LanguageServer {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    asked: u64,
    /// The newest diagnostics by file.
    told: BTreeMap<String, Value>,
}

impl LanguageServer {
    /// Starts it in a workspace; says so aloud where a machine has none.
    pub fn start(workspace: &Path) -> Option<Self> {
        let named = std::env::var_os("YAML_LANGUAGE_SERVER").map(PathBuf::from);
        let kept = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(KEPT));
        let Some(program) = named.or_else(kept).filter(|program| program.exists()) else {
            skipped("npm (yaml-language-server)");
            return None;
        };
        let mut command = Command::new(program);
        command.arg("--stdio").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the language server starts");
        let (to, from) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut server = Self { child, to, from: BufReader::new(from), asked: 0, told: BTreeMap::new() };
        let root = uri(workspace);
        let shown = json!({
            "completion": { "completionItem": { "snippetSupport": true, "documentationFormat": ["markdown"] } },
            "hover": { "contentFormat": ["markdown"] },
        });
        server.ask(
            "initialize",
            &json!({
                "processId": null,
                "rootUri": root,
                "workspaceFolders": [{ "uri": root, "name": "workspace" }],
                "capabilities": { "textDocument": shown, "workspace": { "configuration": true } },
            }),
        );
        server.tell("initialized", &json!({}));
        Some(server)
    }

    /// Opens a file with a text, and gives what is wrong with it.
    pub fn open(&mut self, path: &Path, text: &str) -> Vec<Value> {
        let uri = uri(path);
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
        while !self.told.contains_key(&uri) {
            self.hear();
        }
        self.told[&uri].as_array().cloned().unwrap_or_default()
    }

    /// What is shown when the pointer rests at a place; line and column from 0.
    pub fn hover(&mut self, path: &Path, (line, column): (usize, usize)) -> String {
        let answer = self.ask("textDocument/hover", &place(path, (line, column)));
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// The labels of what may be written at a place.
    pub fn complete(&mut self, path: &Path, (line, column): (usize, usize)) -> Vec<String> {
        let answer = self.ask("textDocument/completion", &place(path, (line, column)));
        let items = answer["items"].as_array().or_else(|| answer.as_array()).cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["label"].as_str().map(str::to_owned)).collect()
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        loop {
            if let Some(answer) = self.hear().filter(|answer| answer["id"] == id) {
                return answer["result"].clone();
            }
        }
    }

    fn tell(&mut self, method: &str, parameters: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("the language server listens");
        self.to.flush().expect("the language server listens");
    }

    /// Reads one message. What the server asks is answered, diagnostics are kept; an answer to us is handed out.
    fn hear(&mut self) -> Option<Value> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            let read = self.from.read_line(&mut line).expect("the language server speaks");
            assert!(read > 0, "the language server ended");
            match line.trim().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().expect("a length is a number");
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.from.read_exact(&mut body).expect("a message is whole");
        let message: Value = serde_json::from_slice(&body).expect("a message is JSON");
        let Some(method) = message["method"].as_str() else { return Some(message) };
        if method == "textDocument/publishDiagnostics" {
            let of = &message["params"];
            self.told.insert(of["uri"].as_str().unwrap_or_default().to_owned(), of["diagnostics"].clone());
        } else if !message["id"].is_null() {
            let answer = match method {
                // No schemas from elsewhere: what the files name is all there is.
                "workspace/configuration" => {
                    let count = message["params"]["items"].as_array().map_or(0, Vec::len);
                    json!(vec![json!({ "schemaStore": { "enable": false } }); count])
                }
                _ => Value::Null,
            };
            self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": answer }));
        }
        None
    }
}

impl Drop for LanguageServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn place(path: &Path, (line, column): (usize, usize)) -> Value {
    json!({ "textDocument": { "uri": uri(path) }, "position": { "line": line, "character": column } })
}
