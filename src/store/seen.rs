//! Which mails were seen by a person, on the touch itself: a page counts them by step without reading events.

use std::collections::{BTreeMap, BTreeSet};

use super::error::StoreError;
use super::sql::{Kind, Statement, rows};
use super::tx::Tx;
use crate::domain::id::TouchId;

impl Tx {
    /// Notes touches that a person opened, or clicked in where the flag says so.
    pub(super) async fn note_seen(&mut self, all: &BTreeSet<(&TouchId, bool)>) -> Result<(), StoreError> {
        static NOTE: Statement = Statement::batch(
            &[("asked", Kind::Text), ("by_open", Kind::Int), ("by_click", Kind::Int)],
            "UPDATE touch
             SET opened = {greatest touch.opened, i.by_open}, clicked = {greatest touch.clicked, i.by_click}
             FROM {input} AS i
             WHERE touch.id = i.asked",
        );
        if all.is_empty() {
            return Ok(());
        }
        let mut by_touch: BTreeMap<&TouchId, (i64, i64)> = BTreeMap::new();
        for (touch, clicked) in all {
            let seen = by_touch.entry(touch).or_default();
            if *clicked { seen.1 = 1 } else { seen.0 = 1 }
        }
        let input = rows(by_touch.into_iter().map(|(touch, (opened, clicked))| (touch, opened, clicked)));
        self.run("note mails that were seen", &NOTE, vec![input.into()]).await.map(drop)
    }
}
