//! What may happen, one thing at a time. A step means something whatever came before it, so that a trace stays playable when steps are
//! taken out of it.

use serde::{Deserialize, Serialize};

/// Where a conversation with the relay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    Greeting,
    Ehlo,
    Mail,
    Rcpt,
    Data,
    /// After the final dot.
    Dot,
}

/// What the relay does with one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    None,
    /// Answers the command with the n-th refusal that fits it.
    Refuse {
        at: At,
        which: usize,
    },
    /// Closes without an answer.
    Drop {
        at: At,
    },
    /// Takes the message, and closes without an answer.
    TakeAndDrop,
    /// Takes the message, says so, and closes.
    AcceptAndDrop,
    /// Says yes before it has read the message, and forgets it.
    Forget,
}

/// What the relay does with the next mail of an engine, and where it first lets it wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    pub stall: Option<At>,
    pub fault: Fault,
}

/// What the relay or the receiver does with whoever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    Up,
    /// Nobody listens.
    Down,
    /// `421` for a greeting; `503` for a call.
    Busy,
    /// `554` for a greeting; `410` for a call.
    Hostile,
}

/// What people and machines say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    Arrived,
    Replied,
    RepliedByMachine,
    Away,
    Unsubscribed,
    UnsubscribedFromTips,
    HardBounce,
    Complained,
    DemoRequested,
    MeetingBooked,
    Clicked,
    Opened,
    ClickedByMachine,
    Contacted,
}

/// One step. Numbers are taken modulo what there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// So many milliseconds pass.
    Pass(i64),
    /// The clock goes to the next instant at which something is due.
    Next,
    /// Nobody is there for so many hours.
    Downtime(i64),
    /// The clock is set back by so many milliseconds.
    Back(i64),
    Enroll {
        engine: usize,
        who: usize,
        sequence: usize,
    },
    Tell {
        engine: usize,
        who: usize,
        word: Word,
    },
    /// Facts about several people in one batch, one of which cannot be written.
    Batch {
        engine: usize,
        from: usize,
        count: usize,
        poison: bool,
    },
    /// The same facts, each told by somebody else at the same time: they share a commit.
    Burst {
        engine: usize,
        from: usize,
        count: usize,
        poison: bool,
    },
    /// Whoever got no answer tells it again.
    Again {
        engine: usize,
    },
    Suppress {
        engine: usize,
        who: usize,
        domain: bool,
    },
    /// Lifts the suppression of the address, and of the domain.
    Unsuppress {
        engine: usize,
        who: usize,
    },
    Pause {
        engine: usize,
        scope: usize,
    },
    Resume {
        engine: usize,
        scope: usize,
    },
    Act {
        engine: usize,
        who: usize,
        act: usize,
    },
    Resend {
        engine: usize,
    },
    Release {
        engine: usize,
        skip: bool,
    },
    Move {
        engine: usize,
        who: usize,
        to: usize,
    },
    /// Two people are found to be one: the first is taken in by the other.
    Merge {
        engine: usize,
        who: usize,
        into: usize,
    },
    Wake {
        engine: usize,
    },
    Claim {
        engine: usize,
        lane: usize,
        wanted: usize,
    },
    /// Carries what was claimed first; its outcome is stored at once, or later.
    Carry {
        engine: usize,
        script: Script,
        settle: bool,
    },
    Settle {
        engine: usize,
    },
    /// Lets go on what waits longest.
    Go {
        engine: usize,
    },
    /// Renews leases, and takes over what ran out.
    Keep {
        engine: usize,
    },
    Crash {
        engine: usize,
    },
    /// The engine ends when it reaches a place the n-th time.
    Arm {
        engine: usize,
        place: usize,
        nth: u32,
    },
    /// The engine waits before its n-th transaction from now.
    Hold {
        engine: usize,
        nth: u32,
    },
    /// The n-th commit from now is carried out, and the engine does not hear of it.
    Doubt {
        engine: usize,
        nth: u32,
    },
    /// Does all that is due, with what is the matter with servers then.
    Work {
        engine: usize,
    },
    Mood(Mood),
    CallMood(Mood),
}

/// What a run begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knobs {
    pub engines: usize,
    pub people: usize,
    pub caps: [u32; 2],
    /// Seconds between two mails of each sender.
    pub gaps: [u32; 2],
    pub pipelining: bool,
    /// Hours after the beginning of a Monday.
    pub start_hour: i64,
}

/// All of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    pub seed: u64,
    pub knobs: Knobs,
    pub steps: Vec<Step>,
}
