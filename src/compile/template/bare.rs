//! What the template library is asked about: it reads plain text ten times slower than we do, and never objects to it.

use super::tags::{self, Kind};

/// The pieces of a text that stand for themselves: a tag, or a block from its opening to its end, with a space for each stretch of plain
/// text in it. The library takes a text if it takes each piece, and most pieces stand in many texts.
pub fn pieces(text: &str) -> Vec<String> {
    let (mut pieces, mut piece) = (Vec::new(), String::new());
    let (mut at, mut depth) = (0, 0_usize);
    for tag in tags::scan(text).0 {
        let before = plain(&text[at..tag.span.start]);
        if depth == 0 && before.trim().is_empty() {
            pieces.extend(Some(std::mem::take(&mut piece)).filter(|piece| !piece.is_empty()));
        } else {
            piece.push_str(before);
        }
        piece.push_str(&text[tag.span.clone()]);
        at = tag.span.end;
        match tag.kind {
            Kind::Open { .. } => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Value(_) | Kind::Else(_) | Kind::Comment => {}
        }
    }
    piece.push_str(plain(&text[at..]).trim());
    pieces.extend(Some(piece).filter(|piece| !piece.is_empty()));
    pieces
}

/// Braces and backslashes mean something to the library even outside of tags.
fn plain(text: &str) -> &str {
    match text {
        "" => "",
        _ if text.contains(['{', '}', '\\']) => text,
        _ => " ",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PIECES: [&str; 16] = [
        "Hello ",
        "\n\n",
        "ä ✓",
        "{",
        "}",
        "\\",
        "{{lead.name}}",
        "{{#if lead.x}}",
        "{{else}}",
        "{{/if}}",
        "{{upper",
        " lead.x}}",
        "{{! no }}",
        "{{~lead.x~}}",
        "{{{lead.x}}}",
        "{{or a \"b\"}}",
    ];

    proptest! {
        #[test]
        fn the_library_objects_to_a_piece_exactly_when_it_objects_to_the_whole(
            picked in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..12),
        ) {
            let text = picked.concat();
            let takes = |text: &str| handlebars::Template::compile(text).is_ok();
            // Where our own reader finds a fault, the library is never asked.
            prop_assume!(tags::scan(&text).1.is_empty());
            let pieces = pieces(&text);
            prop_assert_eq!(takes(&text), pieces.iter().all(|piece| takes(piece)), "{:?} of {}", pieces, text);
        }
    }

    #[test]
    fn plain_text_is_left_out_and_a_block_is_one_piece() {
        let text = "Hello {{lead.name}}, how are you? {{x}}{{y}} {{#if z}}so {{z}}{{else}}{{x}} {{/if}} \\ {{x}}";
        assert_eq!(pieces(text), ["{{lead.name}}", "{{x}}", "{{y}}", "{{#if z}} {{z}}{{else}}{{x}} {{/if}} \\ {{x}}"]);
    }
}
