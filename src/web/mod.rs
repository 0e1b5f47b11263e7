//! Shows and takes in, over HTTP: routers apart, because the world may reach one and only its owner the others.
//!
//! | router | who comes | what it does |
//! |---|---|---|
//! | [`public`] | the world | pixel, link, unsubscribe, the buttons of an alert: each known by its signed token |
//! | [`dashboard`] | people at the private listener | pages that only read |
//! | [`private`] | programs with a key, the owner's own commands | `/v1`, health, metrics |
//!
//! Nothing here decides and nothing here writes: a request becomes units for the engine, and its answer is given after their commit.

pub mod dashboard;
mod extract;
mod hear_out;
mod limits;
pub mod ops;
pub mod private;
mod problem;
pub mod public;

use std::sync::Arc;

pub use problem::Problem;

use crate::engine::Engine;
use ops::Services;

/// What every handler works with; cheap to clone.
#[derive(Clone)]
pub struct App {
    pub engine: Arc<Engine>,
    pub services: Services,
}

impl App {
    /// Joins the parts, and has counters kept from here on.
    pub fn new(engine: Arc<Engine>, services: Services) -> Self {
        ops::count();
        Self { engine, services }
    }
}
