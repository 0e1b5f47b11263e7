//! config/overture.yaml: what decides (settings), and what the daemon needs to run (its own part).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::daemon::{Channel, Daemon, Database, SendMode};
use super::fields::{Fields, Keys, scalar, unknown, whole};
use super::known::{standard_account, standard_lead};
use super::network;
use super::secret::secret;
use super::senders::{pools, sender};
use super::team::{named, zone};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::names;
use crate::compile::syntax::{Entry, Node};
use crate::domain::address::EmailAddress;
use crate::domain::calendar::parse_length;
use crate::domain::condition::Type;
use crate::domain::lead::MAILS;
use crate::domain::playbook::{Company, FrequencyCap, Settings};
use crate::domain::time::Millis;

const FILE: Keys = Keys {
    what: "the workspace file",
    known: &[
        "company",
        "zone",
        "database",
        "data",
        "listen",
        "public_url",
        "send",
        "secret",
        "attributes",
        "holidays",
        "consent_required",
        "frequency_cap",
        "senders",
        "pools",
        "channels",
        "allow_private",
        "alerts",
    ],
    later: &["inbound", "forms", "roles", "limits", "tracking", "retention", "catch_up", "users"],
};
const COMPANY: Keys = Keys { what: "`company`", known: &["name", "postal_address"], later: &[] };
const DATABASE: Keys = Keys { what: "`database`", known: &["url", "connections", "lease"], later: &[] };
const LISTEN: Keys = Keys { what: "`listen`", known: &["public", "private"], later: &["socket"] };
const ATTRIBUTES: Keys = Keys { what: "`attributes`", known: &["lead", "account"], later: &[] };
const CHANNEL: Keys = Keys {
    what: "a channel",
    known: &["url", "secrets", "headers", "allow_http"],
    later: &["method", "form", "keys", "per_second"],
};

/// Names that templates or conditions use for something else.
const RESERVED: [&str; 30] = [
    "raw", "log", "len", "lookup", "with", "each", "if", "unless", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or",
    "not", "inline", "this", "else", "upper", "lower", "date", "truncate", "pick", "plural", "url", "true", "false",
    "null",
];

/// Reads the workspace file into what decides and what runs; what is broken is told and left at its default.
pub fn overture(root: &Node, report: &Report) -> (Settings, Option<Daemon>) {
    let mut settings = overture_defaults();
    let Some(fields) = Fields::of(root, FILE, report) else { return (settings, None) };
    if let Some(node) = fields.need("zone")
        && zone(node, report).is_some()
    {
        node.text().unwrap_or("UTC").clone_into(&mut settings.zone);
    }
    settings.company = company(&fields).unwrap_or_default();
    attributes(&fields, &mut settings);
    settings.consent_required = fields.flag("consent_required").unwrap_or(false);
    settings.frequency_cap = fields.parse("frequency_cap", frequency_cap);
    let daemon = daemon(&fields, &mut settings);
    (settings, daemon)
}

/// Settings before a file says anything.
pub fn overture_defaults() -> Settings {
    Settings {
        company: Company::default(),
        zone: "UTC".to_owned(),
        public_url: String::new(),
        lead_attributes: standard_lead(),
        account_attributes: standard_account(),
        consent_required: false,
        frequency_cap: None,
        holidays: BTreeMap::new(),
        senders: BTreeMap::new(),
        pools: BTreeMap::new(),
        channels: BTreeSet::new(),
        alerts: None,
    }
}

/// `3 in 7d`.
fn frequency_cap(text: &str) -> Result<FrequencyCap, String> {
    let expected = || format!("expected a number of mails up to {MAILS} in a time, such as `3 in 7d`, found `{text}`");
    let (mails, within) = text.split_once(" in ").ok_or_else(expected)?;
    let mails = mails.trim().parse().ok().filter(|mails| (1..=MAILS).contains(mails)).ok_or_else(expected)?;
    let within = parse_length(within.trim()).ok().filter(|within| *within > Millis::ZERO).ok_or_else(expected)?;
    Ok(FrequencyCap { mails: u32::try_from(mails).unwrap_or(u32::MAX), within })
}

fn company(fields: &Fields<'_>) -> Option<Company> {
    let fields = Fields::of(fields.get("company")?, COMPANY, fields.report)?;
    let name = fields.need_text("name")?.to_owned();
    Some(Company { name, postal_address: fields.text("postal_address").map(str::to_owned) })
}

fn attributes(fields: &Fields<'_>, settings: &mut Settings) {
    let report = fields.report;
    let Some(fields) = fields.get("attributes").and_then(|node| Fields::of(node, ATTRIBUTES, report)) else { return };
    let sides = [("lead", &mut settings.lead_attributes), ("account", &mut settings.account_attributes)];
    for (side, declared) in sides {
        for Entry { key, value } in fields.map(side) {
            let name = key.text.as_str();
            if RESERVED.contains(&name) {
                let hint = format!("choose another, for example `{name}_value`");
                let message = format!("`{name}` cannot name an attribute: templates use it for something else");
                report.error_with(Code::ReservedAttribute, key.place, message, hint);
                continue;
            }
            if !is_attribute(name) {
                let hint = "lower-case letters, digits and `_`, a letter first".to_owned();
                report.error_with(Code::BadName, key.place, format!("`{name}` cannot name an attribute"), hint);
                continue;
            }
            let Some(kind) = kind_of(value, report) else { continue };
            if declared.get(name).is_some_and(|standard| *standard != kind) {
                let message = format!("`{name}` is a standard attribute of another type");
                report.error_with(Code::BadValue, value.place, message, "remove it, or choose another name".to_owned());
                continue;
            }
            declared.insert(name.to_owned(), kind);
        }
    }
}

