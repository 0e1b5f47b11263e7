//! What people, machines, reps and the CRM do, done over real HTTP.

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::cli::failure::Failure;
use crate::domain::time::Instant;
use crate::sim::agenda::Deed;
use crate::sim::people::Person;

/// Whose last word it was, if it was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Something,
    /// This person wants no more, and was told that it is heard.
    Stop(usize),
}

/// An HTTP client that follows no redirect: where links lead is nobody's machine.
pub struct Hands {
    http: Client,
    api: String,
    token: String,
}

impl Hands {
    pub fn new(stage: &Stage) -> Result<Self, Failure> {
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        let http = http.map_err(|error| Failure::broken(format!("cannot make an HTTP client: {error}")))?;
        Ok(Self { http, api: format!("http://{}/v1", stage.private), token: stage.token.clone() })
    }

    /// Does one thing at its time.
    pub async fn perform(&self, at: Instant, deed: &Deed, people: &[Person]) -> Result<Said, Failure> {
        let email = |person: &usize| people[*person].email.as_str();
        match deed {
            Deed::StartTrial { person } => {
                self.start_trial(at, &people[*person]).await?;
            }
            Deed::Import { people: list, sequence } => {
                let row = |(line, person): (usize, &usize)| {
                    let person = &people[*person];
                    json!({ "line": line + 2, "email": person.email, "attributes": person.attributes })
                };
                let rows: Vec<Value> = list.iter().enumerate().map(row).collect();
                let body = json!({ "rows": rows, "tag": "list", "enroll": sequence });
                self.ask(self.http.post(format!("{}/leads/import", self.api)), &body).await?;
            }
            Deed::Tell { person, name, data } => {
                let body = json!({ "lead": { "email": email(person) }, "name": name, "data": data, "occurred_at": at.to_string() });
                self.ask(self.http.post(format!("{}/events", self.api)), &body).await?;
                if name == "replied" {
                    return Ok(Said::Stop(*person));
                }
            }
            Deed::Get { url, agent, .. } => {
                self.send(self.http.get(url).header("user-agent", *agent), &[]).await?;
            }
            Deed::Unsubscribe { person, url } => {
                self.send(form(self.http.post(url), [("List-Unsubscribe", "One-Click")]), &[]).await?;
                return Ok(Said::Stop(*person));
            }
            Deed::Press { url, reason, .. } => {
                // Somebody may have closed it before.
                let pressed = form(self.http.post(url), reason.iter().map(|reason| ("reason", *reason)));
                self.send(pressed, &[StatusCode::CONFLICT]).await?;
            }
            Deed::Stage { person, to, reason } => {
                let request = self.http.post(format!("{}/leads/{}/stage", self.api, email(person)));
                self.ask(request, &json!({ "stage": to, "reason": reason })).await?;
            }
        }
        Ok(Said::Something)
    }

    async fn start_trial(&self, at: Instant, person: &Person) -> Result<(), Failure> {
        let mut attributes = person.attributes.clone();
        let ends = (at + crate::domain::time::Millis::DAY.times(14)).to_jiff().strftime("%Y-%m-%d").to_string();
        attributes.insert("trial_ends".to_owned(), ends.into());
        attributes.insert("plan".to_owned(), "trial".into());
        attributes.insert("source".to_owned(), "website".into());
        let body = json!({ "email": person.email, "attributes": attributes });
        self.ask(self.http.put(format!("{}/leads", self.api)), &body).await?;
        let body = json!({ "lead": { "email": person.email }, "name": "trial_started", "data": { "plan": "trial" } });
        self.ask(self.http.post(format!("{}/events", self.api)), &body).await
    }

    async fn ask(&self, request: RequestBuilder, body: &Value) -> Result<(), Failure> {
        self.send(request.bearer_auth(&self.token).json(body), &[]).await
    }

    /// Sends it, and expects an answer that is fine: 2xx, a redirect, or one of those named.
    async fn send(&self, request: RequestBuilder, fine: &[StatusCode]) -> Result<(), Failure> {
        let answer =
            request.send().await.map_err(|error| Failure::broken(format!("the demo's own request failed: {error}")))?;
        let status = answer.status();
        if status.is_success() || status.is_redirection() || fine.contains(&status) {
            return Ok(());
        }
        let path = answer.url().path().split('/').take(3).collect::<Vec<_>>().join("/");
        let text = answer.text().await.unwrap_or_default();
        Err(Failure::broken(format!("{path} answered {status}: {}", text.trim())))
    }
}

/// A form as browsers and mail programs send it.
fn form<'f>(request: RequestBuilder, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}
