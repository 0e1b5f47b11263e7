//! What leaves us, and how the world reaches us.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use url::{Host, Url};

use super::Finding;
use crate::channel::smtp::{Account, Session, Timeouts};
use crate::cli::failure::Failure;
use crate::config::{Config, SendMode};
use crate::daemon::ways;

/// How long a server may take to greet, secure and log in.
const PATIENCE: Duration = Duration::from_secs(10);

/// The secret and the public address.
pub fn settings(config: &Config) -> Vec<Finding> {
    vec![secret(config), public_url(config)]
}

fn secret(config: &Config) -> Finding {
    let what = "secret of links";
    if config.secret.is_some() {
        return Finding::ok(what, "from the files");
    }
    let path = config.data.join("secret");
    let Ok(found) = std::fs::metadata(&path) else {
        return Finding::ok(what, "is made at the first start, and kept with the data");
    };
    let mode = found.permissions().mode() & 0o777;
    let for_others = mode % 0o100;
    if for_others == 0 {
        return Finding::ok(what, format!("kept in {}; back it up with the data", path.display()));
    }
    let said = format!("{} can be read by others (mode {mode:o})", path.display());
    Finding::bad(what, said, format!("chmod 600 {}", path.display()))
}

fn public_url(config: &Config) -> Finding {
    let what = "public_url";
    let Ok(url) = Url::parse(&config.public_url) else {
        return Finding::bad(what, format!("`{}` is no address", config.public_url), "mend it in config/overture.yaml");
    };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match (url.scheme(), here, config.send) {
        (_, true, SendMode::Live) => Finding::bad(
            what,
            format!("{url} is this machine: links in mails lead nowhere"),
            "name the address people reach",
        ),
        (_, true, SendMode::Sandbox) => Finding::ok(what, format!("{url}: this machine, fine for the sandbox")),
        ("https", false, _) => Finding::ok(what, url.to_string()),
        (_, false, _) => {
            Finding::bad(what, format!("{url} is not https"), "one-click unsubscribe needs https: put TLS in front")
        }
    }
}

/// Each sender's server, by a real connection.
pub async fn senders(config: &Config) -> Result<Vec<Finding>, Failure> {
    if config.send == SendMode::Sandbox {
        let said = format!("nothing leaves: mails stay in {}", config.data.join("sandbox").display());
        return Ok(vec![Finding::warn(
            "send",
            said,
            "`send: live` in config/overture.yaml, once senders have an account",
        )]);
    }
    let ways = ways(config).await?;
    let timeouts = Timeouts { connect: PATIENCE, command: PATIENCE, ..Timeouts::default() };
    let mut found = vec![Finding::ok("send", "live: mails leave")];
    for (name, account) in &ways.accounts {
        found.push(sender(name, account, &timeouts).await);
    }
    Ok(found)
}

async fn sender(name: &str, account: &Account, timeouts: &Timeouts) -> Finding {
    let (what, place) = (format!("sender {name}"), format!("{}:{}", account.host, account.port));
    match Session::open(account, timeouts).await {
        Ok(session) => {
            session.quit().await;
            Finding::ok(&what, format!("{place} greets us and takes our login"))
        }
        Err(failure) => {
            let todo =
                format!("check senders.{name}.smtp in config/overture.yaml, and that {place} can be reached from here");
            Finding::bad(&what, format!("{place}: {failure}"), todo)
        }
    }
}
