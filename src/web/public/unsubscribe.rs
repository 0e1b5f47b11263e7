//! Getting no more mail, in one click (RFC 8058): it holds before the answer is given, and looking alone changes nothing.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::html;

use super::form::fields;
use super::page::page;
use super::{later, nothing, touch};
use crate::domain::decide::{Ask, Input};
use crate::domain::event::Actor;
use crate::domain::sequence::Kind;
use crate::engine::{Answer, Target, Unit};
use crate::seal::Purpose;
use crate::store::reports::TouchRow;
use crate::web::App;

/// `GET /u/{token}`: shows the choice.
pub async fn show(State(app): State<App>, Path(token): Path<String>) -> Response {
    let row = match mail(&app, &token).await {
        Ok(Some(row)) => row,
        Ok(None) => return nothing().await,
        Err(later) => return later,
    };
    let company = app.engine.playbook().settings.company.name.clone();
    let topic = topic(&app, &row);
    let content = html! {
        p { "You get mail from " (company) "." }
        form method="post" {
            @if let Some(topic) = &topic {
                p { button.first name="scope" value="topic" { "No more about " (topic) } }
                p { button name="scope" value="all" { "No more mail at all" } }
            } @else {
                p { button.first name="scope" value="all" { "No more mail" } }
            }
        }
        p { small { "It holds at once. You need not sign in or say why." } }
    };
    page(StatusCode::OK, "Unsubscribe", &content)
}

/// `POST /u/{token}`: takes effect, then answers. Whatever cannot be read in the body means the scope of the mail itself.
pub async fn act(State(app): State<App>, Path(token): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let row = match mail(&app, &token).await {
        Ok(Some(row)) => row,
        Ok(None) => return nothing().await,
        Err(later) => return later,
    };
    let [scope] = fields(&headers, body, ["scope"]).await;
    let topic = topic(&app, &row).filter(|_| scope.as_deref() != Some("all"));
    let ask = Ask::Unsubscribe { topic: topic.clone(), touch: Some(row.id.clone()) };
    let now = app.engine.now();
    let input = Input { ask, occurred_at: now, source: "unsubscribe".to_owned(), actor: Actor::Human };
    match app.engine.record(vec![Unit { to: Target::Touch(row.id.clone()), input, key: None }]).await {
        Ok(answers) if answers.iter().any(|answer| matches!(answer, Answer::Failed { .. })) => later(),
        Ok(_) => done(topic.as_deref()),
        Err(error) => {
            tracing::error!(error = %error.in_full(), touch = %row.id, "an unsubscribe could not be written down: the database failed");
            later()
        }
    }
}

fn done(topic: Option<&str>) -> Response {
    let content = html! {
        @if let Some(topic) = topic {
            p { "You get no more mail about " (topic) "." }
            form method="post" { p { button name="scope" value="all" { "No more mail at all" } } }
        } @else {
            p { "You get no more mail from us." }
        }
    };
    page(StatusCode::OK, "Done", &content)
}

async fn mail(app: &App, token: &str) -> Result<Option<TouchRow>, Response> {
    match app.engine.seal.open(Purpose::Unsubscribe, token) {
        Some(opened) => touch(app, &opened.touch).await,
        None => Ok(None),
    }
}

/// What the mail was about: a nurture's topic. Other mail has none, and ends altogether.
fn topic(app: &App, row: &TouchRow) -> Option<String> {
    let playbook = app.engine.playbook();
    let sequence = playbook.version(&row.version).or_else(|| playbook.sequences.get(&row.sequence))?;
    if sequence.kind == Kind::Nurture { sequence.topic.clone() } else { None }
}
