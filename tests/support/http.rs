//! HTTP/1 in the few lines that a test needs, on both ends: no library that the product uses is trusted to test itself.

use super::SOON;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;

/// Headers as written, in order.
pub type Headers = Vec<(String, String)>;

fn find<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// Reads one request off a connection.
    pub fn read(stream: &TcpStream) -> Result<Self> {
        let mut reader = BufReader::new(stream);
        let (first, headers) = head(&mut reader)?;
        let mut words = first.split(' ').map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(ErrorKind::InvalidData.into());
        };
        let length = find(&headers, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok(Self { method, path, headers, body })
    }
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Headers,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.body))
    }
}

fn head(reader: &mut impl BufRead) -> Result<(String, Headers)> {
    let mut lines = reader.lines();
    let first = lines.next().ok_or(ErrorKind::UnexpectedEof)??;
    let mut headers = Headers::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok((first, headers))
}

/// A call to be made of a loopback server.
pub struct Call<'a> {
    method: &'a str,
    url: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: String,
}

impl<'a> Call<'a> {
    pub fn new(method: &'a str, url: &'a str) -> Self {
        Self { method, url, headers: Vec::new(), body: String::new() }
    }

    pub fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = body.to_string();
        self.header("content-type", "application/json")
    }

    pub fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Sends a body of any kind.
    pub fn body(mut self, kind: &'a str, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self.header("content-type", kind)
    }

    /// Makes the call; redirects are answers, not followed.
    pub fn send(self) -> Response {
        let url = self.url;
        self.attempt().unwrap_or_else(|error| panic!("no answer from {url}: {error}"))
    }

    /// Makes the call, which may find nobody there.
    pub fn attempt(self) -> Result<Response> {
        let rest = self.url.strip_prefix("http://").ok_or_else(|| Error::other("only http, only the loopback"))?;
        let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(SOON))?;
        // 1.0, so that the answer is neither chunked nor kept open.
        let mut text = format!("{} {path} HTTP/1.0\r\nhost: {host}\r\n", self.method);
        for (name, value) in &self.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        write!(stream, "{text}content-length: {}\r\n\r\n{}", self.body.len(), self.body)?;
        let mut reader = BufReader::new(stream);
        let (first, headers) = head(&mut reader)?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(ErrorKind::InvalidData)?;
        let mut body = Vec::new();
        reader.read_to_end(&mut body)?;
        Ok(Response { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

pub fn get(url: &str) -> Response {
    Call::new("GET", url).send()
}
