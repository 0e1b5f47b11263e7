//! Numbers as people read them.

/// `1 234 567`, with thin spaces that do not break.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut told = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push('\u{202f}');
        }
        told.push(digit);
    }
    if n < 0 { format!("−{told}") } else { told }
}

/// A share in whole percent; none of nothing.
pub fn percent(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| (part * 100 + whole / 2) / whole)
}

/// Points as they are told: whole ones without a fraction.
pub fn points(n: f64) -> String {
    let tenths = (n * 10.0).round() / 10.0;
    if tenths.fract() == 0.0 { format!("{tenths:.0}") } else { format!("{tenths:.1}") }
}

/// The length of a bar, in percent of its full length.
#[expect(clippy::cast_precision_loss, reason = "a bar is a few hundred pixels long")]
pub fn share(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { (part as f64 / whole as f64 * 100.0).clamp(0.0, 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_threes() {
        assert_eq!([0, 999, 1_000, -1_234_567].map(count), ["0", "999", "1\u{202f}000", "−1\u{202f}234\u{202f}567"]);
        assert_eq!((percent(1, 3), percent(2, 3), percent(0, 0)), (Some(33), Some(67), None));
        assert_eq!((points(80.0).as_str(), points(14.96).as_str(), points(-0.34).as_str()), ("80", "15", "-0.3"));
    }
}
