//! Which sender of a pool a lead's mails leave from: the one that its first mail of the pool left from.

use super::work::Work;
use crate::domain::enrollment::{Enrollment, Hold, Phase};
use crate::domain::event::What;
use crate::domain::sequence::Sequence;

/// The sender of the next mail; a new one is remembered and told, also where the one before left the pool.
pub fn sender_of(work: &mut Work<'_>, sequence: &Sequence) -> String {
    let from = sequence.send.from.clone().unwrap_or_default();
    let settings = &work.playbook.settings;
    if settings.senders.contains_key(&from) {
        return from;
    }
    if let Some(kept) = settings.kept(&from, &work.lead) {
        return kept.to_owned();
    }
    let Some(drawn) = settings.drawn(&from, &work.lead, &work.case.stopped_senders).map(str::to_owned) else {
        return from;
    };
    let before = work.lead.senders.get(&from).cloned();
    work.conclude(What::SenderDrawn { pool: from, sender: drawn.clone(), before });
    drawn
}

/// Whether a held mail waits in the lane of a sender that has left the pool: then it is asked for anew, from another.
pub fn has_moved(work: &Work<'_>, running: &Enrollment, sequence: &Sequence) -> bool {
    let Phase::Held { hold: Hold { touch: Some(_), .. } } = &running.phase else { return false };
    let (settings, lead) = (&work.playbook.settings, &work.lead);
    let lost = |from: &String| lead.senders.contains_key(from) && settings.kept(from, lead).is_none();
    sequence.send.from.as_ref().filter(|from| settings.pools.contains_key(*from)).is_some_and(lost)
}
