//! One way to the data: every command is a request to the private API, answered by the running daemon over the socket that only its
//! owner can open, or in this process if none runs. So a command means the same beside a daemon and without one.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use reqwest::Client as Http;
use serde_json::Value;
use tokio::net::UnixStream;
use tower::ServiceExt;

use super::desk::{Desk, plural};
use super::failure::{Failure, chain};
use super::paper::say;
use crate::daemon::{self, Assembled};
use crate::engine::Engine;
use crate::store::Access;
use crate::web::App;
use crate::web::ops::Services;
use crate::web::private::{Guarding, router};

const JSON: &str = "application/json";
/// Rows asked for at once.
const PAGE: usize = 200;

/// Somebody who answers requests.
pub struct Client(Way);

enum Way {
    Daemon(Http),
    Here(Router, Arc<Engine>),
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Null if it was no JSON.
    pub body: Value,
}

impl Client {
    /// Finds the running daemon, or opens the store in this process. While somebody holds the data folder and does not answer, it waits.
    pub async fn open(desk: &mut Desk, access: Access) -> Result<Self, Failure> {
        let data = desk.settle()?;
        let socket = data.join("overture.sock");
        let mut looks = daemon::Looks::new(&data);
        loop {
            if let Some(client) = Self::of_daemon(&socket).await? {
                return Ok(client);
            }
            match daemon::assemble(&desk.load()?, access, desk.fail_points()?).await {
                Ok(Assembled { engine, .. }) => {
                    let app = App::new(Arc::clone(&engine), Services::default());
                    return Ok(Self(Way::Here(router(app, Guarding::Owner), engine)));
                }
                Err(refused) => looks.again(refused, say).await?,
            }
        }
    }

    /// The daemon that answers at a socket, if one does; a socket of one that was killed answers nobody.
    pub async fn of_daemon(socket: &Path) -> Result<Option<Self>, Failure> {
        if UnixStream::connect(socket).await.is_err() {
            return Ok(None);
        }
        let client = Http::builder().unix_socket(socket.to_owned()).build();
        let client = client.map_err(|error| Failure::broken(format!("cannot speak HTTP: {}", chain(&error))))?;
        Ok(Some(Self(Way::Daemon(client))))
    }

    /// The engine of this process, if no daemon runs: what comes in bulk needs no requests then.
    pub const fn engine(&self) -> Option<&Arc<Engine>> {
        match &self.0 {
            Way::Daemon(_) => None,
            Way::Here(_, engine) => Some(engine),
        }
    }

    pub async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, path, JSON, Vec::new()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.send(Method::POST, path, JSON, body.to_string().into_bytes()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.send(Method::PUT, path, JSON, body.to_string().into_bytes()).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer, Failure> {
        self.send(Method::DELETE, path, JSON, Vec::new()).await
    }

    /// Hands over one message as it is.
    pub async fn mail(&self, message: Vec<u8>) -> Result<Answer, Failure> {
        self.send(Method::POST, "/v1/mail", "message/rfc822", message).await
    }

    /// Reads a list page by page, and hands on each page; at most `most` rows, all if it is 0. Tells whether there are more.
    pub async fn pages(
        &self,
        path: &str,
        most: usize,
        mut each: impl FnMut(&[Value]) -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        let (mut seen, mut after) = (0, None::<String>);
        loop {
            let wanted = if most == 0 { PAGE } else { PAGE.min(most - seen) };
            let joint = if path.contains('?') { '&' } else { '?' };
            let from = after.as_ref().map_or_else(String::new, |after| format!("&cursor={}", escaped(after)));
            let page = self.get(&format!("{path}{joint}limit={wanted}{from}")).await?.ok()?;
            let rows = rows(&page);
            each(rows)?;
            seen += rows.len();
            after = page["next"].as_str().map(str::to_owned);
            if after.is_none() || (most > 0 && seen >= most) {
                return Ok(after.is_some());
            }
        }
    }

    async fn send(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Result<Answer, Failure> {
        let (status, bytes) = match &self.0 {
            Way::Daemon(client) => {
                let silent = |error: reqwest::Error| {
                    Failure::broken(format!("the daemon did not answer: {}", chain(&error.without_url())))
                };
                let request =
                    client.request(method, format!("http://overture{path}")).header(header::CONTENT_TYPE, kind);
                let response = request.body(body).send().await.map_err(silent)?;
                (response.status(), response.bytes().await.map_err(silent)?)
            }
            Way::Here(router, _) => {
                let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
                let request = request
                    .body(Body::from(body))
                    .map_err(|error| Failure::no(format!("`{path}` cannot be asked for: {error}")))?;
                let Ok(response) = router.clone().oneshot(request).await;
                let status = response.status();
                let bytes = to_bytes(response.into_body(), usize::MAX).await;
                (status, bytes.map_err(|error| Failure::broken(format!("the answer broke off: {error}")))?)
            }
        };
        Ok(Answer { status: status.as_u16(), body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }
}

impl Answer {
    /// What came back, or the problem as a sentence.
    pub fn ok(self) -> Result<Value, Failure> {
        if self.status < 400 { Ok(self.body) } else { Err(self.failure()) }
    }

    /// Whether the problem is of this kind.
    pub fn is(&self, kind: &str) -> bool {
        self.body["type"].as_str().and_then(|told| told.strip_prefix("urn:overture:")) == Some(kind)
    }

    fn failure(&self) -> Failure {
        if self.is("broken_files") {
            // The same page as when no daemon runs, and its files are read here.
            say(self.body["report"].as_str().unwrap_or_default().trim_end());
            return broken_files(self.body["errors"].as_array().map_or(0, Vec::len));
        }
        let said = self.body["detail"].as_str().or_else(|| self.body["title"].as_str());
        let text = said.map_or_else(|| format!("the answer was {}", self.status), str::to_owned);
        if self.status >= 500 { Failure::broken(text) } else { Failure::no(text) }
    }
}

/// The files have so many errors, which are shown already.
pub fn broken_files(errors: usize) -> Failure {
    Failure::broken(format!("the workspace has {errors} {}", plural(errors, "error")))
        .hint("mend them; `overture check` shows them again")
}

/// The rows of a page: its one list.
pub fn rows(page: &Value) -> &[Value] {
    let list = page.as_array().or_else(|| page.as_object()?.values().find_map(Value::as_array));
    list.map_or(&[], Vec::as_slice)
}

/// One part of a path or a query, with everything but plain characters escaped (RFC 3986, section 2.1).
pub fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let hex = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(hex).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_and_the_name_of_a_sequence_fit_into_a_path() {
        assert_eq!(escaped("a+b@c.de"), "a%2Bb%40c.de");
        assert_eq!(escaped("nurture/über uns?"), "nurture%2F%C3%BCber%20uns%3F");
    }

    #[test]
    fn a_problem_is_told_by_its_detail_and_a_broken_server_is_not_a_no() {
        let answer = |status, body| Answer { status, body }.ok().unwrap_err();
        assert_eq!(
            answer(409, json!({ "title": "Conflict", "detail": "it is suppressed" })),
            Failure::no("it is suppressed")
        );
        assert_eq!(answer(404, json!({ "title": "Not Found" })), Failure::no("Not Found"));
        assert_eq!(answer(503, Value::Null), Failure::broken("the answer was 503"));
    }

    #[test]
    fn the_rows_of_a_page_are_its_one_list() {
        assert_eq!(rows(&json!({ "leads": [1, 2], "next": "x" })), [json!(1), json!(2)]);
        assert_eq!(rows(&json!([3])), [json!(3)]);
        assert!(rows(&json!({ "next": null })).is_empty());
    }
}
