//! Two salespeople on two calendars, and the clocks they are held to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plot::{weekdays, when};
use crate::domain::playbook::Playbook;
use crate::domain::routing::{AfterHours, Allowed, Promise, Rep, Rung, RungAct, Staff, Team};
use crate::domain::sla::RungAt;
use crate::domain::template::{Body, Template};

/// Ines works in Berlin with a lunch break, Tom in London; the team's own calendar is round the clock on weekdays.
pub fn staff() -> Staff {
    let calendars = [
        ("berlin", weekdays("Europe/Berlin", &["09:00-12:30", "13:30-18:00"])),
        ("london", weekdays("Europe/London", &["09:00-17:30"])),
        ("team", weekdays("UTC", &["00:00-24:00"])),
    ];
    let sales = Team {
        title: "Sales".to_owned(),
        calendar: "team".to_owned(),
        members: ["ines", "tom"].map(str::to_owned).into(),
        fallback: "ines".to_owned(),
        manager: Some("boss-chat".to_owned()),
    };
    Staff {
        calendars: calendars.map(|(name, calendar)| (name.to_owned(), calendar)).into(),
        reps: [rep("ines", "berlin"), rep("tom", "london")].into(),
        teams: BTreeMap::from([("sales".to_owned(), sales)]),
        routing: vec![(None, "sales".to_owned())],
        alert: vec!["sales-chat".to_owned()],
        slas: vec![hot(), warm()],
    }
}

fn rep(name: &str, calendar: &str) -> (String, Rep) {
    let email = format!("{name}@northwind.example");
    (
        name.to_owned(),
        Rep { name: name.to_owned(), email, calendar: calendar.to_owned(), away: Vec::new(), max_open: Some(25) },
    )
}

fn rungs(ladder: &[(&str, RungAct)]) -> Vec<Rung> {
    ladder.iter().map(|(at, act)| Rung { at: RungAt::parse(at).unwrap(), act: act.clone() }).collect()
}

fn hot() -> Promise {
    let body = Body::Mail {
        subject: "We got it".to_owned(),
        preheader: None,
        text: String::new(),
        html: String::new(),
        links: Vec::new(),
    };
    let template = Template {
        name: "ack".to_owned(),
        version: "ack-1".to_owned(),
        body,
        needs: [].into(),
        attachments: Vec::new(),
    };
    Promise {
        name: "hot".to_owned(),
        applies: when("temperature == 'hot'"),
        respond_within: Allowed::parse("10m").unwrap(),
        counts: ["contacted", "rep_called"].map(str::to_owned).into(),
        after_hours: Some(AfterHours { template: Arc::new(template), from: "growth".to_owned() }),
        ladder: rungs(&[
            ("60%", RungAct::RemindAssignee),
            ("100%", RungAct::AlertManager),
            ("2bd", RungAct::ReturnTo(Some("win-back".to_owned()))),
        ]),
    }
}

fn warm() -> Promise {
    Promise {
        name: "warm".to_owned(),
        applies: when("true"),
        respond_within: Allowed::parse("1bd").unwrap(),
        counts: ["contacted", "rep_called"].map(str::to_owned).into(),
        after_hours: None,
        ladder: rungs(&[("100%", RungAct::AlertManager)]),
    }
}

impl Playbook {
    pub fn staffed(self) -> Self {
        self.staffed_by(staff())
    }

    pub fn staffed_by(mut self, staff: Staff) -> Self {
        self.staff = Arc::new(staff);
        self
    }
}
