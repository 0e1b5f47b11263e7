//! Who comes when, and what each does about a mail.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::Chance;
use super::desk::{Deeds, Desk, choice};
use super::figures::{Figures, Mark};
use crate::domain::behaviour::{After, Behaviour, Habit, Rate, Span, Way};
use crate::domain::calendar::{Calendar, Hours, Weekdays};
use crate::domain::decide::{Ask, lead_zone};
use crate::domain::event::{Actor, What};
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, Sequence, Trigger};
use crate::domain::task::{OpenTask, TaskFact};
use crate::domain::template::LinkTarget;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{Channel, NewTouch, Outcome, RefusalClass};
use crate::engine::rehearse::{Agenda, Decided, People, Said, Sent};

/// How soon a gateway has followed all links.
const AT_ONCE: Millis = Millis(400);
/// Where people click in a mail whose links are not known before.
const SOMEWHERE: &str = "https://example.com/";
/// When people are up.
const UP: &str = "07:00-22:00";

pub struct Crowd<'a> {
    playbook: &'a Playbook,
    behaviour: &'a Behaviour,
    chance: Chance,
    ways: Vec<(Way, Rate)>,
    kinds: Vec<Rate>,
    /// The kind of each lead, by number.
    of_lead: Vec<usize>,
    up: Calendar,
    desk: Desk<'a>,
    figures: Figures,
}

impl<'a> Crowd<'a> {
    pub fn new(playbook: &'a Playbook, behaviour: &'a Behaviour, chance: Chance, figures: Figures) -> Self {
        let given = &behaviour.arrive.ways;
        let ways = if given.is_empty() { usual_ways(playbook) } else { given.clone() };
        let hours: Vec<Hours> = Hours::parse(UP).into_iter().collect();
        Self {
            playbook,
            behaviour,
            chance,
            ways,
            kinds: behaviour.people.iter().map(|(_, habit)| habit.share).collect(),
            of_lead: Vec::new(),
            up: Calendar::new(jiff::tz::TimeZone::UTC, Weekdays::ALL, &hours, BTreeSet::new()),
            desk: Desk::new(&behaviour.reps, &playbook.staff),
            figures,
        }
    }

    /// When a lead comes, and what brings it.
    pub fn arrival(&mut self, number: usize, lead: Option<&Lead>, (start, end): (Instant, Instant)) -> (Instant, Said) {
        let id = lead.map_or("", |lead| lead.id.as_str()).to_owned();
        self.take_in(number, &id);
        let whole = end.since(start);
        let over = self.behaviour.arrive.over.map_or(whole, |over| over.min(whole));
        let at = start + self.chance.between(Millis::ZERO, over, &[&id, "arrives"]);
        let shares: Vec<Rate> = self.ways.iter().map(|(_, share)| *share).collect();
        let way = choice(self.chance.part(&[&id, "way"]), &shares).and_then(|place| self.ways.get(place));
        self.figures.arrives(number, at);
        let said = match way {
            Some((Way::Event(name), _)) => {
                Said::by_person(Ask::Hear { name: name.clone(), data: Map::new(), touch: None })
            }
            Some((Way::Enroll(sequence), _)) => {
                let ask = Ask::Enroll { sequence: sequence.clone(), by: "simulation".to_owned(), again: false };
                Said { ask, source: "cli", actor: Actor::System }
            }
            None => Said::by_person(Ask::Wake),
        };
        (at, said)
    }

    /// Writes down which mails leave when; some senders are stopped.
    pub fn looks_ahead(&mut self, stopped: &BTreeSet<String>) {
        self.figures.looks_ahead(stopped);
    }

    /// Takes in a lead that was known before; what reps do about what they have of it goes on the agenda.
    pub fn knows(&mut self, number: usize, lead: &Lead, (now, agenda): (Instant, &mut Agenda)) {
        self.take_in(number, lead.id.as_str());
        self.figures.knows(number, lead);
        if let Some(handoff) = lead.handoff.as_ref().filter(|handoff| handoff.answered.is_none()) {
            let deeds = self.desk.handoff((number, handoff), now, &self.chance);
            note(deeds, number, agenda);
        }
        for task in &lead.tasks {
            self.take_task(task, (number, None), (now, agenda));
        }
    }

    /// A mail of a lead that was known before waits to leave.
    pub fn waits(&mut self, touch: &NewTouch) {
        self.figures.waits(touch);
    }

    /// A rep gets a task.
    fn take_task(
        &mut self,
        task: &OpenTask,
        (number, asked_at): (usize, Option<Instant>),
        (now, agenda): (Instant, &mut Agenda),
    ) {
        let (rep, deeds) = self.desk.task(task, now, &self.chance);
        self.figures.has_task(task, rep.as_deref(), asked_at);
        note(deeds, number, agenda);
    }

