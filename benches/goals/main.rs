//! What a mail, a click, a wake and a row cost, held against what this machine can do at all.
//!
//! Machines are noisy: only pairs count that ran in turn, A B, B A, and of them the ratio of each round; and only if every mail arrived
//! exactly once. `cargo bench` runs all, `cargo bench -- mails claim` some, `cargo bench -- --list` says what there is.
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark stands outside of the product: it waits, spawns, looks at clocks and reads the environment"
)]
#![expect(clippy::cast_precision_loss, reason = "figures are shown with three digits")]

#[expect(dead_code, reason = "the parts are the tests', and complete before every one is needed here")]
#[path = "../../tests/support/mod.rs"]
mod support;

mod bare;
mod blocked;
mod check;
mod child;
mod count;
mod decide;
mod disk;
mod due;
mod fleet;
mod handoff;
mod hooks;
mod http;
mod import;
mod ledger;

mod mails;
mod options;
mod pair;
mod plan;
mod price;
mod shared;
mod simulate;
mod sink;
mod stage;
mod talk;
mod track;
mod waiting;

use options::Options;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A benchmark: its name, what it is about, and itself.
type Bench = (&'static str, &'static str, fn(&Options));

const ALL: [Bench; 17] = [
    ("mails", "goals 1 and 4: end to end on SQLite at 500 connections, against the bare pipelined loop", mails::run),
    ("price", "goals 1, 3 and 4: what intents and marks cost a bare loop, and so what can be reached", price::run),
    ("slow", "goal 3: a relay that takes 50 ms a mail", mails::slow),
    ("fleet", "goal 5: PostgreSQL against SQLite, four daemons against one, a takeover", fleet::run),
    ("waiting", "goals 6 and 12: claims and rest while ten thousand and a million wait", waiting::run),
    ("shared", "goal 6: claims on PostgreSQL, also beside an old transaction", shared::run),
    ("blocked", "goal 7: a hundred thousand mails blocked on one lane, and the rate of the others", blocked::run),
    ("track", "goal 8: pixels and clicks, against a bare server and nginx", track::run),
    ("hooks", "goal 9: signed webhooks, against a bare loop", hooks::run),
    ("handoff", "goals 9 and 10: from a demo request to the handoff's webhook; rungs of clocks", handoff::run),
    ("due", "goal 10: from due to MAIL FROM, idle and loaded", due::run),
    ("import", "goal 11: a list of leads, against bare rows with a unique address", import::run),
    ("decide", "goal 13: a year of cases in memory, against the bare heap loop", decide::run),
    ("check", "500 sequences checked, each with templates of its own", check::run),
    ("simulate", "a simulated year with people, lanes and figures, against bare decisions", simulate::run),
    ("plan", "what an edit and another scoring file would do with a million leads in flight", plan::run),
    ("count", "goal 15: instructions of the hot functions, against those checked in", count::run),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    // TLS has one implementation in this program, chosen by whoever starts it.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    if let Some((role, rest)) = arguments.split_first()
        && let Some(role) = role.strip_prefix("role:")
    {
        return match role {
            "sink" => sink::play(rest),
            "bare" => bare::play(rest),
            "count" => count::play(rest),
            "price" => price::play(rest),
            "load" => http::play(rest),
            "dot" => track::play(),
            "receiver" => hooks::receive(),
            "post" => hooks::post(rest),
            other => panic!("there is no role `{other}`"),
        };
    }
    let options = Options::read(&arguments);
    if options.list {
        for (name, about, _) in ALL {
            println!("{name:10} {about}");
        }
        return;
    }
    options.names.iter().for_each(|name| {
        assert!(ALL.iter().any(|(known, _, _)| known == name), "there is no `{name}`; see `cargo bench -- --list`");
    });
    pair::head();
    for (name, _, run) in ALL {
        if options.names.is_empty() || options.names.iter().any(|asked| asked == name) {
            run(&options);
        }
    }
}
