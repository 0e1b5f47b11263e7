//! The whole story in a minute: the example workspace, made-up people, real protocols on the loopback, and a clock that steps.

mod hands;
mod play;
mod show;
mod stage;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::desk::Desk;
use super::failure::Failure;
use crate::domain::time::Millis;
use crate::sim::Chance;
use crate::sim::tally::Tally;
use play::Play;
use show::Board;
use stage::Stage;

/// Real time a domain's day takes at least, where somebody looks.
const DAY: Duration = Duration::from_secs(2);

const AFTER: &str = "\
Nothing leaves the machine: a mail server and a webhook receiver of its own listen on the loopback, and all people are made up. They act
over real HTTP and SMTP; only the daemon's clock is fast. It begins on Monday, 5 January 2026, at 08:55 in Berlin.

Examples:
  overture demo                           opens pages to look at; Ctrl-C ends it
  overture demo --keep my-demo            leaves the workspace and its database in a folder; edit its files and watch
  overture demo --once --days 30 --json   as fast as it goes, then the counts";

/// Plays a month of outreach with made-up people, on this machine alone
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Demo {
    /// Runs as fast as it goes, prints what came of it, and ends
    #[arg(long)]
    once: bool,
    /// Days to play
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=400))]
    days: u16,
    /// People to make up
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=5000))]
    leads: u16,
    /// The same number makes the same month
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keeps the workspace in this folder, which must be empty or new
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl Demo {
    pub async fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let chance = Chance::new(self.seed);
        let people = crate::sim::people::people(self.leads.into(), &chance);
        let mut stage = Stage::set(self.keep.clone(), &people, self.seed).await?;
        desk.paper.in_zone(stage.zone());
        let doors = stage.open()?;
        let mut play = Play::new(&stage, people, chance, Millis::DAY.times(self.days.into()));
        if !self.once {
            play = play.paced(DAY);
        }
        let mut board = Board::new(!self.once && !desk.paper.json);
        board.greet(&stage, &mut desk.paper)?;
        let played = tokio::select! {
            played = play.run(&mut board, &mut desk.paper) => played.map(|()| true),
            () = doors => Err(Failure::broken("a listener of the demo broke")),
            () = told_to_end() => Ok(false),
        };
        let done = match played {
            Ok(ended) => self.tell(ended, &stage, (&mut board, desk)).await,
            Err(failure) => Err(failure),
        };
        stage.strike().await;
        done
    }

    /// Says what came of it; where somebody looks, once they have looked long enough.
    async fn tell(&self, ended: bool, stage: &Stage, (board, desk): (&mut Board, &mut Desk)) -> Result<(), Failure> {
        board.end(&mut desk.paper)?;
        let tally = Tally::of(&stage.engine, stage.shelf.faults()).await?;
        if desk.paper.json {
            desk.paper.value(&tally.json())?;
        } else {
            for line in tally.lines() {
                desk.paper.line(line)?;
            }
        }
        desk.paper.flush()?;
        if ended && !self.once {
            desk.paper.line(format!(
                "\n{} days have passed. The pages stay until Ctrl-C: {}",
                self.days,
                stage.pages()
            ))?;
            desk.paper.flush()?;
            told_to_end().await;
        }
        if let Some(folder) = &self.keep {
            desk.paper.line(format!("kept in {}", folder.display()))?;
        }
        let faults = stage.shelf.faults();
        if faults.duplicates + faults.sent_after_stop > 0 {
            return Err(Failure::no("the mail server saw mails that should never have been sent"));
        }
        Ok(())
    }
}

/// Ctrl-C, or the polite signal of a service manager. One that cannot be listened for ends it as well: nobody could end it otherwise.
async fn told_to_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
