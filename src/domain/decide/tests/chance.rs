//! Histories made by chance, on a small playbook with everything in it that one sequence can do to another.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::desk::Desk;
use super::plot::{book, branch, email, handoff, hook, sequence, two_mails, wait};
use crate::domain::decide::{Ask, Reply};
use crate::domain::event::Actor;
use crate::domain::handoff::Act as Deed;
use crate::domain::id::HandoffId;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, Again, Assign, AtSql, Kind, OnFailure, OnUnknown, Sequence};
use crate::domain::stage::Stage;
use crate::domain::suppression::Reason;
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::{NewTouch, Outcome, RefusalClass};

pub fn playbook() -> Playbook {
    let points = |points| Act::Set(vec![Assign::Points { points, reason: "step".to_owned() }]);
    let country = Act::Set(vec![
        Assign::Attribute { name: "country".to_owned(), value: json!("JP") },
        Assign::Tag { add: true, tag: "seen".to_owned() },
        Assign::Stage { to: Stage::Mql, reason: "came so far".to_owned() },
    ]);
    let forks = vec![
        ("mail", email()),
        ("gap", wait("2d ± 3h")),
        ("fork", branch("opened('mail') || lead.odd > 5", 3, 5)),
        ("hand", handoff("opened it")),
        ("call", hook(OnFailure::Hold)),
        ("on", wait("3bd")),
        ("more", points(30.0)),
        ("last", email()),
    ];
    let winds =
        vec![("until", wait("until Tue 09:30")), ("set", country), ("mail", email()), ("next", enter("cadence"))];
    let nurture = sequence("nurture", Kind::Nurture, forks).on("trial_started").topic("tips").again(Again::Always);
    let pausing = two_mails("pausing", Kind::Nurture).on("page_viewed").at_sql(AtSql::Pause).goal("demo_requested");
    let cadence = two_mails("cadence", Kind::Cadence).stop_on("meeting_booked").stop_when("stage == 'customer'");
    let winding = sequence("winding", Kind::Cadence, winds).on("trial_started").again(Again::After(Millis::DAY));
    let receipt = two_mails("receipt", Kind::Transactional).on("paid").again(Again::Always);
    book(vec![
        nurture.stop_when("count('login', 7d) > 2"),
        pausing,
        Sequence { on_unknown: OnUnknown::Hold, ..cadence },
        winding,
        receipt,
        two_mails("win-back", Kind::Nurture),
    ])
    .staffed()
}

fn enter(sequence: &str) -> Act {
    Act::Enroll { sequence: sequence.to_owned() }
}

const SEQUENCES: [&str; 6] = ["nurture", "pausing", "cadence", "winding", "receipt", "win-back"];

/// One thing that may come to a lead; what a touch or a handoff it is about is chosen from what there is then.
#[derive(Clone, Debug)]
pub enum Move {
    Tell(Ask),
    /// Of the touch with this number.
    Comes(usize, Outcome),
    Hit(usize, &'static str, Actor),
    Release(usize, bool),
    Deed(Deed),
}

#[derive(Clone, Debug)]
pub struct Turn {
    pub after: Millis,
    /// How long ago it happened; before now, or in the future.
    pub ago: Millis,
    pub actor: Actor,
    pub wakes: bool,
    pub what: Move,
}

fn one_sequence() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(&SEQUENCES[..]).prop_map(str::to_owned))
}

fn heard() -> impl Strategy<Value = Ask> {
    let often = ["trial_started", "page_viewed", "login", "feature_used", "auto_replied", "paid", "rep_called"];
    let seldom = ["demo_requested", "meeting_booked", "replied", "bounced", "complained", "unsubscribed"];
    let names = prop_oneof![8 => prop::sample::select(often.to_vec()), 1 => prop::sample::select(seldom.to_vec())];
    let data = prop::sample::select(vec![
        json!({}),
        json!({"path": "/pricing"}),
        json!({"hard": true}),
        json!({"topic": "tips"}),
        json!({"until": "2026-03-20"}),
        json!({"until": "soon"}),
    ]);
    (names, data).prop_map(|(name, data)| Ask::Hear {
        name: name.to_owned(),
        data: data.as_object().cloned().unwrap_or_default(),
        touch: None,
    })
}

fn changed() -> impl Strategy<Value = Ask> {
    let values = vec![
        ("title", json!("VP of Sales")),
        ("title", json!("Student")),
        ("employees", json!(300)),
        ("country", json!("FR")),
        ("country", json!(7)),
        ("zone", json!("Asia/Tokyo")),
        ("zone", json!("Nowhere/At_All")),
        ("zone", Value::Null),
        ("odd", json!("text")),
        ("odd", json!(9.25)),
        ("decide_by", json!("2026-04-01")),
    ];
    let tags = prop::collection::vec(prop::sample::select(vec!["vip".to_owned(), "old".to_owned()]), 0..3);
    (prop::sample::select(values), tags)
        .prop_map(|((name, value), add_tags)| Ask::Change { set: Map::from_iter([(name.to_owned(), value)]), add_tags })
}

