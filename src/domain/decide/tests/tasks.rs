use std::sync::Arc;

use serde_json::json;

use super::desk::{Desk, utc};
use super::plot::{book, branch, email, sequence, wait, when};
use super::team::staff;
use crate::domain::calendar::Pause;
use crate::domain::decide::{Ask, Effect, Reply};
use crate::domain::enrollment::Phase;
use crate::domain::handoff::Met;
use crate::domain::id::TaskId;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, Again, Kind, Overdue, Patience, Sequence, Task, TaskKind};
use crate::domain::suppression::Reason;
use crate::domain::task::{Snooze, TaskAct};
use crate::domain::template::{Body, Template};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::Channel;

/// A call that is due in a business day and waited for three.
pub fn call() -> Task {
    let title = Template {
        name: "title".to_owned(),
        version: "1".to_owned(),
        body: Body::Text("Call".to_owned()),
        needs: std::collections::BTreeSet::new(),
        attachments: Vec::new(),
    };
    Task {
        kind: TaskKind::Call,
        title: Arc::new(title),
        notes: None,
        due: Some(Pause::parse("1bd").unwrap()),
        outcomes: ["connected", "voicemail"].map(str::to_owned).into(),
        patience: Patience::UpTo(Pause::parse("3bd").unwrap()),
        overdue: Overdue::Skip,
    }
}

fn act(task: Task) -> Act {
    Act::Task(Box::new(task))
}

/// The call, and a mail to those who were reached.
fn cadence(task: Task) -> Sequence {
    let steps = vec![
        ("call", act(task)),
        ("fork", branch("outcome('call') == 'connected'", 2, 3)),
        ("mail", email()),
        ("end", Act::End { reason: "nobody there".to_owned() }),
    ];
    let mut cadence = sequence("cadence", Kind::Cadence, steps);
    cadence.owner = Some("ines".to_owned());
    cadence
}

fn desk(task: Task) -> Desk {
    let mut desk = Desk::new(book(vec![cadence(task)]));
    desk.enroll("cadence");
    desk
}

fn id(desk: &Desk, step: &str) -> TaskId {
    desk.tasks[step].id.clone()
}

fn tell(desk: &mut Desk, step: &str, act: TaskAct) -> Reply {
    let task = id(desk, step);
    desk.tell(Ask::Task { task, act, by: "maya".to_owned() })
}

fn done(desk: &mut Desk, outcome: &str) -> Reply {
    tell(desk, "call", TaskAct::Done { outcome: Some(outcome.to_owned()) })
}

fn row<'d>(desk: &'d Desk, step: &str) -> (&'d str, Option<&'d str>, Option<&'d str>) {
    let row = &desk.tasks[step];
    (row.state, row.outcome.as_deref(), row.ended_by.as_deref())
}

#[test]
fn a_task_is_asked_of_the_owner_and_its_outcome_decides_what_follows() {
    let mut desk = desk(call());
    let asked = desk.tasks["call"].clone();
    assert_eq!((asked.state, asked.owner.as_deref(), asked.kind), ("open", Some("ines"), TaskKind::Call));
    assert_eq!(asked.due_at, Some(utc("2026-03-03T10:00")));
    assert!(matches!(desk.lead.enrollments[0].phase, Phase::Tasked { .. }));
    let refused = |reply: Reply| matches!(reply, Reply::Refused(_));
    assert!(refused(done(&mut desk, "conected")) && refused(tell(&mut desk, "call", TaskAct::Done { outcome: None })));
    desk.after("3h");
    assert_eq!(done(&mut desk, "connected"), Reply::Done);
    assert_eq!(row(&desk, "call"), ("done", Some("connected"), Some("maya")));
    assert_eq!(desk.stands("cadence", "mail"), "queued");
    assert!(refused(done(&mut desk, "connected")), "it is done once");
    assert_eq!(desk.count(|what| what.name() == "task_done"), 1);
}

#[test]
fn a_task_asked_for_outside_of_the_window_is_shown_when_that_opens() {
    let mut desk = Desk::new(book(vec![cadence(call())]));
    desk.now = utc("2026-03-05T18:00");
    desk.enroll("cadence");
    // Friday the 6th is a holiday.
    assert_eq!(desk.tasks["call"].shown_at, utc("2026-03-09T09:00"));
    assert_eq!(desk.tasks["call"].due_at, Some(utc("2026-03-10T09:00")));
    assert_eq!(desk.lead.wake_at, Some(utc("2026-03-12T09:00")));
}

#[test]
fn a_skipped_task_and_one_that_is_waited_for_in_vain_let_the_sequence_go_on() {
    let mut skipped = desk(call());
    assert_eq!(tell(&mut skipped, "call", TaskAct::Skip), Reply::Done);
    assert_eq!(row(&skipped, "call"), ("skipped", Some("skipped"), Some("maya")));
    assert_eq!(skipped.state("cadence"), "finished");
    let mut late = desk(call());
    late.until(utc("2026-03-05T09:59"));
    assert_eq!(row(&late, "call").0, "open");
    late.until(utc("2026-03-05T10:00"));
    assert_eq!(row(&late, "call"), ("overdue", Some("overdue"), None));
    assert_eq!(late.state("cadence"), "finished");
}

