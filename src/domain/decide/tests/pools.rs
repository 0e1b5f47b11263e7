use std::collections::BTreeMap;

use super::desk::Desk;
use super::plot::{book, two_mails};
use crate::domain::event::What;
use crate::domain::playbook::{Playbook, Sender};
use crate::domain::sequence::{Kind, Sequence};
use crate::domain::touch::Outcome;

/// Sequences that send from the pool `team` of these members.
fn pooled(sequences: Vec<Sequence>, members: &[&str]) -> Playbook {
    let from = |mut sequence: Sequence| {
        sequence.send.from = Some("team".to_owned());
        sequence
    };
    let mut playbook = book(sequences.into_iter().map(from).collect());
    playbook.settings.senders = ["maya", "tom"].map(|name| (name.to_owned(), Sender::made_up(name, None))).into();
    share(&mut playbook, members);
    playbook
}

fn share(playbook: &mut Playbook, members: &[&str]) {
    let members = members.iter().map(|name| (*name).to_owned()).collect();
    playbook.settings.pools = BTreeMap::from([("team".to_owned(), members)]);
}

fn lane(desk: &Desk, sequence: &str, step: &str) -> String {
    desk.touch(sequence, step).map(|(touch, _)| touch.lane.clone()).unwrap_or_default()
}

fn drawn(desk: &Desk) -> Vec<(&str, Option<&str>)> {
    let drawn = desk.history.iter().filter_map(|event| match &event.what {
        What::SenderDrawn { sender, before, .. } => Some((sender.as_str(), before.as_deref())),
        _ => None,
    });
    drawn.collect()
}

#[test]
fn the_sender_of_the_first_mail_sends_all_others_of_the_pool_whoever_joins_it() {
    let both = vec![two_mails("tips", Kind::Nurture), two_mails("news", Kind::Nurture)];
    let mut desk = Desk::new(pooled(both, &["tom"]));
    desk.enroll("tips");
    assert_eq!(lane(&desk, "tips", "first"), "mail:tom");
    desk.accepted("tips", "first");
    share(&mut desk.playbook, &["maya", "tom"]);
    desk.stopped_senders.insert("tom".to_owned());
    desk.after("72h");
    desk.enroll("news");
    assert_eq!([lane(&desk, "tips", "second"), lane(&desk, "news", "first")], ["mail:tom", "mail:tom"]);
    assert_eq!(drawn(&desk), [("tom", None)]);
}

#[test]
fn a_new_lead_gets_no_stopped_sender() {
    for stopped in ["maya", "tom"] {
        let mut desk = Desk::new(pooled(vec![two_mails("tips", Kind::Nurture)], &["maya", "tom"]));
        desk.stopped_senders.insert(stopped.to_owned());
        desk.enroll("tips");
        assert_ne!(lane(&desk, "tips", "first"), format!("mail:{stopped}"));
    }
}

#[test]
fn who_loses_its_sender_gets_another_one_with_the_next_mail_and_is_told() {
    let mut desk = Desk::new(pooled(vec![two_mails("tips", Kind::Nurture)], &["tom"]));
    desk.enroll("tips");
    desk.accepted("tips", "first");
    share(&mut desk.playbook, &["maya"]);
    desk.after("72h");
    assert_eq!(
        (lane(&desk, "tips", "second").as_str(), drawn(&desk)),
        ("mail:maya", vec![("tom", None), ("maya", Some("tom"))])
    );
}

#[test]
fn a_mail_held_for_a_sender_that_is_gone_moves_to_the_new_one_when_it_is_tried_again() {
    let mut desk = Desk::new(pooled(vec![two_mails("tips", Kind::Nurture)], &["tom"]));
    desk.enroll("tips");
    share(&mut desk.playbook, &["maya"]);
    desk.playbook.settings.senders.remove("tom");
    desk.comes_back("tips", "first", Outcome::Held { reason: "sender `tom` is gone".to_owned() });
    let touch = desk.touch("tips", "first").unwrap().0.id.clone();
    desk.tell(crate::domain::decide::Ask::Release { touch, skip: false });
    assert_eq!((lane(&desk, "tips", "first").as_str(), desk.stands("tips", "first")), ("mail:maya", "queued"));
}
