//! One run, and what came of it.

use super::notes::Broken;
use super::step::Trace;
use super::world::World;
use overture::domain::touch::State;
use overture::engine::Protection;

/// What came of one run.
#[derive(Debug, Default)]
pub struct Played {
    pub mails: usize,
    /// Those of them that came before the end, while things went wrong.
    pub early: usize,
    pub doubled: usize,
    pub lost: usize,
    pub unknown: usize,
    pub crashes: usize,
    pub broken: Vec<Broken>,
    /// The step in which it ended.
    pub step: usize,
}

impl Played {
    pub fn rule(&self) -> Option<&'static str> {
        self.broken.first().map(|broken| broken.rule)
    }
}

/// Plays a trace, with a protection left out if that is to be proven.
pub fn play(trace: &Trace, lacks: Option<Protection>) -> Played {
    play_on(None, trace, lacks, false)
}

/// The same on an empty PostgreSQL if one is given, and telling each step where that is wanted.
pub fn play_on(postgres: Option<&str>, trace: &Trace, lacks: Option<Protection>, verbose: bool) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let played = runtime.block_on(async {
        let mut world = World::new(postgres, trace.clone(), lacks).await;
        world.verbose = verbose;
        world.play().await;
        let is_lost = |broken: &&Broken| broken.rule.starts_with("nothing is lost");
        Played {
            mails: world.model.mails.iter().filter(|known| known.mail.taken).count(),
            early: world
                .model
                .mails
                .iter()
                .filter(|known| known.mail.taken && known.mail.step < trace.steps.len())
                .count(),
            doubled: world.model.doubled(&world.notes),
            lost: world.notes.broken.iter().filter(is_lost).count(),
            unknown: world.model.touches.values().filter(|row| row.state == State::Unknown).count(),
            crashes: world.notes.crashes,
            broken: world.notes.broken.clone(),
            step: world.notes.step,
        }
    });
    runtime.shutdown_background();
    played
}
