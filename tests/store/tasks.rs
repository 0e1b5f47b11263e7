//! The inbox is the same on both databases.

use overture::domain::decide::{Effect, TaskRow};
use overture::domain::id::{EnrollmentId, TaskId, encode};
use overture::domain::sequence::TaskKind;
use overture::domain::time::Instant;
use overture::store::reports::{TaskFilter, TaskLine};

use crate::build::{NOW, apply};
use crate::{lead_id, on_both};

/// Task `number` of lead `number`, due so long after `NOW`.
fn task(number: u128, owner: Option<&str>, due: Option<i64>) -> TaskRow {
    TaskRow {
        id: TaskId(encode(number)),
        lead: lead_id(number),
        enrollment: EnrollmentId(encode(1000 + number)),
        sequence: "welcome".to_owned(),
        version: "v1".to_owned(),
        step: "call".to_owned(),
        kind: TaskKind::Call,
        owner: owner.map(str::to_owned),
        state: "open",
        asked_at: Instant(NOW.0 - 5_000),
        shown_at: NOW,
        due_at: due.map(|after| Instant(NOW.0 + after)),
        late: false,
        outcome: None,
        ended_by: None,
        ended_at: None,
    }
}

fn written(row: TaskRow) -> Effect {
    Effect::Task(Box::new(row))
}

fn numbers(lines: &[TaskLine]) -> Vec<String> {
    lines.iter().map(|line| line.id.as_str().trim_start_matches('0').to_owned()).collect()
}

on_both! {
    async fn an_inbox_is_in_the_order_of_due_times_and_heeds_every_filter(store) {
        let calls = [task(1, Some("ana"), None), task(2, Some("ana"), Some(-10)), task(3, None, Some(10)), task(4, Some("bo"), Some(5))];
        apply(&store, &calls.map(written)).await;
        let mut mail = task(5, Some("bo"), Some(7));
        (mail.kind, mail.sequence) = (TaskKind::Email, "other".to_owned());
        let mut put_off = task(6, Some("bo"), Some(1));
        put_off.shown_at = Instant(NOW.0 + 1);
        let mut waited_for_in_vain = task(7, None, Some(100));
        waited_for_in_vain.late = true;
        let mut paused = task(8, None, Some(0));
        paused.state = "paused";
        apply(&store, &[mail, put_off, waited_for_in_vain, paused].map(written)).await;
        let reports = store.reports();
        let plain = TaskFilter::default;
        for (filter, expected) in [
            (plain(), vec!["2", "4", "5", "3", "7", "1"]),
            (TaskFilter { owner: Some("ana".to_owned()), ..plain() }, vec!["2", "1"]),
            (TaskFilter { kind: Some(TaskKind::Email), ..plain() }, vec!["5"]),
            (TaskFilter { sequence: Some("other".to_owned()), ..plain() }, vec!["5"]),
            (TaskFilter { lead: Some(lead_id(3)), ..plain() }, vec!["3"]),
            (TaskFilter { due_by: Some(Instant(NOW.0 + 5)), ..plain() }, vec!["2", "4"]),
            (TaskFilter { overdue: true, ..plain() }, vec!["2", "7"]),
            (TaskFilter { snoozed: true, ..plain() }, vec!["6"]),
        ] {
            let (mut found, mut after) = (vec![], None::<String>);
            loop {
                let page = reports.open_tasks(&filter, NOW, (after.as_deref(), 2)).await.unwrap();
                found.extend(numbers(&page.rows));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}

on_both! {
    async fn a_task_keeps_how_it_ended(store) {
        let open = task(1, None, None);
        let ended = TaskRow {
            state: "done",
            owner: Some("ana".to_owned()),
            outcome: Some("connected".to_owned()),
            ended_by: Some("bo".to_owned()),
            ended_at: Some(Instant(NOW.0 + 9)),
            ..open.clone()
        };
        apply(&store, &[written(open.clone())]).await;
        apply(&store, &[written(ended.clone())]).await;
        let reports = store.reports();
        assert_eq!(reports.open_tasks(&TaskFilter::default(), NOW, (None, 9)).await.unwrap().rows, []);
        let line = reports.task(&open.id).await.unwrap().unwrap();
        assert_eq!((line.state.as_str(), line.owner, line.outcome), ("done", ended.owner, ended.outcome));
        assert_eq!((line.ended_by, line.ended_at, line.due_at), (ended.ended_by, ended.ended_at, None));
        assert_eq!(numbers(&reports.tasks_in("done", None, 9).await.unwrap().rows), ["1"]);
        assert_eq!(reports.task(&TaskId(encode(2))).await.unwrap(), None);
    }
}
