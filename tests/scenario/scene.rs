//! What every scenario begins with: a workspace with a sequence short enough to be played in real time, its mails going to a server of the
//! test and its webhooks to a receiver of the test.

use crate::support::daemon::{Daemon, Told, overture, overture_with};
use crate::support::http::{Call, Response};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use crate::support::workspace::Workspace;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// What one daemon of a fleet leaves behind is taken over when its lease is over and somebody has looked: 30 s and 10 s.
pub const TAKEN_OVER: Duration = Duration::from_secs(90);

/// An agent that no rule takes for a machine.
pub const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Makes of functions of a database's URL one test on each database.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $name() { super::$name("sqlite"); })+
        }
        mod on_postgresql {
            use crate::support::postgres::Postgres;
            $(#[test] fn $name() {
                if let Some(postgres) = Postgres::shared() {
                    super::$name(&postgres.database());
                }
            })+
        }
    };
}
pub(crate) use on_both_databases;

/// The head of a sequence that may send at any time.
pub const ANY_TIME: &str = "send: {from: growth, days: mon-sun, hours: 00:00-24:00, zone: UTC}\n";

/// One mail, then one call, for whoever has `arrived`.
pub const MAIL_THEN_CALL: &str = "\
enroll: [{on: arrived}]
steps:
  - {id: first, email: scene/first}
  - {id: call, webhook: crm, with: {address: '{{lead.email}}'}}
  - end: done
";

/// Two mails a moment apart.
pub const TWO_MAILS: &str = "\
enroll: [{on: arrived}]
steps:
  - {id: first, email: scene/first}
  - wait: 2s
  - {id: second, email: scene/second}
  - end: done
";

fn mail(subject: &str) -> String {
    format!(
        "---\nsubject: {subject}\n---\nHi {{{{or lead.first_name \"there\"}}}},\n\n\
         read [the guide](https://northwind.example/guide).\n\n---\n\n\
         {{{{company.name}}}} · {{{{company.postal_address}}}}\n\n[Unsubscribe]({{{{unsubscribe_url}}}})\n"
    )
}

/// The example workspace on a database, live, with one more sequence `scene`.
pub fn workspace(database: &str, server: SocketAddr, receiver: &Receiver, steps: &str) -> Workspace {
    let workspace = Workspace::example();
    workspace.database(database);
    workspace.set("database.connections", "4");
    for sender in ["growth", "outbound"] {
        workspace.live(sender, server);
    }
    for channel in ["crm", "sales-chat"] {
        workspace.channel(channel, &receiver.url(&format!("/{channel}")));
    }
    workspace.write("templates/scene/first.md", &mail("First things"));
    workspace.write("templates/scene/second.md", &mail("Second thoughts"));
    workspace.write("sequences/scene.yaml", &format!("title: Scene\nkind: nurture\n{ANY_TIME}{steps}"));
    workspace
}

/// Gives the sender one connection: then one mail at a time is under way, and those of one lead come before those of the next.
pub fn one_connection(workspace: &Workspace, server: SocketAddr) {
    let account = format!("{{host: {}, port: {}, security: none, connections: 1}}", server.ip(), server.port());
    workspace.set("senders.growth.smtp", &account);
}

/// A daemon in its workspace, and a key to its API.
pub struct Scene {
    pub workspace: Workspace,
    pub daemon: Daemon,
    key: String,
}

impl Scene {
    pub fn start(workspace: Workspace) -> Self {
        Self::with(workspace, &[])
    }

    /// The same with more of an environment, as a fail point.
    pub fn with(workspace: Workspace, environment: &[(&str, &str)]) -> Self {
        let daemon = Daemon::with(&workspace, environment);
        let scopes = ["--scope", "read", "--scope", "enroll", "--scope", "send", "--json"];
        let made = overture(&workspace, &[&["token", "create", "scene"][..], &scopes].concat()).ok().json();
        let key = format!("Bearer {}", made["token"].as_str().expect("a key is shown once"));
        Self { workspace, daemon, key }
    }

