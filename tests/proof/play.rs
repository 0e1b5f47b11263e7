//! What every proof is played with: a small workspace, a daemon that may die, and the oracle at the end.

use crate::support::daemon::{Daemon, overture};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::oracle::books::{Books, restless};
use crate::support::oracle::{Expected, Outside, Verdict, judge};
use crate::support::postgres::Postgres;
use crate::support::receiver::Receiver;
use crate::support::workspace::Workspace;
use overture::clock::wall;
use overture::domain::time::{Instant, Millis};
use overture::store::Location;
use std::time::Duration;

/// The database's name for people, and what a daemon is told.
#[derive(Clone)]
pub struct Database {
    pub kind: &'static str,
    url: String,
}

impl Database {
    pub fn sqlite() -> Self {
        Self { kind: "sqlite", url: "sqlite".to_owned() }
    }

    /// A database of its own; nothing, said aloud, where PostgreSQL is not installed.
    pub fn postgresql() -> Option<Self> {
        Some(Self { kind: "postgresql", url: Postgres::shared()?.database() })
    }

    /// An empty one on SQLite; on PostgreSQL one that holds the same.
    fn copy(&self) -> Self {
        let postgres = Postgres::shared().filter(|_| self.kind != "sqlite");
        let url = postgres.map_or_else(|| self.url.clone(), |postgres| postgres.copy_of(&self.url));
        Self { url, ..self.clone() }
    }

    /// How far its clock may lie behind this machine's.
    pub fn slack(&self) -> Millis {
        if self.kind == "sqlite" { Millis::ZERO } else { Millis(500) }
    }
}

/// A mail, a wait, a mail, a call, and a handoff; each step of it once for every lead.
pub const STEPS: &str = "\
title: Proof
kind: nurture
send: {from: growth, days: mon-sun, hours: 00:00-24:00, zone: UTC}
enroll: [{on: arrived}]
steps:
  - {id: first, email: proof/first}
  - wait: 1s
  - {id: second, email: proof/second}
  - {id: call, webhook: crm, with: {address: '{{lead.email}}'}}
  - {id: offer, handoff: {reason: proven}}
  - end: done
";

/// The country whose leads are answered around the clock.
pub const AROUND_THE_CLOCK: &str = "NZ";

/// Who answers them, and by when.
const AWAKE: [(&str, &str); 5] = [
    ("calendars:", "  always: {zone: UTC, days: mon-sun, hours: [00:00-24:00]}"),
    ("reps:", "  zoe: {name: Zoe Marsh, email: zoe@northwind.example, calendar: always}"),
    (
        "teams:",
        "  around: {title: Around, calendar: always, members: [zoe], route: round_robin, fallback: zoe, manager: sales-chat}",
    ),
    ("routing:", "  - {when: 'lead.country == \"NZ\"', team: around}"),
    (
        "slas:",
        "  around: {applies: 'lead.country == \"NZ\"', respond_within: 2s, counts: [contacted], ladder: [{at: 50%, remind: assignee}, {at: 100%, alert: manager}]}",
    ),
];

fn mail(subject: &str) -> String {
    format!(
        "---\nsubject: {subject}\n---\nHello {{{{lead.email}}}}.\n\n---\n\n\
         {{{{company.name}}}} · {{{{company.postal_address}}}}\n\n[Unsubscribe]({{{{unsubscribe_url}}}})\n"
    )
}

/// The proof's parts; the workspace goes first, so that its daemon is gone before what it speaks to.
pub struct Play {
    pub database: Database,
    pub workspace: Workspace,
    pub server: FaultySmtp,
    pub receiver: Receiver,
    /// The zone of the day of the sender that is paced.
    zone: Option<String>,
}

impl Play {
    pub fn new(database: Database) -> Self {
        let (server, receiver) = (FaultySmtp::start(), Receiver::start());
        let workspace = Workspace::example();
        let examples = std::fs::read_dir(workspace.file("sequences")).expect("the example has sequences");
        for file in examples {
            std::fs::remove_file(file.expect("a folder can be read").path()).expect("the example's files are ours");
        }
        workspace.write("sequences/proof.yaml", STEPS);
        for name in ["first", "second"] {
            workspace.write(&format!("templates/proof/{name}.md"), &mail(name));
        }
        workspace.database(&database.url);
        workspace.set("database.connections", "4");
        workspace.set("database.lease", "3s");
        workspace.live("growth", server.address());
        workspace.live("outbound", server.address());
        for channel in ["crm", "sales-chat"] {
            workspace.channel(channel, &receiver.url(&format!("/{channel}")));
        }
        Self { database, workspace, server, receiver, zone: None }
    }

    /// The same workspace with the same data, and with servers of its own.
    pub fn copy(&self) -> Self {
        let copy = Self { zone: self.zone.clone(), ..Self::new(self.database.copy()) };
        copy.workspace.write("config/team.yaml", &self.workspace.read("config/team.yaml"));
        if self.zone.is_some() {
            copy.workspace.write("sequences/paced.yaml", &self.workspace.read("sequences/paced.yaml"));
        }
        for file in ["overture.db", "overture.db-wal", "secret"] {
            let from = self.workspace.file("data").join(file);
            if from.exists() {
                std::fs::create_dir_all(copy.workspace.file("data")).expect("a folder can be made");
                std::fs::copy(from, copy.workspace.file("data").join(file)).expect("a file can be copied");
            }
        }
        copy
    }

