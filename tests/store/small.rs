//! Rows for lists, files in force, pauses, heartbeats.

use overture::domain::decide::Effect;
use overture::domain::routing::Load;
use overture::domain::stage::Stage;
use overture::domain::time::Instant;
use overture::domain::touch::State;
use overture::store::control::{Daemon, Paused};
use overture::store::reports::{LeadKey, Leads, Order, Touches};
use overture::store::revisions::Revision;

use crate::build::{NOW, add, apply, enrollment, handoff, lead, queued, saved, seen, touch};
use crate::{lead_id, on_both, within};

on_both! {
    async fn a_lead_is_in_a_sequence_once_and_may_come_again_after_it_left(store) {
        apply(&store, &[Effect::Enrollment(enrollment(1, 1, "active"))]).await;
        let mut tx = store.begin().await.unwrap();
        let twin = [Effect::Enrollment(enrollment(2, 1, "active"))];
        assert!(tx.apply(&twin, NOW).await.unwrap_err().is_unique_violation());
        tx.rollback().await.unwrap();
        let again = Effect::Enrollment(enrollment(0, 1, "active"));
        apply(&store, &[again, Effect::Enrollment(enrollment(1, 1, "exited"))]).await;
        let lines = store.reports().enrollments_of_lead(&lead_id(1)).await.unwrap();
        assert_eq!(lines.iter().map(|line| line.state.as_str()).collect::<Vec<_>>(), ["exited", "active"]);
        assert_eq!(store.versions_in_flight().await.unwrap(), [("welcome".to_owned(), "v1".to_owned())]);
        let counts = store.reports().enrollment_counts().await.unwrap();
        assert_eq!(counts.iter().map(|c| (c.state.as_str(), c.count)).collect::<Vec<_>>(), [("active", 1), ("exited", 1)]);
        let running = store.reports().enrollments_of_sequence("welcome", true, None, 10).await.unwrap();
        assert_eq!((running.rows.len(), running.next), (1, None));
        let first = store.reports().enrollments_of_sequence("welcome", false, None, 1).await.unwrap();
        let second = store.reports().enrollments_of_sequence("welcome", false, first.next.as_deref(), 1).await.unwrap();
        assert_eq!((first.rows[0].state.as_str(), second.rows[0].state.as_str(), second.next), ("active", "exited", None));
    }
}

on_both! {
    async fn loads_of_reps_add_up(store) {
        let load = |rep: &str, assigned, open| Effect::Load { rep: rep.to_owned(), assigned, open };
        apply(&store, &[load("ana", 1, 1), load("bo", 1, 1), load("ana", 1, 1)]).await;
        apply(&store, &[load("ana", 0, -1)]).await;
        let expected = [("ana".to_owned(), Load { assigned: 2, open: 1 }), ("bo".to_owned(), Load { assigned: 1, open: 1 })];
        let expected = expected.into();
        assert_eq!(within!(store, |tx| tx.loads().await.unwrap()), expected);
        assert_eq!(store.loads().await.unwrap(), expected, "who only looks sees the same");
    }
}

on_both! {
    async fn handoffs_are_listed_by_their_clocks(store) {
        let mut no_clock = handoff(1, 1, "open");
        no_clock.due_at = None;
        let mut soon = handoff(2, 2, "claimed");
        soon.due_at = Some(Instant(NOW.0 + 1));
        apply(&store, &[no_clock, soon.clone(), handoff(3, 3, "closed")].map(Effect::Handoff)).await;
        let open = store.reports().open_handoffs(10).await.unwrap();
        assert_eq!(open.iter().map(|line| line.lead.clone()).collect::<Vec<_>>(), [lead_id(2), lead_id(1)]);
        soon.dossier = None;
        soon.state = "answered";
        soon.sla = "met";
        apply(&store, &[Effect::Handoff(soon.clone())]).await;
        let [line] = store.reports().handoffs_of_lead(&lead_id(2)).await.unwrap().try_into().unwrap();
        assert_eq!((line.state.as_str(), line.sla.as_str(), line.dossier.is_some()), ("answered", "met", true));
        assert_eq!(store.reports().handoff(&soon.id).await.unwrap(), Some(line));
        let page = store.reports().handoffs(None, 2).await.unwrap();
        let rest = store.reports().handoffs(page.next.as_deref(), 2).await.unwrap();
        assert_eq!((page.rows.len(), rest.rows.len(), rest.next), (2, 1, None));
        let counts = store.reports().handoff_counts().await.unwrap();
        assert_eq!(counts.iter().map(|c| (c.state.as_str(), c.sla.as_str(), c.count)).collect::<Vec<_>>(), [
            ("answered", "met", 1), ("closed", "running", 1), ("open", "running", 1),
        ]);
    }
}

