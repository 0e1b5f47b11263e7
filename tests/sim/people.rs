//! What people, machines and operators do.

use super::daemon::{Out, task};
use super::house::POISON;
use super::notes::{Ban, Fact};
use super::step::{Step, Word};
use super::world::World;
use overture::domain::decide::{Ask, Input};
use overture::domain::event::Actor;
use overture::domain::handoff::Act;
use overture::domain::suppression::Reason;
use overture::domain::touch::State;
use overture::engine::{Scope, Unit};
use overture::store::touch_row::TouchRow;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const SCOPES: [&str; 7] =
    ["all", "sequence:hello", "sequence:reach", "sender:maya", "sender:tom", "channel:chat", "channel:crm"];
const COUNTRIES: [&str; 4] = ["DE", "JP", "GB", "IN"];
/// Who a fact is about, the word for it, the ask, who caused it, and whether it makes the lead known.
type Telling = (usize, Option<Word>, Ask, Actor, bool);

/// An order that forbids nothing.
const NOTHING: usize = usize::MAX;

impl World {
    pub async fn people(&mut self, step: Step) {
        match step {
            Step::Enroll { engine, who, sequence } => {
                let sequence = ["hello", "reach"][sequence % 2].to_owned();
                let who = self.person(who);
                let ask = Ask::Enroll { sequence, by: "sim".to_owned(), again: false };
                self.tell(engine, vec![(who, None, ask, Actor::System, true)]).await;
            }
            Step::Tell { engine, who, word } => {
                let who = self.person(who);
                if let Some((ask, actor)) = self.words(who, word) {
                    self.tell(engine, vec![(who, Some(word), ask, actor, word == Word::Arrived)]).await;
                }
            }
            Step::Batch { engine, from, count, poison } => self.batch(engine, (from, count), poison).await,
            Step::Burst { engine, from, count, poison } => {
                let facts = self.visits((from, count), poison);
                let numbers = self.note(facts);
                self.burst(engine, &numbers).await;
            }
            Step::Again { engine } => {
                let unanswered = |(_, fact): &(usize, &Fact)| fact.answered.is_none() && !fact.poison;
                let facts = self.notes.facts.iter().enumerate().filter(unanswered).map(|(number, _)| number).collect();
                self.tell_facts(engine, facts).await;
            }
            Step::Move { engine, who, to } => {
                let who = self.person(who);
                let set = Map::from_iter([("country".to_owned(), json!(COUNTRIES[to % COUNTRIES.len()]))]);
                let ask = Ask::Change { set, add_tags: Vec::new() };
                self.tell(engine, vec![(who, None, ask, Actor::System, false)]).await;
            }
            Step::Act { engine, who, act } => self.act(engine, who, act).await,
            Step::Merge { engine, who, into } => self.merge(engine, (who, into)).await,
            Step::Release { engine, skip } => {
                let held = self.model.first_in(State::Held).cloned();
                if let Some((who, touch)) = held.and_then(|row| Some((self.model.who(&row.lead)?, row.id))) {
                    self.tell(engine, vec![(who, None, Ask::Release { touch, skip }, Actor::System, false)]).await;
                }
            }
            other => self.operator(other).await,
        }
    }

