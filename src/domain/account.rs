//! The company a lead belongs to: its e-mail domain, unless that domain is a mailbox provider's.

use super::address::EmailAddress;

/// The account key of an address, if its domain is a company's.
pub fn account_of(address: &EmailAddress) -> Option<String> {
    (!address.is_free_mail()).then(|| address.domain().to_owned())
}
