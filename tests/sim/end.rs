//! The end of a run: everything heals, time goes on, and all that was asked for must come to its end.

use super::house::LEASE;
use super::world::World;
use overture::domain::time::{Instant, Millis};

/// Looks at what is due at most; a run that needs more goes in circles.
const LOOKS: usize = 3_000;
/// How far a run is followed.
const LONG: Millis = Millis::DAY.times(120);

impl World {
    /// Lets everything heal, and goes on until nothing is due.
    pub async fn end(&mut self) {
        self.heal();
        let until = self.now() + LONG;
        for engine in 0..self.daemons.len() {
            self.daemon(engine).await;
            self.heal();
            while self.daemons[engine].as_ref().is_some_and(|daemon| !daemon.parked.is_empty()) {
                self.go_on(engine).await;
            }
            while self.daemons[engine].as_ref().is_some_and(|daemon| !daemon.carried.is_empty()) {
                self.settle(engine).await;
            }
            // Whatever was in hand falls to whoever takes over.
            self.die(engine);
        }
        self.pass(Millis(i64::try_from(LEASE.as_millis()).expect("a short lease") * 2)).await;
        self.resume_all().await;
        for _ in 0..LOOKS {
            self.notes.step += 1;
            self.relay.begins(self.notes.step);
            // A lease may be long where the clock was set back under it.
            self.keep(0).await;
            self.work(0).await;
            self.look().await;
            if self.verbose {
                println!("end {}{}", self.now(), self.model.news());
            }
            if !self.notes.broken.is_empty() {
                return;
            }
            let lapse = self.house.store.next_lapse().await.expect("the store answers");
            let next = self.next().await.into_iter().chain(lapse).min();
            match next.filter(|next| *next <= until) {
                Some(next) => self.pass(Millis(next.since(self.now()).0.max(1_000))).await,
                None => break,
            }
        }
        let now: Instant = self.now();
        self.model.rest(&mut self.notes, now);
    }
}