fn is_attribute(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 64 && name.chars().all(fits)
}

fn kind_of(node: &Node, report: &Report) -> Option<Type> {
    let text = scalar(node, "type", report)?;
    let kinds = [
        ("text", Type::Text),
        ("number", Type::Number),
        ("bool", Type::Bool),
        ("date", Type::Date),
        ("list", Type::List),
    ];
    let found = kinds.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
    if found.is_none() {
        let hint = names::hint(text, kinds.iter().map(|(name, _)| *name));
        report.error_with(Code::UnknownChoice, node.place, format!("`{text}` is no type of an attribute"), hint);
    }
    found
}

fn daemon(fields: &Fields<'_>, settings: &mut Settings) -> Option<Daemon> {
    let report = fields.report;
    let database = fields.get("database").and_then(|node| Fields::of(node, DATABASE, report));
    let url = database.as_ref().and_then(|fields| fields.get("url")).and_then(|node| secret(node, "url", report));
    let lease = database.as_ref().and_then(|fields| fields.parse("lease", network::lease));
    let connections = database.and_then(|fields| fields.parse("connections", |text| whole(text, 1, 1_000)));
    let listen = fields.get("listen").and_then(|node| Fields::of(node, LISTEN, report));
    let listener = |key: &str| listen.and_then(|fields| fields.parse(key, network::listener));
    let public_url = fields.need("public_url").and_then(|node| network::public_url(node, report));
    settings.public_url = public_url.clone().unwrap_or_default();
    let send = fields.choice("send", &[("sandbox", SendMode::Sandbox), ("live", SendMode::Live)]);
    let mut accounts = BTreeMap::new();
    for Entry { key, value } in fields.map("senders") {
        let name = named(key, report);
        if let Some((sender, account)) = sender(name.clone(), value, (&settings.zone, report)) {
            settings.senders.insert(name.clone(), sender);
            accounts.extend(account.map(|account| (name, account)));
        }
    }
    settings.pools = pools(fields, settings);
    let channels = channels(fields, settings);
    settings.alerts = alerts(fields, settings);
    let secret = fields.get("secret").and_then(|node| secret(node, "secret", report));
    let daemon = Daemon {
        database: Database { url, connections: connections.unwrap_or(8), lease: lease.unwrap_or(network::LEASE) },
        data: PathBuf::from(fields.text("data").unwrap_or("data")),
        public: listener("public").unwrap_or(network::PUBLIC),
        private: listener("private").unwrap_or(network::PRIVATE),
        public_url: public_url?,
        send: send.unwrap_or(SendMode::Sandbox),
        secret,
        accounts,
        channels,
        allow_private: fields.list("allow_private").into_iter().filter_map(|node| network::net(node, report)).collect(),
    };
    Some(daemon)
}

fn channels(fields: &Fields<'_>, settings: &mut Settings) -> BTreeMap<String, Channel> {
    let report = fields.report;
    let mut channels = BTreeMap::new();
    for Entry { key, value } in fields.map("channels") {
        let name = named(key, report);
        settings.channels.insert(name.clone());
        let Some(fields) = Fields::of(value, CHANNEL, report) else { continue };
        let allow_http = fields.flag("allow_http").unwrap_or(false);
        let url = fields.need("url").and_then(|node| network::channel_url(node, allow_http, report));
        let secrets = fields.list("secrets").into_iter().filter_map(|node| secret(node, "secrets", report)).collect();
        let headers = fields.map("headers").iter().filter_map(|Entry { key, value }| {
            if !network::is_header(&key.text) {
                report.error_with(
                    Code::BadName,
                    key.place,
                    format!("`{}` cannot name an HTTP header", key.text),
                    "letters, digits and `-`, as in `X-Source`".to_owned(),
                );
            }
            Some((key.text.clone(), secret(value, "headers", report)?))
        });
        let headers = headers.collect();
        if let Some(url) = url {
            channels.insert(name, Channel { url, secrets, headers, allow_http });
        }
    }
    channels
}

fn alerts(fields: &Fields<'_>, settings: &Settings) -> Option<String> {
    let node = fields.get("alerts")?;
    let name = scalar(node, "alerts", fields.report)?;
    if !settings.channels.contains(name) {
        unknown(Code::UnknownChannel, node.place, name, settings.channels.iter().map(String::as_str), fields.report);
        return None;
    }
    Some(name.to_owned())
}

/// A mail address.
pub fn address(node: &Node, what: &str, report: &Report) -> Option<String> {
    let text = scalar(node, what, report)?;
    match EmailAddress::parse(text) {
        Ok(address) => Some(address.as_str().to_owned()),
        Err(why) => {
            report.error_with(
                Code::BadValue,
                node.place,
                format!("`{what}`: `{text}` is no mail address: {why}"),
                "write it like `maya@example.com`".to_owned(),
            );
            None
        }
    }
}