on_both! {
    async fn lists_of_leads_go_on_where_a_page_ended(store) {
        let mut leads: Vec<_> = (1..=5).map(lead).collect();
        leads[1].stage = Stage::Sql;
        leads[3].stage = Stage::Sql;
        leads[2].account = Some("example.com".to_owned());
        leads[4].attention.insert("look".to_owned());
        let mut batch: Vec<_> = leads.iter().map(|lead| saved(lead, None, &[])).collect();
        batch[2].score.total = 99.9;
        within!(store, |tx| tx.save(&batch, NOW).await.unwrap());
        let expected = [
            (Leads::Newest, vec![5, 4, 3, 2, 1]),
            (Leads::Hottest, vec![3, 5, 4, 2, 1]),
            (Leads::InStage(Stage::Sql), vec![4, 2]),
            (Leads::OfAccount("example.com".to_owned()), vec![3]),
            (Leads::NeedingAttention, vec![5]),
            (Leads::AddressBegins("person".to_owned()), vec![1, 2, 3, 4, 5]),
            (Leads::AddressBegins("person3".to_owned()), vec![3]),
        ];
        for (which, numbers) in expected {
            let (mut read, mut after) = (vec![], None);
            loop {
                let page = store.reports().leads(&which, after.as_deref(), 2).await.unwrap();
                read.extend(page.rows.into_iter().map(|line| line.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(read, numbers.into_iter().map(lead_id).collect::<Vec<_>>(), "{which:?}");
        }
        let line = store.reports().leads(&Leads::Hottest, None, 1).await.unwrap().rows.remove(0);
        assert!((line.score - 99.9).abs() < 1e-9 && (line.fit - 10.0).abs() < 1e-9, "{line:?}");
        assert_eq!(store.reports().leads_by_stage().await.unwrap(), [("lead".to_owned(), 3), ("sql".to_owned(), 2)].into());
        assert_eq!(store.reports().lead(&LeadKey::Id(lead_id(2))).await.unwrap(), Some(leads.remove(1)));
    }
}

on_both! {
    async fn events_are_read_from_either_end(store) {
        let one = lead(1);
        let events: Vec<_> = (1..=3).map(|seq| seen(&one.id, seq)).collect();
        within!(store, |tx| tx.save(&[saved(&one, None, &events)], NOW).await.unwrap());
        let numbers = |events: Vec<overture::domain::event::Event>| events.iter().map(|event| event.seq).collect::<Vec<_>>();
        let reports = store.reports();
        assert_eq!(numbers(reports.events(&one.id, Order::Newest, None, 2).await.unwrap()), [3, 2]);
        assert_eq!(numbers(reports.events(&one.id, Order::Newest, Some(2), 2).await.unwrap()), [1]);
        assert_eq!(numbers(reports.events(&one.id, Order::Oldest, Some(1), 9).await.unwrap()), [2, 3]);
        assert_eq!(reports.latest_events(9).await.unwrap().len(), 3);
        assert_eq!(reports.events_by_name(NOW).await.unwrap(), [("page_viewed".to_owned(), 3)].into());
        assert!(reports.events_by_name(Instant(NOW.0 + 1)).await.unwrap().is_empty());
    }
}

on_both! {
    async fn touches_are_listed_and_counted(store) {
        apply(&store, &(1..=3).map(|n| queued(touch(n, "mail:a", 0))).collect::<Vec<_>>()).await;
        let reports = store.reports();
        let page = reports.touches(&Touches::All, None, 2).await.unwrap();
        let rest = reports.touches(&Touches::All, page.next.as_deref(), 2).await.unwrap();
        assert_eq!((page.rows.len(), rest.rows.len(), rest.next), (2, 1, None));
        for (which, count) in [
            (Touches::OfLead(lead_id(2)), 1),
            (Touches::InState(State::Queued), 3),
            (Touches::InState(State::Unknown), 0),
            (Touches::OfSequence("welcome".to_owned()), 3),
        ] {
            assert_eq!(reports.touches(&which, None, 9).await.unwrap().rows.len(), count, "{which:?}");
        }
        assert_eq!(reports.touches_by_state().await.unwrap(), [("queued".to_owned(), 3)].into());
        assert_eq!(reports.waiting_by_lane().await.unwrap(), [("mail:a".to_owned(), 3)].into());
        assert_eq!(reports.touch_counts().await.unwrap()[0].count, 3);
        assert!(reports.sizes().await.unwrap().iter().any(|size| size.table == "touch" && size.bytes > 0));
    }
}

on_both! {
    async fn a_version_is_kept_for_ever_and_one_is_in_force(store) {
        let revision = |version: &str, at| Revision {
            version: version.to_owned(),
            kind: "sequence".to_owned(),
            name: "welcome".to_owned(),
            source: "{}".to_owned(),
            commit: None,
            file: "sequences/welcome.yaml".to_owned(),
            stored_at: Instant(at),
        };
        assert!(within!(store, |tx| tx.store_revision(&revision("v1", 1)).await.unwrap()));
        assert!(within!(store, |tx| tx.store_revision(&revision("v2", 2)).await.unwrap()));
        assert!(!within!(store, |tx| tx.store_revision(&revision("v2", 3)).await.unwrap()));
        assert_eq!(store.current_revisions().await.unwrap(), [revision("v2", 2)]);
        assert_eq!(store.revisions_of("sequence", "welcome").await.unwrap(), [revision("v2", 2), revision("v1", 1)]);
        assert!(within!(store, |tx| tx.retire("sequence", "welcome").await.unwrap()));
        assert_eq!(store.current_revisions().await.unwrap(), []);
        assert_eq!(store.revision("v1").await.unwrap(), Some(revision("v1", 1)));
    }
}

on_both! {
    async fn pauses_facts_and_heartbeats_are_shared(store) {
        let pause = Paused { scope: "all".to_owned(), since: NOW, by: "ana".to_owned() };
        assert!(within!(store, |tx| tx.pause(&pause).await.unwrap()));
        assert!(!within!(store, |tx| tx.pause(&Paused { by: "bo".to_owned(), ..pause.clone() }).await.unwrap()));
        assert_eq!(store.pauses().await.unwrap(), [pause]);
        assert!(within!(store, |tx| tx.resume("all").await.unwrap()));
        assert_eq!(within!(store, |tx| tx.meta_or("installed", "1").await.unwrap()), "1");
        assert_eq!(within!(store, |tx| tx.meta_or("installed", "2").await.unwrap()), "1");
        within!(store, |tx| tx.set_meta("installed", "3").await.unwrap());
        assert_eq!(store.meta("installed").await.unwrap().as_deref(), Some("3"));
        within!(store, |tx| tx.heartbeat("d1", NOW).await.unwrap());
        within!(store, |tx| tx.heartbeat("d1", Instant(NOW.0 + 5)).await.unwrap());
        within!(store, |tx| tx.heartbeat("d0", NOW).await.unwrap());
        within!(store, |tx| tx.farewell("none", Instant(NOW.0 + 1)).await.unwrap());
        let alive = Daemon { id: "d1".to_owned(), started_at: NOW, seen_at: Instant(NOW.0 + 5) };
        assert_eq!(store.daemons().await.unwrap(), [alive]);
        add(&store, &[]).await;
    }
}