    /// Lets a handoff's clock run in every hour, out within seconds.
    pub fn with_clocks(self) -> Self {
        let ladder = "[{at: 50%, remind: assignee}, {at: 100%, alert: manager}]";
        let team = self.workspace.read("config/team.yaml");
        let team =
            team.replace("days: mon-fri, hours: [09:00-12:30, 13:30-18:00]", "days: mon-sun, hours: [00:00-24:00]");
        let team = team.replace("days: mon-fri, hours: [09:00-17:30]", "days: mon-sun, hours: [00:00-24:00]");
        let head = team.split("slas:").next().expect("the team has clocks");
        let sla = format!(
            "slas:\n  all:\n    applies: 'true'\n    respond_within: 2s\n    counts: [contacted]\n    ladder: {ladder}\n"
        );
        self.workspace.write("config/team.yaml", &without_holidays(&format!("{head}{sla}")));
        self
    }

    /// Gives the other sender a gap and a cap, and a sequence of one mail for whoever is `paced`; gives the zone of its day, once chosen.
    pub fn pace(&mut self, gap: &str, cap: u32) -> String {
        let zone = self.zone.get_or_insert_with(where_it_is_noon).clone();
        self.workspace.set("senders.outbound.gap", gap);
        self.workspace.set("senders.outbound.per_day", &cap.to_string());
        self.workspace.set("senders.outbound.zone", &zone);
        let steps = STEPS.split("  - wait").next().expect("the sequence has a wait");
        let steps = steps.replace("growth", "outbound").replace("arrived", "paced").replace("id: first", "id: paced");
        self.workspace.write("sequences/paced.yaml", &steps);
        zone
    }

    /// Nobody is there to answer but for leads of one country, whose clock is out within seconds: each other handoff is promised by a mail
    /// that is sent at least once.
    pub fn out_of_hours(self) -> Self {
        let hour = wall().to_jiff().to_zoned(jiff::tz::TimeZone::UTC).hour();
        // Open in the two hours that lie half a day away.
        let from = (hour + 11) % 22;
        let team = self.workspace.read("config/team.yaml");
        let hours = format!("zone: UTC, days: mon-sun, hours: [{from:02}:00-{:02}:00]", from + 2);
        let team = team.replace("zone: Europe/Berlin, days: mon-fri, hours: [09:00-12:30, 13:30-18:00]", &hours);
        let team = team.replace("zone: Europe/London, days: mon-fri, hours: [09:00-17:30]", &hours);
        let team = team.replace("applies: temperature == \"hot\"", "applies: 'true'");
        let team =
            AWAKE.iter().fold(team, |team, (before, more)| team.replacen(before, &format!("{before}\n{more}"), 1));
        self.workspace.write("config/team.yaml", &team);
        self
    }

    pub fn location(&self) -> Location {
        if self.database.kind == "sqlite" {
            return Location::Sqlite { dir: self.workspace.file("data") };
        }
        Location::Postgres { url: self.database.url.clone(), connections: 2 }
    }

    /// Puts leads, each with its country, into a sequence while no daemon runs.
    pub fn enroll(&self, sequence: &str, leads: &[(String, &str)]) {
        let rows: Vec<String> = leads.iter().map(|(lead, country)| format!("{lead},{country}")).collect();
        self.workspace.write("list.csv", &format!("email,country\n{}\n", rows.join("\n")));
        let list = self.workspace.file("list.csv").display().to_string();
        overture(&self.workspace, &["leads", "import", &list, "--enroll", sequence]).ok();
    }

    /// Suppresses an address while no daemon runs; gives the instant at which that was acknowledged.
    pub fn suppress(&self, lead: &str) -> Instant {
        overture(&self.workspace, &["suppress", "add", lead]).ok();
        wall()
    }

    /// Waits until nothing is left to do, ends the daemon, and judges.
    pub fn end(&self, daemon: &mut Daemon, expected: &Expected, within: Duration) -> Verdict {
        let location = self.location();
        let (mut calm, deadline) = (0, std::time::Instant::now() + within);
        while calm < 2 {
            std::thread::sleep(Duration::from_millis(150));
            let left = restless(&location, wall());
            calm = if left.is_empty() { calm + 1 } else { 0 };
            assert!(calm > 0 || std::time::Instant::now() < deadline, "not done within {within:?}: {left:#?}");
        }
        daemon.kill9();
        let outside = Outside { copies: self.server.journal(), calls: self.receiver.requests() };
        judge(&Books::read(&location), &outside, expected)
    }
}

/// A zone in which it is about noon, so that no local date ends while a test runs.
fn where_it_is_noon() -> String {
    let hour = i32::from(wall().to_jiff().to_zoned(jiff::tz::TimeZone::UTC).hour());
    // In these names the sign is the other way round: west is plus.
    match hour - 12 {
        0 => "UTC".to_owned(),
        west if west > 0 => format!("Etc/GMT+{west}"),
        east => format!("Etc/GMT-{}", -east),
    }
}

fn without_holidays(team: &str) -> String {
    let lines = team.lines().map(|line| match line.split_once(", holidays:") {
        Some((before, _)) => format!("{before}}}"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}
