//! Pixels and links.

use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use overture::domain::decide::fold;
use overture::domain::event::{Actor, What};
use overture::domain::lead::Lead;
use overture::domain::time::Millis;
use overture::seal::{Purpose, Seal};
use overture::store::reports::LeadKey;

use crate::house::{House, ask, count};

const GUIDE: &str = "https://acme.example/guide?a=1&b=2";

#[tokio::test]
async fn a_tracking_get_appends_one_event_and_no_other_get_and_no_head_changes_a_row() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    house.pass(Millis::MINUTE).await;
    let (pixel, link) = (house.path_in(&touch, 'o', 0), house.path_in(&touch, 'c', 0));
    let unsubscribe = house.path_in(&touch, 'u', 0);
    let before = house.events("zoe@corp.example").await.len();
    for (path, name) in [(&pixel, "opened"), (&link, "clicked")] {
        let told = house.visit("GET", path).await;
        assert!(told.status.is_success() || told.status.is_redirection(), "{}", told.status);
        assert_eq!(count(&house.events("zoe@corp.example").await, name), 1);
    }
    assert_eq!(house.events("zoe@corp.example").await.len(), before + 2, "each wrote one event and nothing else");

    let mut watch = house.watch().await;
    let version = watch.version().await;
    let get = [&unsubscribe, "/", "/robots.txt", "/nothing", "/o/forged.gif", "/c/forged", "/u/forged", "/h/forged"];
    let head = [&pixel, &link, &unsubscribe, "/"];
    for (method, path) in get.map(|path| ("GET", path)).into_iter().chain(head.map(|path| ("HEAD", path))) {
        house.visit(method, path).await;
    }
    for path in ["/v1/leads", "/v1/leads/zoe@corp.example/why", "/v1/senders", "/v1/tokens", "/metrics", "/readyz"] {
        house.get(path).await;
        house.ask("HEAD", path, serde_json::Value::Null).await;
    }
    assert_eq!(watch.version().await, version, "nothing was written");
}

#[tokio::test]
async fn a_hit_is_an_event_at_once_and_decides_nothing_before_its_verdict() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    house.pass(Millis::MINUTE).await;
    let key = [LeadKey::Id(touch.lead.clone())];
    let store = &house.engine().store;
    let before = store.leads_as_saved(&key).await.unwrap();
    for path in ['o', 'c'].map(|kind| house.path_in(&touch, kind, 0)) {
        house.visit("GET", &path).await;
    }
    assert_eq!(store.leads_as_saved(&key).await.unwrap(), before, "the lead's document was not written");
    let lead = house.lead("zoe@corp.example").await;
    let settles: Vec<_> = lead.unsettled.iter().map(|hit| (hit.name.as_str(), hit.settles_at)).collect();
    let due = house.engine().now() + Millis::MINUTE;
    assert_eq!(settles, [("opened", due), ("clicked", due)]);
    let why = house.get("/v1/leads/zoe@corp.example/why").await.good()["stands"].to_string();
    assert!(why.contains("clicked at") && why.contains("gets its verdict at"), "{why}");

    house.pass(Millis(59_999)).await;
    assert_eq!(house.get("/v1/leads/zoe@corp.example").await.good()["score"]["total"], 0.0);
    house.pass(Millis(1)).await;
    assert_eq!(house.get("/v1/leads/zoe@corp.example").await.good()["score"]["total"], 3.0, "a click by a person");
    assert_eq!(count(&house.events("zoe@corp.example").await, "settled"), 2);
    assert_eq!(store.leads_as_saved(&key).await.unwrap(), [Some(house.lead("zoe@corp.example").await)]);
}

