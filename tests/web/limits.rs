//! Limits, and the shape of errors.

use axum::body::Body;
use axum::http::Request;
use overture::web::private::{Guarding, router};
use serde_json::{Value, json};

use crate::house::{House, ask};
use crate::support::http::{Call, get};

#[tokio::test]
async fn an_event_of_a_megabyte_is_refused_and_the_next_one_is_taken() {
    let house = House::new().await;
    let big =
        json!({ "lead": { "email": "a@b.co" }, "name": "x", "create": true, "data": { "a": "x".repeat(1 << 20) } });
    house.ask("POST", "/v1/events", big).await.problem(413);
    let fits =
        json!({ "lead": { "email": "a@b.co" }, "name": "x", "create": true, "data": { "a": "x".repeat(200 << 10) } });
    house.ask("POST", "/v1/events", fits).await.good();
    let rows: Vec<Value> = (0..900)
        .map(|n| json!({ "line": n, "email": "a@b.co", "attributes": { "plan": "x".repeat(3_000) } }))
        .collect();
    house.ask("POST", "/v1/leads/import", json!({ "rows": rows })).await.good();
    let rows: Vec<Value> = (0..900)
        .map(|n| json!({ "line": n, "email": "a@b.co", "attributes": { "plan": "x".repeat(6_000) } }))
        .collect();
    house.ask("POST", "/v1/leads/import", json!({ "rows": rows })).await.problem(413);
}

#[tokio::test]
async fn every_error_is_a_problem() {
    let house = House::new().await;
    house.get("/v1/nothing").await.problem(404);
    house.get("/nothing").await.problem(404);
    let told = house.ask("PATCH", "/v1/leads", Value::Null).await;
    told.problem(405);
    assert!(told.header("allow").contains("PUT"));
    house.ask("POST", "/v1/leads/import", Value::Null).await.problem(415);
    let odd = Request::get("/v1/leads/%ff").body(Body::empty()).unwrap();
    ask(router(house.app.clone(), Guarding::Owner), odd).await.problem(400);
    house.engine().store.close().await;
    let event = json!({ "lead": { "email": "a@b.co" }, "name": "x", "create": true });
    let told = house.ask("POST", "/v1/events", event).await;
    assert!(told.status.is_server_error());
    told.problem(told.status.as_u16());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_listener_serves_a_real_socket() {
    let house = House::new().await;
    let touch = house.mailed("zoe@corp.example", "tips").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(axum::serve(listener, house.public()).into_future());
    let (pixel, link, stop) =
        (house.path_in(&touch, 'o', 0), house.path_in(&touch, 'c', 0), house.path_in(&touch, 'u', 0));
    tokio::task::spawn_blocking(move || {
        assert_eq!(get(&format!("{at}{pixel}")).header("content-type"), Some("image/gif"));
        assert_eq!(get(&format!("{at}{link}")).header("location"), Some("https://acme.example/guide?a=1&b=2"));
        let head = Call::new("HEAD", &format!("{at}{link}")).send();
        assert_eq!((head.status, head.body.as_str()), (302, ""));
        assert_eq!(Call::new("POST", &format!("{at}{stop}")).form("List-Unsubscribe=One-Click").send().status, 200);
        assert_eq!(get(&format!("{at}/robots.txt")).body, "User-agent: *\nDisallow: /\n");
    })
    .await
    .unwrap();
    served.abort();
    assert!(house.lead("zoe@corp.example").await.opted_out.contains("product-tips"));
}
