//! The lifecycle of a lead: forward by rule, backward only by a named act.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a lead has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    #[default]
    Lead,
    Iql,
    Mql,
    Pql,
    Sql,
    Opportunity,
    Customer,
    Disqualified,
    Recycled,
}

impl Stage {
    pub const ALL: [Self; 9] = [
        Self::Lead,
        Self::Iql,
        Self::Mql,
        Self::Pql,
        Self::Sql,
        Self::Opportunity,
        Self::Customer,
        Self::Disqualified,
        Self::Recycled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Iql => "iql",
            Self::Mql => "mql",
            Self::Pql => "pql",
            Self::Sql => "sql",
            Self::Opportunity => "opportunity",
            Self::Customer => "customer",
            Self::Disqualified => "disqualified",
            Self::Recycled => "recycled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// The rung on the ladder; `None` for the two stages that lie beside it.
    pub const fn rung(self) -> Option<u8> {
        match self {
            Self::Lead => Some(0),
            Self::Iql => Some(1),
            Self::Mql => Some(2),
            Self::Pql => Some(3),
            Self::Sql => Some(4),
            Self::Opportunity => Some(5),
            Self::Customer => Some(6),
            Self::Disqualified | Self::Recycled => None,
        }
    }

    /// Whether a rule may move a lead from here up to `to`. Out of recycled a rule leads only after a new human event, which the
    /// caller knows; out of disqualified only a person does.
    pub fn may_rise_to(self, to: Self) -> bool {
        match (self, self.rung(), to.rung()) {
            (Self::Disqualified, _, _) | (_, _, None) => false,
            (Self::Recycled, _, Some(rung)) => rung > 0,
            (_, Some(from), Some(rung)) => rung > from,
            (_, None, Some(_)) => false,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
