//! The play: whatever is due is done until nothing is, then the clock steps to the next instant at which something is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::hands::{Hands, Said};
use super::show::Board;
use super::stage::Stage;
use crate::cli::failure::{Failure, chain};
use crate::cli::paper::Paper;
use crate::clock::wall;
use crate::daemon::{adopt, watch_files};
use crate::domain::time::{Instant, Millis};
use crate::sim::Chance;
use crate::sim::agenda::{Agenda, Deed};
use crate::sim::habits::Arrived;
use crate::sim::people::{Arrival, Person};
use crate::sim::sales::{self, Alert};
use crate::store::StoreError;
use crate::web::dashboard::Letter;

/// The cadence of those on a list.
const CADENCE: &str = "outbound-cadence";

pub struct Play<'s> {
    stage: &'s Stage,
    people: Vec<Person>,
    by_email: BTreeMap<String, usize>,
    agenda: Agenda,
    chance: Chance,
    end: Instant,
    /// Real time a day takes at least; none: as fast as it goes.
    day: Option<Duration>,
    /// Mails and calls that were reacted to.
    mails: usize,
    calls: usize,
    /// Mails each person had.
    had: BTreeMap<usize, usize>,
}

impl<'s> Play<'s> {
    pub fn new(stage: &'s Stage, people: Vec<Person>, chance: Chance, length: Millis) -> Self {
        let begin = stage.engine.now();
        let by_email = people.iter().enumerate().map(|(at, person)| (person.email.clone(), at)).collect();
        let agenda = arrivals(&people, begin);
        let (end, had) = (begin + length, BTreeMap::new());
        Self { stage, people, by_email, agenda, chance, end, day: None, mails: 0, calls: 0, had }
    }

    /// Takes its time, and reads the files again when they change.
    pub fn paced(mut self, day: Duration) -> Self {
        self.day = Some(day);
        self
    }

    /// Plays all of it.
    pub async fn run(&mut self, board: &mut Board, paper: &mut Paper) -> Result<(), Failure> {
        let hands = Hands::new(self.stage)?;
        let mut files = Files::new(self.stage);
        loop {
            self.all_that_is_due(&hands).await?;
            board.show(self.stage, paper).await?;
            let now = self.stage.engine.now();
            if now >= self.end {
                return Ok(());
            }
            let next = self.next(now).await?.min(self.end);
            if let Some(day) = self.day {
                files.look(self.stage).await;
                pause(day, next.since(now)).await;
            }
            self.stage.engine.clock.set(next);
            // Pages show the time as well.
            self.stage.engine.beat();
        }
    }

    /// Does everything that is due, until nothing is.
    async fn all_that_is_due(&mut self, hands: &Hands) -> Result<(), Failure> {
        let engine = &self.stage.engine;
        loop {
            let now = engine.now();
            let mut moved = 0;
            while let Some((at, deed)) = self.agenda.due(now) {
                moved += 1;
                self.do_it(hands, at, deed).await?;
            }
            loop {
                let woken = engine.wake(now).await.map_err(|error| broken(&error))?;
                if woken == 0 {
                    break;
                }
                moved += woken;
            }
            moved += engine.deliver_once(now).await.map_err(|error| broken(&error))?;
            self.read_mails();
            self.read_calls(now);
            if moved == 0 {
                return Ok(());
            }
        }
    }

    async fn do_it(&mut self, hands: &Hands, at: Instant, deed: Deed) -> Result<(), Failure> {
        match hands.perform(at, &deed, &self.people).await? {
            Said::Stop(person) => {
                self.stage.shelf.stop(&self.people[person].email);
                self.agenda.end(person);
            }
            Said::Something => {}
        }
        if let Deed::Press { then: Some(after), .. } = deed {
            for (at, deed) in sales::after(after.person, (at, &self.chance)) {
                self.agenda.add(at, deed);
            }
        }
        Ok(())
    }

    /// People read what came, and mean to do something about it.
    fn read_mails(&mut self) {
        let new = self.stage.shelf.since(self.mails);
        self.mails += new.len();
        for mail in new {
            self.stage.letters.add(Letter { at: mail.at, to: mail.to.clone(), raw: Arc::clone(&mail.raw) });
            let Some(person) = self.by_email.get(&mail.to).copied() else { continue };
            let before = self.had.entry(person).or_default();
            let who = &self.people[person];
            let arrived =
                Arrived { person, who, letter: &mail.letter, before: *before, at: mail.at, chance: &self.chance };
            *before += 1;
            for (at, deed) in arrived.deeds() {
                self.agenda.add(at, deed);
            }
        }
    }

    /// Reps read their alerts; the same alert goes to several channels, and one of them is read.
    fn read_calls(&mut self, now: Instant) {
        let new = self.stage.receipts.since(self.calls);
        self.calls += new.len();
        let staff = Arc::clone(&self.stage.engine.playbook().staff);
        for call in new.iter().filter(|call| call.channel == "sales-chat") {
            let Some(alert) = Alert::read(&call.payload) else { continue };
            let Some(person) = self.by_email.get(&alert.email).copied() else { continue };
            for (at, deed) in alert.deeds(person, &staff, (now, &self.chance)) {
                self.agenda.add(at, deed);
            }
        }
    }

    /// The next instant at which something is due; at least a second on, so that time never stands still.
    async fn next(&self, now: Instant) -> Result<Instant, Failure> {
        let engine = &self.stage.engine;
        let ready = engine.store.next_ready(Instant(i64::MIN)).await?;
        let due = [engine.next_wake(now).await?, ready, self.agenda.next()];
        let next = due.into_iter().flatten().min().unwrap_or(self.end);
        Ok(if next > now { next } else { now + Millis::SECOND })
    }
}

/// When everybody comes to be known: one by one, and by list.
fn arrivals(people: &[Person], begin: Instant) -> Agenda {
    let mut agenda = Agenda::default();
    let mut lists: BTreeMap<Instant, Vec<usize>> = BTreeMap::new();
    for (person, who) in people.iter().enumerate() {
        match who.arrival {
            Arrival::Trial(after) => agenda.add(begin + after, Deed::StartTrial { person }),
            Arrival::List(after) => lists.entry(begin + after).or_default().push(person),
        }
    }
    for (at, people) in lists {
        agenda.add(at, Deed::Import { people, sequence: CADENCE.to_owned() });
    }
    agenda
}

#[expect(clippy::disallowed_methods, reason = "somebody looks on: a day takes its time")]
async fn pause(day: Duration, length: Millis) {
    let share = f64::from(i32::try_from(length.0.clamp(0, Millis::DAY.0)).unwrap_or(0)) / f64::from(86_400_000);
    tokio::time::sleep(day.mul_f64(share)).await;
}

/// The workspace's files, looked at once a second.
struct Files {
    seen: Option<(usize, std::time::SystemTime)>,
    looked_at: Instant,
}

impl Files {
    fn new(stage: &Stage) -> Self {
        Self { seen: watch_files(&stage.folder), looked_at: wall() }
    }

    async fn look(&mut self, stage: &Stage) {
        if wall().since(self.looked_at) < Millis::SECOND {
            return;
        }
        self.looked_at = wall();
        let now = watch_files(&stage.folder);
        if now != self.seen {
            self.seen = now;
            adopt(&stage.engine, &stage.folder, &stage.environment).await;
        }
    }
}

fn broken(error: &StoreError) -> Failure {
    Failure::broken(chain(error))
}