#[tokio::test]
async fn hits_that_come_all_at_once_with_other_facts_are_an_event_each() {
    let house = House::new().await;
    let (zoe, max) = (house.mailed("zoe@corp.example", "tips").await, house.mailed("max@corp.example", "tips").await);
    house.pass(Millis::MINUTE).await;
    let paths: Vec<String> = [&zoe, &max]
        .into_iter()
        .flat_map(|touch| [('o', 0), ('c', 0), ('c', 1)].map(|(kind, nth)| house.path_in(touch, kind, nth)))
        .collect();
    let visits = (0..30).map(|n| house.visit("GET", &paths[n % paths.len()]));
    let seen = serde_json::json!({"lead": {"email": "zoe@corp.example"}, "name": "pricing_viewed"});
    let (told, fact) = tokio::join!(join_all(visits), house.ask("POST", "/v1/events", seen));
    fact.good();
    assert!(told.iter().all(|told| told.status.as_u16() < 400));
    for address in ["zoe@corp.example", "max@corp.example"] {
        let (lead, events) = (house.lead(address).await, house.events(address).await);
        assert_eq!((count(&events, "opened"), count(&events, "clicked")), (5, 10));
        assert!(events.iter().map(|event| event.seq).eq(1..=lead.seq), "numbered without a gap");
        let folded = fold(&events).map(|folded| Lead { wake_at: lead.wake_at, ..folded });
        assert_eq!(folded, Some(lead), "a lead is the fold of its events");
    }
}

#[tokio::test]
async fn whoever_wakes_leads_is_told_of_a_verdict_only_where_it_would_look_later() {
    let house = House::new().await;
    let (zoe, max) = (house.mailed("zoe@corp.example", "tips").await, house.mailed("max@corp.example", "tips").await);
    house.pass(Millis::MINUTE).await;
    let (pixel, other) = (house.path_in(&zoe, 'o', 0), house.path_in(&max, 'o', 0));
    let engine = house.engine();
    let (mut wakes, mut pages) = (engine.pulse(), engine.pages_pulse());
    let due = engine.now() + Millis::MINUTE;
    let mut told = async |path: &String| {
        wakes.mark_unchanged();
        pages.mark_unchanged();
        house.visit("GET", path).await;
        (wakes.has_changed().unwrap(), pages.has_changed().unwrap())
    };
    engine.looks_at(Some(due));
    assert_eq!(told(&pixel).await, (false, true), "it looks in time by itself");
    engine.looks_at(None);
    assert_eq!(told(&pixel).await, (false, true), "the lead is woken for the first hit, and then sees both");
    assert_eq!(told(&other).await, (true, true), "it may wait for ever, and is told");
    house.pass(Millis::MINUTE).await;
    engine.looks_at(Some(due + Millis::MINUTE.times(2)));
    assert_eq!(told(&pixel).await, (true, true), "it would look too late, and is told");
}

#[tokio::test]
async fn a_click_leads_where_the_mail_said_and_leaves_no_trace_with_the_target() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    house.pass(Millis::MINUTE).await;
    let fixed = house.visit("GET", &house.path_in(&touch, 'c', 0)).await;
    assert_eq!((fixed.status.as_u16(), fixed.header("location")), (302, GUIDE));
    assert_eq!(fixed.header("cache-control"), "no-store");
    assert_eq!(fixed.header("referrer-policy"), "no-referrer");
    let made = house.visit("GET", &house.path_in(&touch, 'c', 1)).await;
    assert_eq!(made.header("location"), "https://acme.example/for/gold", "made for this lead, stored with the touch");
    let head = house.visit("HEAD", &house.path_in(&touch, 'c', 0)).await;
    assert_eq!((head.status.as_u16(), head.header("location"), head.body.len()), (302, GUIDE, 0));

    let events = house.events("zoe@corp.example").await;
    let What::Hit { url, verdict, .. } = &events.iter().find(|e| e.what.name() == "clicked").unwrap().what else {
        panic!("a click is a hit")
    };
    assert_eq!((url.as_deref(), *verdict), (Some(GUIDE), Actor::Human));
}