    fn take_in(&mut self, number: usize, id: &str) {
        debug_assert_eq!(number, self.of_lead.len(), "leads come in the order of their numbers");
        self.of_lead.push(choice(self.chance.part(&[id, "kind"]), &self.kinds).unwrap_or(0));
    }

    pub fn close(mut self, decisions: u64, end: Instant) -> Figures {
        self.desk.close(&mut self.figures, end);
        self.figures.closed(decisions)
    }

    fn habit(&self, number: usize) -> Option<&'a Habit> {
        let kind = self.of_lead.get(number)?;
        self.behaviour.people.get(*kind).map(|(_, habit)| habit)
    }

    /// So much later, and not in the night.
    fn later(&self, from: Instant, span: Span, (sent, what): (&Sent<'_>, &str)) -> Instant {
        let at = from + self.chance.between(span.least, span.most, &[sent.touch.id.as_str(), what]);
        let zone = lead_zone(sent.lead, &self.playbook.settings, None);
        self.up.in_zone(zone).next_open(at).unwrap_or(at)
    }

    /// All that is done about a mail that arrived.
    fn react(&mut self, sent: &Sent<'_>, habit: &Habit, agenda: &mut Agenda) {
        let sequence = self.playbook.version(&sent.touch.version);
        let track = sequence.map(|sequence| sequence.send.track).unwrap_or_default();
        let url = sequence.map_or_else(|| SOMEWHERE.to_owned(), |sequence| self.link(sent, sequence));
        let id = sent.touch.id.as_str();
        if self.chance.comes(habit.scanned, &[sent.lead.id.as_str(), "scanned"]) {
            let at = sent.now + AT_ONCE;
            if track.opens {
                agenda.add(at, sent.number, hit(sent, "opened", None, Actor::Machine));
            }
            if track.clicks {
                agenda.add(at, sent.number, hit(sent, "clicked", Some(url.clone()), Actor::Machine));
            }
        }
        let thrown = self.chance.part(&[id, "reads"]);
        let (opens, clicks) = (thrown < habit.open.0, thrown < habit.click.0);
        let opened_at = self.later(sent.now, habit.opens_after, (sent, "opens"));
        let clicked_at =
            opened_at + self.chance.between(habit.clicks_after.least, habit.clicks_after.most, &[id, "clicks"]);
        if opens {
            self.figures.step(sent, Mark::Opened, opened_at);
            if track.opens {
                agenda.add(opened_at, sent.number, hit(sent, "opened", None, Actor::Human));
            }
        }
        if clicks {
            self.figures.step(sent, Mark::Clicked, clicked_at);
            if track.clicks {
                agenda.add(clicked_at, sent.number, hit(sent, "clicked", Some(url), Actor::Human));
            }
        }
        self.then(sent, habit, [(opens, opened_at), (clicks, clicked_at)], agenda);
        self.answer(sent, habit, agenda);
    }

    /// What else follows an opening or a click.
    fn then(&self, sent: &Sent<'_>, habit: &Habit, [opened, clicked]: [(bool, Instant); 2], agenda: &mut Agenda) {
        for (place, deed) in habit.deeds.iter().enumerate() {
            let (happened, at) = match deed.after {
                After::Open => opened,
                After::Click => clicked,
            };
            let what = format!("then {place}");
            if happened && self.chance.comes(deed.rate, &[sent.touch.id.as_str(), &what]) {
                let at = self.later(at, deed.delay, (sent, &what));
                agenda.add(at, sent.number, heard(&deed.event, deed.data.clone(), None));
            }
        }
    }

    /// The one answer a mail gets, if it gets one.
    fn answer(&mut self, sent: &Sent<'_>, habit: &Habit, agenda: &mut Agenda) {
        let rates = [habit.reply, habit.unsubscribe, habit.complain, habit.out_of_office];
        let Some(answer) = choice(self.chance.part(&[sent.touch.id.as_str(), "answers"]), &rates) else { return };
        let at = self.later(sent.now, habit.answers_after, (sent, "answers after"));
        let touch = Some(sent.touch.id.clone());
        let (at, said) = match answer {
            0 => {
                self.figures.step(sent, Mark::Replied, at);
                (at, heard("replied", Map::new(), touch))
            }
            1 => (at, Said { ask: Ask::Unsubscribe { topic: None, touch }, source: "tracking", actor: Actor::Human }),
            2 => (at, heard("complained", Map::new(), touch)),
            _ => {
                let away =
                    self.chance.between(habit.away_for.least, habit.away_for.most, &[sent.touch.id.as_str(), "away"]);
                let until = json!((sent.now + away).to_string());
                let data = Map::from_iter([("until".to_owned(), until)]);
                (sent.now + Millis::MINUTE, heard("auto_replied", data, touch))
            }
        };
        agenda.add(at, sent.number, said);
    }

    /// The link of the mail that this reader follows.
    fn link(&self, sent: &Sent<'_>, sequence: &Sequence) -> String {
        let links = sequence.templates.get(&sent.touch.template).map(|template| template.links()).unwrap_or_default();
        let fixed: Vec<&str> = links
            .iter()
            .filter_map(|link| match link {
                LinkTarget::Fixed(url) => Some(url.as_str()),
                LinkTarget::Templated(_) => None,
            })
            .collect();
        let place = self.chance.below(fixed.len(), &[sent.touch.id.as_str(), "link"]);
        fixed.get(place).map_or_else(|| SOMEWHERE.to_owned(), |url| (*url).to_owned())
    }
}

