//! Texts of other people as a terminal may have them: what would steer it is shown, not done.

/// Whether a character moves the cursor, changes the terminal, or turns the direction of writing.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with its steering characters spelled out.
pub fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// The text with a sign of as many bytes for each of them, so that places in it stay what they are.
pub fn masked(text: &str) -> String {
    let sign = |c: char| match c.len_utf8() {
        1 => '?',
        2 => '¿',
        _ => '\u{fffd}',
    };
    text.chars().map(|c| if steers(c) { sign(c) } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown() {
        let text = "Zoë\t1\n\u{1b}[2J\u{202e}x\r\u{9b}";
        assert_eq!(inert(text), "Zoë\t1\n\\u{1b}[2J\\u{202e}x\\u{d}\\u{9b}");
        assert_eq!(masked(text), "Zoë\t1\n?[2J\u{fffd}x?¿");
        assert_eq!(masked(text).len(), text.len());
    }
}