fn asked() -> impl Strategy<Value = Ask> {
    let stage = || prop::sample::select(Stage::ALL.to_vec());
    let reason = || prop::sample::select(Reason::ALL.to_vec());
    prop_oneof![
        16 => heard(),
        4 => changed(),
        2 => Just(Ask::Wake),
        10 => (prop::sample::select(&SEQUENCES[..]), any::<bool>())
            .prop_map(|(name, again)| Ask::Enroll { sequence: name.to_owned(), by: "cli".to_owned(), again }),
        1 => one_sequence().prop_map(|sequence| Ask::Remove { sequence, reason: "by hand".to_owned() }),
        2 => one_sequence().prop_map(|sequence| Ask::Pause { sequence, because: "by hand".to_owned() }),
        3 => one_sequence().prop_map(|sequence| Ask::Resume { sequence }),
        1 => prop::option::of(Just("tips".to_owned())).prop_map(|topic| Ask::Unsubscribe { topic, touch: None }),
        1 => reason().prop_map(|reason| Ask::Suppress { reason }),
        2 => Just(Ask::Unsuppress),
        1 => Just(Ask::HandOff { reason: "asked for it".to_owned() }),
        1 => stage().prop_map(|to| Ask::Stage { to, reason: "by hand".to_owned() }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let text = || "as told".to_owned();
    let refused = move |class| Outcome::Refused { class, reply: text() };
    let until = Instant(1_772_500_000_000);
    prop_oneof![
        16 => Just(Outcome::accepted(text())),
        1 => Just(refused(RefusalClass::Hard)),
        2 => Just(refused(RefusalClass::Other)),
        2 => Just(Outcome::Unknown { reason: text() }),
        2 => Just(Outcome::Expired),
        3 => Just(Outcome::Held { reason: text() }),
        2 => Just(Outcome::Deferred { reply: text(), until }),
    ]
}

fn moved() -> impl Strategy<Value = Move> {
    let actor = || prop::sample::select(vec![Actor::Human, Actor::Machine]);
    let name = prop::sample::select(vec!["opened", "clicked"]);
    let deeds =
        vec![Deed::Claim, Deed::Contacted, Deed::NotReady { reason: "next year".to_owned() }, Deed::WrongPerson];
    prop_oneof![
        10 => asked().prop_map(Move::Tell),
        8 => (any::<usize>(), outcome()).prop_map(|(touch, outcome)| Move::Comes(touch, outcome)),
        4 => (any::<usize>(), name, actor()).prop_map(|(touch, name, actor)| Move::Hit(touch, name, actor)),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(touch, skip)| Move::Release(touch, skip)),
        2 => prop::sample::select(deeds).prop_map(Move::Deed),
    ]
}

pub fn turn() -> impl Strategy<Value = Turn> {
    let after =
        prop_oneof![4 => 0..120_000_i64, 4 => 0..3_600_000_i64, 8 => 0..400_000_000_i64, 1 => 0..9_000_000_000_i64];
    let ago = prop_oneof![6 => Just(0), 2 => 0..90_000_000_i64, 1 => 0..9_000_000_000_i64, 1 => -400_000..0_i64];
    let actor = prop::sample::select(vec![Actor::Human, Actor::Human, Actor::System, Actor::Machine]);
    (after, ago, actor, any::<bool>(), moved()).prop_map(|(after, ago, actor, wakes, what)| Turn {
        after: Millis(after),
        ago: Millis(ago),
        actor,
        wakes,
        what,
    })
}

/// A touch, if there is any: rather one of a step that is on its way than another.
fn pick(desk: &Desk, number: usize) -> Option<NewTouch> {
    let on_its_way = |(touch, stands): &&(NewTouch, String)| touch.enrollment.is_some() && stands == "queued";
    let likely: Vec<_> = desk.outbox.values().filter(on_its_way).collect();
    let all: Vec<_> = desk.outbox.values().collect();
    let among = if likely.is_empty() || number.is_multiple_of(4) { all } else { likely };
    among.get(number / 4 % among.len().max(1)).map(|(touch, _)| touch.clone())
}

/// Does one turn; the outbox says which touches there are.
pub fn play(desk: &mut Desk, turn: &Turn) -> Reply {
    let later = desk.now + turn.after;
    if turn.wakes {
        desk.until(later);
    }
    desk.now = later.max(desk.now);
    let picked = |number: &usize| pick(desk, *number);
    let ask = match &turn.what {
        Move::Tell(ask) => ask.clone(),
        Move::Comes(number, outcome) => match picked(number) {
            Some(touch) => Ask::Touched {
                touch: touch.id,
                enrollment: touch.enrollment,
                step: touch.step,
                outcome: outcome.clone(),
            },
            None => Ask::Wake,
        },
        Move::Hit(number, name, verdict) => picked(number).map_or(Ask::Wake, |touch| Ask::Hit {
            name: (*name).to_owned(),
            touch: touch.id,
            step: touch.step,
            enrollment: touch.enrollment,
            url: Some("https://northwind.example/".to_owned()),
            verdict: *verdict,
            reason: "told".to_owned(),
        }),
        Move::Release(number, skip) => {
            picked(number).map_or(Ask::Wake, |touch| Ask::Release { touch: touch.id, skip: *skip })
        }
        Move::Deed(act) => {
            let handoff = desk.lead.handoff.as_ref().map_or(HandoffId("none".to_owned()), |open| open.id.clone());
            Ask::Act { handoff, act: act.clone(), by: "ines".to_owned() }
        }
    };
    if let Ask::Touched { touch, outcome, .. } = &ask
        && let Some((_, stands)) = desk.outbox.get_mut(touch)
    {
        outcome.state().as_str().clone_into(stands);
    }
    desk.tell_as(ask, turn.actor, desk.now - turn.ago)
}

pub fn told(turns: &[Turn], watch: fn(&Desk)) -> Desk {
    let mut desk = Desk { watch, ..Desk::new(playbook()) };
    for turn in turns {
        play(&mut desk, turn);
    }
    desk
}
