//! What each target does with octets from anywhere: read them as one parser would, and hold what may never be.
//!
//! The real fuzzer (`tests/fuzz`) and an ordinary test (`tests/parsers`) run the same bodies.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use overture::channel::sandbox::Sandbox;
use overture::channel::smtp::{Account, Dial, Envelope, Offer, Security, Session, Socket, Timeouts, Within, Written};
use overture::channel::trust::Trust;
use overture::clock::Clock;
use overture::compile::diagnostic::{render, to_json};
use overture::compile::{Compiled, Overlay, revision, workspace};
use overture::domain::address::EmailAddress;
use overture::domain::condition::{Condition, Scope, Type};
use overture::domain::decide::{View, newborn};
use overture::domain::id::{LeadId, encode};
use overture::domain::playbook::Playbook;
use overture::domain::time::Instant;
use overture::engine::{Engine, FailPoints, Parts, Ways};
use overture::entropy::Entropy;
use overture::intake::csv::{Entry, Options, Rows};
use overture::intake::message::read;
use overture::seal::{Purpose, Seal};
use overture::store::{Access, Location, Store};
use overture::web::App;
use overture::web::ops::Services;
use overture::web::private::{Guarding, router};
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// Takes any octets, and panics only if something is wrong here.
pub type Target = fn(&[u8]);

/// Every parser that reads what others write.
pub const TARGETS: [(&str, Target); 8] = [
    ("files", files),
    ("conditions", conditions),
    ("templates", templates),
    ("tokens", tokens),
    ("lists", lists),
    ("events", events),
    ("replies", replies),
    ("mails", mails),
];

/// Monday, 2026-01-05 at 09:00 in Berlin.
const NOW: Instant = Instant(1_767_600_000_000);

const SMALL: [(&str, &str); 5] = [
    (
        "config/overture.yaml",
        "company: {name: Acme, postal_address: 1 Main St}\nzone: Europe/Berlin\npublic_url: http://127.0.0.1:8025\n\
         attributes: {lead: {plan: text, seats: number, vip: bool, since: date}, account: {employees: number}}\n\
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
        "range: 0..100\nengagement:\n  - {name: pricing, on: pricing_viewed, points: 15}\nbands: {cold: 0, hot: 70}\n",
    ),
    (
        "sequences/tips.yaml",
        "kind: nurture\ntopic: product-tips\nsend: {from: maya}\nsteps:\n  - id: hello\n    email: hello\n  - end: done\n",
    ),
    (
        "templates/hello.md",
        "---\nsubject: Hello\n---\nHi {{or lead.plan \"you\"}}.\n\n{{company.postal_address}} [Unsubscribe]({{unsubscribe_url}})\n",
    ),
];

/// The small workspace with one file replaced.
fn compiled(path: &str, content: &[u8]) -> Compiled {
    let mut files: BTreeMap<String, Vec<u8>> =
        SMALL.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    files.insert(path.to_owned(), content.to_vec());
    workspace(&files, &Overlay::default())
}

/// Whatever is wrong is told; what is sound can be kept and read again.
fn told(compiled: &Compiled) {
    let text = render(&compiled.diagnostics, false);
    assert!(text.len() >= compiled.diagnostics.len(), "every mistake is told");
    assert_eq!(to_json(&compiled.diagnostics).as_array().map(Vec::len), Some(compiled.diagnostics.len()));
    assert_eq!(compiled.playbook.is_some(), compiled.is_sound(), "files with errors run nothing");
    for kept in compiled.revisions.iter().filter(|_| compiled.is_sound()) {
        assert!(revision(kept).is_ok(), "the version of {} that is kept can be read again", kept.name);
    }
}

/// A file of a workspace: its path in the first line, and then what is in it.
pub fn files(data: &[u8]) {
    let end = data.iter().position(|octet| *octet == b'\n').unwrap_or(data.len());
    let (path, content) = (String::from_utf8_lossy(&data[..end]), data.get(end + 1..).unwrap_or_default());
    let path = SMALL.iter().map(|(path, _)| *path).find(|known| *known == path).unwrap_or("sequences/tips.yaml");
    told(&compiled(path, content));
}

pub fn templates(data: &[u8]) {
    told(&compiled("templates/hello.md", data));
}

static PLAYBOOK: LazyLock<Playbook> = LazyLock::new(|| {
    compiled("sequences/tips.yaml", SMALL[3].1.as_bytes()).playbook.expect("the small workspace is sound")
});

pub fn conditions(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let settings = &PLAYBOOK.settings;
    let scope =
        Scope { lead: &settings.lead_attributes, account: &settings.account_attributes, steps: None, event: false };
    match Condition::compile(&text, &scope) {
        Err(faults) => assert!(!faults.is_empty(), "a refusal says why"),
        Ok(condition) => {
            let address = EmailAddress::parse("zoe@corp.example").expect("an address");
            let lead = newborn(LeadId(encode(7)), address, None, NOW);
            let view = View::new(&lead, &PLAYBOOK, NOW);
            let (first, again) = (condition.test(&view, NOW), condition.test(&view, NOW));
            assert_eq!(first, again, "one question, one answer");
            assert!(!(first.value && first.fault.is_some()), "a fault is no yes");
            assert!(condition.turns_at(&view, NOW).is_none_or(|at| at > NOW), "it turns later");
        }
    }
}

