//! The company a lead belongs to: its e-mail domain, unless that domain is a mailbox provider's; and who of it replied last.

use super::address::EmailAddress;
use super::id::LeadId;
use super::time::Instant;

/// The account key of an address, if its domain is a company's.
pub fn account_of(address: &EmailAddress) -> Option<String> {
    (!address.is_free_mail()).then(|| address.domain().to_owned())
}

/// A person of an account replied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replied {
    pub lead: LeadId,
    pub at: Instant,
    /// When it was written down.
    pub heard_at: Instant,
}

/// The last two people of an account who replied: each of them is a colleague of the other, and both are of everybody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replies {
    pub last: Replied,
    pub before: Option<Replied>,
}

impl Replies {
    pub const fn first(reply: Replied) -> Self {
        Self { last: reply, before: None }
    }

    /// With one reply more. Of one person the latest counts, also where it is told late.
    #[must_use]
    pub fn with(self, reply: Replied) -> Self {
        let Self { last, before } = self;
        let at_least = |known: &Replied| Replied { at: reply.at.max(known.at), ..reply.clone() };
        if last.lead == reply.lead {
            return Self { last: at_least(&last), before };
        }
        match before.filter(|before| before.lead == reply.lead) {
            Some(known) => Self { last: at_least(&known), before: Some(last) },
            None => Self { last: reply, before: Some(last) },
        }
    }

    /// What was last heard from somebody other than this lead, with the latest reply of them all.
    pub fn of_another(&self, lead: &LeadId) -> Option<Replied> {
        let mut others = std::iter::once(&self.last).chain(&self.before).filter(|reply| reply.lead != *lead);
        let newest = others.next()?;
        let at = others.map(|reply| reply.at).chain([newest.at]).max()?;
        Some(Replied { at, ..newest.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(lead: &str, at: i64, heard_at: i64) -> Replied {
        Replied { lead: LeadId(lead.to_owned()), at: Instant(at), heard_at: Instant(heard_at) }
    }

    #[test]
    fn nobody_is_a_colleague_of_oneself_and_the_last_of_the_others_counts() {
        let ann = Replies::first(reply("ann", 1, 1));
        let of = |replies: &Replies, lead: &str| replies.of_another(&LeadId(lead.to_owned()));
        assert_eq!((of(&ann, "ann"), of(&ann, "bob")), (None, Some(reply("ann", 1, 1))));
        let both = ann.with(reply("bob", 5, 5));
        assert_eq!((of(&both, "ann"), of(&both, "bob")), (Some(reply("bob", 5, 5)), Some(reply("ann", 1, 1))));
        assert_eq!(of(&both, "cy"), Some(reply("bob", 5, 5)));
        let again = both.clone().with(reply("ann", 9, 9));
        assert_eq!((of(&again, "bob"), of(&again, "ann")), (Some(reply("ann", 9, 9)), Some(reply("bob", 5, 5))));
    }

    #[test]
    fn a_reply_told_late_takes_no_later_one_back() {
        let of_ann = Replies::first(reply("ann", 5, 5)).with(reply("ann", 2, 9));
        assert_eq!(of_ann, Replies::first(reply("ann", 5, 9)));
        let both = of_ann.with(reply("bob", 3, 10));
        assert_eq!(both.of_another(&LeadId("cy".to_owned())), Some(reply("bob", 5, 10)));
    }
}
