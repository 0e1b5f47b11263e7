//! Was it a person? Scanners open every link before the mail is delivered, and image proxies open every mail: neither must make
//! a lead look interested. These are the rules that need one hit only; it settles a minute later, when its neighbours are known.

use std::sync::LazyLock;

use regex::Regex;

use super::event::Actor;
use super::time::Millis;

/// No person clicks sooner than this after the mail was accepted.
const TOO_SOON: Millis = Millis(2_000);

/// Agents that say what they are; in lower case, looked for anywhere.
const MACHINES: [&str; 105] = [
    "://",
    "acunetix",
    "adsbot",
    "apachebench",
    "appengine",
    "archive",
    "auditor",
    "axios",
    "barracuda",
    "bbtest",
    "bingpreview",
    "brokenlink",
    "burpcollaborator",
    "catchpoint",
    "checker",
    "clamav",
    "cloudflare",
    "cloudmark",
    "cloudscan",
    "collectd",
    "crawl",
    "curl",
    "cypress",
    "daemon",
    "datadog",
    "duplexweb",
    "expanse",
    "facebookexternalhit",
    "favicon",
    "feed",
    "fetcher",
    "fireeye",
    "forcepoint",
    "go-http",
    "gomezagent",
    "google-",
    "googleassociation",
    "googleother",
    "grpc",
    "guzzle",
    "headless",
    "health-check",
    "healthcheck",
    "hexometer",
    "http client",
    "http-kit",
    "http_client",
    "httpclient",
    "ironport",
    "java/",
    "kaspersky",
    "l9tcpid",
    "lighthouse",
    "link check",
    "link-check",
    "linkcheck",
    "linkexpand",
    "lwp-",
    "lwp::",
    "mediapartners",
    "mimecast",
    "monitor",
    "msoffice existence",
    "nagios",
    "node",
    "nuclei",
    "nutch",
    "okhttp",
    "onebox",
    "owler",
    "page speed",
    "perl",
    "phantomjs",
    "phish",
    "pingdom",
    "playwright",
    "postman",
    "preview",
    "proofpoint",
    "ptst",
    "python",
    "resolver",
    "rest-client",
    "restsharp",
    "ruby",
    "safelinks",
    "scraper",
    "scrapy",
    "search console",
    "selenium",
    "site24x7",
    "snippet",
    "sophos",
    "spider",
    "statuscake",
    "symantec",
    "synthetic",
    "trendmicro",
    "undici",
    "unfurl",
    "validator",
    "virustotal",
    "webhook",
    "wechatdevtools",
    "whatsapp",
];

/// All of them in one pass over the agent: one by one they cost more than all else about a hit.
static MACHINE: LazyLock<Regex> = LazyLock::new(|| {
    let words = MACHINES.map(regex::escape);
    Regex::new(&words.join("|")).expect("escaped words are a pattern")
});

/// Programs that fetch pictures for everybody: an open through them says only that the mail arrived.
const PICTURE_PROXIES: [&str; 4] = ["googleimageproxy", "yahoomailproxy", "imageproxy", "emailproxy"];

/// Agents that mail services use, to the letter, to fetch ahead. The last one a person's old browser sends as well.
const FETCHERS: [&str; 2] = [
    "mozilla/5.0",
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/42.0.2311.135 safari/537.36 edge/12.246 mozilla/5.0",
];
const OPENS_AHEAD: &str =
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/104.0.0.0 safari/537.36";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Open,
    Click,
}

/// A request for a pixel or a link, as far as it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub kind: Kind,
    /// `GET`, `HEAD`, …
    pub method: &'a str,
    /// The User-Agent, empty if there is none.
    pub agent: &'a str,
    /// How long after the mail was accepted; `None` while that is not known.
    pub after: Option<Millis>,
}

/// Who it was, and by which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub actor: Actor,
    pub reason: &'static str,
}

/// Judges one hit by itself; what no rule speaks against is a person's.
pub fn first(seen: &Seen<'_>) -> Verdict {
    let agent = seen.agent.trim().to_ascii_lowercase();
    let reason = if seen.method != "GET" {
        "not a GET: browsers follow links with GET"
    } else if agent.is_empty() {
        "no User-Agent: browsers send one"
    } else if seen.after.is_some_and(|after| after < TOO_SOON) {
        "under 2 s after the mail was accepted"
    } else if PICTURE_PROXIES.iter().any(|proxy| agent.contains(proxy)) {
        "fetched by a mail service's picture proxy"
    } else if FETCHERS.contains(&agent.as_str()) || seen.kind == Kind::Open && agent == OPENS_AHEAD {
        "fetched ahead by a mail service"
    } else if MACHINE.is_match(&agent) || names_a_bot(&agent) {
        "the agent says it is a program"
    } else {
        return Verdict { actor: Actor::Human, reason: "no sign of a machine" };
    };
    Verdict { actor: Actor::Machine, reason }
}

/// Whether a word of the agent ends in `bot` or `scanner`; Cubot makes telephones, `CamScanner` runs on them.
fn names_a_bot(agent: &str) -> bool {
    let ends_word = |end: usize| !agent[end..].starts_with(|c: char| c.is_ascii_alphabetic());
    let named = |word: &str, but: &str| {
        agent.match_indices(word).any(|(at, _)| ends_word(at + word.len()) && !agent[..at].ends_with(but))
    };
    named("bot", "cu") || named("scanner", "cam") || named("robot", "\u{0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

    fn actor(seen: Seen<'_>) -> Actor {
        first(&seen).actor
    }

    #[test]
    fn a_browser_after_a_while_is_a_person_and_every_sign_against_it_counts() {
        let person = Seen { kind: Kind::Click, method: "GET", agent: FIREFOX, after: Some(Millis(2_000)) };
        assert_eq!(actor(person), Actor::Human);
        assert_eq!(actor(Seen { after: None, ..person }), Actor::Human);
        assert_eq!(actor(Seen { after: Some(Millis(1_999)), ..person }), Actor::Machine);
        assert_eq!(actor(Seen { after: Some(Millis(-5)), ..person }), Actor::Machine);
        assert_eq!(actor(Seen { agent: "  ", ..person }), Actor::Machine);
        assert_eq!(actor(Seen { agent: "Mozilla/5.0", ..person }), Actor::Machine);
        assert_eq!(actor(Seen { method: "HEAD", ..person }), Actor::Machine);
        assert_eq!(actor(Seen { method: "POST", ..person }), Actor::Machine);
    }

    #[test]
    fn every_word_of_a_machine_is_found_wherever_it_stands() {
        for word in MACHINES {
            let agent = format!("Mozilla/5.0 {} like Gecko", word.to_ascii_uppercase());
            let seen = Seen { kind: Kind::Open, method: "GET", agent: &agent, after: None };
            assert_eq!(first(&seen).reason, "the agent says it is a program", "{word}");
        }
    }

    #[test]
    fn an_agent_that_fetches_ahead_may_still_click_as_an_old_browser() {
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/104.0.0.0 Safari/537.36";
        let click = Seen { kind: Kind::Click, method: "GET", agent, after: Some(Millis(60_000)) };
        assert_eq!((actor(click), actor(Seen { kind: Kind::Open, ..click })), (Actor::Human, Actor::Machine));
    }
}
