//! What it costs everybody else that a hundred thousand mails wait on a lane whose relay is gone.

use std::time::Duration;

use super::mails::{Field, beside};
use super::options::Options;
use super::pair::{Goal, in_turn, line, void};
use super::sink::Sink;
use super::stage::{Copies, Stage, Ways};

const BLOCKED: usize = 100_000;
const WAYS: Ways = Ways { senders: 20, connections: 5, port: 0 };

/// Goal 7.
pub fn run(options: &Options) {
    let mails = options.size_or(5_000);
    let sink = Sink::start(Duration::ZERO);
    // Bound, and not listening: whoever connects is refused.
    let closed = tokio::net::TcpSocket::new_v4().expect("a socket can be made");
    closed.bind(([127, 0, 0, 1], 0).into()).expect("the loopback has a port");
    let gone = closed.local_addr().expect("a bound socket has an address").port();
    let field = |blocked: usize| {
        let stage = Stage::set(Ways { port: sink.port, ..WAYS }, "sqlite");
        let smtp = format!("{{host: 127.0.0.1, port: {gone}, security: none, connections: 5}}");
        let sender = format!("{{from: Maya <growth@bench.example>, per_day: 10000000, smtp: {smtp}}}");
        stage.workspace.set("senders.growth", &sender);
        let engine = stage.seed_all(mails, WAYS.senders);
        if blocked > 0 {
            let ready_at = (engine.now().0 - 1).to_string();
            stage.crowd(&Copies { tag: 1, lane: "mail:growth", count: blocked, ready_at: &ready_at });
        }
        Field::of(stage, mails)
    };
    let (free, crowded) = (field(0), field(BLOCKED));
    let sink = std::cell::RefCell::new(sink);
    let pair = in_turn(
        options.rounds,
        || crowded.send(&mut sink.borrow_mut(), 0).0,
        || free.send(&mut sink.borrow_mut(), 0).0,
    );
    let what = "mails/s, 100,000 blocked on another lane / none";
    if !pair.exact() {
        return void("7", what, "a mail arrived twice, late or never");
    }
    line("7", what, pair.ratio(|run| run.per_second), Goal::AtLeast(0.90), &beside(&pair));
}
