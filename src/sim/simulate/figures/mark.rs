//! The stations on a lead's way that a funnel shows.

/// How far a lead came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Lead,
    Enrolled,
    Mailed,
    Opened,
    Clicked,
    Replied,
    Mql,
    Sql,
    Opportunity,
    Customer,
}

impl Mark {
    pub const ALL: [Self; 10] = [
        Self::Lead,
        Self::Enrolled,
        Self::Mailed,
        Self::Opened,
        Self::Clicked,
        Self::Replied,
        Self::Mql,
        Self::Sql,
        Self::Opportunity,
        Self::Customer,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "leads",
            Self::Enrolled => "enrolled",
            Self::Mailed => "mailed",
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Replied => "replied",
            Self::Mql => "MQL",
            Self::Sql => "SQL",
            Self::Opportunity => "opportunity",
            Self::Customer => "customer",
        }
    }

    pub(super) const fn bit(self) -> u16 {
        1 << self as u16
    }
}
