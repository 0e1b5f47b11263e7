//! Keeps webhooks out of private networks: a URL is written by a person, but what answers there is not.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

/// Where webhooks may go: public addresses over https, and what the workspace lists.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allow_http: bool,
    allow_private: Vec<Net>,
}

/// A range of addresses: those that share the first `bits` bits of `base`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Net {
    base: IpAddr,
    bits: u32,
}

/// Why a call was not made; nothing left this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked(pub String);

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Blocked {}

impl Guard {
    /// Reads the workspace's list: addresses, ranges such as `10.0.0.0/8`, and `localhost` (127.0.0.0/8 and `::1`).
    pub fn new<'a>(allow_http: bool, allow_private: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut nets = Vec::new();
        for entry in allow_private {
            if entry.trim().eq_ignore_ascii_case("localhost") {
                nets.push(Net { base: IpAddr::V4(Ipv4Addr::LOCALHOST), bits: 8 });
                nets.push(Net { base: IpAddr::V6(Ipv6Addr::LOCALHOST), bits: 128 });
            } else {
                nets.push(Net::parse(entry.trim())?);
            }
        }
        Ok(Self { allow_http, allow_private: nets })
    }

    /// True if a connection to this address may be made.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allow_private.iter().any(|net| net.holds(address))
    }

    /// Checks the scheme, and the address where the URL names one instead of a host.
    pub fn check(&self, url: &Url) -> Result<(), Blocked> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => return Err(Blocked("plain http is not allowed here: use https, or set allow_http".to_owned())),
            other => return Err(Blocked(format!("{other} is no way to call a webhook: use https"))),
        }
        match url.host() {
            None => Err(Blocked("the URL names no host".to_owned())),
            Some(Host::Domain(_)) => Ok(()),
            Some(Host::Ipv4(address)) => self.check_address(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => self.check_address(IpAddr::V6(address)),
        }
    }

    /// Checks what a name resolved to: one private address among public ones blocks them all.
    pub fn check_all(&self, addresses: &[SocketAddr]) -> Result<(), Blocked> {
        addresses.iter().try_for_each(|address| self.check_address(address.ip()))
    }

    fn check_address(&self, address: IpAddr) -> Result<(), Blocked> {
        if self.admits(address) {
            return Ok(());
        }
        Err(Blocked(format!("{address} is not a public address: list it in allow_private if it is meant")))
    }
}

impl Net {
    fn parse(entry: &str) -> Result<Self, String> {
        let wrong = || format!("{entry:?} is no address: write one, a range such as 10.0.0.0/8, or localhost");
        let (address, bits) = entry.split_once('/').map_or((entry, None), |(address, bits)| (address, Some(bits)));
        let base: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > width {
            return Err(wrong());
        }
        Ok(Self { base, bits })
    }

    fn holds(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let differ = base.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= self.bits
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let differ = base.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

/// True for an address anyone on the internet can own (the registries of RFC 6890 leave out the rest).
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let private = matches!((a, b), (0 | 10 | 127, _) | (169, 254) | (172, 16..32) | (192, 168));
    let shared_by_carriers = a == 100 && (64..128).contains(&b);
    // Test networks, protocol assignments, documentation, and the old 6to4 relays.
    let special =
        matches!((a, b, c), (198, 18 | 19, _) | (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113));
    let multicast_or_reserved = a >= 224;
    !(private || shared_by_carriers || special || multicast_or_reserved)
}

/// Only `2000::/3` is given out; all else is blocked without a list.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let special = match first {
        // Protocols (Teredo, ORCHID, benchmarks) and documentation.
        0x2001 => second < 0x0200 || second == 0x0db8,
        // 6to4 carries an IPv4 address that would have to be checked too; nobody serves from it any more.
        0x2002 => true,
        // Documentation again.
        0x3fff => second < 0x1000,
        _ => false,
    };
    (0x2000..0x4000).contains(&first) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(name: &str) -> Option<String> {
        let path = crate::corpora::corpus(&format!("ssrf/{name}"))?;
        Some(std::fs::read_to_string(path).expect("the corpus is text"))
    }

    #[test]
    fn every_host_form_of_the_corpus_is_blocked_or_let_through_as_it_says() {
        let guard = Guard::default();
        for line in corpus("hosts.jsonl").unwrap_or_default().lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let host = case["host"].as_str().unwrap();
            let address: IpAddr = host.parse().unwrap();
            assert_eq!(guard.admits(address), case["expect"] == "allow", "{host}");
        }
    }

    #[test]
    fn both_ends_of_every_blocked_range_are_blocked() {
        let ranges: Vec<String> =
            serde_json::from_str(&corpus("blocked-cidrs-ssrf_filter.json").unwrap_or("[]".into())).unwrap();
        for range in ranges {
            let net = Net::parse(&range).unwrap();
            let ends: [IpAddr; 2] = match net.base {
                IpAddr::V4(base) => {
                    let rest = u32::MAX.checked_shr(net.bits).unwrap_or(0);
                    [net.base, Ipv4Addr::from_bits(base.to_bits() | rest).into()]
                }
                IpAddr::V6(base) => {
                    let rest = u128::MAX.checked_shr(net.bits).unwrap_or(0);
                    [net.base, Ipv6Addr::from_bits(base.to_bits() | rest).into()]
                }
            };
            assert!(ends.into_iter().all(|end| !is_public(end)), "{range}");
        }
    }

    #[test]
    fn an_address_in_disguise_is_still_that_address() {
        let guard = Guard::new(true, []).unwrap();
        for url in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::ffff:127.0.0.1]/",
            "http://127.1/",
        ] {
            assert!(guard.check(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
    }

    #[test]
    fn only_https_leaves_unless_http_is_allowed() {
        let (strict, open) = (Guard::default(), Guard::new(true, []).unwrap());
        let plain = Url::parse("http://hooks.example.com/a").unwrap();
        assert!(strict.check(&plain).unwrap_err().0.contains("use https"));
        assert_eq!(open.check(&plain), Ok(()));
        assert!(open.check(&Url::parse("ftp://hooks.example.com/").unwrap()).is_err());
    }

    #[test]
    fn a_listed_range_is_let_through_and_nothing_beside_it() {
        let guard = Guard::new(false, ["localhost", "10.1.0.0/16", "fd00::1"]).unwrap();
        for inside in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.1.255.255", "fd00::1"] {
            assert!(guard.admits(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["10.2.0.1", "fd00::2", "192.168.0.1"] {
            assert!(!guard.admits(outside.parse().unwrap()), "{outside}");
        }
        assert!(Guard::new(false, ["10.0.0.0/33"]).unwrap_err().contains("10.0.0.0/8, or localhost"));
        assert!(Guard::new(false, ["intranet"]).is_err());
    }

    #[test]
    fn one_private_address_among_public_ones_blocks_them_all() {
        let mixed = ["8.8.8.8:443".parse().unwrap(), "10.0.0.1:443".parse().unwrap()];
        assert!(Guard::default().check_all(&mixed).is_err());
        assert_eq!(Guard::default().check_all(&mixed[..1]), Ok(()));
    }
}
