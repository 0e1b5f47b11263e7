//! Lists of leads, a thousand rows a request: every row is answered, and the same list twice changes nothing.

use axum::Json as Answered;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{attributes, files};
use crate::domain::address::EmailAddress;
use crate::domain::playbook::Settings;
use crate::engine::{Came, Landed, Listed, Terms};
use crate::web::App;
use crate::web::extract::Json;
use crate::web::problem::Problem;

const MOST: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    rows: Vec<Row>,
    /// Lets values of the list replace those a lead has.
    #[serde(default)]
    overwrite: bool,
    /// A tag for every lead of the list.
    #[serde(default)]
    tag: Option<String>,
    /// A sequence for every lead of the list.
    #[serde(default)]
    enroll: Option<String>,
    #[serde(default)]
    again: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Its line in the list, repeated in the answer.
    line: u64,
    email: String,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    tags: Vec<String>,
}

/// `POST /v1/leads/import`.
pub async fn import(State(app): State<App>, Json(list): Json<List>) -> Result<Answered<Value>, Problem> {
    if list.rows.len() > MOST {
        return Err(Problem::invalid(format!(
            "a list has at most {MOST} rows a request, this one {}",
            list.rows.len()
        )));
    }
    let playbook = app.engine.playbook();
    list.enroll.as_deref().map(|name| files::known(&playbook, name)).transpose()?;
    let common = attributes::tags(list.tag.as_slice()).map_err(Problem::invalid)?;
    let terms = Terms { overwrite: list.overwrite, enroll: list.enroll, again: list.again };
    let (mut good, mut results) = (Vec::new(), Vec::new());
    for row in list.rows {
        let line = row.line;
        match listed(&row, &common, &playbook.settings) {
            Ok(row) => {
                good.push(row);
                results.push(json!({ "line": line }));
            }
            Err(reason) => {
                results.push(json!({ "line": line, "result": Came::Refused.as_str(), "reason": reason }));
            }
        }
    }
    let landed = app.engine.import(good, &terms).await?;
    app.engine.fail.hit("import.batch");
    let open = results.iter_mut().filter(|told| told.get("result").is_none());
    open.zip(landed).for_each(|(told, landed)| tell(told, landed));
    Ok(Answered(json!({ "results": results })))
}

/// A row that can be read.
fn listed(row: &Row, common: &[String], settings: &Settings) -> Result<Listed, String> {
    let address = EmailAddress::parse(&row.email)?;
    let mut set = attributes::typed(&row.attributes, settings)?;
    set.retain(|_, value| !value.is_null());
    Ok(Listed { address, set, tags: attributes::with_common(&row.tags, common)? })
}

fn tell(told: &mut Value, landed: Landed) {
    told["result"] = landed.came.as_str().into();
    if let Some(enrolled) = landed.enrolled {
        told["enrolled"] = enrolled.into();
    }
    if landed.suppressed {
        told["suppressed"] = true.into();
    }
    if let Some(reason) = landed.reason {
        told["reason"] = reason.into();
    }
}
