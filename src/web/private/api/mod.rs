//! The API as one table: the router is made of it, and so is the document that tells of it; neither can have what the other lacks.

mod answers;
mod bodies;
mod document;
mod schema;
mod table;
mod tried;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{self, MethodRouter};
use serde_json::Value;

use super::guard::needed;
use crate::engine::Right;
use crate::web::App;

pub use document::document;

/// One method of one address: who serves it, and what there is to know about it.
pub struct Operation {
    route: MethodRouter<App>,
    /// Whether it may take as long as there are leads.
    patient: bool,
    told: Told,
}

/// What the document says of an operation.
struct Told {
    method: Method,
    path: &'static str,
    summary: &'static str,
    /// What follows a question mark: name, schema, an example.
    asks: Vec<(&'static str, Value, Option<Value>)>,
    takes: Option<Body>,
    /// The schema of a good answer by its name, or the content type of one that is no JSON.
    gives: Good,
    /// Statuses of problems that are its own.
    problems: Vec<u16>,
    /// Whether a repetition under one `Idempotency-Key` is done once.
    once: bool,
    /// What a key must be good for; none where no key is asked for.
    right: Option<Right>,
}

enum Good {
    Json(&'static str),
    Other(&'static str),
}

struct Body {
    kind: &'static str,
    schema: Value,
    example: Value,
}

fn get<H: Handler<T, App>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Operation {
    Operation::new(Method::GET, path, summary, routing::get(handler))
}

fn post<H: Handler<T, App>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Operation {
    Operation::new(Method::POST, path, summary, routing::post(handler))
}

fn put<H: Handler<T, App>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Operation {
    Operation::new(Method::PUT, path, summary, routing::put(handler))
}

fn delete<H: Handler<T, App>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Operation {
    Operation::new(Method::DELETE, path, summary, routing::delete(handler))
}

impl Operation {
    fn new(method: Method, path: &'static str, summary: &'static str, route: MethodRouter<App>) -> Self {
        let (asks, problems) = (Vec::new(), Vec::new());
        let right = path.starts_with("/v1/").then(|| needed(&method, path));
        let told =
            Told { method, path, summary, asks, takes: None, gives: Good::Json("Done"), problems, once: false, right };
        Self { route, patient: false, told }
    }

    fn asks(mut self, values: impl IntoIterator<Item = (&'static str, Value, Option<Value>)>) -> Self {
        self.told.asks.extend(values);
        self.problems([422])
    }

    /// A JSON body of a named schema.
    fn takes(self, name: &'static str, example: Value) -> Self {
        self.takes_kind("application/json", schema::of(name), example).problems([400, 422])
    }

    fn takes_kind(mut self, kind: &'static str, schema: Value, example: Value) -> Self {
        self.told.takes = Some(Body { kind, schema, example });
        self.problems([413, 415])
    }

    fn gives(mut self, name: &'static str) -> Self {
        self.told.gives = Good::Json(name);
        self
    }

    fn gives_kind(mut self, kind: &'static str) -> Self {
        self.told.gives = Good::Other(kind);
        self
    }

    fn problems(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.told.problems.extend(statuses);
        self.told.problems.sort_unstable();
        self.told.problems.dedup();
        self
    }

    fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    fn once(mut self) -> Self {
        self.told.once = true;
        self
    }

    /// Takes bodies of so many octets instead of the usual number.
    fn up_to(mut self, octets: usize) -> Self {
        self.route = self.route.layer(axum::extract::DefaultBodyLimit::max(octets));
        self
    }
}

/// All routes, by what stands around them.
pub struct Routes {
    /// Those that ask for a key.
    pub guarded: Router<App>,
    /// Those among them that may take long.
    pub patient: Router<App>,
    /// Those that ask for none.
    pub open: Router<App>,
}

pub fn routes() -> Routes {
    let mut all = Routes { guarded: Router::new(), patient: Router::new(), open: Router::new() };
    for operation in table::table() {
        let path = operation.told.path;
        let to = match (operation.told.right, operation.patient) {
            (Some(_), true) => &mut all.patient,
            (Some(_), false) => &mut all.guarded,
            (None, _) => &mut all.open,
        };
        *to = std::mem::take(to).route(path, operation.route);
    }
    all
}
