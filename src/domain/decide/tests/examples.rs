use serde_json::json;

use super::desk::Desk;
use super::plot::book;
use crate::domain::decide::Ask;
use crate::domain::event::Actor;
use crate::domain::sequence::Kind;
use crate::domain::stage::Stage;

fn change(desk: &mut Desk, values: &serde_json::Value) {
    desk.tell(Ask::Change { set: values.as_object().unwrap().clone(), add_tags: vec![] });
}

#[test]
fn a_vice_president_who_saw_the_prices_and_asked_for_a_demo_has_eighty() {
    let mut desk = Desk::new(book(vec![]).staffed());
    change(&mut desk, &json!({"title": "VP of Sales", "employees": 300, "industry": "Logistics"}));
    desk.hear_with("page_viewed", json!({"path": "/pricing"}));
    desk.hear("demo_requested");
    assert_eq!((desk.score(), desk.lead.stage), (80.0, Stage::Sql));
}

#[test]
fn a_manager_who_opened_one_mail_has_six_and_eleven_with_the_company_counted() {
    let nurture = super::plot::two_mails("nurture", Kind::Nurture);
    let mut desk = Desk::new(book(vec![nurture]));
    change(&mut desk, &json!({"title": "Manager"}));
    desk.enroll("nurture");
    desk.accepted("nurture", "first");
    desk.hit("opened", "nurture", "first", Actor::Human);
    desk.after("1m");
    assert_eq!(desk.score(), 6.0);
    change(&mut desk, &json!({"employees": 20}));
    assert_eq!((desk.score(), desk.lead.stage), (11.0, Stage::Lead));
}

#[test]
fn a_student_with_a_free_mailbox_is_clamped_at_nothing() {
    let mut desk = Desk::of("ada@gmail.com", book(vec![]));
    change(&mut desk, &json!({"title": "Student"}));
    assert_eq!((desk.score(), desk.lead.account.as_deref()), (0.0, None));
}
