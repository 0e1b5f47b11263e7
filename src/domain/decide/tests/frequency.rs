use super::desk::Desk;
use super::plot::{book, email, length, sequence, two_mails, wait};
use crate::domain::decide::Ask;
use crate::domain::playbook::FrequencyCap;
use crate::domain::sequence::{Kind, Sequence};
use crate::domain::time::Millis;
use crate::domain::touch::RefusalClass;

fn one(name: &str, priority: i32) -> Sequence {
    let mut one = sequence(name, Kind::Cadence, vec![("mail", email())]);
    one.priority = priority;
    one
}

/// So many mails in seven days.
fn capped(mails: u32, sequences: Vec<Sequence>) -> Desk {
    let mut book = book(sequences);
    book.settings.frequency_cap = Some(FrequencyCap { mails, within: length("7d") });
    Desk::new(book)
}

#[test]
fn a_mail_over_the_cap_waits_until_the_oldest_falls_out_of_the_window() {
    let mut desk = capped(1, vec![one("a", 50), one("b", 50)]);
    desk.enroll("a");
    desk.enroll("b");
    assert_eq!([desk.stands("a", "mail"), desk.stands("b", "mail")], ["queued", "never asked for"]);
    desk.after("1h");
    desk.accepted("a", "mail");
    let sent = desk.now;
    desk.until(sent + length("7d") - Millis(1));
    assert_eq!(desk.stands("b", "mail"), "never asked for");
    desk.until(sent + length("7d"));
    assert_eq!(desk.stands("b", "mail"), "queued");
    desk.accepted("b", "mail");
    assert_eq!(desk.state("b"), "finished", "it went on after the mail it waited before");
}

#[test]
fn a_mail_that_an_edit_took_away_makes_room_for_the_one_after_it() {
    let steps = |first| vec![(first, email()), ("#2", wait("2d")), ("second", email())];
    let mut desk = capped(1, vec![sequence("a", Kind::Cadence, steps("first"))]);
    desk.enroll("a");
    assert_eq!(desk.stands("a", "first"), "queued");
    let renamed = sequence("a", Kind::Cadence, steps("other"));
    let told = desk.edit("a", Some(Sequence { version: "renamed".to_owned(), ..renamed }));
    assert!(told.contains("lost_step"), "{told}");
    desk.after("3d");
    assert_eq!(desk.stands("a", "second"), "queued", "it does not wait for what never leaves");
}

#[test]
fn of_two_that_wait_the_larger_priority_goes_first() {
    let mut desk = capped(1, vec![one("first", 50), one("low", 10), one("zhigh", 90)]);
    for name in ["first", "low", "zhigh"] {
        desk.enroll(name);
    }
    desk.accepted("first", "mail");
    desk.after("7d");
    assert_eq!([desk.stands("low", "mail"), desk.stands("zhigh", "mail")], ["never asked for", "queued"]);
    desk.accepted("zhigh", "mail");
    desk.after("7d");
    assert_eq!(desk.stands("low", "mail"), "queued");
}

#[test]
fn what_did_not_leave_makes_room_at_once() {
    let mut desk = capped(1, vec![one("a", 50), one("b", 50)]);
    desk.enroll("a");
    desk.enroll("b");
    desk.refused("a", "mail", RefusalClass::Other);
    assert_eq!(desk.stands("b", "mail"), "queued");
}

#[test]
fn what_was_called_off_may_have_left_just_before_and_counts_until_that_is_known() {
    let mut desk = capped(1, vec![one("a", 50), one("b", 50)]);
    desk.enroll("a");
    let (touch, enrollment) = (desk.touch("a", "mail").unwrap().0.id.clone(), desk.lead.enrollments[0].id.clone());
    desk.tell(Ask::Remove { sequence: Some("a".to_owned()), reason: "by hand".to_owned() });
    desk.enroll("b");
    assert_eq!(desk.stands("b", "mail"), "never asked for");
    let outcome = crate::domain::touch::Outcome::accepted("250 ok");
    desk.tell(Ask::Touched { touch, enrollment: Some(enrollment), step: "mail".to_owned(), outcome });
    desk.after("1h");
    assert_eq!(desk.stands("b", "mail"), "never asked for", "it did leave");
    let mut desk = capped(1, vec![one("a", 50), one("b", 50)]);
    desk.enroll("a");
    desk.tell(Ask::Remove { sequence: Some("a".to_owned()), reason: "by hand".to_owned() });
    desk.enroll("b");
    desk.after("1h");
    assert_eq!(desk.stands("b", "mail"), "queued", "it did not");
}

#[test]
fn transactional_mail_neither_counts_nor_waits() {
    let receipt = |name: &str| sequence(name, Kind::Transactional, vec![("mail", email())]);
    let mut desk = capped(1, vec![receipt("r"), one("a", 50), receipt("s")]);
    for name in ["r", "a", "s"] {
        desk.enroll(name);
    }
    assert_eq!(["r", "a", "s"].map(|name| desk.stands(name, "mail").to_owned()), ["queued", "queued", "queued"]);
}

#[test]
fn no_seven_days_hold_more_mails_than_the_cap_however_late_each_leaves() {
    let many = |name: &str| {
        let steps = vec![("m1", email()), ("w1", wait("1d")), ("m2", email()), ("w2", wait("1d")), ("m3", email())];
        sequence(name, Kind::Cadence, steps)
    };
    let mut desk = capped(2, vec![many("a"), many("b"), two_mails("c", Kind::Nurture)]);
    for name in ["a", "b", "c"] {
        desk.enroll(name);
    }
    let mut sent = Vec::new();
    for day in 0..60 {
        let queued: Vec<(String, String)> = desk
            .outbox
            .values()
            .filter(|(_, stands)| stands == "queued")
            .map(|(touch, _)| (touch.sequence.clone(), touch.step.clone()))
            .collect();
        for (sequence, step) in queued {
            if (day + sent.len()) % 3 != 0 {
                desk.accepted(&sequence, &step);
                sent.push(desk.now);
            }
        }
        desk.after("24h");
    }
    assert_eq!(sent.len(), 8, "all leave in the end");
    assert!(sent.windows(3).all(|three| three[2].since(three[0]) >= length("7d")), "{sent:?}");
}
