//! The API document, for those who write clients: made from this very program, with no daemon and no workspace.

use clap::Args;

use super::desk::Desk;
use super::failure::Failure;
use crate::web::private::document;

const AFTER: &str = "\
A running daemon serves the same at /openapi.json of its private listener, without a key.

Examples:
  overture openapi > openapi.json
  overture openapi | jq -r '.paths | keys[]'

Exit codes: 0 printed.";

/// Prints the API's OpenAPI document
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct OpenApi {}

impl OpenApi {
    #[expect(clippy::unused_self, reason = "a command has nothing but its words")]
    pub fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        desk.paper.line(format!("{:#}", document()))
    }
}
