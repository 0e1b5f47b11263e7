//! A year of made-up leads, decided in memory: what a decision costs beside an event loop that decides nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use overture::config::{self, Environment};
use overture::domain::address::EmailAddress;
use overture::domain::decide::{Ask, Case, Effect, Input, decide, newborn};
use overture::domain::event::Actor;
use overture::domain::id::{LeadId, derived, encode};
use overture::domain::lead::Lead;
use overture::domain::playbook::Playbook;
use overture::domain::time::{Instant, Millis};
use overture::domain::touch::{NewTouch, Outcome, RefusalClass};
use serde_json::Map;

use super::child;
use super::options::Options;
use super::pair::{Goal, Run, in_turn, line, middle, void};
use super::stage::{Stage, Ways, attributes};

const START: Instant = Instant(1_767_225_600_000);
const YEAR: u64 = 31_536_000;
const STEPS: u64 = 8;

const YEARLY: &str =
    "title: A year\nkind: cadence\nowner: tom\nsend:\n  from: s0\n  days: mon-sun\n  hours: 00:00-24:00\nsteps:\n";

/// Goal 13.
pub fn run(options: &Options) {
    let leads = options.size_or(20_000);
    let playbook = playbook();
    let pair = in_turn(options.rounds, || timed(leads, || year(leads, &playbook)), || timed(leads, || heap(leads)));
    let what = "CPU of a year of decisions / bare heap loop";
    // Both sides throw the same dice, so they send alike; far apart, one of them is not the same year.
    let mails = |runs: &[Run]| middle(runs, |run| run.turns.unwrap_or(0.0));
    if (mails(&pair.ours) / mails(&pair.theirs) - 1.0).abs() > 0.05 {
        return void("13", what, &format!("{:.2} mails a lead beside {:.2}", mails(&pair.ours), mails(&pair.theirs)));
    }
    let beside = format!(
        "{:.1} us a lead beside {:.2} us; {:.2} mails a lead",
        middle(&pair.ours, |run| run.cpu),
        middle(&pair.theirs, |run| run.cpu),
        mails(&pair.ours)
    );
    line("13", what, pair.ratio(|run| run.cpu), Goal::AtMost(30.0), &beside);
}

/// What a piece of work costs a lead, and how many mails it sent a lead.
pub fn timed(leads: usize, work: impl FnOnce() -> u64) -> Run {
    let (pid, began) = (std::process::id(), std::time::Instant::now());
    let before = child::cpu(pid);
    let sent = work();
    let cpu = child::cpu(pid) - before;
    // The kernel counts in hundredths of a second; what is shorter is timed by the clock.
    let cpu = if cpu < 0.2 { began.elapsed().as_secs_f64() } else { cpu };
    Run { cpu: cpu / leads as f64 * 1e6, turns: Some(sent as f64 / leads as f64), exact: true, ..Run::default() }
}

pub fn playbook() -> Playbook {
    let stage = Stage::set(Ways { senders: 1, connections: 1, port: 25 }, "sqlite");
    let steps: String =
        (0..STEPS).map(|step| format!("  - id: m{step}\n    email: bench/offer\n  - wait: 3d\n")).collect();
    stage.workspace.write("sequences/year.yaml", &format!("{YEARLY}{steps}  - end: done\n"));
    let loaded = config::load(stage.workspace.path(), &Environment::new());
    loaded.unwrap_or_else(|error| panic!("the workspace has mistakes: {error:?}")).playbook
}

/// The same dice for both sides.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// What happens after a mail: seconds until an open, a click, a reply, or that it bounced.
struct Fate {
    bounced: bool,
    opened: Option<u64>,
    clicked: Option<u64>,
    replied: Option<u64>,
}

fn fate(dice: &mut Dice) -> Fate {
    let thrown = dice.below(1_000);
    let mut after = |happens: bool, least: u64, spread: u64| happens.then(|| least + dice.below(spread));
    Fate {
        bounced: thrown < 20,
        opened: after(thrown < 420, 600, 86_400),
        clicked: after((900..980).contains(&thrown), 700, 86_400),
        replied: after(thrown >= 970, 3_600, 172_800),
    }
}

/// A heap, a counter a lead, and nothing else.
pub fn heap(leads: usize) -> u64 {
    let mut dice = Dice(88_172_645_463_325_252);
    let mut queue = BinaryHeap::with_capacity(leads * 2);
    let mut stopped = vec![false; leads];
    let mut score = vec![0_u8; leads];
    (0..leads).for_each(|lead| queue.push(Reverse((dice.below(YEAR / 2), lead, 0_u8, 0_u64))));
    let mut sent = 0;
    while let Some(Reverse((at, lead, kind, step))) = queue.pop() {
        match kind {
            0 if stopped[lead] => {}
            0 => {
                sent += 1;
                let fate = fate(&mut dice);
                stopped[lead] |= fate.bounced;
                for (kind, after) in [(1, fate.opened), (2, fate.clicked), (3, fate.replied)] {
                    queue.extend(after.map(|after| Reverse((at + after, lead, kind, step))));
                }
                if step + 1 < STEPS {
                    queue.push(Reverse((at + 259_200, lead, 0, step + 1)));
                }
            }
            1 => score[lead] = score[lead].saturating_add(1),
            2 => score[lead] = score[lead].saturating_add(5),
            _ => stopped[lead] = true,
        }
    }
    std::hint::black_box(score);
    sent
}

