//! Mails that come back to a mail of ours: recorded ones, brought to the return path and the Message-ID that our mail had.

use crate::corpora::corpus;
use crate::scene::Scene;
use crate::support::daemon::overture_with;
use crate::support::mail::Mail;
use serde_json::Value;
use std::path::PathBuf;

/// A recorded mail of the corpora, by its path in them; nothing where they are not at hand.
pub fn recorded(name: &str) -> Option<String> {
    let file = corpus(name)?;
    let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").replace('\n', "\r\n");
    // One kept as in an mbox begins with a line that is no header.
    Some(if text.starts_with("From ") {
        text.split_once("\r\n").map_or_else(String::new, |(_, rest)| rest.to_owned())
    } else {
        text
    })
}

/// All recorded mails of a folder, with their names, in order.
pub fn all_recorded(folder: &str) -> Vec<(String, String)> {
    let Some(files) = corpus(folder) else { return Vec::new() };
    let entries = std::fs::read_dir(files).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
    files.sort();
    let read = |file: &PathBuf| {
        let name = format!("{folder}/{}", file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default());
        recorded(&name).map(|text| (name, text))
    };
    files.iter().filter_map(read).collect()
}

/// The message as our server would hand it over: it came to the return path of our mail.
pub fn delivered_to(return_path: &str, message: &str) -> String {
    format!("Return-Path: <>\r\nDelivered-To: {return_path}\r\n{message}")
}

/// A delivery report about a recipient of ours: whoever the recorded one speaks of, this speaks of them.
pub fn about(message: &str, address: &str) -> String {
    let line = message.lines().find_map(|line| line.strip_prefix("Final-Recipient:")).unwrap_or_default();
    match line.split(';').nth(1).map(str::trim) {
        Some(recorded) if !recorded.is_empty() => message.replace(recorded, address),
        _ => message.to_owned(),
    }
}

/// A report of abuse, or of another kind, about our mail (RFC 5965).
pub fn feedback(kind: &str, ours: &Mail) -> String {
    let head = String::from_utf8_lossy(&ours.raw);
    let head = head.split("\r\n\r\n").next().unwrap_or_default();
    format!(
        "From: <fbl@provider.example>\r\nTo: <{}>\r\nSubject: FW: Report\r\nMessage-ID: <fbl-{kind}@provider.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThis is a report about a mail.\r\n\
         --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: Provider/1.0\r\nVersion: 1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\n{head}\r\n\r\n--b--\r\n",
        ours.from
    )
}

/// Hands a message over as a mail server would; gives what was made of it.
pub fn ingest(scene: &Scene, message: &str) -> Value {
    overture_with(&scene.workspace, &["mail", "ingest", "--json"], &[], message.as_bytes()).ok().json()
}
