use serde_json::json;

use super::desk::Desk;
use super::plot::{book, length, two_mails, when};
use crate::domain::decide::{Ask, Reply};
use crate::domain::event::What;
use crate::domain::sequence::{Intake, Kind, Trigger};
use crate::domain::suppression::Reason;

/// A sequence for ten at a time and five a day, in which so many are and came today.
fn limited(active: u32, entered_today: u32) -> Desk {
    let mut desk = Desk::new(book(vec![two_mails("tips", Kind::Nurture).limits(10, 5)]));
    desk.intakes.insert("tips".to_owned(), Intake { active, entered_today, waiting: false });
    desk
}

fn admit(desk: &mut Desk) {
    desk.tell(Ask::Admit { sequence: "tips".to_owned() });
}

fn waits(desk: &mut Desk) -> bool {
    let reply = desk.enroll("tips");
    assert_eq!(matches!(reply, Reply::Pending(_)), desk.pending.contains("tips"), "{reply:?}");
    desk.pending.contains("tips") && desk.lead.pending.contains_key("tips") && desk.lead.enrollments.is_empty()
}

#[test]
fn up_to_the_limits_leads_enter_and_beyond_them_they_wait() {
    assert!(!waits(&mut limited(9, 4)));
    assert!(waits(&mut limited(10, 4)));
    assert!(waits(&mut limited(9, 5)));
}

#[test]
fn who_enters_and_who_leaves_is_counted() {
    let mut desk = limited(3, 1);
    desk.enroll("tips");
    assert_eq!(desk.intakes["tips"], Intake { active: 4, entered_today: 2, waiting: false });
    desk.tell(Ask::Remove { sequence: None, reason: "by hand".to_owned() });
    assert_eq!(desk.intakes["tips"], Intake { active: 3, entered_today: 2, waiting: false });
}

#[test]
fn nobody_passes_those_who_wait() {
    let mut desk = limited(2, 0);
    desk.intakes.get_mut("tips").unwrap().waiting = true;
    assert!(waits(&mut desk));
    assert!(matches!(desk.enroll("tips"), Reply::Refused(reason) if reason.contains("waits for room")));
    admit(&mut desk);
    assert_eq!((desk.state("tips").as_str(), desk.pending.len()), ("active", 0));
}

#[test]
fn who_waits_enters_when_there_is_room_and_is_asked_for_once() {
    let mut desk = limited(10, 0);
    assert!(waits(&mut desk));
    admit(&mut desk);
    assert!(desk.lead.enrollments.is_empty(), "there is no room yet");
    desk.intakes.get_mut("tips").unwrap().active = 9;
    admit(&mut desk);
    admit(&mut desk);
    assert_eq!(desk.intakes["tips"].active, 10);
    assert_eq!(desk.count(|what| matches!(what, What::Enrolled { .. })), 1);
}

#[test]
fn what_enrolled_it_is_asked_again_with_what_the_event_said() {
    for (country, plan, state) in [("FR", "pro", "active"), ("DE", "pro", "none"), ("FR", "free", "none")] {
        let mut sequence = two_mails("tips", Kind::Nurture).limits(10, 5);
        let rule = when("lead.country == 'FR' && event.plan == 'pro'");
        sequence.enroll.push(Trigger::Event { on: "trial_started".to_owned(), when: Some(rule) });
        let mut desk = Desk::new(book(vec![sequence]));
        desk.intakes.insert("tips".to_owned(), Intake { active: 10, entered_today: 0, waiting: false });
        desk.set("country", json!("FR"));
        desk.hear_with("trial_started", json!({"plan": plan}));
        assert_eq!(desk.pending.is_empty(), plan == "free");
        desk.set("country", json!(country));
        desk.intakes.clear();
        admit(&mut desk);
        assert_eq!((desk.state("tips").as_str(), desk.pending.len()), (state, 0));
    }
}

#[test]
fn after_seven_days_without_room_it_is_dropped_with_the_reason() {
    let mut desk = limited(10, 0);
    assert!(waits(&mut desk));
    desk.until(desk.now + length("168h") - crate::domain::time::Millis(1));
    assert_eq!(desk.pending.len(), 1);
    desk.after("1h");
    let reason = desk.history.iter().find_map(|event| match &event.what {
        What::Dropped { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!((desk.pending.len(), reason), (0, Some("there was no room for 7 days")));
}

#[test]
fn who_must_not_be_contacted_any_more_waits_no_more() {
    let mut desk = limited(10, 0);
    assert!(waits(&mut desk));
    desk.tell(Ask::Suppress { reason: Reason::Manual });
    assert!(desk.pending.is_empty() && desk.lead.pending.is_empty());
    let mut desk = limited(10, 0);
    assert!(waits(&mut desk));
    desk.tell(Ask::Remove { sequence: Some("tips".to_owned()), reason: "by hand".to_owned() });
    assert!(desk.pending.is_empty());
}
