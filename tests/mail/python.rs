//! A second opinion on our mails: the e-mail package of Python, where there is one.

use std::io::Write;
use std::process::{Command, Stdio};

use overture::render::mime;
use serde_json::Value;

use crate::rendered::welcome;

const READ: &str = "
import sys, json, email, email.policy
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
part = lambda kind: (lambda body: body and body.get_content().replace('\\r\\n', '\\n'))(mail.get_body((kind,)))
print(json.dumps({'subject': mail['subject'], 'to': mail['to'], 'from': mail['from'], 'defects': len(mail.defects),
  'text': part('plain'), 'html': part('html'), 'ids': len(mail.get_all('message-id')), 'list': mail['list-unsubscribe'],
  'kinds': [part.get_content_type() for part in mail.walk()],
  'files': [[part.get_filename(), part.get_payload(decode=True).hex()] for part in mail.iter_attachments()]}))
";

/// What Python reads of a mail; nothing where it is not at hand.
pub fn read(bytes: &[u8]) -> Option<Value> {
    let child = Command::new("python3").args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        let _ = std::io::stderr().write_all(b"skipped: needs python3\n");
        return None;
    };
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn python_reads_our_mail_as_we_meant_it() {
    let message = welcome().mail().unwrap().message;
    let Some(read) = read(&mime::bytes(&message).unwrap()) else { return };
    assert_eq!(read["subject"], message.subject.as_str());
    assert_eq!(
        (&read["from"], &read["to"]),
        (&"Maya Lindqvist <maya@northwind.example>".into(), &"zoe@xn--bcher-kva.example".into())
    );
    assert_eq!(
        (read["text"].as_str().unwrap(), read["html"].as_str().unwrap().trim_end()),
        (message.text.as_str(), message.html.as_str())
    );
    assert_eq!(
        (&read["defects"], &read["ids"], &read["list"]),
        (&0.into(), &1.into(), &message.headers[0].1.as_str().into())
    );
}
