//! A test of a sequence, as its file says it: a lead, what happens to it and when, and what is expected of the daemon.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::address::EmailAddress;
use super::handoff::Act;
use super::stage::Stage;
use super::task::TaskAct;
use super::time::{Instant, Millis};

/// All tests of one `*.test.yaml` file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The path in the workspace.
    pub file: String,
    pub sequence: String,
    pub scenarios: Vec<Scenario>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    /// The line it begins at in the file, counted from 1.
    pub line: usize,
    pub sequence: String,
    pub address: EmailAddress,
    pub attributes: BTreeMap<String, Value>,
    pub start: Instant,
    /// The zone its local times are in, and are shown in.
    pub zone: TimeZone,
    /// Whether the lead enters at the start by hand, or by what happens.
    pub enters_at_start: bool,
    pub happenings: Vec<Happening>,
    /// Steps whose mails and calls the other side refuses for good.
    pub refused: BTreeSet<StepName>,
    /// When the lead is looked at; else when it has left the sequence and all has happened.
    pub until: Option<Instant>,
    pub expected: Expected,
}

/// Something that happens to the lead.
#[derive(Clone, Debug)]
pub struct Happening {
    pub when: When,
    pub deed: Deed,
    pub line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    At(Instant),
    /// So long after the touch of a step left.
    AfterStep {
        step: StepName,
        wait: Millis,
    },
}

/// A step by its sequence and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepName {
    pub sequence: String,
    pub step: String,
}

/// Who opens or clicks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Person,
    Machine,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Event {
        name: String,
        data: Map<String, Value>,
    },
    Open {
        step: StepName,
        by: By,
    },
    Click {
        step: StepName,
        url: String,
        by: By,
    },
    /// By mail; to no certain step if none is named.
    Reply {
        step: Option<StepName>,
    },
    /// A server reports that the address does not exist.
    Bounce {
        step: StepName,
    },
    /// From one topic, or from everything.
    Unsubscribe {
        topic: Option<String>,
    },
    /// An automatic answer, with the date of return if it names one.
    OutOfOffice {
        until: Option<jiff::civil::Date>,
    },
    Set {
        values: Map<String, Value>,
    },
    Stage {
        to: Stage,
    },
    Enroll {
        sequence: String,
    },
    Pause,
    Resume,
    /// What the rep does who has the lead.
    Rep {
        act: Act,
    },
    /// Somebody ends the task of a step.
    Task {
        step: StepName,
        act: TaskAct,
    },
    /// Somebody else of the lead's account answers a mail.
    ColleagueReplies,
}

/// What the test expects. What it does not name is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// All touches of the lead, in their order.
    pub touches: Option<Vec<ExpectedTouch>>,
    /// All tasks that came into somebody's inbox for the lead, in their order.
    pub tasks: Option<Vec<ExpectedTouch>>,
    pub enrolled: Option<bool>,
    /// How the sequence ended: `finished`, `replied`, …, with more behind a colon if wanted; `no` while it goes on.
    pub exit: Option<String>,
    pub stage: Option<Stage>,
    /// From and to, both included.
    pub score: Option<(f64, f64)>,
    pub temperature: Option<String>,
    pub handoff: Option<ExpectedHandoff>,
    pub attributes: BTreeMap<String, Value>,
}

/// A touch that leaves, or a task that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedTouch {
    pub step: StepName,
    /// First and last instant, both included; any time if absent.
    pub between: Option<(Instant, Instant)>,
    /// Which variant of the mail; any if absent.
    pub variant: Option<String>,
    pub line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedHandoff {
    None,
    Any,
    /// To this team, and to this rep of it if one is named.
    To {
        team: String,
        rep: Option<String>,
    },
}

impl Deed {
    /// What happened, in a few words.
    pub fn told(&self, home: &str) -> String {
        let machine = |by: &By| if *by == By::Machine { " by a machine" } else { "" };
        match self {
            Self::Event { name, data } if data.is_empty() => name.clone(),
            Self::Event { name, data } => format!("{name} {}", Value::Object(data.clone())),
            Self::Open { step, by } => format!("opens {}{}", step.told(home), machine(by)),
            Self::Click { step, url, by } => format!("clicks {} {url}{}", step.told(home), machine(by)),
            Self::Reply { step: Some(step) } => format!("replies to {}", step.told(home)),
            Self::Reply { step: None } => "replies".to_owned(),
            Self::Bounce { step } => format!("{} bounces", step.told(home)),
            Self::Unsubscribe { topic: Some(topic) } => format!("unsubscribes from {topic}"),
            Self::Unsubscribe { topic: None } => "unsubscribes from everything".to_owned(),
            Self::OutOfOffice { until: Some(until) } => format!("is out of office until {until}"),
            Self::OutOfOffice { until: None } => "is out of office".to_owned(),
            Self::Set { values } => format!("becomes {}", Value::Object(values.clone())),
            Self::Stage { to } => format!("is made {to}"),
            Self::Enroll { sequence } => format!("is put in {sequence}"),
            Self::Pause => "is paused".to_owned(),
            Self::Resume => "is resumed".to_owned(),
            Self::Rep { act } => format!("the rep says {}", word(act)),
            Self::Task { step, act: TaskAct::Done { outcome: Some(outcome) } } => {
                format!("{} is done: {outcome}", step.told(home))
            }
            Self::Task { step, act: TaskAct::Done { outcome: None } } => format!("{} is done", step.told(home)),
            Self::Task { step, .. } => format!("{} is skipped", step.told(home)),
            Self::ColleagueReplies => "a colleague replies".to_owned(),
        }
    }
}

const fn word(act: &Act) -> &'static str {
    match act {
        Act::Claim => "claim",
        Act::Contacted => "contacted",
        Act::NotReady { .. } => "not_ready",
        Act::WrongPerson => "wrong_person",
    }
}

impl StepName {
    /// As the file writes it: the bare id for steps of the tested sequence.
    pub fn told(&self, home: &str) -> String {
        if self.sequence == home { self.step.clone() } else { format!("{}/{}", self.sequence, self.step) }
    }
}