    async fn operator(&mut self, step: Step) {
        match step {
            Step::Suppress { engine, who, domain } => {
                let who = self.person(who);
                let order = self.order(if domain { Ban::Address(who) } else { Ban::Person(who) });
                let (of, number) = (Arc::clone(&self.daemon(engine).await.engine), self.number(engine));
                let work = async move {
                    let address = Self::address(who);
                    let target = if domain { address.domain() } else { address.as_str() };
                    Out::Ordered(order, of.suppress(target, Reason::Manual, "sim").await)
                };
                self.drive(number, task(work)).await;
            }
            Step::Unsuppress { engine, who } => {
                let who = self.person(who);
                // The names may lead to one person by now, whether anybody was told so or not.
                let names = self.notes.perhaps_one(who);
                self.notes.lift(|ban| matches!(ban, Ban::Person(who) | Ban::Address(who) if names.contains(who)));
                let (of, number) = (Arc::clone(&self.daemon(engine).await.engine), self.number(engine));
                let work = async move {
                    let address = Self::address(who);
                    if let Err(error) = of.unsuppress(address.domain(), "sim").await {
                        return Out::Ordered(NOTHING, Err(error));
                    }
                    Out::Ordered(NOTHING, of.unsuppress(address.as_str(), "sim").await)
                };
                self.drive(number, task(work)).await;
            }
            Step::Pause { engine, scope } => {
                let scope = Scope::parse(SCOPES[scope % SCOPES.len()]).expect("a scope is written right");
                let order = self.order(ban_of(&scope));
                let (of, number) = (Arc::clone(&self.daemon(engine).await.engine), self.number(engine));
                let work = async move { Out::Ordered(order, of.pause(&scope, "sim").await.map(drop)) };
                self.drive(number, task(work)).await;
            }
            Step::Resume { engine, scope } => {
                let scope = Scope::parse(SCOPES[scope % SCOPES.len()]).expect("a scope is written right");
                self.resume(engine, scope).await;
            }
            Step::Resend { engine } => {
                let Some(touch) = self.model.first_in(State::Unknown).map(|row| row.id.clone()) else { return };
                *self.notes.resent.entry(touch.clone()).or_default() += 1;
                let (of, number) = (Arc::clone(&self.daemon(engine).await.engine), self.number(engine));
                let work = async move { Out::Ordered(NOTHING, of.resend(&touch).await.map(drop)) };
                self.drive(number, task(work)).await;
            }
            other => panic!("{other:?} is played elsewhere"),
        }
    }

    pub async fn resume(&mut self, engine: usize, scope: Scope) {
        let ban = ban_of(&scope);
        self.notes.lift(|standing| *standing == ban);
        let (of, number) = (Arc::clone(&self.daemon(engine).await.engine), self.number(engine));
        let work = async move { Out::Ordered(NOTHING, of.resume(&scope).await.map(drop)) };
        self.drive(number, task(work)).await;
    }

    pub async fn resume_all(&mut self) {
        for scope in SCOPES {
            self.resume(0, Scope::parse(scope).expect("a scope is written right")).await;
        }
    }

    /// The ask of a word, and who caused it; none where it needs a mail and there was none.
    fn words(&self, who: usize, word: Word) -> Option<(Ask, Actor)> {
        let mail = self.model.last_mail(who);
        let hear = |name: &str, data: Value| {
            let touch = mail.map(|row| row.id.clone());
            let data = data.as_object().cloned().unwrap_or_default();
            Ask::Hear { name: name.to_owned(), data, touch }
        };
        let number = self.notes.facts.len();
        let hit = |name: &str, verdict| {
            let row: &TouchRow = mail?;
            let url = Some(format!("https://northwind.example/guide?n={number}"));
            let (touch, step, enrollment) = (row.id.clone(), row.step.clone(), row.enrollment.clone());
            let reason = "sim".to_owned();
            Some((Ask::Hit { name: name.to_owned(), touch, step, enrollment, url, verdict, reason }, verdict))
        };
        let human = |ask| Some((ask, Actor::Human));
        match word {
            Word::Arrived => human(hear("arrived", json!({}))),
            Word::Replied => human(hear("replied", json!({}))),
            Word::RepliedByMachine => Some((hear("replied", json!({})), Actor::Machine)),
            Word::Away => human(hear("auto_replied", json!({}))),
            Word::Unsubscribed => human(Ask::Unsubscribe { topic: None, touch: None }),
            Word::UnsubscribedFromTips => human(Ask::Unsubscribe { topic: Some("tips".to_owned()), touch: None }),
            Word::HardBounce => Some((hear("bounced", json!({"hard": true})), Actor::System)),
            Word::Complained => human(hear("complained", json!({}))),
            Word::DemoRequested => human(hear("demo_requested", json!({}))),
            Word::MeetingBooked => human(hear("meeting_booked", json!({}))),
            Word::Contacted => human(hear("contacted", json!({}))),
            Word::Clicked => hit("clicked", Actor::Human),
            Word::Opened => hit("opened", Actor::Human),
            Word::ClickedByMachine => hit("clicked", Actor::Machine),
        }
    }

    async fn batch(&mut self, engine: usize, people: (usize, usize), poison: bool) {
        let facts = self.visits(people, poison);
        self.tell(engine, facts).await;
    }

