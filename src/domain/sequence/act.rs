//! What the steps of a sequence do.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::task::Task;
use crate::domain::calendar::Pause;
use crate::domain::condition::Condition;
use crate::domain::stage::Stage;
use crate::domain::template::Template;

/// What a mail of unknown outcome means for its enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    Proceed,
    Hold,
}

/// What a webhook step that failed for good means for its enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    Continue,
    Hold,
    Exit,
}

/// One step, and the index of the one that follows it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The id from the file, or for steps that do not act one made of their place (`#3`, `#3.then.1`).
    pub id: String,
    pub act: Act,
    /// `None` at the end of the sequence.
    pub next: Option<usize>,
    /// The line it begins at in the file, counted from 1.
    pub line: usize,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Act {
    Email {
        copy: Copy,
    },
    Webhook {
        channel: String,
        with: BTreeMap<String, With>,
        on_failure: OnFailure,
    },
    Wait(Pause),
    /// Goes on the moment the condition holds, and at the end of the wait at the latest.
    WaitFor {
        when: Condition,
        up_to: Pause,
    },
    /// Something a person does: shown in an inbox, done with an outcome.
    Task(Box<Task>),
    /// Each lead takes one of the weighted ways, by hash.
    Split(Vec<Portion>),
    /// The first arm whose condition holds; each arm and the rest name the step to go on with.
    Branch {
        arms: Vec<Arm>,
        otherwise: Option<usize>,
    },
    Set(Vec<Assign>),
    Handoff {
        reason: String,
        when: Option<Condition>,
    },
    Enroll {
        sequence: String,
    },
    End {
        reason: String,
    },
}

#[derive(Clone, Debug)]
pub struct Arm {
    pub when: Condition,
    pub then: Option<usize>,
}

/// One way of a split.
#[derive(Clone, Debug)]
pub struct Portion {
    pub name: String,
    /// Its share among the weights of all ways.
    pub weight: u32,
    pub then: Option<usize>,
}

/// The template of a mail, or several that are tried against each other.
#[derive(Clone, Debug)]
pub enum Copy {
    One(String),
    Tried(Experiment),
}

/// A mail in several variants, each lead getting one by hash until one has won.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Tells it from the one it was before a text, a weight or the variants changed.
    pub id: String,
    pub variants: Vec<Variant>,
    pub winner: Option<Winner>,
}

#[derive(Clone, Debug)]
pub struct Variant {
    pub name: String,
    pub template: String,
    pub weight: u32,
}

/// When a variant counts as the better one, and everybody after gets it.
#[derive(Clone, Debug)]
pub struct Winner {
    /// The event that counts for a variant: `opened`, `clicked`, `replied`, or any other name.
    pub by: String,
    /// Mails of each variant before anything is said.
    pub at_least: u32,
    /// How sure it must be, over 0.5 and under 1.
    pub confidence: f64,
}

impl Copy {
    /// The template of a variant by its name; of a mail in one text that, whatever it is asked for.
    pub fn template_of(&self, variant: Option<&str>) -> Option<&str> {
        match self {
            Self::One(template) => Some(template),
            Self::Tried(experiment) => experiment.variant(variant?).map(|variant| variant.template.as_str()),
        }
    }

    /// Every template it may use.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        let (one, tried) = match self {
            Self::One(template) => (Some(template.as_str()), &[][..]),
            Self::Tried(experiment) => (None, experiment.variants.as_slice()),
        };
        one.into_iter().chain(tried.iter().map(|variant| variant.template.as_str()))
    }
}

impl Experiment {
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}

/// A value under `with:`.
#[derive(Clone, Debug)]
pub enum With {
    /// A text template, written in the file.
    Text(Arc<Template>),
    /// A file of templates/, by name.
    Template(String),
}

/// One change a `set` step makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Assign {
    /// An attribute of the lead gets a value of its declared type; null takes it away.
    Attribute {
        name: String,
        value: serde_json::Value,
    },
    /// `+tag` adds, `-tag` takes away.
    Tag {
        add: bool,
        tag: String,
    },
    Points {
        points: f64,
        reason: String,
    },
    Stage {
        to: Stage,
        reason: String,
    },
}

impl Act {
    /// Where each way of a branch or a split begins; nothing for all else. A way that begins nowhere goes on after the step.
    pub fn ways(&self) -> Vec<Option<usize>> {
        match self {
            Self::Branch { arms, otherwise } => arms.iter().map(|arm| arm.then).chain([*otherwise]).collect(),
            Self::Split(ways) => ways.iter().map(|way| way.then).collect(),
            _ => Vec::new(),
        }
    }

    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Email { .. } => "email",
            Self::Webhook { .. } => "webhook",
            Self::Wait(_) | Self::WaitFor { .. } => "wait",
            Self::Task(_) => "task",
            Self::Split(_) => "split",
            Self::Branch { .. } => "if",
            Self::Set(_) => "set",
            Self::Handoff { .. } => "handoff",
            Self::Enroll { .. } => "enroll",
            Self::End { .. } => "end",
        }
    }
}
