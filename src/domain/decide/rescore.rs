//! Writes the ledger lines that follow from what is known and from what was just heard.

use super::input::Reply;
use super::work::{About, Fresh, Work};
use crate::domain::event::{Actor, What};
use crate::domain::score::{EngagementRule, FitRule, Ledger, Line};

pub fn rescore(work: &mut Work<'_>) {
    fit(work);
    for fresh in work.fresh.clone() {
        score(work, &fresh);
    }
}

/// Writes the lines that one thing heard gives.
pub fn score(work: &mut Work<'_>, fresh: &Fresh) {
    if fresh.actor == Actor::Machine || fresh.name == "auto_replied" {
        return;
    }
    let scoring = work.playbook.scoring.clone();
    for rule in scoring.engagement.iter().filter(|rule| rule.on == fresh.name) {
        engage(work, rule, fresh, &scoring.version);
    }
}

/// Takes the ledger that the scoring file in force gives by all that was heard before. Where not all of it is known any more, what was
/// given for events stays, and the fit alone is read anew.
pub fn anew(work: &mut Work<'_>, ledger: Option<Vec<Line>>) -> Reply {
    if let Some(lines) = ledger {
        work.conclude(What::Rescored { lines, model: work.playbook.scoring.version.clone() });
    }
    Reply::Done
}

/// Reads the fit ledger anew when an attribute or the model changed; lines that stay keep the time they began.
pub fn fit(work: &mut Work<'_>) {
    let scoring = work.playbook.scoring.clone();
    if !work.changed && work.lead.fitted.as_ref() == Some(&scoring.version) {
        return;
    }
    let reread = !work.changed && work.lead.fitted.is_some();
    work.changed = false;
    let mut applying: Vec<&FitRule> = Vec::new();
    for rule in &scoring.fit {
        if work.holds(&rule.name, &rule.when, About::default()) {
            applying.push(rule);
        }
    }
    let beaten = |rule: &FitRule| {
        rule.group.is_some() && applying.iter().any(|other| other.group == rule.group && other.points > rule.points)
    };
    let mut groups: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for rule in applying.iter().filter(|rule| !beaten(rule)) {
        if let Some(group) = &rule.group {
            if groups.contains(&group.as_str()) {
                continue;
            }
            groups.push(group);
        }
        lines.push(fit_line(work, rule, &scoring.version));
    }
    let same = work.lead.fitted.as_ref() == Some(&scoring.version)
        && work.lead.ledger.iter().filter(|line| line.ledger == Ledger::Fit).eq(lines.iter());
    if !same {
        work.conclude(What::Fitted { lines, model: scoring.version.clone(), reread });
    }
}

fn fit_line(work: &Work<'_>, rule: &FitRule, model: &str) -> Line {
    let old = work.lead.ledger.iter().find(|line| line.ledger == Ledger::Fit && line.rule == rule.name);
    Line {
        rule: rule.name.clone(),
        ledger: Ledger::Fit,
        points: rule.points,
        at: old.map_or(work.now, |line| line.at),
        event: old.map_or(work.lead.seq, |line| line.event),
        half_life: None,
        ends: None,
        model: model.to_owned(),
        by_step: false,
    }
}

/// Writes the line an engagement rule gives for one event, if it applies and its ceiling leaves room.
fn engage(work: &mut Work<'_>, rule: &EngagementRule, fresh: &Fresh, model: &str) {
    if let Some(when) = &rule.when
        && !work.holds(&rule.name, when, About { event: Some(&fresh.data), ..About::default() })
    {
        return;
    }
    let at = fresh.occurred_at;
    if let Some((times, within)) = rule.times {
        let recent = work.lead.heard.get(&fresh.name).map_or(&[][..], |heard| &heard.recent);
        let often = recent.iter().filter(|earlier| **earlier <= at && **earlier > at - within).count();
        if often < times as usize {
            return;
        }
    }
    let points = rule.room(&work.lead.ledger, at, rule.points);
    if points == 0.0 {
        return;
    }
    let line = Line {
        rule: rule.name.clone(),
        ledger: Ledger::Engagement,
        points,
        at,
        event: fresh.seq,
        half_life: rule.half_life,
        ends: rule.expires.map(|after| at + after),
        model: model.to_owned(),
        by_step: false,
    };
    work.conclude(What::Scored { line });
}