/// Nobody here knows the key: whatever opens is forged.
pub fn tokens(data: &[u8]) {
    static SEAL: LazyLock<Seal> = LazyLock::new(|| Seal::new(&[0x5a; 32]));
    let text = String::from_utf8_lossy(data);
    for purpose in [Purpose::Click, Purpose::Open, Purpose::Unsubscribe] {
        assert_eq!(SEAL.open(purpose, &text), None);
    }
    assert_eq!(SEAL.open_return_path(&text), None);
    assert_eq!(SEAL.open_message_id(&text), None);
    assert!(SEAL.open_button(&text, 0).is_err());
}

/// A list of leads, in UTF-8 or in what its first octet says.
pub fn lists(data: &[u8]) {
    let encodings = [None, Some("windows-1252"), Some("utf-16le"), Some("shift_jis"), Some("nonsense")];
    let encoding = encodings[data.first().map_or(0, |octet| usize::from(octet.wrapping_sub(b'0'))) % encodings.len()];
    let attributes: BTreeMap<String, Type> = PLAYBOOK.settings.lead_attributes.clone();
    let map = ["Work mail=email".to_owned()];
    let options = Options { attributes: &attributes, map: &map, encoding };
    let Ok(rows) = Rows::open(data.get(1..).unwrap_or_default(), &options) else { return };
    let mut before = 0;
    for entry in rows {
        let line = match entry {
            Ok(Entry::Row(row)) => row.line,
            Ok(Entry::Refused(refused)) => {
                assert!(!refused.reason.is_empty(), "a refusal says why");
                refused.line
            }
            Err(fault) => {
                assert!(!fault.0.is_empty(), "a fault says what");
                return;
            }
        };
        assert!(line > 0 && line >= before, "lines are counted on: {before}, then {line}");
        before = line;
    }
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime starts"));

/// A door to an empty store in memory.
async fn door() -> Router {
    let store = Store::open(&Location::Memory, Access::Write).await.expect("a store opens");
    store.migrate(|_| {}).await.expect("its schema is made");
    let ways = Ways {
        live: false,
        sandbox: Sandbox::open(std::env::temp_dir().join("overture-fuzz")).await.expect("a folder can be made"),
        accounts: BTreeMap::new(),
        timeouts: Timeouts::default(),
        endpoints: BTreeMap::new(),
        lease: Duration::from_secs(30),
    };
    let (entropy, seal, fail) = (Entropy::seeded(7), Seal::new(&[3; 32]), FailPoints::default());
    let parts = Parts { store, clock: Clock::manual(NOW), entropy, seal, fail, ways };
    let engine = Engine::new(parts, PLAYBOOK.clone());
    router(App::new(Arc::new(engine), Services::default()), Guarding::Owner)
}

/// The body of a request that tells facts, one or a batch.
pub fn events(data: &[u8]) {
    static DOOR: Mutex<Option<Router>> = Mutex::new(None);
    let path = if data.first() == Some(&b'[') { "/v1/events/batch" } else { "/v1/events" };
    let body = if data.first() == Some(&b'[') { [br#"{"events":"#, data, b"}"].concat() } else { data.to_vec() };
    let request = Request::post(path).header("content-type", "application/json").body(Body::from(body));
    let status = RUNTIME.block_on(async {
        let known = DOOR.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let door = match known {
            Some(door) => door,
            None => door().await,
        };
        *DOOR.lock().unwrap_or_else(PoisonError::into_inner) = Some(door.clone());
        door.oneshot(request.expect("a request can be made")).await.expect("a router answers").status()
    });
    assert!(!status.is_server_error(), "{status}");
}

#[derive(Debug)]
struct Parrot(Vec<u8>);

impl Within for Parrot {
    /// A server that says all it has to say at once, and then hangs up.
    fn dial(&self) -> io::Result<Box<dyn Socket>> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let said = self.0.clone();
        RUNTIME.spawn(async move {
            let _ = theirs.write_all(&said).await;
            let _ = theirs.shutdown().await;
            let _ = tokio::io::copy(&mut theirs, &mut tokio::io::sink()).await;
        });
        Ok(Box::new(ours))
    }
}

/// What a mail server answers, from its greeting on.
pub fn replies(data: &[u8]) {
    static TRUST: LazyLock<Arc<Trust>> = LazyLock::new(|| Arc::new(Trust::system()));
    let account = Account {
        host: "relay.example".to_owned(),
        port: 25,
        security: Security::None,
        credentials: None,
        ehlo_name: "client.example".to_owned(),
        trust: Arc::clone(&TRUST),
        dial: Dial::Within(Arc::new(Parrot(data.to_vec()))),
    };
    let envelope = Envelope { from: "b@client.example".to_owned(), to: "zoe@corp.example".to_owned() };
    RUNTIME.block_on(async {
        let Ok(mut session) = Session::open(&account, &Timeouts::default()).await else { return };
        if session.offer(&envelope, 10).await != Offer::Ready {
            return;
        }
        assert!(data.windows(3).any(|part| part == b"354"), "nobody asked for the message");
        if let Written::Accepted(_) = session.write(b"Subject: x\r\n\r\nx\r\n").await {
            assert!(data.windows(1).filter(|part| *part == b"2").count() > 3, "nobody said that it was taken");
        }
    });
}

/// A message that came back; without the key none of ours is named in it.
pub fn mails(data: &[u8]) {
    static SEAL: LazyLock<Seal> = LazyLock::new(|| Seal::new(&[0x5a; 32]));
    let incoming = read(data, &SEAL);
    assert_eq!(incoming.touch, None, "it names a mail that nobody sent");
}
