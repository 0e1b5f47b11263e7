//! Lengths of time are written `90d` everywhere, so that nobody counts seconds.

use crate::domain::time::Millis;

const UNITS: [(&str, Millis); 5] = [
    ("w", Millis::DAY.times(7)),
    ("d", Millis::DAY),
    ("h", Millis::HOUR),
    ("m", Millis::MINUTE),
    ("s", Millis::SECOND),
];

/// Reads `90d`, `72h`, `1h30m`: whole numbers of w, d (24 hours), h, m, s; an error is a sentence for people.
pub fn parse_length(text: &str) -> Result<Millis, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("a length of time is missing, such as 30d".to_owned());
    }
    let mut total = 0_i64;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let (unit, next) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        if number.is_empty() {
            return Err(format!("`{text}` is not a length of time, such as 30d or 72h"));
        }
        let one = unit_of(unit).ok_or_else(|| unknown_unit(text, unit))?;
        total = number
            .parse::<i64>()
            .ok()
            .and_then(|count| count.checked_mul(one.0))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("`{text}` is too long a time"))?;
        rest = next;
    }
    Ok(Millis(total))
}

/// Writes a length as [`parse_length`] reads it, in the largest unit that keeps it whole.
pub(super) fn show_length(length: Millis) -> String {
    let whole = UNITS.iter().find(|(_, one)| length.0 != 0 && length.0 % one.0 == 0);
    match whole {
        Some((unit, one)) => format!("{}{unit}", length.0 / one.0),
        None if length.0 == 0 => "0s".to_owned(),
        None => format!("{}ms", length.0),
    }
}

fn unit_of(unit: &str) -> Option<Millis> {
    UNITS.iter().find(|(name, _)| *name == unit).map(|(_, one)| *one)
}

fn unknown_unit(text: &str, unit: &str) -> String {
    match unit {
        "" => format!("`{text}` lacks its unit: w, d, h, m or s"),
        "bd" => format!("`{text}`: business days are for waits; a condition counts w, d, h, m or s"),
        _ => format!("`{unit}` in `{text}` is no unit of time: write w, d, h, m or s"),
    }
}
