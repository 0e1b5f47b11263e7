//! The naive reference: what may have happened at most, from what was asked, answered and received, held against the store after every
//! step. It decides nothing as the engine does; it only knows what must never be.
//!
//! | file | invariants |
//! |---|---|
//! | `copies` | I1 never twice, I2 every copy is accounted for, P3 a retry is byte-identical |
//! | `stops` | I3 nothing after a stop |
//! | `times` | I4 never before its time, nor outside of its window |
//! | `pace` | I5 caps and gaps |
//! | `facts` | I6 one event a change, a lead is the fold of its events, I8 each rung once and not before its time |
//! | `rest` | I7 no lease of the dead; what must be true when nothing is left to do |

mod copies;
mod facts;
mod pace;
mod rest;
mod stops;
mod times;

use super::house::House;
use super::notes::Notes;
use super::receiver::Came;
use super::relay::Mail;
use super::world::World;
use overture::domain::event::Event;
use overture::domain::id::{LeadId, TouchId};
use overture::domain::lead::Lead;
use overture::domain::time::Instant;
use overture::domain::touch::State;
use overture::store::leads::LeadKey;
use overture::store::reports::Touches;
use overture::store::touch_row::TouchRow;
use std::collections::BTreeMap;

/// People of a run at most.
const PEOPLE: usize = 8;

/// A mail with what is known of it.
#[derive(Clone, Debug)]
pub struct Known {
    pub mail: Mail,
    pub touch: TouchId,
    /// When it was taken from its lane, and when its attempt began.
    pub taken_at: Instant,
    pub taken_in: usize,
    pub began_at: Instant,
    /// How often the clock had been set back.
    pub era: usize,
}

#[derive(Default)]
pub struct Model {
    pub touches: BTreeMap<TouchId, TouchRow>,
    /// The step in which a touch was first seen.
    pub since: BTreeMap<TouchId, usize>,
    pub leads: BTreeMap<usize, Lead>,
    pub histories: BTreeMap<usize, Vec<Event>>,
    pub mails: Vec<Known>,
    /// How often a touch was taken over from somebody who had marked it and was silent for longer than a lease.
    pub overtaken: BTreeMap<TouchId, usize>,
    /// What was told of touches and leads so far, by `news`.
    told: BTreeMap<String, String>,
}

impl Model {
    /// What changed since it was told last, for those who look at a trace.
    pub fn news(&mut self) -> String {
        let mut all: Vec<(String, String)> = Vec::new();
        for row in self.touches.values() {
            let text = format!(
                "{} {} {} for {:?} ready {}",
                row.state.as_str(),
                row.sequence,
                row.step,
                self.who(&row.lead),
                row.ready_at
            );
            all.push((row.id.to_string(), text));
        }
        for (who, history) in &self.histories {
            all.extend(
                history.iter().map(|event| (format!("person {who} {}", event.seq), format!("{:?}", event.what))),
            );
        }
        for (number, known) in self.mails.iter().enumerate() {
            let mail = &known.mail;
            all.push((
                format!("mail {number}"),
                format!("{} by {} taken {} {:?}", known.touch, mail.engine, mail.taken, mail.said),
            ));
        }
        let mut news = String::new();
        for (about, text) in all {
            if self.told.get(&about) != Some(&text) {
                news.push_str(&format!("\n    {about}: {text}"));
                self.told.insert(about, text);
            }
        }
        news
    }

    pub fn lead(&self, who: usize) -> Option<&Lead> {
        self.leads.get(&who)
    }

    /// Which person a lead is.
    pub fn who(&self, lead: &LeadId) -> Option<usize> {
        self.leads.iter().find(|(_, known)| known.id == *lead).map(|(who, _)| *who)
    }

    /// The person whose lead somebody's name leads to by now.
    pub fn is_now(&self, who: usize) -> Option<usize> {
        let lead = self.lead(who)?;
        (0..PEOPLE).find(|other| World::address(*other) == lead.address)
    }

    pub fn first_in(&self, state: State) -> Option<&TouchRow> {
        self.touches.values().find(|row| row.state == state)
    }

    /// The last mail that reached a person.
    pub fn last_mail(&self, who: usize) -> Option<&TouchRow> {
        let to = World::address(who);
        let last = self.mails.iter().rfind(|known| known.mail.taken && known.mail.to == to.as_str())?;
        self.touches.get(&last.touch)
    }

    /// Reads what the store says by now, and checks all of it.
    pub async fn look(&mut self, house: &House, (mails, calls): (&[Mail], &[Came]), notes: &mut Notes) {
        let changed = self.read(house, notes).await;
        let fresh = self.mails.len();
        for (number, mail) in mails.iter().enumerate() {
            match self.mails.get_mut(number) {
                Some(known) => known.mail = mail.clone(),
                None => self.add(house, mail, notes),
            }
        }
        copies::check(self, calls, notes);
        stops::check(self, fresh, notes);
        times::check(self, fresh, notes);
        pace::check(self, house, notes);
        for who in changed {
            facts::check(self, who, notes);
        }
        rest::leases(self, notes);
    }

    fn add(&mut self, house: &House, mail: &Mail, notes: &mut Notes) {
        let Some(touch) = house.seal.open_message_id(&mail.message_id).map(TouchId) else {
            notes.break_rule("every mail has our Message-ID", format!("{mail:?}"));
            return;
        };
        let tried = notes.tried.iter().rfind(|tried| tried.engine == mail.engine && tried.touch == touch);
        let taken = notes.taken.iter().rfind(|taken| taken.engine == mail.engine && taken.touches.contains(&touch));
        let (Some(tried), Some(taken)) = (tried, taken) else {
            notes.break_rule("I1 nothing leaves that was not claimed", format!("{touch} to {}", mail.to));
            return;
        };
        let (taken_at, taken_in, began_at) = (taken.at, taken.step, tried.began_at);
        self.mails.push(Known { mail: mail.clone(), touch, taken_at, taken_in, began_at, era: notes.era });
    }

    /// Gives the people of whom there is something new.
    async fn read(&mut self, house: &House, notes: &Notes) -> Vec<usize> {
        let reports = house.store.reports();
        let page = reports.touches(&Touches::All, None, 2_000).await.expect("the store answers");
        assert!(page.next.is_none(), "a run makes fewer touches");
        for row in page.rows {
            self.since.entry(row.id.clone()).or_insert(notes.step);
            let state = row.state;
            let before = self.touches.insert(row.id.clone(), row.clone()).map(|before| before.state);
            let marked = before == Some(State::Marked) && matches!(state, State::Queued | State::Deferred);
            if marked && notes.kept.is_some() {
                *self.overtaken.entry(row.id).or_default() += 1;
            }
        }
        let keys: Vec<LeadKey> = (0..PEOPLE).map(|who| LeadKey::Address(World::address(who))).collect();
        let mut changed = Vec::new();
        for (who, lead) in house.store.leads(&keys).await.expect("the store answers").into_iter().enumerate() {
            let Some(lead) = lead else { continue };
            if self.leads.get(&who) != Some(&lead) {
                let history = house.store.history(&lead.id).await.expect("the store answers");
                self.histories.insert(who, history);
                self.leads.insert(who, lead);
                changed.push(who);
            }
        }
        changed
    }

    /// What must be true when nothing is left to do.
    pub fn rest(&self, notes: &mut Notes, now: Instant) {
        rest::nothing_is_left(self, notes, now);
    }

    /// Copies of one mail beyond what was asked for.
    pub fn doubled(&self, notes: &Notes) -> usize {
        copies::doubled(self, notes)
    }
}
