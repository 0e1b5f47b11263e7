use serde_json::json;

use super::desk::Desk;
use super::plot::{book, two_mails};
use crate::domain::decide::{Ask, Reply};
use crate::domain::event::What;
use crate::domain::sequence::{Again, Kind, Sequence};
use crate::domain::suppression::Reason;

fn french() -> Sequence {
    two_mails("tips", Kind::Nurture).at_nine("lead.country == 'FR'")
}

fn ada(sequence: Sequence) -> Desk {
    let mut desk = Desk::new(book(vec![sequence]));
    desk.set("country", json!("FR"));
    desk
}

impl Desk {
    fn tick(&mut self) {
        let tick = Ask::Tick { sequence: "tips".to_owned(), cron: "0 9 * * *".to_owned(), at: self.now };
        assert_eq!(self.tell(tick), Reply::Done);
    }
}

#[test]
fn a_tick_enrolls_whoever_is_in_the_segment_and_says_which_tick_it_was() {
    let mut desk = ada(french());
    desk.tick();
    assert_eq!(desk.state("tips"), "active");
    let by = desk.history.iter().find_map(|event| match &event.what {
        What::Enrolled { by, .. } => Some(by.as_str()),
        _ => None,
    });
    assert_eq!(by, Some(format!("tick:{}", desk.now).as_str()));
}

#[test]
fn a_tick_passes_everybody_else_by_without_a_trace() {
    let mut desk = ada(french());
    desk.set("country", json!("DE"));
    let before = desk.lead.clone();
    desk.tick();
    assert_eq!((&desk.lead, desk.last.events.len(), desk.last.effects.len()), (&before, 0, 0));
}

#[test]
fn a_segment_speaks_of_the_score_as_it_is_at_the_tick() {
    let mut desk = Desk::new(book(vec![two_mails("tips", Kind::Nurture).at_nine("score >= 25")]));
    desk.hear("demo_requested");
    desk.tick();
    assert_eq!(desk.state("tips"), "active");
}

#[test]
fn who_may_not_enter_is_passed_by_in_silence() {
    let suppressed = |desk: &mut Desk| desk.suppressed = Some(Reason::Manual);
    let unwilling = |desk: &mut Desk| desk.playbook.settings.consent_required = true;
    let done = |desk: &mut Desk| {
        desk.tick();
        desk.tell(Ask::Remove { sequence: None, reason: "by hand".to_owned() });
    };
    for bar in [suppressed, unwilling, done] {
        let mut desk = ada(french());
        bar(&mut desk);
        let told = desk.history.len();
        desk.tick();
        assert_eq!((desk.history.len(), desk.lead.enrollments.len()), (told, 0));
    }
    let mut desk = ada(french().stop_when("lead.country in ['FR']"));
    desk.tick();
    assert_eq!(desk.state("tips"), "none");
}

#[test]
fn the_next_tick_lets_in_again_whom_the_rule_lets_in() {
    let mut desk = ada(french().again(Again::Always));
    desk.tick();
    desk.tick();
    assert_eq!(desk.count(|what| matches!(what, What::Enrolled { .. })), 1, "once while it runs");
    desk.tell(Ask::Remove { sequence: None, reason: "by hand".to_owned() });
    desk.tick();
    assert_eq!(desk.state("tips"), "active");
}
