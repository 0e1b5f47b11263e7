//! Who becomes hot on a Saturday hears at once when a person answers, and the clock of that person begins on Monday.

use crate::bench::{Bench, instant};
use crate::scene::{self, MAIL_THEN_CALL, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use overture::domain::decide::Ask;
use overture::domain::touch::State;
use serde_json::{Map, Value, json};

on_both_databases!(a_handoff_out_of_hours_is_acknowledged_and_its_clock_begins_at_the_next_opening);

const ANN: &str = "ann@arbor.example";

fn a_handoff_out_of_hours_is_acknowledged_and_its_clock_begins_at_the_next_opening(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    // A Saturday. Sales in Berlin works from Monday to Friday, from nine o'clock.
    let bench = Bench::at("2026-01-10T10:00:00Z", workspace);
    let values = json!({"first_name": "Ann", "title": "VP Operations", "employees": 300, "industry": "Software", "country": "DE"});
    let set = values.as_object().cloned().unwrap_or_default();
    bench.ask(ANN, Ask::Change { set, add_tags: vec![] });
    for name in ["page_viewed", "demo_requested"] {
        let data = Map::from_iter([("path".to_owned(), json!("/pricing"))]);
        bench.ask(ANN, Ask::Hear { name: name.to_owned(), data, touch: None });
    }
    bench.work();

    let mails = server.taken();
    assert_eq!(mails.len(), 1);
    let text = mails[0].text();
    assert_eq!((mails[0].shown_to().as_str(), mails[0].subject().as_str()), (ANN, "We have your message"));
    for word in ["Hi Ann,", "soon after Monday, 12 January at 09:00", "Ines Brandt"] {
        assert!(text.contains(word), "`{word}` is missing: {text}");
    }
    assert_eq!(bench.touch("after_hours").state, State::Accepted);
    let calls = |kind: &str| -> Vec<Value> {
        let calls = receiver.requests().into_iter().filter(|call| call.path == "/sales-chat").map(|call| call.json());
        calls.filter(|call| call["type"] == kind).collect()
    };
    let opened = calls("handoff.opened");
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0]["data"]["handoff"]["respond_by"], "2026-01-12T08:10:00Z");

    // Nothing of the promise is due before Monday.
    bench.set(instant("2026-01-12T08:05:59Z"));
    bench.work();
    assert_eq!(calls("sla.reminder").len(), 0);
    bench.set(instant("2026-01-12T08:06:00Z"));
    bench.work();
    assert_eq!((calls("sla.reminder").len(), calls("sla.breached").len()), (1, 0));
    bench.set(instant("2026-01-12T08:10:00Z"));
    bench.work();
    assert_eq!((calls("sla.reminder").len(), calls("sla.breached").len()), (1, 1));
    assert_eq!(server.taken().len(), 1, "it is acknowledged once");
}
