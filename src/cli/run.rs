//! Starts the daemon in this terminal, or under a service manager.

use clap::Args;

use super::desk::Desk;
use super::failure::Failure;
use super::paper::say;
use crate::compile::diagnostic::render;
use crate::daemon::{Options, run, start_logging};

const AFTER: &str = "\
Runs until it is told to stop. SIGTERM and Ctrl-C drain: nothing new is begun, what is under way is finished for up to 60 s; a second one
ends at once. SIGHUP reads the files again. Changed files serve new enrollments; whoever is in a sequence finishes the version begun.
Nothing leaves the machine until the file says `send: live` and senders have an account: mails are .eml files in data/sandbox.

Logs go to standard error. OVERTURE_LOG=debug (or overture::engine=debug) says more; addresses, bodies and secrets are never logged.

Examples:
  overture run --watch                      while files are being written
  overture run --workspace /etc/overture    under systemd, see systemd/overture.service";

/// What is logged unless `OVERTURE_LOG` says otherwise: the database library's notices are about itself.
const USUAL: &str = "info,sqlx=warn";

/// Runs the daemon
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Run {
    /// Reads the files again when they change
    #[arg(long)]
    watch: bool,
    /// Logs as JSON, one object a line
    #[arg(long)]
    log_json: bool,
}

impl Run {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let loaded = desk.load()?;
        let filter = desk.environment.get("OVERTURE_LOG").map_or(USUAL, String::as_str);
        start_logging(self.log_json || desk.paper.json, filter).map_err(Failure::broken)?;
        if !loaded.warnings.is_empty() {
            say(render(&loaded.warnings, desk.colour_beside()).trim_end());
        }
        let fail = desk.fail_points()?;
        let options = Options { environment: desk.environment.clone(), fail, watch: self.watch };
        Ok(run(loaded, options).await?)
    }
}
