//! Mailboxes that mails leave from: the part that decides, and the account, which does not; and pools of them.

use std::collections::BTreeMap;

use super::daemon::{Account, Security};
use super::fields::{Fields, Keys, scalar, unknown, whole};
use super::overture::address;
use super::secret::secret;
use super::team::{named, zone};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::syntax::{Entry, Node, Value};
use crate::domain::address::EmailAddress;
use crate::domain::calendar::parse_length;
use crate::domain::playbook::{Sender, Settings};
use crate::domain::time::Millis;

const SENDER: Keys = Keys {
    what: "a sender",
    known: &["from", "reply_to", "bounces", "zone", "per_day", "gap", "smtp"],
    later: &["imap", "dkim", "ramp_up", "per_hour", "pool", "share_for_follow_ups", "pace", "reply_share", "signature"],
};
const SMTP: Keys = Keys {
    what: "an SMTP account",
    known: &["host", "port", "security", "user", "password", "connections"],
    later: &["auth", "oauth", "helo", "source_address"],
};

/// Reads one sender with its account, if it has one.
pub fn sender(name: String, node: &Node, (home, report): (&str, &Report)) -> Option<(Sender, Option<Account>)> {
    let fields = Fields::of(node, SENDER, report)?;
    let from = fields.need("from").and_then(|node| from(node, report));
    let account = fields.get("smtp").and_then(|node| account(node, report));
    if let Some(node) = fields.get("zone") {
        zone(node, report)?;
    }
    let (display, address) = from?;
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain).to_owned();
    let sender = Sender {
        name,
        display,
        reply_to: fields.get("reply_to").and_then(|node| self::address(node, "reply_to", report)),
        bounce_domain: fields.parse("bounces", bounce_domain).unwrap_or(domain),
        address,
        zone: fields.text("zone").unwrap_or(home).to_owned(),
        per_day: fields.parse("per_day", |text| whole(text, 1, 10_000_000)),
        gap: fields.parse("gap", gap).unwrap_or(Millis::ZERO),
    };
    Some((sender, account))
}

/// `Name <address>`, or an address alone.
fn from(node: &Node, report: &Report) -> Option<(Option<String>, String)> {
    let text = scalar(node, "from", report)?;
    let (display, plain) = match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((display, plain)) => (Some(display.trim().trim_matches('"').trim()), plain),
        None => (None, text.trim()),
    };
    if display.is_some_and(|name| name.chars().any(char::is_control)) {
        report.error_with(
            Code::BadValue,
            node.place,
            "`from`: the name holds a control character",
            "type the name anew: it was probably copied with something that is not seen".to_owned(),
        );
        return None;
    }
    match EmailAddress::parse(plain) {
        Ok(address) => {
            let display = display.filter(|name| !name.is_empty()).map(str::to_owned);
            Some((display, address.as_str().to_owned()))
        }
        Err(why) => {
            let hint = "write `Maya Lindqvist <maya@example.com>`".to_owned();
            report.error_with(Code::BadValue, node.place, format!("`from`: `{plain}` is no mail address: {why}"), hint);
            None
        }
    }
}

fn account(node: &Node, report: &Report) -> Option<Account> {
    let fields = Fields::of(node, SMTP, report)?;
    let host = fields.need_text("host").map(str::to_owned);
    let choices = [("none", Security::None), ("starttls", Security::StartTls), ("tls", Security::Tls)];
    let security = fields.choice("security", &choices).unwrap_or(Security::StartTls);
    let host = host?;
    if security == Security::None && !is_loopback(&host) {
        let place = fields.get("security").map_or(fields.place, |node| node.place);
        let hint = "write `starttls` or `tls`".to_owned();
        report.error_with(Code::BadAddress, place, "`security: none` is for loopback only", hint);
    }
    let port = fields.parse("port", |text| whole(text, 1, 65_535)).and_then(|port| u16::try_from(port).ok());
    let usual = if security == Security::Tls { 465 } else { 587 };
    let user = fields.text("user").map(str::to_owned);
    let password = fields.get("password").and_then(|node| secret(node, "password", report));
    if user.is_some() != password.is_some() {
        report.error_with(
            Code::MissingKey,
            fields.place,
            "an SMTP account has both `user` and `password`, or neither",
            "add the other one, or remove both".to_owned(),
        );
    }
    let connections = fields.parse("connections", |text| whole(text, 1, 1_000)).unwrap_or(4);
    Some(Account { host, port: port.unwrap_or(usual), security, user, password, connections })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn bounce_domain(text: &str) -> Result<String, String> {
    EmailAddress::parse(&format!("b@{text}"))
        .map(|address| address.domain().to_owned())
        .map_err(|_| format!("expected a domain such as bounces.example.com, found `{text}`"))
}

/// Reads the pools: each of one sender or more, under a name of its own.
pub fn pools(fields: &Fields<'_>, settings: &Settings) -> BTreeMap<String, Vec<String>> {
    let report = fields.report;
    let mut pools = BTreeMap::new();
    for Entry { key, value } in fields.map("pools") {
        let name = named(key, report);
        if settings.senders.contains_key(&name) {
            let hint = "give the pool another name: `send.from` names a sender or a pool".to_owned();
            report.error_with(Code::BadName, key.place, format!("`{name}` is a sender, and names a pool too"), hint);
        }
        let members = members(&name, value, (settings, report));
        pools.insert(name, members);
    }
    pools
}

fn members(pool: &str, node: &Node, (settings, report): (&Settings, &Report)) -> Vec<String> {
    let Value::List(items) = &node.value else {
        report.error_with(
            Code::WrongShape,
            node.place,
            format!("the pool `{pool}`: expected a list of senders"),
            "write `[one, two]`".to_owned(),
        );
        return Vec::new();
    };
    if items.is_empty() {
        let hint = "name a sender, or remove the pool".to_owned();
        report.error_with(Code::BadValue, node.place, format!("the pool `{pool}` is empty"), hint);
    }
    let mut members: Vec<String> = Vec::new();
    for item in items {
        let Some(name) = scalar(item, "pools", report) else { continue };
        if members.iter().any(|known| known == name) {
            report.error_with(
                Code::BadValue,
                item.place,
                format!("`{name}` is in the pool `{pool}` already"),
                "remove it here; every sender of a pool takes an equal share".to_owned(),
            );
        } else if settings.senders.contains_key(name) {
            members.push(name.to_owned());
        } else {
            unknown(Code::UnknownSender, item.place, name, settings.senders.keys().map(String::as_str), report);
        }
    }
    members
}

fn gap(text: &str) -> Result<Millis, String> {
    parse_length(text)
}
