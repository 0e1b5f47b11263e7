//! Nobody gets a mail twice, every copy is accounted for, and a retry is what the first try was.

use super::super::notes::Notes;
use super::super::receiver::Came;
use super::super::relay::Said;
use super::{Known, Model};
use overture::domain::id::TouchId;
use overture::domain::touch::{Channel, Policy, State};
use overture::store::touch_row::TouchRow;
use std::collections::BTreeMap;

fn by_touch(model: &Model) -> BTreeMap<&TouchId, Vec<&Known>> {
    let mut all: BTreeMap<&TouchId, Vec<&Known>> = BTreeMap::new();
    for known in &model.mails {
        all.entry(&known.touch).or_default().push(known);
    }
    all
}

fn allowed(notes: &Notes, touch: &TouchId) -> usize {
    1 + notes.resent.get(touch).copied().unwrap_or(0)
}

/// Copies of what is sent at most once, beyond that.
pub fn doubled(model: &Model, notes: &Notes) -> usize {
    let at_most_once = |touch: &TouchId| model.touches.get(touch).is_some_and(|row| row.policy == Policy::AtMostOnce);
    let copies = |tries: &[&Known]| tries.iter().filter(|known| known.mail.taken).count();
    let tries = by_touch(model);
    let counted = tries.iter().filter(|(touch, _)| at_most_once(touch));
    counted.map(|(touch, tries)| copies(tries).saturating_sub(allowed(notes, touch))).sum()
}

pub fn check(model: &Model, calls: &[Came], notes: &mut Notes) {
    let tries = by_touch(model);
    for (touch, tries) in &tries {
        let Some(row) = model.touches.get(*touch) else {
            notes.break_rule("I1 nothing leaves that was not asked for", touch.to_string());
            continue;
        };
        let copies = tries.iter().filter(|known| known.mail.taken).count();
        if row.policy == Policy::AtMostOnce {
            if copies > allowed(notes, touch) {
                notes.break_rule("I1 nobody gets a mail twice", told(row, tries));
            }
            accounted(row, tries, notes);
        } else if copies > 1 + notes.crashes + lost(tries) + model.overtaken.get(*touch).copied().unwrap_or(0) {
            notes.break_rule("I1 no more copies than answers were lost", told(row, tries));
        }
        same_bytes(row, tries, notes);
    }
    for row in model.touches.values() {
        let tries = tries.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        as_it_was(row, tries, notes);
        if row.channel == Channel::Webhook {
            called(row, calls, notes);
        }
    }
}

fn told(row: &TouchRow, tries: &[&Known]) -> String {
    let tries = tries.iter().map(|known| {
        let mail = &known.mail;
        format!(
            "step {} by {} at {}: {}, {:?}",
            mail.step,
            mail.engine,
            mail.at,
            if mail.taken { "taken" } else { "not taken" },
            mail.said
        )
    });
    format!(
        "{} {} {} is {}; {}",
        row.id,
        row.sequence,
        row.step,
        row.state.as_str(),
        tries.collect::<Vec<_>>().join("; ")
    )
}

/// Answers that the relay kept to itself.
fn lost(tries: &[&Known]) -> usize {
    tries.iter().filter(|known| known.mail.said == Said::Nothing).count()
}

/// A copy that was taken is known as accepted or unknown, or its answer is awaited; and none goes out unmarked.
fn accounted(row: &TouchRow, tries: &[&Known], notes: &mut Notes) {
    if notes.resent.contains_key(&row.id) {
        return;
    }
    let taken = tries.iter().any(|known| known.mail.taken);
    if taken && !matches!(row.state, State::Marked | State::Accepted | State::Unknown) {
        notes.break_rule("I2 every copy is accounted for", told(row, tries));
    }
    if row.marked_at.is_none() {
        notes.break_rule("I2 nothing leaves unmarked", told(row, tries));
    }
}

/// What was refused after its message goes out again as it was.
fn same_bytes(row: &TouchRow, tries: &[&Known], notes: &mut Notes) {
    let again = |one: &Known| row.policy == Policy::AtLeastOnce || matches!(one.mail.said, Said::No(_));
    // Who has another address by now gets what did not arrive at the one before.
    let same = |two: &[&Known]| two[0].mail.to == two[1].mail.to;
    let differ = tries.windows(2).any(|two| again(two[0]) && same(two) && two[0].mail.bytes != two[1].mail.bytes);
    if differ && !notes.resent.contains_key(&row.id) {
        notes.break_rule("P3 a retry is byte-identical", told(row, tries));
    }
}

/// What is said of a mail is what came of it.
fn as_it_was(row: &TouchRow, tries: &[&Known], notes: &mut Notes) {
    if row.channel != Channel::Email {
        return;
    }
    let arrived = tries.iter().any(|known| known.mail.taken || known.mail.said == Said::Yes);
    if row.state == State::Accepted && !arrived {
        notes.break_rule("I2 what is accepted arrived", told(row, tries));
    }
    if row.state == State::Unknown && row.marked_at.is_none() {
        notes.break_rule("unknown is what was marked", told(row, tries));
    }
}

/// A call that is done was made, and every try of it was the same.
fn called(row: &TouchRow, calls: &[Came], notes: &mut Notes) {
    let id = row.id.to_string();
    let mine: Vec<&Came> = calls.iter().filter(|call| call.id == id).collect();
    if row.state == State::Accepted && !mine.iter().any(|call| call.done) {
        notes.break_rule("P18 a call that is done was made", format!("{id} {}", row.step));
    }
    if mine.windows(2).any(|two| two[0].body != two[1].body) {
        notes.break_rule("P3 a call is repeated as it was", format!("{id} {}", row.step));
    }
}