    /// Tells each fact by itself, all at once.
    async fn burst(&mut self, engine: usize, numbers: &[usize]) {
        let (of, number) = (Arc::clone(&self.daemon(engine).await.engine), self.number(engine));
        let units = numbers.iter().map(|number| (*number, self.notes.facts[*number].unit.clone()));
        let units: Vec<(usize, Unit)> = units.collect();
        let work = async move {
            let one = async |(number, unit)| (number, of.record(vec![unit]).await);
            Out::Burst(futures_util::future::join_all(units.into_iter().map(one)).await)
        };
        self.drive(number, task(work)).await;
    }

    /// Visits of several people, one of which cannot be written down.
    fn visits(&self, (from, count): (usize, usize), poison: bool) -> Vec<Telling> {
        let poison = poison && self.house.is_poisoned;
        let facts = (from..from + count).map(|who| {
            let word = if poison && who == from + 1 { POISON } else { "fine" };
            let data = Map::from_iter([("path".to_owned(), json!("/")), ("word".to_owned(), json!(word))]);
            let ask = Ask::Hear { name: "page_viewed".to_owned(), data, touch: None };
            (self.person(who), None, ask, Actor::Human, true)
        });
        facts.collect()
    }

    async fn act(&mut self, engine: usize, who: usize, act: usize) {
        let who = self.person(who);
        let Some(handoff) = self.model.lead(who).and_then(|lead| lead.handoff.clone()) else { return };
        let reason = "not now".to_owned();
        let act = [Act::Claim, Act::Contacted, Act::NotReady { reason }, Act::WrongPerson][act % 4].clone();
        let ask = Ask::Act { handoff: handoff.id, act, by: handoff.rep };
        self.tell(engine, vec![(who, None, ask, Actor::System, false)]).await;
    }

    /// Whoever the two names lead to by now.
    async fn merge(&mut self, engine: usize, (who, into): (usize, usize)) {
        let (who, into) = (self.person(who), self.person(into));
        let Some((from, into)) = self.model.is_now(who).zip(self.model.is_now(into)) else { return };
        let Some(other) = self.model.lead(from).map(|lead| lead.id.clone()) else { return };
        if from == into {
            return;
        }
        let ask = Ask::Absorb { other, found: None };
        let numbers = self.note(vec![(into, None, ask, Actor::System, false)]);
        self.notes.facts[numbers[0]].from = Some(from);
        self.tell_facts(engine, numbers).await;
    }

    /// Tells facts: who they are about, the ask, who caused it, whether it makes the lead known.
    async fn tell(&mut self, engine: usize, told: Vec<Telling>) {
        let numbers = self.note(told);
        self.tell_facts(engine, numbers).await;
    }

    /// Notes facts that are about to be told; gives their numbers.
    fn note(&mut self, told: Vec<Telling>) -> Vec<usize> {
        let now = self.now();
        let mut numbers = Vec::new();
        for (who, word, mut ask, actor, create) in told {
            let number = self.notes.facts.len();
            let mut poison = false;
            if let Ask::Hear { data, .. } = &mut ask {
                data.insert("n".to_owned(), json!(number));
                poison = data.get("word") == Some(&json!(POISON));
            }
            let input = Input { ask, occurred_at: now, source: "sim".to_owned(), actor };
            let unit = Unit { to: Self::target(who, create), input, key: Some(("sim".to_owned(), number.to_string())) };
            self.notes.facts.push(Fact {
                who,
                word,
                from: None,
                merged: false,
                unit,
                poison,
                answered: None,
                unknown: false,
            });
            numbers.push(number);
        }
        numbers
    }

    async fn tell_facts(&mut self, engine: usize, numbers: Vec<usize>) {
        if numbers.is_empty() {
            return;
        }
        let units: Vec<Unit> = numbers.iter().map(|number| self.notes.facts[*number].unit.clone()).collect();
        let (of, number) = (Arc::clone(&self.daemon(engine).await.engine), self.number(engine));
        self.drive(number, task(async move { Out::Told(numbers, of.record(units).await) })).await;
    }
}

fn ban_of(scope: &Scope) -> Ban {
    match scope {
        Scope::All => Ban::Lane(None),
        Scope::Sequence(name) if name == "hello" => Ban::Sequence("hello"),
        Scope::Sequence(_) => Ban::Sequence("reach"),
        Scope::Sender(name) if name == "maya" => Ban::Lane(Some("mail:maya")),
        Scope::Sender(_) => Ban::Lane(Some("mail:tom")),
        Scope::Channel(name) if name == "chat" => Ban::Lane(Some("hook:chat")),
        Scope::Channel(_) => Ban::Lane(Some("hook:crm")),
    }
}
