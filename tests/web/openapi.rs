//! The API document: kept in the repository, made from the code.

use axum::body::Body;
use axum::http::Request;
use overture::web::private::document;
use serde_json::{Value, json};

use crate::conform::fits;
use crate::house::House;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

#[test]
fn the_document_that_is_kept_is_the_one_the_code_makes() {
    let kept = std::fs::read_to_string(KEPT).expect("docs/openapi.json is kept");
    let made = format!("{:#}\n", document());
    assert!(
        kept == made,
        "docs/openapi.json is not what the code says: `overture openapi > docs/openapi.json` makes it anew"
    );
}

#[tokio::test]
async fn the_document_is_served_without_a_key_and_every_operation_is_there() {
    let house = House::new().await;
    let told = house.knock(Request::get("/openapi.json").body(Body::empty()).unwrap()).await.good();
    assert_eq!(told, document());
    for (path, operations) in told["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let real = path.replace("{name}", "tips").replace(['{', '}'], "x");
            let request = Request::builder().method(method.to_uppercase().as_str()).uri(real);
            let answer = house.knock(request.body(Body::empty()).unwrap()).await;
            let open = operation["security"] == json!([]);
            let expected = if open { 200 } else { 401 };
            assert_eq!(answer.status.as_u16(), expected, "{method} {path}: {}", answer.text());
        }
    }
}

#[test]
fn every_schema_is_used_every_reference_leads_somewhere_and_every_example_fits() {
    let told = document();
    let text = told.to_string();
    let schemas = told["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        assert!(text.contains(&format!("\"#/components/schemas/{name}\"")), "nobody uses the schema {name}");
    }
    let mut ids: Vec<&str> = Vec::new();
    for operations in told["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            ids.push(operation["operationId"].as_str().unwrap());
            for parameter in operation["parameters"].as_array().unwrap() {
                if let Some(example) = parameter.get("example") {
                    assert_eq!(fits(example, &parameter["schema"], "example"), Ok(()), "{parameter}");
                }
            }
            for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(serde_json::Map::values)
            {
                assert_eq!(fits(&content["example"], &content["schema"], "example"), Ok(()), "{content}");
            }
            for content in operation["responses"].as_object().unwrap().values() {
                let schema = &content["content"].as_object().unwrap().values().next().unwrap()["schema"];
                // Looks every reference up; that nothing fits null does not matter here.
                let _ = fits(&Value::Null, schema, "answer");
            }
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "no two operations have one name");
}
