//! The scoring files that were in force.

use clap::{Args, Subcommand};

use super::client::Client;
use super::desk::Desk;
use super::failure::Failure;
use super::versions::{diff, history};
use crate::store::Access;

/// How the API is asked for its versions.
const OF: &str = "scoring=true";

const AFTER: &str = "\
A changed config/scoring.yaml counts for nobody before `overture apply`; then it is a version of its own, and every line of a score names
the version that gave it. Going back is applying an older one.

Examples:
  overture scoring history
  overture scoring diff
  overture apply --scoring --version 41b7e0d3";

/// Lists the scoring files that were in force, and shows what changed from one to another
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Scoring {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists them: when each was applied first, and from which commit
    History,
    /// Shows what changed; between the last two unless others are named
    Diff {
        /// The beginning of a version's hash
        old: Option<String>,
        /// The beginning of a later version's hash; the newest if not given
        new: Option<String>,
    },
}

impl Scoring {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let client = Client::open(desk, Access::ReadOnly).await?;
        match self.what {
            What::History => history(desk, &client, OF).await,
            What::Diff { old, new } => diff(desk, &client, (OF, old, new)).await,
        }
    }
}
