//! Logs: a sentence and fields on standard error; never an address, a body or a secret.

use tracing_subscriber::EnvFilter;

/// Starts logging, as lines for people or as JSON; `filter` is a tracing filter such as `info` or `overture=debug`.
///
/// # Errors
/// Says what is wrong with the filter.
pub fn start_logging(json: bool, filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("`{filter}` is not a log filter: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started =
        if json { builder.json().flatten_event(true).try_init() } else { builder.with_ansi(false).try_init() };
    started.map_err(|error| error.to_string())
}
