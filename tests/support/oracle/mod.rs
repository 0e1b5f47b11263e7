//! Whether the promises held, judged from outside: by what a mail server and a receiver of webhooks got, and by what the database says when
//! all is over. Who kills, cuts and fills disks does so elsewhere; the judgement is one.
//!
//! | | what must hold |
//! |---|---|
//! | I1 | a mail came once; one that is sent at least once, once more for each crash or lost answer, with the same octets |
//! | I2 | each copy that was taken has its touch accepted or unknown, and each accepted touch its copy |
//! | I3 | nothing was marked after a suppression or a stop that was acknowledged |
//! | I4 | no step came before its time |
//! | I5 | no cap and no gap was exceeded |
//! | I6 | each change has one event and its effects once: a lead is the fold of its events |
//! | I7 | nobody holds what a dead daemon had in hand |
//! | I8 | each rung of a clock fired once |

pub mod books;
mod mails;
mod rows;

use books::Books;

use super::faulty_smtp::Copy;
use super::http::Request;
use overture::domain::time::{Instant, Millis};
use std::fmt;

/// What was seen outside.
#[derive(Default)]
pub struct Outside {
    /// What mail servers read to the end, each in its order.
    pub copies: Vec<Copy>,
    /// What receivers of webhooks got; all were answered by 2xx, unless the caller was gone.
    pub calls: Vec<Request>,
}

/// A wait between two steps of one sequence.
pub struct Wait {
    pub before: &'static str,
    pub after: &'static str,
    pub length: Millis,
}

/// What one sender may do.
pub struct Pace {
    pub lane: &'static str,
    pub gap: Millis,
    pub cap: Option<u32>,
    /// The zone of its day.
    pub zone: String,
}

/// A suppression, a reply or a removal of which somebody was told that it holds.
#[derive(Clone, Debug)]
pub struct Stop {
    pub lead: String,
    pub acknowledged_at: Instant,
}

/// What ought to have happened.
pub struct Expected {
    /// Everyone whose arrival was told, by address.
    pub leads: Vec<String>,
    /// The steps that each of them comes by, unless it was stopped or one of them failed.
    pub steps: Vec<&'static str>,
    /// Events that each of them has once, however often they were told.
    pub heard_once: Vec<&'static str>,
    pub waits: Vec<Wait>,
    pub paces: Vec<Pace>,
    pub stops: Vec<Stop>,
    /// Leads of whom a stop was asked and nobody answered: it may hold or not.
    pub perhaps_stopped: Vec<String>,
    /// Crashes and lost answers there were: each may cost one more copy of what is sent at least once.
    pub crashes: usize,
    /// How far the daemon's clock may lie behind this machine's: on PostgreSQL it is the database's, as it was read at the start.
    pub slack: Millis,
}

/// The judgement.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Mails that were taken.
    pub mails: usize,
    /// Steps that nobody did and nobody lists.
    pub lost: Vec<String>,
    /// Copies too many.
    pub doubled: Vec<String>,
    /// Touches listed as unknown.
    pub unknown: usize,
    /// What broke, each beginning with its invariant.
    pub broken: Vec<String>,
}

impl Verdict {
    pub fn holds(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.broken.is_empty()
    }

    /// One line that a program can collect, as `proof: what=kills database=sqlite kills=200 …`.
    pub fn line(&self, what: &str, database: &str, kills: usize) -> String {
        format!(
            "proof: what={what} database={database} kills={kills} mails={} lost={} doubled={} unknown={} broken={}",
            self.mails,
            self.lost.len(),
            self.doubled.len(),
            self.unknown,
            self.broken.len()
        )
    }
}

/// The first of what went wrong, for people.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (word, all) in [("lost", &self.lost), ("doubled", &self.doubled), ("broken", &self.broken)] {
            for one in all.iter().take(10) {
                writeln!(f, "{word}: {one}")?;
            }
            if all.len() > 10 {
                writeln!(f, "{word}: and {} more", all.len() - 10)?;
            }
        }
        Ok(())
    }
}

/// Judges what is over: the books were read when nothing was left to do.
pub fn judge(books: &Books, outside: &Outside, expected: &Expected) -> Verdict {
    let mut verdict = Verdict {
        mails: outside.copies.iter().filter(|copy| copy.taken).count(),
        unknown: books.unknown(),
        ..Verdict::default()
    };
    let by_message = mails::by_message(&outside.copies);
    mails::copies(books, &by_message, expected, &mut verdict);
    mails::stops(books, expected, &mut verdict);
    mails::times(books, &by_message, expected, &mut verdict);
    mails::paces(books, &by_message, expected, &mut verdict);
    rows::steps(books, expected, &mut verdict);
    rows::histories(books, expected, &mut verdict);
    rows::leases(books, &mut verdict);
    rows::rungs(books, &outside.calls, &mut verdict);
    rows::calls(books, &outside.calls, &mut verdict);
    verdict
}