/// What is to come for a lead.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Enter,
    Wake,
    Sent(String),
    Bounced(String),
    Opened(String),
    Clicked(String),
    Replied(String),
}

struct Year<'p> {
    playbook: &'p Playbook,
    dice: Dice,
    leads: Vec<Option<Lead>>,
    queue: BinaryHeap<Reverse<(i64, usize, Next)>>,
    touches: std::collections::HashMap<String, Box<NewTouch>>,
    sent: u64,
}

/// The same year with every decision made.
pub fn year(leads: usize, playbook: &Playbook) -> u64 {
    let mut year = Year {
        playbook,
        dice: Dice(88_172_645_463_325_252),
        leads: (0..leads).map(|number| Some(born(number))).collect(),
        queue: BinaryHeap::with_capacity(leads * 2),
        touches: std::collections::HashMap::new(),
        sent: 0,
    };
    for lead in 0..leads {
        let at = START + Millis(i64::try_from(year.dice.below(YEAR / 2) * 1_000).unwrap_or(0));
        year.queue.push(Reverse((at.0, lead, Next::Enter)));
    }
    while let Some(Reverse((at, lead, next))) = year.queue.pop() {
        year.live(Instant(at), lead, &next);
    }
    year.sent
}

fn born(number: usize) -> Lead {
    let id = LeadId(encode(u128::try_from(number).unwrap_or(0) + (1 << 100)));
    let address = EmailAddress::parse(&format!("lead{number}@bench.example")).expect("an address");
    let mut lead = newborn(id, address, None, START);
    lead.attributes = attributes(number).into_iter().collect();
    lead
}

impl Year<'_> {
    fn live(&mut self, now: Instant, number: usize, next: &Next) {
        let Some(ask) = self.ask(next) else { return };
        let lead = self.leads[number].take().expect("a lead is one at a time");
        if *next == Next::Wake && lead.wake_at.is_none_or(|at| at > now) {
            self.leads[number] = Some(lead);
            return;
        }
        let was = lead.wake_at;
        let case = Case {
            stopped_senders: Arc::default(),
            colleague: None,
            lead,
            suppressed: None,
            loads: Some(std::collections::BTreeMap::new()),
            intakes: None,
            winners: Arc::default(),
            paused_sequences: Arc::default(),
        };
        let input = Input { ask, occurred_at: now, source: "bench".to_owned(), actor: Actor::Human };
        let decision = decide(&case, &input, self.playbook, now);
        for effect in decision.effects {
            if let Effect::Queue(touch) = effect
                && touch.lane.starts_with("mail:")
            {
                self.carry(touch.ready_at.max(now), number, touch);
            }
        }
        if let Some(at) = decision.lead.wake_at.filter(|at| Some(*at) != was || *next == Next::Wake) {
            self.queue.push(Reverse((at.max(now).0, number, Next::Wake)));
        }
        self.leads[number] = Some(decision.lead);
    }

    /// Sends a touch, and throws what comes of it.
    fn carry(&mut self, at: Instant, number: usize, touch: Box<NewTouch>) {
        self.sent += 1;
        let fate = fate(&mut self.dice);
        let id = touch.id.as_str().to_owned();
        self.touches.insert(id.clone(), touch);
        let mut push = |after: u64, next| {
            let at = at + Millis(i64::try_from(after * 1_000).unwrap_or(0));
            self.queue.push(Reverse((at.0, number, next)));
        };
        push(0, if fate.bounced { Next::Bounced(id.clone()) } else { Next::Sent(id.clone()) });
        fate.opened.into_iter().for_each(|after| push(after, Next::Opened(id.clone())));
        fate.clicked.into_iter().for_each(|after| push(after, Next::Clicked(id.clone())));
        fate.replied.into_iter().for_each(|after| push(after, Next::Replied(id.clone())));
    }

    fn ask(&self, next: &Next) -> Option<Ask> {
        let of = |id: &String| self.touches.get(id);
        let came = |id: &String, outcome: Outcome| {
            of(id).map(|touch| Ask::Touched {
                touch: touch.id.clone(),
                enrollment: touch.enrollment.clone(),
                step: touch.step.clone(),
                outcome,
            })
        };
        let hit = |id: &String, name: &str, url: Option<&str>| {
            of(id).map(|touch| Ask::Hit {
                name: name.to_owned(),
                touch: touch.id.clone(),
                step: touch.step.clone(),
                enrollment: touch.enrollment.clone(),
                url: url.map(str::to_owned),
                verdict: Actor::Human,
                reason: "person".to_owned(),
            })
        };
        match next {
            Next::Enter => Some(Ask::Enroll { sequence: "year".to_owned(), by: "bench".to_owned(), again: false }),
            Next::Wake => Some(Ask::Wake),
            Next::Sent(id) => came(id, Outcome::accepted("250 2.0.0 Ok")),
            Next::Bounced(id) => {
                came(id, Outcome::Refused { class: RefusalClass::Hard, reply: "550 5.1.1 no such user".to_owned() })
            }
            Next::Opened(id) => hit(id, "opened", None),
            Next::Clicked(id) => hit(id, "clicked", Some("https://example.com/p/1")),
            Next::Replied(id) => of(id).map(|touch| Ask::Hear {
                name: "replied".to_owned(),
                data: Map::from_iter([("message_id".to_owned(), derived(&[id]).into())]),
                touch: Some(touch.id.clone()),
            }),
        }
    }
}
