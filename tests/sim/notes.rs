//! What the driver of a run knows by itself: what was asked and answered, and when. The model holds the store against it.

use super::step::Word;
use overture::domain::id::TouchId;
use overture::domain::time::{Instant, Millis};
use overture::engine::Unit;
use std::collections::{BTreeMap, BTreeSet};

/// Facts older than this trigger nothing.
const STALE: Millis = Millis::DAY.times(30);

/// Something told of a person.
#[derive(Clone, Debug)]
pub struct Fact {
    pub who: usize,
    pub word: Option<Word>,
    /// Who is found to be this person too.
    pub from: Option<usize>,
    /// It was said that they are one by now.
    pub merged: bool,
    pub unit: Unit,
    /// The database will not take it.
    pub poison: bool,
    /// The step in which its answer came; until then it may have been written or not.
    pub answered: Option<usize>,
    /// There was no such person when it was told.
    pub unknown: bool,
}

/// What must not leave any more, whatever is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ban {
    /// Nothing at all to a person.
    Person(usize),
    /// Nothing to the address of a person, who may have another.
    Address(usize),
    /// Nothing that was asked for before, of some sequences.
    Sequences { who: usize, names: &'static [&'static str] },
    /// Nothing of a sequence that was asked for before.
    Sequence(&'static str),
    /// Nothing by a lane, or by none.
    Lane(Option<&'static str>),
}

/// A ban holds for whatever comes after its step, and before the one that lifts it.
#[derive(Clone, Debug)]
pub struct Standing {
    pub ban: Ban,
    pub since: usize,
    pub until: Option<usize>,
    /// What was asked for before this step was asked for before the ban.
    pub asked: usize,
}

/// Touches taken from a lane at once.
#[derive(Clone, Debug)]
pub struct Taken {
    pub engine: usize,
    pub step: usize,
    pub lane: String,
    pub at: Instant,
    /// How often the clock had been set back.
    pub era: usize,
    pub touches: Vec<TouchId>,
}

/// An attempt to carry a touch.
#[derive(Clone, Debug)]
pub struct Tried {
    pub engine: usize,
    pub touch: TouchId,
    pub began_at: Instant,
}

/// Something that should never have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub rule: &'static str,
    pub what: String,
}

#[derive(Default)]
pub struct Notes {
    pub step: usize,
    pub era: usize,
    pub facts: Vec<Fact>,
    pub bans: Vec<Standing>,
    pub taken: Vec<Taken>,
    pub tried: Vec<Tried>,
    /// How often a person asked for a touch of unknown outcome once more.
    pub resent: BTreeMap<TouchId, usize>,
    pub crashes: usize,
    /// How often somebody was told that the store failed.
    pub failures: usize,
    /// Somebody just took over what ran out before this instant.
    pub kept: Option<Instant>,
    pub broken: Vec<Broken>,
}

impl Notes {
    pub fn break_rule(&mut self, rule: &'static str, what: impl Into<String>) {
        let broken = Broken { rule, what: what.into() };
        if !self.broken.contains(&broken) {
            self.broken.push(broken);
        }
    }

    pub fn ban(&mut self, ban: Ban) {
        self.ban_from(ban, self.step);
    }

    /// A ban of what was asked for before an earlier step.
    fn ban_from(&mut self, ban: Ban, asked: usize) {
        if !self.bans.iter().any(|standing| standing.until.is_none() && standing.ban == ban && standing.asked == asked)
        {
            self.bans.push(Standing { ban, since: self.step, until: None, asked });
        }
    }

    /// Who a person is by now, as far as anybody was told.
    fn is_now(&self, who: usize) -> usize {
        let taken_in = |who: usize| {
            let merged = self.facts.iter().find(|fact| fact.from == Some(who) && fact.merged)?;
            Some(merged.who)
        };
        let mut now = who;
        while let Some(by) = taken_in(now) {
            now = by;
        }
        now
    }

    /// All names that may lead to the same person.
    pub fn perhaps_one(&self, who: usize) -> BTreeSet<usize> {
        let mut names = BTreeSet::from([who]);
        loop {
            let pairs = self.facts.iter().filter_map(|fact| Some([fact.from?, fact.who]));
            let more: BTreeSet<usize> =
                pairs.filter(|pair| pair.iter().any(|one| names.contains(one))).flatten().collect();
            if more.is_subset(&names) {
                return names;
            }
            names.extend(more);
        }
    }

    /// Two people are one: what the first does not want, the other does not.
    fn merged(&mut self, from: usize, into: usize) {
        for Standing { ban, until, asked, .. } in self.bans.clone() {
            match ban {
                Ban::Person(who) if who == from && until.is_none() => self.ban(Ban::Person(into)),
                // What came first is not to be told any more where a clock was set back.
                Ban::Sequences { who, names } if who == from && self.era == 0 => {
                    self.ban_from(Ban::Sequences { who: into, names }, asked);
                }
                _ => {}
            }
        }
        self.ban(Ban::Address(from));
    }

    pub fn lift(&mut self, which: impl Fn(&Ban) -> bool) {
        let step = self.step;
        for standing in self.bans.iter_mut().filter(|standing| standing.until.is_none() && which(&standing.ban)) {
            standing.until = Some(step);
        }
    }

    /// What an answered fact means for what may leave.
    pub fn answered(&mut self, number: usize, now: Instant) {
        let step = self.step;
        let Some(fact) = self.facts.get_mut(number).filter(|fact| fact.answered.is_none()) else { return };
        fact.answered = Some(step);
        // What is told late is kept, and stops nothing.
        if now.since(fact.unit.input.occurred_at) > STALE {
            return;
        }
        let (who, word, from) = (fact.who, fact.word, fact.from);
        if let Some(from) = from {
            fact.merged = true;
            return self.merged(from, who);
        }
        let (named, who) = (who, self.is_now(who));
        match word {
            Some(Word::Replied) => self.ban(Ban::Sequences { who, names: &["hello", "reach"] }),
            Some(Word::UnsubscribedFromTips) => self.ban(Ban::Sequences { who, names: &["hello"] }),
            Some(Word::MeetingBooked) => self.ban(Ban::Sequences { who, names: &["reach"] }),
            Some(Word::Unsubscribed | Word::Complained) => self.ban(Ban::Person(who)),
            Some(Word::HardBounce) => self.ban(Ban::Address(named)),
            _ => {}
        }
    }
}