#[test]
fn a_wait_after_a_task_counts_from_when_it_was_done_or_its_time_ran_out() {
    let steps = vec![("call", act(call())), ("gap", wait("2h")), ("mail", email())];
    let waiting = |desk: &Desk| match desk.lead.enrollments[0].phase {
        Phase::Waiting { until } => until,
        ref other => panic!("{other:?}"),
    };
    let mut told_late = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps)]));
    told_late.enroll("cadence");
    told_late.after("6h");
    let (task, act) = (id(&told_late, "call"), TaskAct::Done { outcome: Some("voicemail".to_owned()) });
    let ask = Ask::Task { task, act, by: "maya".to_owned() };
    let mut in_vain = Desk::new(told_late.playbook.clone());
    told_late.tell_as(ask, crate::domain::event::Actor::System, utc("2026-03-02T15:00"));
    assert_eq!(waiting(&told_late), utc("2026-03-02T17:00"));
    in_vain.enroll("cadence");
    in_vain.now = utc("2026-03-05T11:00");
    in_vain.tell(Ask::Wake);
    assert_eq!(waiting(&in_vain), utc("2026-03-05T12:00"), "the daemon was down, and the time ran out all the same");
}

#[test]
fn a_task_that_must_be_done_holds_the_enrollment_in_sight_until_a_person_acts() {
    let mut desk = desk(Task { overdue: Overdue::Hold, ..call() });
    desk.until(utc("2026-03-20T10:00"));
    assert_eq!((desk.state("cadence").as_str(), row(&desk, "call").0), ("held", "open"));
    assert!(desk.tasks["call"].late && desk.lead.wake_at.is_none());
    assert!(desk.lead.wanted()[0].contains("was not done in time"), "{:?}", desk.lead.wanted());
    done(&mut desk, "connected");
    assert_eq!(desk.stands("cadence", "mail"), "queued");
}

fn alerts(desk: &Desk) -> Vec<(String, serde_json::Value)> {
    let hooks = desk.outbox.values().filter(|(touch, _)| touch.channel == Channel::Webhook);
    hooks.map(|(touch, _)| (touch.lane.clone(), touch.payload.clone().unwrap())).collect()
}

fn staffed(task: Task, manager: Option<&str>, alert: Option<&str>) -> Playbook {
    let mut playbook = book(vec![cadence(task)]);
    let mut staff = staff();
    for team in staff.teams.values_mut() {
        team.manager = manager.map(str::to_owned);
        team.members.push("ines".to_owned());
    }
    (playbook.staff, playbook.settings.alerts) = (Arc::new(staff), alert.map(str::to_owned));
    playbook
}

#[test]
fn an_overdue_task_is_told_once_to_the_manager_of_its_owner_or_else_as_an_alert() {
    for (manager, alert, lane) in [(Some("boss"), Some("ops"), "hook:boss"), (None, Some("ops"), "hook:ops")] {
        let task = Task { overdue: Overdue::Escalate, ..call() };
        let mut desk = Desk::new(staffed(task, manager, alert));
        desk.enroll("cadence");
        desk.until(utc("2026-03-20T10:00"));
        let told = alerts(&desk);
        assert_eq!(told.iter().map(|(lane, _)| lane.as_str()).collect::<Vec<_>>(), [lane]);
        assert_eq!(told[0].1["type"], "task.overdue");
        assert_eq!(
            (&told[0].1["data"]["task"]["owner"], &told[0].1["data"]["schema"]),
            (&json!("ines"), &json!("task/1"))
        );
        assert_eq!(desk.state("cadence"), "held");
    }
}

#[test]
fn what_is_not_waited_for_stays_to_be_done_when_its_sequence_has_ended() {
    let task = Task { patience: Patience::None, overdue: Overdue::Escalate, ..call() };
    let mut desk = Desk::new(staffed(task, Some("boss"), None));
    desk.enroll("cadence");
    assert_eq!((desk.state("cadence").as_str(), row(&desk, "call").0), ("finished", "open"));
    desk.until(utc("2026-03-03T10:00"));
    assert_eq!(alerts(&desk).len(), 1, "it is late at its due time");
    done(&mut desk, "connected");
    assert_eq!((row(&desk, "call").0, desk.lead.tasks.len()), ("done", 0));
}

