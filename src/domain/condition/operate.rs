//! What operators do to values; null in gives null or no out, and nothing overflows in silence.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Span;
use jiff::civil::Date;

use super::ast::Sum;
use super::facts::Facts;
use super::node::Order;
use super::value::Value;
use crate::domain::time::{Instant, Millis};

const TOO_LARGE: &str = "is too large";

/// Whether two values are the same; null is only null, and values of different kinds never are.
pub(super) fn equal(left: &Value, right: &Value, facts: &dyn Facts) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| equal(left, right, facts))
        }
        _ => matches!(order(left, right, facts), Ok(Some(Ordering::Equal))),
    }
}

/// The order of two values, none if one is null; a point in time meets a date as the lead's local date.
pub(super) fn order(left: &Value, right: &Value, facts: &dyn Facts) -> Result<Option<Ordering>, String> {
    match (left, right) {
        (Value::Instant(left), Value::Date(right)) => Ok(Some(facts.date_of(*left).cmp(right))),
        (Value::Date(left), Value::Instant(right)) => Ok(Some(left.cmp(&facts.date_of(*right)))),
        _ => order_alike(left, right),
    }
}

/// The order of two values that are ordered by what they are, without asking where the lead is.
#[inline]
pub(super) fn order_alike(left: &Value, right: &Value) -> Result<Option<Ordering>, String> {
    Ok(match (left, right) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Int(left), Value::Float(right)) => mixed(*left, *right),
        (Value::Float(left), Value::Int(right)) => mixed(*right, *left).map(Ordering::reverse),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::Instant(left), Value::Instant(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        _ => return Err(format!("compares {} with {}", left.kind().name(), right.kind().name())),
    })
}

/// Whether an order found is one asked for.
pub(super) fn fits(order: Order, found: Ordering) -> bool {
    match order {
        Order::Less => found.is_lt(),
        Order::LessOrEqual => found.is_le(),
        Order::More => found.is_gt(),
        Order::MoreOrEqual => found.is_ge(),
    }
}

/// Compares exactly, also beyond the whole numbers that a decimal can hold.
fn mixed(whole: i64, decimal: f64) -> Option<Ordering> {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    if decimal.is_nan() {
        return None;
    }
    if decimal >= EDGE {
        return Some(Ordering::Less);
    }
    if decimal < -EDGE {
        return Some(Ordering::Greater);
    }
    #[expect(clippy::cast_possible_truncation, reason = "cut to whole on purpose, and within the range of i64")]
    let cut = decimal.trunc() as i64;
    Some(whole.cmp(&cut).then_with(|| 0.0_f64.partial_cmp(&decimal.fract()).unwrap_or(Ordering::Equal)))
}

pub(super) fn negate(value: &Value) -> Result<Value, String> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or_else(|| TOO_LARGE.to_owned()),
        Value::Float(number) => Ok(Value::Float(-number)),
        Value::Duration(length) => Ok(Value::Duration(Millis(length.0.saturating_neg()))),
        other => Err(format!("negates {}", other.kind().name())),
    }
}