#[tokio::test]
async fn who_comes_at_once_or_says_it_is_a_program_is_a_machine() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    let link = house.path_in(&touch, 'c', 0);
    house.visit("GET", &link).await;
    house.pass(Millis::MINUTE).await;
    let curl = Request::builder().uri(link).header("user-agent", "curl/8.5").body(Body::empty()).unwrap();
    ask(house.public(), curl).await;
    let verdicts: Vec<_> = house
        .events("zoe@corp.example")
        .await
        .into_iter()
        .filter_map(|event| match event.what {
            What::Hit { verdict, reason, .. } => Some((verdict, reason)),
            _ => None,
        })
        .collect();
    assert_eq!(verdicts.len(), 2);
    assert!(verdicts.iter().all(|(verdict, _)| *verdict == Actor::Machine), "{verdicts:?}");
    house.pass(Millis::MINUTE.times(5)).await;
    assert_eq!(house.get("/v1/leads/zoe@corp.example").await.good()["score"]["total"], 0.0, "a machine never scores");
}

#[tokio::test]
async fn forged_truncated_and_foreign_tokens_do_nothing_and_learn_nothing() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    house.pass(Millis::MINUTE).await;
    let (pixel, link) = (house.path_in(&touch, 'o', 0), house.path_in(&touch, 'c', 0));
    let good = house.visit("HEAD", &pixel).await;
    assert_eq!(good.header("content-type"), "image/gif");
    let token = link.trim_start_matches("/c/").to_owned();
    let foreign = Seal::new(&[4; 32]);
    let bad: Vec<String> = vec![
        token[..token.len() - 1].to_owned(),
        format!("{}A", &token[1..]),
        foreign.sign(Purpose::Click, touch.id.as_str(), 0, 1),
        house.engine().seal.sign(Purpose::Unsubscribe, touch.id.as_str(), 0, 1),
        house.engine().seal.sign(Purpose::Click, "00000000000000000000000000", 0, 1),
        house.engine().seal.sign(Purpose::Click, touch.id.as_str(), 99, 1),
        "%00%ff".to_owned(),
        "x".repeat(3_000),
    ];
    let mut watch = house.watch().await;
    let version = watch.version().await;
    for token in &bad {
        let click = house.visit("GET", &format!("/c/{token}")).await;
        assert!((400..500).contains(&click.status.as_u16()), "{token}");
        assert_eq!(click.header("location"), "");
        let open = house.visit("GET", &format!("/o/{token}.gif")).await;
        if token != "%00%ff" {
            assert_eq!((open.status.as_u16(), open.header("content-type")), (200, "image/gif"));
        }
        for path in [format!("/u/{token}"), format!("/h/{token}")] {
            if house.engine().seal.open(Purpose::Unsubscribe, token).is_none() || path.starts_with("/h/") {
                assert!(house.visit("POST", &path).await.status.is_client_error());
            }
        }
    }
    assert_eq!(watch.version().await, version, "nothing was written");
}

#[tokio::test]
async fn a_tracking_address_holds_no_personal_data_and_no_target() {
    let house = House::new().await;
    let touch = house.mailed("zoe.quist@corp.example", "tips").await;
    for (kind, nth) in [('o', 0), ('c', 0), ('c', 1), ('u', 0)] {
        let path = house.path_in(&touch, kind, nth);
        let token = path.rsplit('/').next().unwrap().trim_end_matches(".gif");
        assert_eq!(token.len(), 50, "{path}");
        assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{path}");
    }
    let lure = "https://evil.example/";
    for path in [format!("/c/{lure}"), format!("/c?url={lure}"), format!("/c/x?url={lure}"), format!("//{lure}")] {
        assert_eq!(house.visit("GET", &path).await.header("location"), "", "{path}");
    }
    let good = format!("{}?url={lure}", house.path_in(&touch, 'c', 0));
    assert_eq!(house.visit("GET", &good).await.header("location"), GUIDE);
}

#[tokio::test]
async fn a_hit_that_cannot_be_written_down_asks_to_come_again() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    let (pixel, link) = (house.path_in(&touch, 'o', 0), house.path_in(&touch, 'c', 0));
    let unsubscribe = house.path_in(&touch, 'u', 0);
    house.engine().store.close().await;
    for (method, path) in [("GET", &pixel), ("GET", &link), ("POST", &unsubscribe)] {
        let told = house.visit(method, path).await;
        assert_eq!(told.status.as_u16(), 503, "{method} {path}");
        assert!(!told.header("retry-after").is_empty());
    }
}
