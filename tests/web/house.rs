//! A small workspace in a folder of its own, with a clock that is set by hand, and a visitor who asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use overture::channel::sandbox::Sandbox;
use overture::channel::smtp::Timeouts;
use overture::clock::Clock;
use overture::compile::{Overlay, workspace};
use overture::domain::address::EmailAddress;
use overture::domain::event::Event;
use overture::domain::lead::Lead;
use overture::domain::time::{Instant, Millis};
use overture::engine::{Engine, FailPoints, Parts, Right, Ways};
use overture::entropy::Entropy;
use overture::seal::Seal;
use overture::store::reports::{LeadKey, Order, TouchRow, Touches};
use overture::store::{Access, Location, Store};
use overture::web::ops::Services;
use overture::web::private::Guarding;
use overture::web::{App, private, public};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::conform;

/// Monday, 2026-01-05 at 09:00 in Berlin.
pub const START: Instant = Instant(1_767_600_000_000);
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

const FILES: [(&str, &str); 9] = [
    (
        "config/overture.yaml",
        "company: {name: Acme, postal_address: 1 Main St}\nzone: Europe/Berlin\npublic_url: http://127.0.0.1:8025\n\
         attributes: {lead: {plan: text, seats: number}, account: {employees: number}}\n\
         senders: {maya: {from: Maya <maya@acme.example>, per_day: 50}}\nchannels: {crm: {url: https://crm.example/x}}\n",
    ),
    (
        "config/team.yaml",
        "calendars: {office: {zone: Europe/Berlin, days: mon-fri, hours: [09:00-17:00]}}\n\
         reps: {ines: {name: Ines, email: ines@acme.example, calendar: office}}\n\
         teams: {sales: {calendar: office, members: [ines], fallback: ines}}\nrouting: [{team: sales}]\n\
         slas: {all: {applies: 'true', respond_within: 10m, counts: [contacted]}}\n",
    ),
    (
        "config/scoring.yaml",
        "range: 0..100\nengagement:\n  - {name: pricing, on: pricing_viewed, points: 15}\n  - {name: click, on: clicked, points: 3}\n\
         bands: {cold: 0, hot: 70}\n",
    ),
    (
        "sequences/tips.yaml",
        "kind: nurture\ntopic: product-tips\nsend: {from: maya}\nsteps:\n  - id: hello\n    email: hello\n  - wait: 9d\n\
         \x20 - id: more\n    email: hello\n  - end: done\n",
    ),
    (
        "sequences/outbound.yaml",
        "kind: cadence\nsend: {from: maya}\nsteps:\n  - id: hello\n    email: hello\n  - wait: 9d\n  - end: done\n",
    ),
    (
        "sequences/zoned.yaml",
        "kind: cadence\nsend: {from: maya, days: mon-sun, hours: 09:00-17:00, zone: lead}\nsteps:\n  - id: hello\n\
         \x20   email: hello\n  - end: done\n",
    ),
    (
        "sequences/calls.yaml",
        "kind: cadence\nowner: ines\nsend: {zone: Europe/Berlin, days: mon-fri, hours: 09:00-17:00}\nsteps:\n  - id: call\n\
         \x20   task: call\n    title: Call {{lead.plan}}\n    notes: script\n    due: 1bd\n    outcomes: [connected, voicemail]\n\
         \x20   wait: up_to 3bd\n  - end: done\n",
    ),
    (
        "templates/script.md",
        "---\nsubject: A script\n---\nSay hello, and name the [guide](https://acme.example/guide).\n",
    ),
    (
        "templates/hello.md",
        "---\nsubject: Hello\n---\nHi. [Guide](https://acme.example/guide?a=1&b=2) \
         [Yours](https://acme.example/for/{{or lead.plan \"all\"}})\n\n{{company.postal_address}} \
         [Unsubscribe]({{unsubscribe_url}})\n",
    ),
];

pub struct House {
    pub app: App,
    folder: tempfile::TempDir,
}

/// What came back.
pub struct Told {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Told {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer of a success.
    pub fn good(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        self.json()
    }