/// Arithmetic; the error is what it does wrong, to follow the words that were written.
pub(super) fn calculate(sum: Sum, left: &Value, right: &Value) -> Result<Value, String> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Int(left), Value::Int(right)) => whole(sum, *left, *right).map(Value::Int),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            decimal(sum, as_decimal(left), as_decimal(right)).map(Value::Float)
        }
        (Value::Text(left), Value::Text(right)) if sum == Sum::Plus => {
            Ok(Value::Text(Arc::from(format!("{left}{right}"))))
        }
        (Value::Duration(length), Value::Date(date)) if sum == Sum::Plus => moved(*date, *length),
        (Value::Duration(length), Value::Instant(at)) if sum == Sum::Plus => Ok(Value::Instant(*at + *length)),
        (Value::Date(date), Value::Duration(length)) => match sum {
            Sum::Plus => moved(*date, *length),
            Sum::Minus => moved(*date, Millis(length.0.saturating_neg())),
            _ => Err(mismatch(sum, left, right)),
        },
        (Value::Instant(at), Value::Duration(length)) => match sum {
            Sum::Plus => Ok(Value::Instant(*at + *length)),
            Sum::Minus => Ok(Value::Instant(*at - *length)),
            _ => Err(mismatch(sum, left, right)),
        },
        (Value::Date(left), Value::Date(right)) if sum == Sum::Minus => {
            let days = left.duration_since(*right).as_secs() / 86_400;
            Ok(Value::Duration(Millis::DAY.times(days)))
        }
        (Value::Instant(Instant(left)), Value::Instant(Instant(right))) if sum == Sum::Minus => {
            length(sum, *left, *right)
        }
        (Value::Duration(Millis(left)), Value::Duration(Millis(right))) if matches!(sum, Sum::Plus | Sum::Minus) => {
            length(sum, *left, *right)
        }
        (Value::Duration(Millis(left)), Value::Int(right)) if matches!(sum, Sum::Times | Sum::Over) => {
            length(sum, *left, *right)
        }
        (Value::Int(left), Value::Duration(Millis(right))) if sum == Sum::Times => length(sum, *left, *right),
        (Value::Duration(length), Value::Float(by)) if matches!(sum, Sum::Times | Sum::Over) => {
            scaled(sum, *length, *by)
        }
        (Value::Float(by), Value::Duration(length)) if sum == Sum::Times => scaled(sum, *length, *by),
        _ => Err(mismatch(sum, left, right)),
    }
}

fn mismatch(sum: Sum, left: &Value, right: &Value) -> String {
    format!("puts `{}` between {} and {}", sum.sign(), left.kind().name(), right.kind().name())
}

fn length(sum: Sum, left: i64, right: i64) -> Result<Value, String> {
    whole(sum, left, right).map(|millis| Value::Duration(Millis(millis)))
}

/// A length times or over a decimal, to the millisecond; saturates at the ends of the range.
#[expect(clippy::cast_possible_truncation, reason = "rounded first; the cast saturates")]
#[expect(clippy::cast_precision_loss, reason = "exact to the millisecond for 285,000 years")]
fn scaled(sum: Sum, length: Millis, by: f64) -> Result<Value, String> {
    decimal(sum, length.0 as f64, by).map(|millis| Value::Duration(Millis(millis.round() as i64)))
}

fn whole(sum: Sum, left: i64, right: i64) -> Result<i64, String> {
    if right == 0 && matches!(sum, Sum::Over | Sum::Rest) {
        return Err("divides by zero".to_owned());
    }
    let result = match sum {
        Sum::Plus => left.checked_add(right),
        Sum::Minus => left.checked_sub(right),
        Sum::Times => left.checked_mul(right),
        Sum::Over => left.checked_div(right),
        Sum::Rest => left.checked_rem(right),
    };
    result.ok_or_else(|| TOO_LARGE.to_owned())
}

fn decimal(sum: Sum, left: f64, right: f64) -> Result<f64, String> {
    if right == 0.0 && matches!(sum, Sum::Over | Sum::Rest) {
        return Err("divides by zero".to_owned());
    }
    let result = match sum {
        Sum::Plus => left + right,
        Sum::Minus => left - right,
        Sum::Times => left * right,
        Sum::Over => left / right,
        Sum::Rest => left % right,
    };
    if result.is_finite() { Ok(result) } else { Err(TOO_LARGE.to_owned()) }
}

#[expect(clippy::cast_precision_loss, reason = "arithmetic with a decimal is decimal, as everywhere")]
fn as_decimal(value: &Value) -> f64 {
    match value {
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        _ => f64::NAN,
    }
}

/// A date moves by days of the calendar, whatever the clocks do in them.
fn moved(date: Date, length: Millis) -> Result<Value, String> {
    if length.0 % Millis::DAY.0 != 0 {
        return Err("moves a date by less than whole days".to_owned());
    }
    let days = Span::new().try_days(length.0 / Millis::DAY.0);
    let moved = days.and_then(|days| date.checked_add(days));
    moved.map(Value::Date).map_err(|_| "leaves the calendar".to_owned())
}
