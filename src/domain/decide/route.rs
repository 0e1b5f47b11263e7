//! Finds the rep a lead goes to: the team by rule, in it whoever is there and has had the fewest.

use super::work::{About, Work};
use crate::domain::calendar::local;
use crate::domain::routing::{Load, Rep, Staff};
use crate::domain::time::Instant;

/// Who gets a lead.
pub struct Route {
    pub team: String,
    pub rep: String,
    /// False when it is the fallback who gets what nobody else can.
    pub somebody_free: bool,
}

/// Finds team and rep; `None` while the loads are not known or no rule applies.
pub fn route(work: &mut Work<'_>) -> Option<Route> {
    let loads = work.case.loads.clone()?;
    let staff = work.playbook.staff.clone();
    let mut name = None;
    for (index, (when, team)) in staff.routing.iter().enumerate() {
        if when.as_ref().is_none_or(|when| work.holds(&format!("routing {}", index + 1), when, About::default())) {
            name = Some(team.clone());
            break;
        }
    }
    let name = name?;
    let team = staff.teams.get(&name)?;
    let load = |rep: &String| loads.get(rep).copied().unwrap_or_default();
    let free = |name: &&String| staff.reps.get(*name).is_some_and(|rep| is_free(&staff, rep, load(name), work.now));
    let free: Vec<&String> = team.members.iter().filter(free).collect();
    let at_work: Vec<&String> = free.iter().copied().filter(|name| is_at_work(&staff, name, work.now)).collect();
    let choice = if at_work.is_empty() { free } else { at_work };
    // The fewest assigned first; among equals the order of the file.
    let rep = choice.into_iter().min_by_key(|name| load(name).assigned);
    Some(Route { team: name, rep: rep.unwrap_or(&team.fallback).clone(), somebody_free: rep.is_some() })
}

/// Not absent today, and below the rep's own ceiling.
fn is_free(staff: &Staff, rep: &Rep, load: Load, now: Instant) -> bool {
    let Some(calendar) = staff.calendars.get(&rep.calendar) else { return false };
    let today = local::clock(calendar.zone(), now).date();
    let away = rep.away.iter().any(|(first, last)| (*first..=*last).contains(&today));
    !away && rep.max_open.is_none_or(|most| load.open < i64::from(most))
}

fn is_at_work(staff: &Staff, name: &str, now: Instant) -> bool {
    let calendar = staff.reps.get(name).and_then(|rep| staff.calendars.get(&rep.calendar));
    calendar.is_some_and(|calendar| calendar.is_open(now))
}
