//! A receiver of webhooks, as a customer would run one: it keeps what it gets and answers as told.

use super::SOON;
use super::http::Request;
use super::listener::Listener;
use super::watch::Watch;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpStream;

#[derive(Clone, Debug)]
pub enum Answer {
    Status(u16),
    /// With one more header, as `("retry-after", "7")` or `("location", "…")`.
    With(u16, &'static str, String),
    /// 200 with a body of JSON.
    Json(serde_json::Value),
    /// Closes the connection without a word.
    HangUp,
    /// Never answers, until the caller leaves.
    Silence,
}

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    requests: Vec<Request>,
}

pub struct Receiver {
    listener: Listener,
    state: Watch<State>,
}

impl Receiver {
    /// A receiver that answers 200 to everything.
    pub fn start() -> Self {
        Self::at(0)
    }

    /// The same at a port where nobody was until now.
    pub fn at(port: u16) -> Self {
        let state = Watch::<State>::default();
        let of_server = state.clone();
        Self { listener: Listener::start(port, move |stream| serve(stream, &of_server)), state }
    }

    pub fn address(&self) -> std::net::SocketAddr {
        self.listener.address()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listener.address())
    }

    /// Answers the next calls so, one each; then 200 again.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.with(|state| state.answers.extend(answers));
    }

    /// All requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.state.with(|state| state.requests.clone())
    }

    /// Waits until it has got at least so many requests.
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        let enough = |state: &mut State| (state.requests.len() >= count).then(|| state.requests.clone());
        self.state.wait(SOON, enough).unwrap_or_else(|| {
            panic!(
                "wanted {count} request(s), got {:?}",
                self.requests().iter().map(|r| r.path.clone()).collect::<Vec<_>>()
            )
        })
    }
}

fn serve(mut stream: &TcpStream, state: &Watch<State>) {
    let Ok(request) = Request::read(stream) else { return };
    let answer = state.with(|state| {
        state.requests.push(request);
        state.answers.pop_front().unwrap_or(Answer::Status(200))
    });
    let (status, header, body) = match answer {
        Answer::Status(status) => (status, String::new(), String::new()),
        Answer::With(status, name, value) => (status, format!("{name}: {value}\r\n"), String::new()),
        Answer::Json(value) => (200, "content-type: application/json\r\n".to_owned(), value.to_string()),
        Answer::HangUp => return,
        Answer::Silence => {
            let _ = stream.read(&mut [0]);
            return;
        }
    };
    let length = body.len();
    let text = format!("HTTP/1.1 {status} -\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    let _ = stream.write_all(text.as_bytes());
}
