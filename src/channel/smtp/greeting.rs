//! What a server says it can do (RFC 5321 section 4.1.1.1).

/// The extensions we use.
#[expect(clippy::struct_excessive_bools, reason = "each is one word of the server's answer")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Greeting {
    pub pipelining: bool,
    pub eight_bit: bool,
    pub smtp_utf8: bool,
    pub start_tls: bool,
    pub size: bool,
    /// The largest message the server takes, in bytes; None: it does not say.
    pub size_limit: Option<usize>,
    /// The ways to log in, in capitals.
    pub auth: Vec<String>,
}

impl Greeting {
    /// Reads the lines of an EHLO answer after the first, which is the server's name.
    pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut greeting = Self::default();
        for line in lines.skip(1) {
            // `AUTH=LOGIN` is how servers spoke to a mail program of 1998, and some still do.
            let line = line.to_ascii_uppercase().replacen("AUTH=", "AUTH ", 1);
            let mut words = line.split_whitespace();
            match words.next() {
                Some("PIPELINING") => greeting.pipelining = true,
                Some("8BITMIME") => greeting.eight_bit = true,
                Some("SMTPUTF8") => greeting.smtp_utf8 = true,
                Some("STARTTLS") => greeting.start_tls = true,
                Some("SIZE") => {
                    greeting.size = true;
                    greeting.size_limit = words.next().and_then(|n| n.parse().ok()).filter(|limit| *limit > 0);
                }
                Some("AUTH") => greeting.auth.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        greeting
    }

    pub(super) fn offers_auth(&self, mechanism: &str) -> bool {
        self.auth.iter().any(|offered| offered == mechanism)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extensions_are_read_whatever_their_case_and_the_rest_is_passed_over() {
        let lines = ["mx.example.com", "pipelining", "SIZE 1000", "AUTH=LOGIN PLAIN", "XCLIENT NAME", "8BITMIME"];
        let greeting = Greeting::read(lines.into_iter());
        assert!(greeting.pipelining && greeting.eight_bit && greeting.size && !greeting.start_tls);
        assert_eq!(greeting.size_limit, Some(1_000));
        assert!(greeting.offers_auth("PLAIN") && greeting.offers_auth("LOGIN") && !greeting.offers_auth("XOAUTH2"));
    }

    #[test]
    fn a_size_of_zero_is_no_limit() {
        assert_eq!(Greeting::read(["mx", "SIZE 0"].into_iter()).size_limit, None);
    }
}
