//! What the template library is asked about: it reads plain text ten times slower than we do, and never objects to it.

use super::tags;

/// A text with its tags as they are, and a space for each stretch of plain text between them.
pub fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    for tag in tags::scan(text).0 {
        out.push_str(plain(&text[at..tag.span.start]));
        out.push_str(&text[tag.span.clone()]);
        at = tag.span.end;
    }
    out.push_str(plain(&text[at..]));
    out
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
        fn the_library_objects_to_the_bare_text_exactly_when_it_objects_to_the_whole(
            picked in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..12),
        ) {
            let text = picked.concat();
            let takes = |text: &str| handlebars::Template::compile(text).is_ok();
            // Where our own reader finds a fault, the library is never asked.
            prop_assume!(tags::scan(&text).1.is_empty());
            prop_assert_eq!(takes(&text), takes(&bare(&text)), "{}", text);
        }
    }

    #[test]
    fn plain_text_is_left_out() {
        assert_eq!(bare("Hello {{lead.name}}, how are you? {{x}}{{y}}"), " {{lead.name}} {{x}}{{y}}");
    }
}
