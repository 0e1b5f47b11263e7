//! What steps are called where people read of them: by their id, or by what they do and where they stand, since an id made of a place
//! shifts with every edit.

use std::collections::BTreeMap;

use jiff::civil::Weekday;

use crate::domain::calendar::{Pause, Wait};
use crate::domain::decide::is_nameless;
use crate::domain::sequence::{Act, Sequence, Step};
use crate::domain::time::Millis;

/// The steps of one version that have no id of their own, by the id that was made for each.
#[derive(Debug, Default)]
pub struct Called(BTreeMap<String, String>);

impl Called {
    pub fn of(sequence: &Sequence) -> Self {
        let (mut names, mut seen) = (BTreeMap::new(), BTreeMap::<String, usize>::new());
        let mut place = "at the start".to_owned();
        for step in &sequence.steps {
            if !is_nameless(step) {
                place = format!("after {}", step.id);
                continue;
            }
            let name = format!("{} ({place})", does(step));
            let alike = seen.entry(name.clone()).or_default();
            *alike += 1;
            let name = if *alike == 1 { name } else { format!("{} ({place}, number {alike})", does(step)) };
            names.insert(step.id.clone(), name);
        }
        Self(names)
    }

    /// `first`, or `wait 5d (after first)`.
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }
}

/// What a step does, in as few words as its file has for it.
fn does(step: &Step) -> String {
    match &step.act {
        Act::Wait(pause) => format!("wait {}", spelled(pause)),
        Act::WaitFor { up_to, .. } => format!("wait up to {}", spelled(up_to)),
        Act::Enroll { sequence } => format!("enroll {sequence}"),
        other => other.kind().to_owned(),
    }
}

/// How long a step waits, and for what, as its file has it; nothing for a step that does not wait.
pub fn waits(step: &Step) -> Option<String> {
    match &step.act {
        Act::Wait(pause) => Some(spelled(pause)),
        Act::WaitFor { when, up_to } => Some(format!("until {}, up to {}", when.text(), spelled(up_to))),
        _ => None,
    }
}

fn spelled(pause: &Pause) -> String {
    let wait = match pause.wait {
        Wait::Elapsed(length) => length_of(length),
        Wait::Days(days) => format!("{days}d"),
        Wait::BusinessDays(days) => format!("{days}bd"),
        Wait::Until { weekday, time } => {
            let day = weekday.map_or_else(String::new, |day| format!("{} ", short(day)));
            format!("until {day}{:02}:{:02}", time.hour(), time.minute())
        }
    };
    if pause.spread == Millis::ZERO { wait } else { format!("{wait} ± {}", length_of(pause.spread)) }
}

fn length_of(length: Millis) -> String {
    let units = [(Millis::HOUR, "h"), (Millis::MINUTE, "m"), (Millis::SECOND, "s")];
    let fits = units.into_iter().find(|(unit, _)| length.0 % unit.0 == 0 && length != Millis::ZERO);
    fits.map_or_else(
        || format!("{}s", length.0 / Millis::SECOND.0),
        |(unit, name)| format!("{}{name}", length.0 / unit.0),
    )
}

const fn short(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_spelled_as_a_file_has_it() {
        for text in ["72h", "45m", "90s", "0s", "3d", "3bd", "until Tue 09:30", "until 09:30 ± 20m", "3d ± 2h"] {
            assert_eq!(Pause::parse(text).map(|pause| spelled(&pause)), Ok(text.to_owned()));
        }
    }
}