    /// The detail of a problem with this status.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["type"].is_string() && problem["title"].is_string());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl House {
    pub async fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("overture-web-").tempdir().unwrap();
        let location = Location::Sqlite { dir: folder.path().to_owned() };
        let store = Store::open(&location, Access::Write).await.unwrap();
        store.migrate(|_| {}).await.unwrap();
        let ways = Ways {
            live: false,
            sandbox: Sandbox::open(folder.path().join("sandbox")).await.unwrap(),
            accounts: BTreeMap::new(),
            timeouts: Timeouts::default(),
            endpoints: BTreeMap::new(),
            lease: Duration::from_secs(30),
        };
        let files = FILES.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
        let compiled = workspace(&files, &Overlay::default());
        let playbook = compiled
            .playbook
            .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics.iter().map(|d| &d.message).collect::<Vec<_>>()));
        let parts = Parts {
            store,
            clock: Clock::manual(START),
            entropy: Entropy::seeded(7),
            seal: Seal::new(&[3; 32]),
            fail: FailPoints::default(),
            ways,
        };
        Self { app: App::new(Arc::new(Engine::new(parts, playbook)), Services::default()), folder }
    }

    pub fn engine(&self) -> &Engine {
        &self.app.engine
    }

    pub fn public(&self) -> Router {
        public::router(self.app.clone())
    }

    /// Goes on in time, and does what is due.
    pub async fn pass(&self, length: Millis) {
        let now = self.engine().now() + length;
        self.engine().clock.set(now);
        while self.engine().wake(now).await.unwrap() > 0 {}
        self.engine().deliver_once(now).await.unwrap();
    }

    /// Asks the owner's door.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> Told {
        let router = private::router(self.app.clone(), Guarding::Owner);
        let told = ask(router, json_request(method, path, &body)).await;
        conform::exchange(method, path, &body, (told.status.as_u16(), told.header("content-type"), &told.body));
        told
    }

    pub async fn get(&self, path: &str) -> Told {
        self.ask("GET", path, Value::Null).await
    }

    /// Asks the guarded door, with a key or without.
    pub async fn knock(&self, request: Request<Body>) -> Told {
        ask(private::router(self.app.clone(), Guarding::Token), request).await
    }

    pub async fn key(&self, rights: &[Right]) -> String {
        self.engine().issue_token("robot", &rights.iter().copied().collect()).await.unwrap().1
    }

    /// Comes from outside, as a person's browser does.
    pub async fn visit(&self, method: &str, path: &str) -> Told {
        let request = Request::builder().method(method).uri(path).header("user-agent", FIREFOX);
        ask(self.public(), request.body(Body::empty()).unwrap()).await
    }

    /// A lead with one mail of a sequence sent to it.
    pub async fn mailed(&self, address: &str, sequence: &str) -> TouchRow {
        self.ask("PUT", "/v1/leads", json!({ "email": address, "attributes": { "plan": "gold" } })).await.good();
        self.ask("POST", "/v1/enrollments", json!({ "lead": address, "sequence": sequence })).await.good();
        self.pass(Millis::ZERO).await;
        let lead = self.lead(address).await;
        let touches = Touches::OfLead(lead.id);
        self.engine().store.reports().touches(&touches, None, 9).await.unwrap().rows.pop().unwrap()
    }

    pub async fn lead(&self, address: &str) -> Lead {
        let key = LeadKey::Address(EmailAddress::parse(address).unwrap());
        self.engine().store.reports().lead(&key).await.unwrap().unwrap()
    }

    pub async fn events(&self, address: &str) -> Vec<Event> {
        let lead = self.lead(address).await;
        self.engine().store.reports().events(&lead.id, Order::Oldest, None, 500).await.unwrap()
    }

    /// The path of a link of a mail as it stands in its bytes.
    pub fn path_in(&self, touch: &TouchRow, kind: char, nth: usize) -> String {
        let mail = self.mail(touch);
        let start = format!("http://127.0.0.1:8025/{kind}/");
        let found = mail.match_indices(&start).nth(nth).unwrap_or_else(|| panic!("no /{kind}/ {nth} in {mail}"));
        let rest = &mail[found.0 + start.len() - 3..];
        rest[..rest.find(['"', '>', ' ', ')', '<', '\r', '\n']).unwrap()].to_owned()
    }

    /// The decoded bytes of a mail that was sent.
    pub fn mail(&self, touch: &TouchRow) -> String {
        let files = std::fs::read_dir(self.folder.path().join("sandbox")).unwrap().filter_map(Result::ok);
        let name = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let file = files.into_iter().find(|entry| name(entry).contains(touch.id.as_str())).unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        text.replace("=\r\n", "").replace("=3D", "=")
    }

    /// Changes with every commit of the database that is not this connection's.
    pub async fn watch(&self) -> Watch {
        use sqlx::Connection;
        let url = format!("sqlite://{}?mode=ro", self.folder.path().join("overture.db").display());
        Watch(sqlx::SqliteConnection::connect(&url).await.unwrap())
    }
}

/// Tells whether anything was written.
pub struct Watch(sqlx::SqliteConnection);

impl Watch {
    pub async fn version(&mut self) -> i64 {
        sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut self.0).await.unwrap()
    }
}

pub fn json_request(method: &str, path: &str, body: &Value) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    match body {
        Value::Null => request.body(Body::empty()).unwrap(),
        body => request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap(),
    }
}

pub async fn ask(router: Router, request: Request<Body>) -> Told {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    Told { status: parts.status, headers: parts.headers, body: to_bytes(body, usize::MAX).await.unwrap().to_vec() }
}

/// How often an event of this name stands in a history.
pub fn count(events: &[Event], name: &str) -> usize {
    events.iter().filter(|event| event.what.name() == name).count()
}
