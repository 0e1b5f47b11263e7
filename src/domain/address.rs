//! A lead is its normalised address: trimmed, lower-cased, its domain as A-labels; plus-tags and dots stay.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A normalised e-mail address (RFC 5321 mailbox, dot-atom form).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

/// Domains of mailbox providers: they never make an account, and cost points in the default scoring model.
pub const FREE_MAIL_DOMAINS: &[&str] = &[
    "126.com",
    "139.com",
    "163.com",
    "189.cn",
    "abv.bg",
    "alice.it",
    "aliyun.com",
    "aol.com",
    "aol.de",
    "arcor.de",
    "att.net",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "blueyonder.co.uk",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "duck.com",
    "email.cz",
    "email.de",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.fr",
    "gmx.net",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "hotmail.be",
    "hotmail.ca",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "hotmail.nl",
    "hushmail.com",
    "icloud.com",
    "ig.com.br",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.ca",
    "live.co.uk",
    "live.com",
    "live.de",
    "live.fr",
    "live.it",
    "live.nl",
    "mac.com",
    "mail.com",
    "mail.de",
    "mail.ru",
    "mailbox.org",
    "mailfence.com",
    "me.com",
    "msn.com",
    "naver.com",
    "neuf.fr",
    "ntlworld.com",
    "numericable.fr",
    "o2.pl",
    "o2online.de",
    "onet.pl",
    "optonline.net",
    "orange.fr",
    "outlook.be",
    "outlook.com",
    "outlook.de",
    "outlook.es",
    "outlook.fr",
    "outlook.it",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "rogers.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "skynet.be",
    "sohu.com",
    "sympatico.ca",
    "t-online.de",
    "talktalk.net",
    "telenet.be",
    "telus.net",
    "tin.it",
    "tiscali.it",
    "tuta.com",
    "tuta.io",
    "tutanota.com",
    "tutanota.de",
    "ukr.net",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "virginmedia.com",
    "wanadoo.fr",
    "web.de",
    "windowslive.com",
    "wp.pl",
    "yahoo.ca",
    "yahoo.co.in",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.com.ar",
    "yahoo.com.au",
    "yahoo.com.br",
    "yahoo.com.mx",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.in",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "yeah.net",
    "ymail.com",
    "zoho.com",
    "zohomail.com",
];

impl EmailAddress {
    /// Parses and normalises.
    ///
    /// # Errors
    /// Says what is wrong with the text: no `@`, an empty or over-long part (64 and 255 octets, RFC 5321 section 4.5.3.1), a
    /// character that is not allowed, or a domain that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| "an e-mail address has an `@`".to_owned())?;
        if local.is_empty() || local.len() > 64 {
            return Err("the part before `@` has 1 to 64 characters".to_owned());
        }
        if let Some(odd) = local.chars().find(|c| !allowed_in_local_part(*c)) {
            return Err(format!("{odd:?} is not allowed before `@`"));
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err("dots before `@` stand singly between other characters".to_owned());
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| format!("`{domain}` is not a domain name"))?;
        if domain.len() > 253 || !domain.contains('.') && domain != "localhost" {
            return Err(format!("`{domain}` is not a full domain name"));
        }
        Ok(Self(format!("{}@{domain}", local.to_lowercase())))
    }

    /// The domain, as A-labels.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the domain belongs to a mailbox provider and so to no company.
    pub fn is_free_mail(&self) -> bool {
        FREE_MAIL_DOMAINS.binary_search(&self.domain()).is_ok()
    }

    /// Whether the address needs SMTPUTF8 (RFC 6531).
    pub fn needs_utf8(&self) -> bool {
        !self.0.is_ascii()
    }
}

fn allowed_in_local_part(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || ".!#$%&'*+/=?^_`{|}~-".contains(c)
        || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trimmed_lowered_and_its_domain_written_in_a_labels() {
        assert_eq!(
            EmailAddress::parse("  Zoe+Trial.x@Bücher.Example ").unwrap().as_str(),
            "zoe+trial.x@xn--bcher-kva.example"
        );
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for bad in [
            "",
            "a",
            "@b.c",
            "a@",
            "a b@c.de",
            "a@b",
            "a..b@c.de",
            "a\r\nb@c.de",
            "a@b..c",
            "a@-b.de",
            "<a@b.de>",
            "a,b@c.de",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn the_list_of_free_mail_domains_is_sorted_for_the_search() {
        assert!(FREE_MAIL_DOMAINS.is_sorted());
        assert!(EmailAddress::parse("x@gmail.com").unwrap().is_free_mail());
    }
}
