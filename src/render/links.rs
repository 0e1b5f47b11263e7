//! Links are numbers in what we send: the address is looked up when somebody comes, so a token can never lead elsewhere.

use url::{Host, Url};

use super::Refuse;
use super::context::MailContext;
use super::press::{Link, Renderer};
use super::sight::Sight;
use crate::seal::Purpose;

/// The longest address a link may lead to, in octets.
const LONGEST: usize = 2_048;
const DAY_MS: i64 = 86_400_000;

/// The addresses of a mail's links.
pub(super) struct Links {
    /// What stands in the mail, by number.
    pub shown: Vec<String>,
    /// What was made for this lead only.
    pub made: Vec<(u16, String)>,
}

impl Renderer {
    pub(super) fn links(&self, from: &[Link], sight: &Sight<'_>, mail: &MailContext<'_>) -> Result<Links, Refuse> {
        let mut links = Links { shown: Vec::with_capacity(from.len()), made: Vec::new() };
        for (number, link) in (0_u16..).zip(from) {
            let address = match link {
                Link::Fixed(address) => address.clone()?,
                Link::Templated(program, into) => {
                    let address = checked(&self.fill(program, sight, *into)?, usize::from(number))?;
                    links.made.push((number, address.clone()));
                    address
                }
            };
            links.shown.push(if mail.track.clicks { mail.token_url('c', Purpose::Click, number) } else { address });
        }
        if links.shown.len() < from.len() {
            return Err(Refuse::Broken("a mail has at most 65,536 links".to_owned()));
        }
        Ok(links)
    }
}

impl MailContext<'_> {
    /// `{public_url}/c/{token}`.
    pub(super) fn token_url(&self, path: char, purpose: Purpose, link: u16) -> String {
        let day = u16::try_from(self.date.0.div_euclid(DAY_MS)).unwrap_or(0);
        let token = self.seal.sign(purpose, self.touch.as_str(), link, day);
        format!("{}/{path}/{token}", self.public_url.trim_end_matches('/'))
    }

    /// The open pixel, or nothing where opens are not tracked.
    pub(super) fn pixel(&self) -> String {
        if !self.track.opens {
            return String::new();
        }
        let address = self.token_url('o', Purpose::Open, 0);
        format!(r#"<img src="{address}.gif" width="1" height="1" alt="" style="border:0">"#)
    }

    /// Whether the public address may stand in List-Unsubscribe: https, or on this machine.
    pub(super) fn may_unsubscribe_there(&self) -> bool {
        Url::parse(self.public_url).is_ok_and(|url| match (url.scheme(), url.host()) {
            ("https", Some(_)) => true,
            ("http", Some(Host::Ipv4(ip))) => ip.is_loopback(),
            ("http", Some(Host::Ipv6(ip))) => ip.is_loopback(),
            ("http", Some(Host::Domain(name))) => name == "localhost",
            _ => false,
        })
    }
}

/// The address as a browser would read it; only http and https.
pub(super) fn checked(address: &str, number: usize) -> Result<String, Refuse> {
    let address = address.trim();
    if address.chars().any(char::is_control) {
        return Err(Refuse::Hostile(format!("the address of link {number} holds a control character")));
    }
    let url = Url::parse(address)
        .map_err(|error| Refuse::Hostile(format!("link {number} does not lead to an address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(Refuse::Hostile(format!(
            "link {number} leads to a `{}:` address; only http and https are followed",
            url.scheme()
        )));
    }
    if url.as_str().len() > LONGEST {
        return Err(Refuse::Hostile(format!("the address of link {number} is longer than {LONGEST} octets")));
    }
    Ok(url.into())
}
