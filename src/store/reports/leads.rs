//! Lists of leads, off the columns that mirror their documents.

use super::super::db::Row;
use super::super::error::StoreError;
use super::super::leads::unreadable;
use super::super::sql::Statement;
use super::{LeadKey, Page, Reports};
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::stage::Stage;
use crate::domain::suppression::Reason;
use crate::domain::time::Instant;

/// Which leads a list shows, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// All, the newest first.
    Newest,
    /// All, the highest score first, as it was when each lead last changed.
    Hottest,
    /// Of one stage, the newest first.
    InStage(Stage),
    /// With a tag, the newest first.
    Tagged(String),
    /// Of one account, the newest first.
    OfAccount(String),
    /// Those that want a person, the newest first.
    NeedingAttention,
    /// Those whose address begins so, by address.
    AddressBegins(String),
}

/// One line of a list of leads.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadLine {
    pub id: LeadId,
    pub address: String,
    pub account: Option<String>,
    pub stage: Stage,
    /// As it was at `updated_at`; engagement has decayed since.
    pub score: f64,
    pub fit: f64,
    pub engagement: f64,
    pub temperature: String,
    pub suppressed: Option<Reason>,
    /// How many things want a person.
    pub attention: usize,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub wake_at: Option<Instant>,
}

macro_rules! lead_list {
    ($rest:literal) => {
        Statement::new(concat!(
            "SELECT lead.id, address, account, stage, score, fit, engagement, temperature, suppressed, attention, created_at,
                updated_at, wake_at
             FROM lead ",
            $rest,
            " LIMIT $1"
        ))
    };
}

impl Reports<'_> {
    /// One lead with all that is known of it.
    pub async fn lead(&self, key: &LeadKey) -> Result<Option<Lead>, StoreError> {
        Ok(self.store.leads(std::slice::from_ref(key)).await?.pop().flatten())
    }

    /// A page of a list of leads.
    pub async fn leads(&self, which: &Leads, after: Option<&str>, limit: usize) -> Result<Page<LeadLine>, StoreError> {
        static NEWEST: Statement = lead_list!("WHERE id < $2 ORDER BY id DESC");
        static HOTTEST: Statement = lead_list!("WHERE (score, id) < ($3, $2) ORDER BY score DESC, id DESC");
        static IN_STAGE: Statement = lead_list!("WHERE stage = $3 AND id < $2 ORDER BY id DESC");
        static TAGGED: Statement = lead_list!(
            "JOIN lead_tag AS t ON t.lead_id = lead.id WHERE t.tag = $3 AND t.lead_id < $2 ORDER BY t.lead_id DESC"
        );
        static OF_ACCOUNT: Statement = lead_list!("WHERE account = $3 AND id < $2 ORDER BY id DESC");
        static ATTENTION: Statement = lead_list!("WHERE attention > 0 AND id < $2 ORDER BY id DESC");
        static BEGINS: Statement = lead_list!("WHERE address > $2 AND address >= $3 AND address < $4 ORDER BY address");
        /// Comes after all ids.
        const LAST: &str = "~";
        let mut args = vec![limit.saturating_add(1).into()];
        let before = after.unwrap_or(LAST);
        let statement = match which {
            Leads::Newest => {
                args.push(before.into());
                &NEWEST
            }
            Leads::Hottest => {
                let place = after.and_then(|text| text.rsplit_once(','));
                let (score, id) = place.map_or((f64::MAX, LAST), |(score, id)| (score.parse().unwrap_or(f64::MAX), id));
                args.extend([id.into(), score.into()]);
                &HOTTEST
            }
            Leads::InStage(stage) => {
                args.extend([before.into(), stage.as_str().into()]);
                &IN_STAGE
            }
            Leads::Tagged(tag) => {
                args.extend([before.into(), tag.as_str().into()]);
                &TAGGED
            }
            Leads::OfAccount(account) => {
                args.extend([before.into(), account.as_str().into()]);
                &OF_ACCOUNT
            }
            Leads::NeedingAttention => {
                args.push(before.into());
                &ATTENTION
            }
            Leads::AddressBegins(start) => {
                args.extend([after.unwrap_or("").into(), start.as_str().into(), format!("{start}\u{10ffff}").into()]);
                &BEGINS
            }
        };
        let found = self.store.db.fetch("read a list of leads", statement, args).await?;
        let rows = found.iter().map(line).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(rows, limit, |line| match which {
            Leads::Hottest => format!("{},{}", line.score, line.id.as_str()),
            Leads::AddressBegins(_) => line.address.clone(),
            _ => line.id.as_str().to_owned(),
        }))
    }
}

fn line(row: &Row) -> Result<LeadLine, StoreError> {
    let id = row.text(0)?;
    let stage = row.text(3)?;
    let stage = Stage::parse(&stage).ok_or_else(|| unreadable("stage of lead", &id, &stage))?;
    Ok(LeadLine {
        address: row.text(1)?,
        account: row.maybe_text(2)?,
        stage,
        score: row.real(4)?,
        fit: row.real(5)?,
        engagement: row.real(6)?,
        temperature: row.text(7)?,
        suppressed: row.maybe_text(8)?.as_deref().and_then(Reason::parse),
        attention: usize::try_from(row.int(9)?).unwrap_or(0),
        created_at: row.instant(10)?,
        updated_at: row.instant(11)?,
        wake_at: row.maybe_instant(12)?,
        id: LeadId(id),
    })
}
