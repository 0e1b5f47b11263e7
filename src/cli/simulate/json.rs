//! The figures for programs.

use serde_json::{Map, Value, json};

use super::{Asked, Side, tried};
use crate::domain::time::Millis;
use crate::sim::simulate::{Figures, Histogram, Mark, RepFigures, SenderFigures, SequenceFigures, quantile};

pub fn json(asked: &Asked, sides: &[Side]) -> Value {
    json!({
        "leads": asked.leads, "days": asked.days, "seed": asked.seed, "start": asked.start.to_string(),
        "from_database": asked.from_database, "paused": asked.paused,
        "workspaces": sides.iter().map(side).collect::<Vec<_>>(),
    })
}

fn side(Side { name, figures }: &Side) -> Value {
    let reached: Map<_, _> = Mark::ALL
        .iter()
        .map(|mark| (mark.as_str().to_owned(), json!(figures.reached.get(mark).unwrap_or(&0))))
        .collect();
    let senders: Map<_, _> = figures.senders.iter().map(|(name, of)| (name.clone(), sender(figures, of))).collect();
    let sequences: Map<_, _> = figures.sequences.iter().map(|(name, of)| (name.clone(), sequence(of))).collect();
    let reps: Map<_, _> = figures.reps.iter().map(|(name, of)| (name.clone(), rep(figures, of))).collect();
    let mut told = json!({
        "name": name, "decisions": figures.decisions, "funnel": reached,
        "senders": senders, "sequences": sequences, "reps": reps,
        "experiments": figures.experiments.iter().map(tried::json).collect::<Vec<_>>(),
        "lead_weeks_by_mails": figures.weeks.counts, "days_to_sql": spread(&figures.to_sql),
    });
    if let Some(upcoming) = &figures.upcoming {
        let line = |line: crate::sim::simulate::Line<'_>| {
            json!({
                "date": day(figures, line.day), "sequence": line.sequence, "step": line.step, "sender": line.sender,
                "mails": line.mails,
            })
        };
        told["upcoming"] = upcoming.lines().map(line).collect();
    }
    told
}

fn sender(figures: &Figures, of: &SenderFigures) -> Value {
    let backlog = of.backlog();
    json!({
        "limit": of.limit, "carries": of.carries(), "mails": of.total(), "sent": of.sent, "waiting": of.waiting(),
        "queue_grows_from": backlog.map(|backlog| day(figures, backlog.from)),
        "queue_gone_on": backlog.and_then(|backlog| backlog.gone).map(|gone| day(figures, gone)),
    })
}

fn sequence(of: &SequenceFigures) -> Value {
    let step = |(id, count): &(String, crate::sim::simulate::StepFigures)| {
        json!({
            "step": id, "kind": count.kind, "sent": count.sent, "opened": count.opened, "clicked": count.clicked,
            "replied": count.replied,
        })
    };
    let steps: Vec<Value> = of.steps.iter().map(step).collect();
    json!({ "entered": of.entered, "ended": of.ended, "waiting_for_room": of.waiting, "steps": steps })
}

fn rep(figures: &Figures, of: &RepFigures) -> Value {
    let (tasks, work) = (&of.tasks, of.work);
    let minutes = |length: Millis| length.0 / Millis::MINUTE.0;
    json!({
        "handoffs": of.handoffs, "in_time": of.in_time, "late": of.late, "breached": of.breached,
        "unanswered": of.unanswered, "open_at_end": of.open, "most_open": of.most_open, "by_day": of.by_day,
        "minutes_to_answer": spread(&of.minutes),
        "tasks": {
            "asked": tasks.asked, "done": tasks.done, "late": tasks.late, "skipped": tasks.skipped,
            "overdue": tasks.overdue, "open_at_end": tasks.open, "by_day": tasks.by_day,
        },
        "working_minutes": minutes(work.open), "busy_minutes": minutes(work.busy),
        "more_than_a_day_from": work.behind_from.map(|from| day(figures, from)),
    })
}

fn day(figures: &Figures, day: usize) -> String {
    figures.date(day).to_string()
}

fn spread(of: &Histogram) -> Value {
    json!({ "count": of.total(), "median": quantile(of, 50), "p90": quantile(of, 90), "most": of.largest() })
}