#[test]
fn what_ends_an_enrollment_calls_its_tasks_off_in_the_same_breath() {
    type Act = fn(&mut Desk);
    let ends: [(&str, Act); 4] = [
        ("replied", |desk| desk.hear("replied")),
        ("unsubscribed", |desk| drop(desk.tell(Ask::Suppress { reason: Reason::Unsubscribed }))),
        ("removed", |desk| drop(desk.tell(Ask::Remove { sequence: None, reason: "mistake".to_owned() }))),
        ("stopped", |desk| desk.hear("meeting_booked")),
    ];
    for (why, end) in ends {
        let mut desk = Desk::new(book(vec![cadence(call()).stop_on("meeting_booked")]));
        desk.enroll("cadence");
        end(&mut desk);
        assert_eq!(row(&desk, "call"), ("called_off", None, Some(why)));
        let in_one =
            desk.last.effects.iter().any(|effect| matches!(effect, Effect::Task(row) if row.state == "called_off"));
        assert!(in_one && desk.lead.tasks.is_empty(), "{why}");
        assert!(matches!(done(&mut desk, "connected"), Reply::Refused(_)));
    }
    let mut left = desk(Task { patience: Patience::None, ..call() });
    left.hear("replied");
    assert_eq!(row(&left, "call"), ("called_off", None, Some("replied")), "also after its sequence came to its end");
}

#[test]
fn a_pause_takes_tasks_out_of_the_inbox_and_keeps_what_was_left_of_their_time() {
    let mut desk = desk(call());
    desk.after("4h");
    desk.tell(Ask::Pause { sequence: None, because: "on leave".to_owned() });
    assert_eq!(row(&desk, "call").0, "paused");
    desk.until(utc("2026-03-12T14:00"));
    desk.tell(Ask::Resume { sequence: None });
    let asked = desk.tasks["call"].clone();
    assert_eq!((asked.state, asked.due_at), ("open", Some(utc("2026-03-13T10:00"))), "twenty hours were left");
    assert_eq!(desk.lead.wake_at, Some(utc("2026-03-15T10:00")), "and of the patience 68");
}

#[test]
fn a_task_is_put_off_but_not_past_the_moment_its_sequence_goes_on() {
    let mut desk = desk(call());
    assert_eq!(tell(&mut desk, "call", TaskAct::Snooze(Snooze::For(Pause::parse("2bd").unwrap()))), Reply::Done);
    let put_off = desk.tasks["call"].clone();
    assert_eq!((put_off.shown_at, put_off.due_at), (utc("2026-03-04T10:00"), Some(utc("2026-03-04T10:00"))));
    for until in [desk.now, utc("2026-03-05T10:00"), Instant::NEVER] {
        let reply = tell(&mut desk, "call", TaskAct::Snooze(Snooze::Until(until)));
        assert!(matches!(reply, Reply::Refused(_)), "{until}");
    }
    tell(&mut desk, "call", TaskAct::Assign { to: "bo".to_owned() });
    assert_eq!(desk.tasks["call"].owner.as_deref(), Some("bo"));
}

#[test]
fn a_call_that_was_made_answers_the_handoff_and_research_does_not() {
    for (kind, met) in [(TaskKind::Call, Some(Met::InTime)), (TaskKind::Research, None)] {
        let mut playbook = book(vec![cadence(Task { kind, patience: Patience::None, ..call() })]);
        let mut staff = staff();
        for promise in &mut staff.slas {
            promise.counts.insert("rep_called".to_owned());
        }
        playbook.staff = Arc::new(staff);
        let mut desk = Desk::new(playbook);
        desk.enroll("cadence");
        desk.tell(Ask::HandOff { reason: "asked".to_owned() });
        assert!(desk.lead.handoff.as_ref().is_some_and(|handoff| handoff.clock.is_some()));
        done(&mut desk, "connected");
        assert_eq!(desk.lead.handoff.as_ref().and_then(|handoff| handoff.answered), met, "{kind:?}");
    }
}

#[test]
fn a_wait_for_a_task_ends_when_that_is_done() {
    let up_to = Pause::parse("9d").unwrap();
    let steps = vec![
        ("call", act(Task { patience: Patience::None, ..call() })),
        ("until", Act::WaitFor { when: when("done('call')"), up_to }),
        ("mail", email()),
    ];
    let mut desk = Desk::new(book(vec![sequence("cadence", Kind::Cadence, steps)]));
    desk.enroll("cadence");
    desk.after("1h");
    assert!(desk.touch("cadence", "mail").is_none());
    done(&mut desk, "connected");
    assert!(desk.touch("cadence", "mail").is_some());
}

#[test]
fn a_lead_never_has_more_open_tasks_than_anybody_can_look_at() {
    let again = cadence(Task { patience: Patience::None, ..call() }).again(Again::Always);
    let mut desk = Desk::new(book(vec![again]));
    for _ in 0..60 {
        desk.enroll("cadence");
        desk.now = desk.now + Millis::SECOND;
    }
    assert_eq!(desk.lead.tasks.len(), 50);
    assert_eq!(desk.count(|what| what.name() == "task_called_off"), 10);
}
