//! Who asks, and whether they may.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::engine::Right;
use crate::web::App;
use crate::web::problem::Problem;

/// Whether a door asks for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarding {
    /// Every request carries `Authorization: Bearer ovt_…`.
    Token,
    /// Whoever can reach this door owns the daemon: its socket is the owner's alone, or there is none.
    Owner,
}

#[derive(Clone)]
pub struct Guard {
    pub app: App,
    pub guarding: Guarding,
}

/// Who asked.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token's id, or `owner`.
    pub id: String,
    /// The token's name, or `owner`: what pauses and acts are signed with.
    pub name: String,
    /// The source of what they tell.
    pub source: &'static str,
}

/// Lets a request through, or says what is missing.
pub async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let caller = match guard.guarding {
        Guarding::Owner => Ok(Caller { id: "owner".to_owned(), name: "owner".to_owned(), source: "cli" }),
        Guarding::Token => {
            let asked = Asked::of(&request);
            holder(&guard.app, asked).await
        }
    };
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// What of a request says who asks for what.
struct Asked {
    key: Option<String>,
    method: Method,
    path: String,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let key = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        Self { key: key.map(str::to_owned), method: request.method().clone(), path: path.to_owned() }
    }
}

async fn holder(app: &App, asked: Asked) -> Result<Caller, Problem> {
    let unauthorized = |detail| Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
    let missing = || unauthorized("this needs a key: send `Authorization: Bearer ovt_…`; `overture token` makes one");
    let key = asked.key.ok_or_else(missing)?;
    let (scheme, secret) = key.split_once(' ').ok_or_else(missing)?;
    let secret = secret.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || !secret.starts_with("ovt_") {
        return Err(missing());
    }
    let found = app.engine.token_of(secret).await?;
    let token = found.ok_or_else(|| unauthorized("this key is not known here, or was revoked"))?;
    let needed = needed(&asked.method, &asked.path);
    if !needed.is_in(&token.scopes) {
        let detail = format!("this key lacks the scope `{}`", needed.as_str());
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail).with("scope", needed.as_str()));
    }
    // Looking changes no row; so only writing is noted.
    if !asked.method.is_safe() {
        app.engine.note_token_use(&token).await?;
    }
    Ok(Caller { id: token.id, name: token.name, source: "api" })
}

/// The right an address and a method take.
pub fn needed(method: &Method, path: &str) -> Right {
    let under = |part: &str| path.strip_prefix("/v1/").is_some_and(|rest| rest.starts_with(part));
    if under("tokens") {
        Right::Admin
    } else if method.is_safe() {
        Right::Read
    } else if under("apply") {
        Right::Config
    } else if under("touches") || under("suppressions") || under("pauses") {
        Right::Send
    } else {
        Right::Enroll
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_reading_takes_more_than_the_right_to_read() {
        assert_eq!(needed(&Method::GET, "/v1/leads/{lead}"), Right::Read);
        assert_eq!(needed(&Method::PUT, "/v1/leads"), Right::Enroll);
        assert_eq!(needed(&Method::DELETE, "/v1/suppressions/{target}"), Right::Send);
        assert_eq!(needed(&Method::GET, "/v1/tokens"), Right::Admin);
        assert_eq!(needed(&Method::POST, "/v1/anything"), Right::Enroll);
    }
}
