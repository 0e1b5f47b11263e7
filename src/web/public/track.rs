//! Opens and clicks: what was asked for is answered once the hit is durable, so that nothing heard is lost in silence.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::{later, nothing, touch};
use crate::domain::decide::{Ask, Input};
use crate::domain::playbook::Playbook;
use crate::domain::template::{LinkTarget, Template};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::State as TouchState;
use crate::domain::verdict::{Kind, Seen, first};
use crate::engine::{Answer, Target, Unit};
use crate::seal::Purpose;
use crate::store::reports::TouchRow;
use crate::web::App;

/// One transparent dot.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// `/o/{token}.gif`: the same dot for every token, ours or not.
pub async fn open(State(app): State<App>, Path(file): Path<String>, method: Method, headers: HeaderMap) -> Response {
    let token = file.strip_suffix(".gif").unwrap_or(&file);
    if method == Method::GET
        && let Some(opened) = app.engine.seal.open(Purpose::Open, token)
    {
        let row = match touch(&app, &opened.touch).await {
            Ok(row) => row,
            Err(later) => return later,
        };
        if let Some(row) = row
            && !heard(&app, &row, &Hit { kind: Kind::Open, url: None }, &headers).await
        {
            return later();
        }
    }
    ([(header::CONTENT_TYPE, "image/gif")], PIXEL).into_response()
}

/// `/c/{token}`: to where the link of that touch leads, and nowhere else.
pub async fn click(State(app): State<App>, Path(token): Path<String>, method: Method, headers: HeaderMap) -> Response {
    let Some(opened) = app.engine.seal.open(Purpose::Click, &token) else { return nothing().await };
    let row = match touch(&app, &opened.touch).await {
        Ok(Some(row)) => row,
        Ok(None) => return nothing().await,
        Err(later) => return later,
    };
    let found = target(&app.engine.playbook(), &row, opened.link);
    let Some((url, location)) = found else {
        tracing::warn!(touch = %row.id, link = opened.link, "a link was followed whose target is not known any more");
        return nothing().await;
    };
    if method == Method::GET && !heard(&app, &row, &Hit { kind: Kind::Click, url: Some(url) }, &headers).await {
        return later();
    }
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

struct Hit {
    kind: Kind,
    url: Option<String>,
}

/// Writes one hit down; false if that failed.
async fn heard(app: &App, row: &TouchRow, hit: &Hit, headers: &HeaderMap) -> bool {
    let now = app.engine.now();
    let agent = headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    let seen = Seen { kind: hit.kind, method: "GET", agent: agent.as_deref().unwrap_or(""), after: after(row, now) };
    let verdict = first(&seen);
    let name = match hit.kind {
        Kind::Open => "opened",
        Kind::Click => "clicked",
    };
    let ask = Ask::Hit {
        name: name.to_owned(),
        touch: row.id.clone(),
        step: row.step.clone(),
        enrollment: row.enrollment.clone(),
        url: hit.url.clone(),
        verdict: verdict.actor,
        reason: verdict.reason.to_owned(),
    };
    let input = Input { ask, occurred_at: now, source: "tracking".to_owned(), actor: verdict.actor };
    match app.engine.record(vec![Unit { to: Target::Touch(row.id.clone()), input, key: None }]).await {
        Ok(answers) => !answers.iter().any(|answer| matches!(answer, Answer::Failed { .. })),
        Err(error) => {
            tracing::error!(error = %error.in_full(), touch = %row.id, "a hit could not be written down: the database failed");
            false
        }
    }
}

/// How long after the mail was accepted; one that comes before that comes too soon.
fn after(row: &TouchRow, now: Instant) -> Option<Millis> {
    match row.state {
        TouchState::Marked => Some(Millis::ZERO),
        TouchState::Accepted => row.done_at.map(|at| now.since(at)),
        _ => None,
    }
}

/// The address a link leads to, as it is remembered and as it is answered.
fn target(playbook: &Playbook, row: &TouchRow, link: u16) -> Option<(String, HeaderValue)> {
    let own: Vec<(u16, String)> =
        row.links.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let own = own.into_iter().find(|(number, _)| *number == link).map(|(_, url)| url);
    let text = own.or_else(|| fixed(template(playbook, row)?, link))?;
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let location = HeaderValue::from_str(url.as_str()).ok()?;
    Some((url.into(), location))
}

fn template<'p>(playbook: &'p Playbook, row: &TouchRow) -> Option<&'p Template> {
    let version = row.template_version.as_ref()?;
    let of_sequence = || {
        let found = playbook.version(&row.version)?.templates.get(&row.template)?;
        (&found.version == version).then_some(found)
    };
    playbook.templates.get(version).or_else(of_sequence).map(AsRef::as_ref)
}

fn fixed(template: &Template, link: u16) -> Option<String> {
    match template.links().get(usize::from(link))? {
        LinkTarget::Fixed(url) => Some(url.clone()),
        LinkTarget::Templated(_) => None,
    }
}
