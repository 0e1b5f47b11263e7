//! The buttons of an alert: a page that asks once, so that a scanner that follows links takes no lead from anybody.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};

use super::form::fields;
use super::page::page;
use super::{later, nothing};
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::handoff::Act;
use crate::domain::id::HandoffId;
use crate::domain::lead::Lead;
use crate::engine::{Answer, Target, Unit};
use crate::seal::deed::{Button, Dead, Deed};
use crate::store::reports::{HandoffLine, LeadKey, StoreError};
use crate::web::App;

/// `GET /h/{token}`: shows who it is about and what would be done.
pub async fn show(State(app): State<App>, Path(token): Path<String>) -> Response {
    let (button, handoff, lead) = match look_up(&app, &token).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    if handoff.state == "closed" {
        return closed(&handoff);
    }
    page(StatusCode::OK, title(button.deed), &question(&button, &handoff, &lead))
}

/// `POST /h/{token}`: does it, then answers.
pub async fn act(State(app): State<App>, Path(token): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let (button, handoff, lead) = match look_up(&app, &token).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let [reason] = fields(&headers, body, ["reason"]).await;
    let reason: Option<String> = reason.map(|reason| reason.trim().chars().take(200).collect());
    let act = match button.deed {
        Deed::Claim => Act::Claim,
        Deed::Contacted => Act::Contacted,
        Deed::NotReady => Act::NotReady {
            reason: reason.filter(|reason| !reason.is_empty()).unwrap_or_else(|| "no reason given".to_owned()),
        },
        Deed::WrongPerson => Act::WrongPerson,
    };
    let ask = Ask::Act { handoff: handoff.id.clone(), act, by: button.rep.clone() };
    let now = app.engine.now();
    let input = Input { ask, occurred_at: now, source: "button".to_owned(), actor: Actor::Human };
    match app.engine.record(vec![Unit { to: Target::Handoff(handoff.id.clone()), input, key: None }]).await {
        Ok(answers) => match answers.first() {
            Some(Answer::Done { .. } | Answer::Enrolled { .. } | Answer::Duplicate { .. }) => {
                page(StatusCode::OK, "Done", &html! { p { (name(&lead)) ": " (told(button.deed)) } })
            }
            Some(Answer::Refused { .. } | Answer::Pending { .. }) => closed(&handoff),
            Some(Answer::Unknown) => nothing().await,
            Some(Answer::Failed { .. }) | None => later(),
        },
        Err(error) => {
            tracing::error!(error = %error.in_full(), handoff = %handoff.id, "a button could not be carried out: the database failed");
            later()
        }
    }
}

async fn look_up(app: &App, token: &str) -> Result<(Button, HandoffLine, Lead), Response> {
    let button = match app.engine.seal.open_button(token, app.engine.now().0) {
        Ok(button) => button,
        Err(Dead::Forged) => return Err(nothing().await),
        Err(Dead::Expired) => {
            let content = html! { p { "This button has expired. The lead's handoff is still on the board." } };
            return Err(page(StatusCode::GONE, "Too late", &content));
        }
    };
    let Some(id) = HandoffId::parse(&button.handoff) else { return Err(nothing().await) };
    let found = find(app, &id).await.map_err(|error| {
        tracing::error!(error = %error.in_full(), "a button could not be served: the database failed");
        later()
    })?;
    match found {
        Some((handoff, lead)) => Ok((button, handoff, lead)),
        None => Err(nothing().await),
    }
}

async fn find(app: &App, id: &HandoffId) -> Result<Option<(HandoffLine, Lead)>, StoreError> {
    let reports = app.engine.store.reports();
    let Some(handoff) = reports.handoff(id).await? else { return Ok(None) };
    let lead = reports.lead(&LeadKey::Id(handoff.lead.clone())).await?;
    Ok(lead.map(|lead| (handoff, lead)))
}

fn question(button: &Button, handoff: &HandoffLine, lead: &Lead) -> Markup {
    html! {
        dl {
            dt { "Lead" } dd { (name(lead)) }
            dt { "Why" } dd { (handoff.reason) }
            dt { "With" } dd { (handoff.rep) " of " (handoff.team) }
            @if let (Some(due), None) = (handoff.due_at, handoff.answered_at) { dt { "To be answered by" } dd { (due) } }
        }
        form method="post" {
            @if button.deed == Deed::NotReady {
                label { "Why not yet?" input name="reason" maxlength="200" required; }
            }
            button.first { (ask(button.deed)) }
        }
        p { small { "As " (button.rep) ". Nothing is done before you press it." } }
    }
}

fn closed(handoff: &HandoffLine) -> Response {
    let why = handoff.closed_because.as_deref().unwrap_or("it is closed");
    page(StatusCode::CONFLICT, "Nothing to do", &html! { p { "This handoff is over: " (why) "." } })
}

/// A person by name and company, as far as they are known.
fn name(lead: &Lead) -> String {
    let text =
        |name: &str| lead.attributes.get(name).and_then(serde_json::Value::as_str).unwrap_or("").trim().to_owned();
    let person = format!("{} {}", text("first_name"), text("last_name"));
    let company = [text("company"), text("account.name"), lead.account.clone().unwrap_or_default()];
    let company = company.into_iter().find(|company| !company.is_empty());
    let parts = [Some(person.trim().to_owned()).filter(|person| !person.is_empty()), company];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    if known.is_empty() { lead.id.to_string() } else { known.join(", ") }
}

const fn title(deed: Deed) -> &'static str {
    match deed {
        Deed::Claim => "Take this lead?",
        Deed::Contacted => "Was this lead contacted?",
        Deed::NotReady => "Send this lead back to marketing?",
        Deed::WrongPerson => "Is this the wrong person?",
    }
}

const fn ask(deed: Deed) -> &'static str {
    match deed {
        Deed::Claim => "It is mine",
        Deed::Contacted => "Yes, contacted",
        Deed::NotReady => "Not ready yet",
        Deed::WrongPerson => "Wrong person",
    }
}

const fn told(deed: Deed) -> &'static str {
    match deed {
        Deed::Claim => "yours. The clock goes on until you were in touch.",
        Deed::Contacted => "noted as contacted.",
        Deed::NotReady => "back with marketing.",
        Deed::WrongPerson => "closed as the wrong person.",
    }
}
