use super::desk::Desk;
use super::plot::{book, email, sequence, two_mails};
use crate::domain::decide::Reply;
use crate::domain::event::What;
use crate::domain::sequence::{Act, Kind};

fn trio() -> Desk {
    let one = |name: &str, priority| two_mails(name, Kind::Nurture).on("trial_started").exclusive("nurture", priority);
    Desk::new(book(vec![one("a-low", 10), one("m-high", 90), one("z-high", 90)]))
}

#[test]
fn of_sequences_that_one_event_sets_off_the_larger_priority_takes_the_groups_place_and_then_the_name() {
    let mut desk = trio();
    desk.hear("trial_started");
    assert_eq!(["a-low", "m-high", "z-high"].map(|name| desk.state(name)), ["none", "active", "none"]);
    let refused: Vec<&What> =
        desk.history.iter().map(|event| &event.what).filter(|what| what.name() == "not_enrolled").collect();
    let reason = "the lead is in `m-high`, and in one sequence of the group `nurture` at a time";
    let expected =
        ["z-high", "a-low"].map(|name| What::NotEnrolled { sequence: name.to_owned(), reason: reason.to_owned() });
    assert_eq!(refused, expected.iter().collect::<Vec<_>>());
}

#[test]
fn who_runs_in_a_group_is_never_ousted_and_its_end_frees_the_place() {
    let mut desk = trio();
    desk.enroll("a-low");
    assert!(matches!(desk.enroll("m-high"), Reply::Refused(reason) if reason.contains("`a-low`")));
    assert_eq!([desk.state("a-low"), desk.state("m-high")], ["active", "none"]);
    desk.accepted("a-low", "first");
    desk.after("48h");
    desk.accepted("a-low", "second");
    assert_eq!(desk.state("a-low"), "finished");
    assert!(matches!(desk.enroll("m-high"), Reply::Enrolled(_)));
}

#[test]
fn a_group_binds_its_own_sequences_alone() {
    let other = two_mails("other", Kind::Nurture).exclusive("product", 50);
    let free = two_mails("free", Kind::Nurture);
    let mut desk = Desk::new(book(vec![two_mails("one", Kind::Nurture).exclusive("nurture", 50), other, free]));
    assert!(["one", "other", "free"].into_iter().all(|name| matches!(desk.enroll(name), Reply::Enrolled(_))));
}

#[test]
fn a_sequence_hands_its_place_on_with_its_last_step() {
    let on = Act::Enroll { sequence: "two".to_owned() };
    let one = sequence("one", Kind::Nurture, vec![("mail", email()), ("on", on)]).exclusive("nurture", 50);
    let mut desk = Desk::new(book(vec![one, two_mails("two", Kind::Nurture).exclusive("nurture", 50)]));
    desk.enroll("one");
    desk.accepted("one", "mail");
    assert_eq!([desk.state("one"), desk.state("two")], ["finished", "active"]);
}
