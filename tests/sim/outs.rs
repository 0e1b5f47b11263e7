//! What came out of what an engine did, and what the driver learns from it.

use super::daemon::{Failed, Out};
use super::notes::{Ban, Taken};
use super::world::World;
use overture::engine::Answer;

impl World {
    pub fn absorb(&mut self, number: usize, out: Out) {
        let now = self.now();
        match out {
            Out::Woken(done) => drop(self.told_well(done)),
            Out::Kept(at, done) => self.notes.kept = self.told_well(done).map(|_| at),
            Out::Ordered(order, done) => {
                if self.told_well(done).is_some() {
                    self.ordered(order);
                }
            }
            Out::Claimed(lane, claimed) => {
                let Some(claimed) = self.told_well(claimed).filter(|claimed| !claimed.is_empty()) else { return };
                let touches = claimed.iter().map(|claimed| claimed.row.id.clone()).collect();
                self.notes.taken.push(Taken {
                    engine: number,
                    step: self.notes.step,
                    lane,
                    at: now,
                    era: self.notes.era,
                    touches,
                });
                if let Some(daemon) = &mut self.daemons[number] {
                    daemon.hand.extend(claimed);
                }
            }
            Out::Carried(claimed, carried, line) => {
                let doubted = claimed.doubted("not stored", now);
                let carried = self.told_well(carried).or_else(|| self.weak.then_some(doubted));
                if let (Some(daemon), Some(carried)) = (&mut self.daemons[number], carried) {
                    daemon.lines.insert(claimed.row.lane.clone(), line);
                    daemon.carried.push_back((*claimed, carried));
                }
            }
            Out::Settled(what, done) => {
                let done = self.told_well(done);
                if let (None, true, Some(daemon)) = (done, self.weak, &mut self.daemons[number]) {
                    daemon.carried.push_front(*what);
                }
            }
            Out::Burst(told) => {
                for (fact, answers) in told {
                    // A fact that nobody shares its fate with fails as a whole.
                    let refused = self.notes.facts[fact].poison && answers.is_err();
                    let answers = if refused { None } else { self.told_well(answers) };
                    answers.into_iter().flatten().for_each(|answer| self.answer(fact, &answer));
                }
            }
            Out::Told(facts, answers) => {
                let Some(answers) = self.told_well(answers) else { return };
                for (fact, answer) in facts.into_iter().zip(answers) {
                    self.answer(fact, &answer);
                }
            }
        }
    }

    /// Where the store is well, whatever fails is a fault.
    fn told_well<T>(&mut self, done: Result<T, Failed>) -> Option<T> {
        done.map_err(|error| {
            self.notes.failures += 1;
            if self.weak {
                return;
            }
            let cause = std::error::Error::source(&*error).map(ToString::to_string);
            self.notes
                .break_rule("nothing fails where the store is well", format!("{error}: {}", cause.unwrap_or_default()));
        })
        .ok()
    }

    fn answer(&mut self, fact: usize, answer: &Answer) {
        let poison = self.notes.facts[fact].poison;
        match answer {
            Answer::Failed { reason } if !poison => {
                self.notes.break_rule("what can be written is written", reason.clone());
            }
            Answer::Failed { .. } => {}
            _ if poison => self.notes.break_rule("what cannot be written is said to be so", format!("{answer:?}")),
            // It was written some time ago, and much may have come after it.
            Answer::Duplicate { .. } => self.notes.facts[fact].answered = Some(self.notes.step),
            Answer::Unknown => {
                let fact = &mut self.notes.facts[fact];
                (fact.answered, fact.unknown) = (Some(self.notes.step), true);
            }
            Answer::Refused { .. } if self.notes.facts[fact].from.is_some() => {
                self.notes.facts[fact].answered = Some(self.notes.step);
            }
            _ => {
                let now = self.now();
                self.notes.answered(fact, now);
            }
        }
    }

    /// An operator's order was carried out.
    fn ordered(&mut self, order: usize) {
        if let Some(ban) = self.orders.get(order).cloned() {
            self.notes.ban(ban);
        }
    }

    /// Keeps what an order forbids, for when it is carried out; gives its number.
    pub fn order(&mut self, ban: Ban) -> usize {
        self.orders.push(ban);
        self.orders.len() - 1
    }
}
