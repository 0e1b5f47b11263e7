//! Who of each account replied, as production has it, without its rows.

use std::collections::BTreeMap;

use crate::domain::account::{Replied, Replies};
use crate::domain::decide::are_heeded;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;

#[derive(Default)]
pub(super) struct Colleagues {
    /// Where nothing heeds replies nothing is kept.
    heeded: bool,
    people: BTreeMap<String, Vec<usize>>,
    replies: BTreeMap<String, Replies>,
}

impl Colleagues {
    pub fn of(playbook: &Playbook) -> Self {
        Self { heeded: are_heeded(playbook), ..Self::default() }
    }

    pub fn join(&mut self, lead: &Lead, number: usize) {
        if let Some(account) = lead.account.as_ref().filter(|_| self.heeded) {
            self.people.entry(account.clone()).or_default().push(number);
        }
    }

    /// Who of an account had replied before.
    pub fn know(&mut self, account: String, replies: Replies) {
        self.replies.insert(account, replies);
    }

    /// Somebody replied; gives the people of the account.
    pub fn heard(&mut self, account: &str, reply: Replied) -> Vec<usize> {
        if !self.heeded {
            return Vec::new();
        }
        let now = match self.replies.remove(account) {
            Some(known) => known.with(reply),
            None => Replies::first(reply),
        };
        self.replies.insert(account.to_owned(), now);
        self.people.get(account).cloned().unwrap_or_default()
    }

    /// The last reply of another person of a lead's account.
    pub fn of_another(&self, lead: &Lead) -> Option<Replied> {
        self.replies.get(lead.account.as_ref()?)?.of_another(&lead.id)
    }
}
