//! The fields of a form, however a client sends them (RFC 8058 lets it choose), and nothing where they cannot be read.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, header};

/// More is not read: no form here has more to say.
const MOST: usize = 64 * 1024;

/// The first value of each asked field; a body that breaks off, is too long, or is no form has none.
pub async fn fields<const N: usize>(headers: &HeaderMap, body: Body, names: [&str; N]) -> [Option<String>; N] {
    let bytes = to_bytes(body, MOST).await.unwrap_or_default();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
        let text = String::from_utf8_lossy(&bytes);
        return names.map(|name| part(&text, name));
    }
    names.map(|name| {
        let mut pairs = url::form_urlencoded::parse(&bytes);
        pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    })
}

/// The value of a part named so (RFC 7578): what stands between its empty line and the next boundary.
fn part(text: &str, name: &str) -> Option<String> {
    let boundary = text.trim_start().lines().next().filter(|line| line.starts_with("--"))?;
    text.split(boundary).find_map(|part| {
        let (head, value) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
        let named = head
            .split([';', '\n'])
            .map(str::trim)
            .any(|word| word.strip_prefix("name=").is_some_and(|value| value.trim_matches('"') == name));
        named.then(|| value.trim_end_matches(['\r', '\n']).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(kind: &'static str, body: &'static str) -> [Option<String>; 2] {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]);
        fields(&headers, Body::from(body), ["scope", "reason"]).await
    }

    #[tokio::test]
    async fn a_form_reads_alike_however_it_is_sent() {
        let wanted = [Some("all".to_owned()), None];
        assert_eq!(read("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click&scope=all").await, wanted);
        let parts = "--x y\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x y\r\n\
                     Content-Disposition: form-data; name=\"scope\"\r\n\r\nall\r\n--x y--\r\n";
        assert_eq!(read("multipart/form-data; boundary=\"x y\"", parts).await, wanted);
        assert_eq!(read("multipart/form-data", "\u{0}\u{1}").await, [None, None]);
        assert_eq!(read("text/plain", "").await, [None, None]);
    }
}
