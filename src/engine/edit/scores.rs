//! What another scoring file would make of every lead: gone through page by page with the very decision that an apply would make.

use std::collections::BTreeMap;

use super::days::With;
use super::look::{Around, Look, PAGE};
use super::plan::{Named, ScoringPlan, Shift};
use super::wanted::ModelWish;
use crate::domain::decide::{Decision, Effect, View, forecast, touch_of};
use crate::domain::event::What;
use crate::domain::id::LeadId;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::score::Scoring;
use crate::domain::stage::Stage;
use crate::engine::anew::{Replays, input, is_behind};
use crate::store::StoreError;

/// Scores that differ by less are one.
const SAME: f64 = 0.005;

/// From, to.
type Shifts = BTreeMap<(String, String), usize>;

/// The counts while leads come by.
#[derive(Default)]
struct Tally {
    bands: Shifts,
    stages: Shifts,
}

impl Look<'_> {
    /// Looks at all leads that another file scored last.
    pub(super) async fn scores(&mut self, wish: &ModelWish) -> Result<ScoringPlan, StoreError> {
        let from = wish.row.as_ref().map_or(Scoring::NONE, |row| row.version.as_str());
        let mut plan = ScoringPlan {
            change: wish.change,
            from: from.to_owned(),
            to: wish.revision.version.clone(),
            leads: 0,
            scores: 0,
            bands: Vec::new(),
            stages: Vec::new(),
            waiting: 0,
            announced: 0,
            ended: 0,
            released: 0,
            dropped: 0,
            diff: String::new(),
            changed: 0,
            named: Vec::new(),
        };
        let (mut tally, mut after) = (Tally::default(), String::new());
        let in_force = self.engine.playbook();
        loop {
            let page = self.engine.store.page_of_leads(&after, PAGE).await?;
            let leads: Vec<&Lead> = page.iter().collect();
            let around = self.around(&leads).await?;
            let anew = self.anew(&leads, &around).await?;
            for (lead, decision) in leads.iter().filter_map(|lead| Some((*lead, anew.get(&lead.id)?))) {
                self.compare(&mut plan, (&mut tally, &in_force), (lead, decision));
                self.weigh_scores(&mut plan, (lead, decision), (&around, &in_force));
            }
            match page.last() {
                Some(last) if page.len() == PAGE => last.id.as_str().clone_into(&mut after),
                _ => break,
            }
        }
        plan.bands = listed(tally.bands);
        plan.stages = listed(tally.stages);
        Ok(plan)
    }

    /// What is decided when those of these leads are scored anew that another file scored last.
    pub(super) async fn anew(
        &self,
        leads: &[&Lead],
        around: &Around,
    ) -> Result<BTreeMap<LeadId, Decision>, StoreError> {
        let behind: Vec<&Lead> = leads.iter().copied().filter(|lead| is_behind(lead, &self.playbook)).collect();
        let mut replays = Replays::of(behind.iter().copied());
        while let Some(spans) = replays.next() {
            replays.take(&self.engine.store.events(&spans).await?, &self.playbook);
        }
        let mut ledgers = replays.ledgers(&self.playbook);
        let mut decided = BTreeMap::new();
        for lead in behind {
            let ledger = ledgers.remove(&lead.id).flatten();
            decided.insert(lead.id.clone(), self.decided(lead, &input(ledger, self.now), around));
        }
        Ok(decided)
    }

    /// Counts how a lead stands before and after.
    fn compare(
        &self,
        plan: &mut ScoringPlan,
        (tally, in_force): (&mut Tally, &Playbook),
        (lead, decision): (&Lead, &Decision),
    ) {
        let before = View::new(lead, in_force, self.now);
        let after = View::new(&decision.lead, &self.playbook, self.now);
        let (old, new) = (before.scored().total, after.scored().total);
        plan.leads += 1;
        plan.scores += usize::from((old - new).abs() >= SAME);
        let bands = (before.heat().to_owned(), after.heat().to_owned());
        let stages = (lead.stage.to_string(), decision.lead.stage.to_string());
        let what: Vec<&str> = [(&bands, "band"), (&stages, "stage")]
            .into_iter()
            .filter(|(shift, _)| shift.0 != shift.1)
            .map(|(_, what)| what)
            .collect();
        plan.changed += usize::from(!what.is_empty());
        if !what.is_empty() && plan.named.len() < self.names {
            let place = |score: f64, band: &str, stage: &str| format!("{score:.0} {band} {stage}");
            plan.named.push(Named {
                lead: lead.id.to_string(),
                email: lead.address.to_string(),
                from: place(old, &bands.0, &stages.0),
                to: place(new, &bands.1, &stages.1),
                what,
            });
        }
        for (shift, counts) in [(bands, &mut tally.bands), (stages, &mut tally.stages)] {
            if shift.0 != shift.1 {
                *counts.entry(shift).or_default() += 1;
            }
        }
        let sql = self.playbook.scoring.lifecycle.iter().find(|(stage, _)| *stage == Stage::Sql);
        let reaches = sql.is_some_and(|(_, rule)| rule.test(&after, self.now).value);
        plan.waiting += usize::from(reaches && decision.lead.stage.may_rise_to(Stage::Sql));
        let announced = |what: &What| matches!(what, What::Staged { to: Stage::Sql, .. });
        plan.announced += usize::from(decision.events.iter().any(|event| announced(&event.what)));
    }

    /// Counts what comes and no longer comes in the sequences the lead is in.
    fn weigh_scores(
        &mut self,
        plan: &mut ScoringPlan,
        (lead, decision): (&Lead, &Decision),
        (around, in_force): (&Around, &Playbook),
    ) {
        for enrollment in &lead.enrollments {
            let asked = decision.effects.iter().find_map(|effect| match effect {
                Effect::Queue(touch) if touch.enrollment.as_ref() == Some(&enrollment.id) => Some(touch.ready_at),
                _ => None,
            });
            let then = touch_of(enrollment).and_then(|touch| around.in_hand.get(touch)).map(|one| one.ready_at);
            let running = decision.lead.enrollments.iter().find(|one| one.id == enrollment.id);
            let before = forecast((lead, enrollment), then, in_force, self.now);
            let after = self.ahead(running.map(|running| (&decision.lead, running)), asked.or(then));
            plan.released += usize::from(asked.is_some());
            plan.ended += usize::from(running.is_none());
            plan.dropped += self.lost(&before, &after);
            // Whoever an edit moves is looked at once more then, and its mails are counted there.
            if self.edited.get(&enrollment.sequence).is_some_and(|to| to.as_ref() != Some(&enrollment.version)) {
                continue;
            }
            self.mailed((lead, &enrollment.version), With::None, &before);
            if let Some(running) = running {
                self.mailed((lead, &running.version), With::Edit, &after);
            }
        }
    }
}

fn listed(shifts: Shifts) -> Vec<Shift> {
    shifts.into_iter().map(|((from, to), leads)| Shift { from, to, leads }).collect()
}