    /// What its calls carry as `Authorization`.
    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn call(&self, method: &str, path: &str, body: &Value) -> Response {
        self.attempt(method, path, body).unwrap_or_else(|error| panic!("no answer from {path}: {error}"))
    }

    /// A call that may find nobody there.
    pub fn attempt(&self, method: &str, path: &str, body: &Value) -> std::io::Result<Response> {
        let url = format!("{}{path}", self.daemon.private());
        Call::new(method, &url).header("authorization", &self.key).json(body).attempt()
    }

    pub fn get(&self, path: &str) -> Value {
        let response = self.call("GET", path, &Value::Null);
        assert_eq!(response.status, 200, "{path}: {}", response.body);
        response.json()
    }

    pub fn post(&self, path: &str, body: &Value) -> Value {
        let response = self.call("POST", path, body);
        assert_eq!(response.status, 200, "{path}: {}", response.body);
        response.json()
    }

    /// Tells the event `arrived` of each lead under a key of its own, so that telling it again changes nothing.
    pub fn arrive(&self, leads: &[&str]) -> std::io::Result<Response> {
        let event = |lead: &&str| json!({"lead": {"email": lead}, "name": "arrived", "create": true, "key": lead});
        let events: Vec<Value> = leads.iter().map(event).collect();
        self.attempt("POST", "/v1/events/batch", &json!({ "events": events }))
    }

    /// All touches, in no particular order.
    pub fn touches(&self) -> Vec<Value> {
        self.rows("/v1/touches", "touches")
    }

    /// All rows of a list, page by page.
    pub fn rows(&self, path: &str, name: &str) -> Vec<Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{joint}limit=200{next}"));
            all.extend(page[name].as_array().expect("a page has rows").iter().cloned());
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={}", escaped(cursor)),
                None => return all,
            }
        }
    }

    /// The touch of a lead's step, if there is one.
    pub fn touch(&self, lead: &str, step: &str) -> Option<Value> {
        let response = self.call("GET", &format!("/v1/touches?lead={}", escaped(lead)), &Value::Null);
        let found = (response.status == 200).then(|| response.json())?;
        found["touches"].as_array()?.iter().find(|touch| touch["step"] == step).cloned()
    }

    /// Waits until the touch of a lead's step is in a state.
    pub fn wait_touch(&self, lead: &str, step: &str, state: &str) -> Value {
        let mut last = None;
        eventually(&format!("{step} of {lead} is {state}"), crate::support::SOON, || {
            let found = self.touch(lead, step);
            if found.as_ref().map(|touch| touch["state"].clone()) != last {
                last = found.as_ref().map(|touch| touch["state"].clone());
                println!("{step} of {lead}: {last:?}");
            }
            found.filter(|touch| touch["state"] == state)
        })
    }

    /// What is listed as unknown.
    pub fn unknown(&self) -> Vec<Value> {
        let told = overture(&self.workspace, &["unknown", "list", "--json"]).ok();
        told.stdout.lines().map(|line| serde_json::from_str(line).expect("a row a line")).collect()
    }

    pub fn overture(&self, arguments: &[&str]) -> Told {
        overture(&self.workspace, arguments)
    }

    /// Hands a message over as a mail server would.
    pub fn ingest(&self, message: &str) -> Told {
        overture_with(&self.workspace, &["mail", "ingest"], &[], message.as_bytes())
    }
}

/// A person's answer to a mail.
pub fn reply_to(message_id: &str, from: &str) -> String {
    format!(
        "From: {from}\r\nTo: maya@northwind.example\r\nSubject: Re: First things\r\nMessage-ID: <answer-{from}>\r\n\
         In-Reply-To: {message_id}\r\nReferences: {message_id}\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\n\r\n\
         Thank you, that sounds good. Can we talk?\r\n"
    )
}

/// One part of a path or a query.
pub fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A GET as a person's browser does it.
pub fn browse(url: &str) -> Response {
    Call::new("GET", url).header("user-agent", BROWSER).send()
}
