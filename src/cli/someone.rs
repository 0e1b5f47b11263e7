//! Whom a preview is made for: a lead of the store, one from a file, or somebody made up.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::desk::Desk;
use super::failure::Failure;
use crate::daemon;
use crate::domain::account::account_of;
use crate::domain::address::EmailAddress;
use crate::domain::condition::Type;
use crate::domain::decide::newborn;
use crate::domain::experiment::Key;
use crate::domain::id::{LeadId, derived};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::time::Instant;
use crate::store::Access;
use crate::store::leads::LeadKey;

/// A lead of the store as it is now, and the variants that have won by now.
pub async fn stored(desk: &Desk, who: &str) -> Result<(Lead, BTreeMap<Key, String>), Failure> {
    let key = if who.contains('@') {
        let wrong = |why| Failure::broken(format!("`{who}` is no address: {why}"));
        LeadKey::Address(EmailAddress::parse(who).map_err(wrong)?)
    } else {
        LeadKey::Id(
            LeadId::parse(who).ok_or_else(|| Failure::broken(format!("`{who}` is neither an address nor an id")))?,
        )
    };
    let engine = daemon::assemble(&desk.load()?, Access::ReadOnly, desk.fail_points()?).await?.engine;
    let found = engine.store.reports().lead(&key).await?;
    let winners = engine.store.winners().await?;
    found
        .map(|lead| (lead, winners))
        .ok_or_else(|| Failure::no(format!("there is no lead {who}")).hint("--as FILE takes one from a JSON file"))
}

/// A lead from a JSON file: its address under `email`, all else are attributes.
pub fn from_file(file: &Path, playbook: &Playbook, now: Instant) -> Result<Lead, Failure> {
    let wrong = |why: String| {
        let shape = "write {\"email\": \"zoe@example.com\", \"first_name\": \"Zoe\"}";
        Failure::broken(format!("{}: {why}", file.display())).hint(shape)
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let mut fields: Map<String, Value> = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let Some(Value::String(email)) = fields.remove("email") else { return Err(wrong("`email` is missing".to_owned())) };
    let address = EmailAddress::parse(&email).map_err(wrong)?;
    if let Some(Value::Object(more)) = fields.remove("attributes") {
        fields.extend(more);
    }
    for name in fields.keys() {
        let account = name.strip_prefix("account.");
        let settings = &playbook.settings;
        let known = account.map_or_else(
            || settings.lead_attributes.contains_key(name),
            |name| settings.account_attributes.contains_key(name),
        );
        if !known {
            return Err(wrong(format!("leads have no attribute `{name}`")));
        }
    }
    Ok(made(address, fields, now))
}

/// Somebody who has every attribute, so that every text can be read.
pub fn made_up(playbook: &Playbook, now: Instant) -> Result<Lead, Failure> {
    let known = json!({
        "first_name": "Zoe", "last_name": "Rahman", "title": "VP Operations", "company": "Example GmbH", "country": "DE",
        "city": "Berlin", "locale": "en", "phone": "+49 30 5550100", "industry": "software", "employees": 120,
    });
    let sample = |(name, kind): (&String, &Type)| {
        let value = known.get(name).cloned().or_else(|| match kind {
            Type::Text => Some(json!(format!("({name})"))),
            Type::Number => Some(json!(42)),
            Type::Date => Some(json!((now.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date()).to_string())),
            _ => None,
        })?;
        Some((name.clone(), value))
    };
    let settings = &playbook.settings;
    let of_lead =
        settings.lead_attributes.iter().filter(|(name, _)| !matches!(name.as_str(), "email" | "email_domain" | "zone"));
    let mut values: Map<String, Value> = of_lead.filter_map(sample).collect();
    values.extend(
        settings.account_attributes.iter().filter_map(sample).map(|(name, value)| (format!("account.{name}"), value)),
    );
    Ok(made(EmailAddress::parse("zoe@example.com").map_err(Failure::broken)?, values, now))
}

fn made(address: EmailAddress, values: Map<String, Value>, now: Instant) -> Lead {
    let account = account_of(&address);
    let mut lead = newborn(LeadId(derived(&["preview", address.as_str()])), address, account, now);
    lead.attributes = values.into_iter().collect();
    lead
}
