//! What was written, before anybody asks whether it makes sense.

use super::fault::Span;
use super::value::Value;

/// One expression as written; `height` bounds every recursion over it.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub kind: Kind,
    pub span: Span,
    pub height: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Literal(Value),
    Name(String),
    Member(Box<Expr>, Word),
    Call { on: Option<Box<Expr>>, name: Word, with: Vec<Expr> },
    Not(Box<Expr>),
    Minus(Box<Expr>),
    All(Vec<Expr>),
    Either(Vec<Expr>),
    Compare(Comparison, Box<[Expr; 2]>),
    Calculate(Sum, Box<[Expr; 2]>),
    Choice(Box<[Expr; 3]>),
    List(Vec<Expr>),
}

/// A name with its place.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub text: String,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    Plus,
    Minus,
    Times,
    Over,
    Rest,
}

impl Comparison {
    pub fn of(sign: &str) -> Option<Self> {
        match sign {
            "==" => Some(Self::Equal),
            "!=" => Some(Self::Unequal),
            "<" => Some(Self::Less),
            "<=" => Some(Self::LessOrEqual),
            ">" => Some(Self::More),
            ">=" => Some(Self::MoreOrEqual),
            "in" => Some(Self::In),
            _ => None,
        }
    }

    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::More => ">",
            Self::MoreOrEqual => ">=",
            Self::In => "in",
        }
    }
}

impl Sum {
    pub fn of(sign: &str) -> Option<Self> {
        match sign {
            "+" => Some(Self::Plus),
            "-" => Some(Self::Minus),
            "*" => Some(Self::Times),
            "/" => Some(Self::Over),
            "%" => Some(Self::Rest),
            _ => None,
        }
    }

    pub const fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
            Self::Rest => "%",
        }
    }
}

impl Kind {
    /// The expressions directly inside.
    pub fn parts(&self) -> Vec<&Expr> {
        match self {
            Self::Literal(_) | Self::Name(_) => Vec::new(),
            Self::Member(on, _) | Self::Not(on) | Self::Minus(on) => vec![on],
            Self::Call { on, with, .. } => on.iter().map(AsRef::as_ref).chain(with).collect(),
            Self::All(parts) | Self::Either(parts) | Self::List(parts) => parts.iter().collect(),
            Self::Compare(_, sides) | Self::Calculate(_, sides) => sides.iter().collect(),
            Self::Choice(sides) => sides.iter().collect(),
        }
    }
}