impl People for Crowd<'_> {
    fn receive(&mut self, sent: &Sent<'_>, agenda: &mut Agenda) -> Outcome {
        self.figures.leaves(sent);
        let accepted = Outcome::accepted("250 2.0.0 simulated");
        if sent.touch.channel == Channel::Webhook {
            return accepted;
        }
        let Some(habit) = self.habit(sent.number) else { return accepted };
        if self.chance.comes(habit.bounce, &[sent.lead.id.as_str(), "bounces"]) {
            return Outcome::Refused { class: RefusalClass::Hard, reply: "550 5.1.1 no such user".to_owned() };
        }
        self.react(sent, habit, agenda);
        accepted
    }

    fn notice(&mut self, decided: &Decided<'_>, agenda: &mut Agenda) {
        self.figures.notice(decided);
        for event in decided.events {
            match &event.what {
                What::HandoffOpened { handoff } => {
                    let deeds = self.desk.handoff((decided.number, handoff), decided.now, &self.chance);
                    note(deeds, decided.number, agenda);
                }
                What::HandoffClosed { .. } => self.desk.closed(decided.number, decided.now),
                // One that the same decision calls off comes into nobody's inbox.
                What::Task { fact: TaskFact::Asked { open, .. }, .. } if decided.lead.task(&open.id).is_some() => {
                    self.take_task(open, (decided.number, Some(decided.now)), (decided.now, agenda));
                }
                What::Task { task, .. } if decided.lead.task(task).is_none() => {
                    self.desk.over(task.as_str(), decided.now);
                }
                _ => {}
            }
        }
    }
}

fn note(deeds: Deeds, number: usize, agenda: &mut Agenda) {
    for (at, ask) in deeds {
        agenda.add(at, number, Said::by_person(ask));
    }
}

fn heard(name: &str, data: Map<String, Value>, touch: Option<crate::domain::id::TouchId>) -> Said {
    Said::by_person(Ask::Hear { name: name.to_owned(), data, touch })
}

fn hit(sent: &Sent<'_>, name: &str, url: Option<String>, verdict: Actor) -> Said {
    let reason = if verdict == Actor::Machine { "scanner" } else { "person" };
    let ask = Ask::Hit {
        name: name.to_owned(),
        touch: sent.touch.id.clone(),
        step: sent.touch.step.clone(),
        enrollment: sent.touch.enrollment.clone(),
        url,
        verdict,
        reason: reason.to_owned(),
    };
    Said { ask, source: "tracking", actor: verdict }
}

/// What the sequences themselves say of how leads come, in equal shares: by the events that enroll, and by hand where nothing leads in.
fn usual_ways(playbook: &Playbook) -> Vec<(Way, Rate)> {
    let sequences = || playbook.sequences.values();
    let mut led_to = BTreeSet::new();
    for step in sequences().flat_map(|sequence| &sequence.steps) {
        if let Act::Enroll { sequence } = &step.act {
            led_to.insert(sequence.as_str());
        }
    }
    let mut ways: Vec<Way> = Vec::new();
    for sequence in sequences() {
        let events = sequence.enroll.iter().filter_map(|trigger| match trigger {
            Trigger::Event { on, .. } => Some(Way::Event(on.clone())),
            Trigger::Every { .. } => None,
        });
        ways.extend(events);
        if sequence.enroll.is_empty() && !led_to.contains(sequence.name.as_str()) {
            ways.push(Way::Enroll(sequence.name.clone()));
        }
    }
    ways.dedup();
    let count = u32::try_from(ways.len()).unwrap_or(1).max(1);
    let share = Rate::WHOLE.0.div_ceil(count);
    ways.into_iter().map(|way| (way, Rate(share))).collect()
}
