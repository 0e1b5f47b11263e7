//! What the law wants in a mail counts only where every reader sees it.

use super::{codes, compile, small};
use crate::compile::diagnostic::{Code, render};
use crate::compile::revision;

const ADDRESS: &str = "{{company.postal_address}}";
const LINK: &str = "{{unsubscribe_url}}";

/// What is told of the small workspace with a mail of this format in place of its own.
fn told(format: &str, front: &str, body: &str, more: &[(&str, &str)]) -> Vec<Code> {
    let mut files = small();
    files.remove("templates/hello.md");
    files.insert(format!("templates/hello.{format}"), format!("---\nsubject: S\n{front}---\n{body}\n").into_bytes());
    files.extend(more.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
    codes(&compile(&files).diagnostics)
}

#[test]
fn a_link_to_unsubscribe_and_an_address_count_where_everybody_sees_them() {
    let both = "[x]({{unsubscribe_url}}) {{company.postal_address}}";
    let nested = "{{#if lead.country}}[x]({{unsubscribe_url}}){{else}}[y]({{unsubscribe_url}}){{/if}}";
    let html = "<p>{{company.postal_address}} <a href='{{ unsubscribe_url }}'>x</a></p>";
    let mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>{{company.postal_address}} <a \
                href=\"{{unsubscribe_url}}\">x</a></mj-text></mj-column></mj-section></mj-body></mjml>";
    for (format, body) in [
        ("md", "[x]({{unsubscribe_url}}) {{upper company.postal_address}}"),
        ("md", "[x]({{~unsubscribe_url~}}) {{lower company.postal_address}}"),
        ("md", "[x]({{unsubscribe_url}}) {{or company.postal_address \"1 Main St\"}}"),
        ("html", html),
        ("mjml", mjml),
        ("txt", "Stop: {{unsubscribe_url}}\n{{company.postal_address}}"),
        ("md", &format!("{{{{#if lead.plan}}}}Raus: {both}{{{{else}}}}Leave: {both}{{{{/if}}}}")),
        ("html", &format!("{{{{#unless lead.plan}}}}{html}{{{{else}}}}{html}{{{{/unless}}}}")),
        ("md", &format!("{{{{#if lead.plan}}}}{both}{{{{else if lead.country}}}}{both}{{{{else}}}}{both}{{{{/if}}}}")),
        ("md", &format!("{ADDRESS} {{{{#if lead.plan}}}}{nested}{{{{else}}}}{both}{{{{/if}}}}")),
    ] {
        assert_eq!(told(format, "", body, &[]), [], "{format}: {body}");
    }
    let layouts = [
        ("md", "templates/layouts/foot.md", "{{{body}}}\n\n{{company.postal_address}} [x]({{unsubscribe_url}})\n"),
        (
            "md",
            "templates/layouts/foot.html",
            "{{{body}}}<p>{{company.postal_address}} <a href=\"{{unsubscribe_url}}\">x</a></p>",
        ),
        (
            "html",
            "templates/layouts/foot.html",
            "{{{body}}}<p>{{company.postal_address}} <a href=\"{{unsubscribe_url}}\">x</a></p>",
        ),
    ];
    for (format, path, layout) in layouts {
        assert_eq!(told(format, "layout: foot\n", "Hi", &[(path, layout)]), [], "{path}");
    }
    let foot = [("templates/partials/foot.md", "{{company.postal_address}} [x]({{unsubscribe_url}})")];
    assert_eq!(told("md", "", "{{> foot}}", &foot), []);
}

#[test]
fn a_link_to_unsubscribe_that_not_every_reader_sees_is_none() {
    let with = |front: &str, body: &str| (front.to_owned(), format!("{body}\n\n{ADDRESS}"));
    let mut cases: Vec<(&str, (String, String))> = Vec::new();
    for format in ["md", "html"] {
        cases.push((format, with("preheader: x {{unsubscribe_url}}\n", "Hi")));
        cases.push((format, with("", "{{! {{unsubscribe_url}}")));
        cases.push((format, with("", "{{#if unsubscribe_url}}Hi{{/if}}")));
    }
    let link = "<a href=\"{{unsubscribe_url}}\">x</a>";
    cases.push(("md", with("", "{{#if lead.plan}}[x]({{unsubscribe_url}}){{/if}}")));
    cases.push(("md", with("", "{{#unless lead.plan}}Hi{{else}}[x]({{unsubscribe_url}}){{/unless}}")));
    let arms = "{{#if lead.plan}}[x]({{unsubscribe_url}}){{else if lead.country}}[x]({{unsubscribe_url}})";
    cases.push(("md", with("", &format!("{arms}{{{{/if}}}}"))));
    cases.push(("md", with("", &format!("{arms}{{{{else}}}}Hi{{{{/if}}}}"))));
    cases.push(("md", with("", "![{{unsubscribe_url}}](https://a.example/x.png)")));
    cases.push(("html", with("", &format!("<!-- {link} -->"))));
    cases.push(("html", with("", &format!("<div style=\"display:none\">{link}</div>"))));
    cases.push(("html", with("", &format!("{{{{#if lead.plan}}}}{link}{{{{/if}}}}"))));
    cases.push(("html", with("", "<p title=\"{{unsubscribe_url}}\">Hi</p>")));
    cases.push(("html", with("", "<p>{{unsubscribe_url}}</p>")));
    cases.push(("txt", with("", "{{#if lead.plan}}{{unsubscribe_url}}{{/if}}")));
    for (format, (front, body)) in cases {
        assert_eq!(told(format, &front, &body, &[]), [Code::NoUnsubscribe], "{format}: {front}{body}");
    }
    let layout =
        [("templates/layouts/foot.html", "{{#if lead.plan}}{{{body}}}{{/if}}<p>{{company.postal_address}}</p>")];
    assert_eq!(told("md", "layout: foot\n", &format!("[x]({LINK})"), &layout), [Code::NoUnsubscribe]);
}

#[test]
fn a_postal_address_that_not_every_reader_sees_is_none() {
    for (format, front, body) in [
        ("md", "preheader: x {{company.postal_address}}\n", "Hi"),
        ("md", "", "{{#if lead.plan}}{{company.postal_address}}{{/if}}"),
        ("md", "", "{{or lead.plan company.postal_address}}"),
        ("html", "", "<!-- {{company.postal_address}} -->"),
        ("html", "", "<p title=\"{{company.postal_address}}\">Hi</p>"),
        ("txt", "", "{{#unless lead.plan}}{{company.postal_address}}{{/unless}}"),
    ] {
        let link = match format {
            "md" => "[x]({{unsubscribe_url}})",
            "html" => "<a href=\"{{unsubscribe_url}}\">x</a>",
            _ => LINK,
        };
        let body = format!("{body} {link}");
        assert_eq!(told(format, front, &body, &[]), [Code::NoPostalAddress], "{format}: {front}{body}");
    }
}

#[test]
fn what_is_there_and_not_seen_is_told_as_such() {
    let mut files = small();
    let text = "---\nsubject: S\n---\n{{#if lead.plan}}[x]({{unsubscribe_url}}){{/if}} {{company.postal_address}}\n";
    files.insert("templates/hello.md".to_owned(), text.as_bytes().to_vec());
    let shown = render(&compile(&files).diagnostics, false);
    assert!(shown.contains("not where every reader sees it"), "{shown}");
}

/// Rules grow stricter from one program to the next; whoever is in a version goes on as it was applied.
#[test]
fn a_version_that_an_earlier_program_took_is_still_read() {
    let mut stored = compile(&small()).revisions.remove(0);
    let (link, hidden) =
        ("[Unsubscribe]({{unsubscribe_url}})", "{{#if lead.plan}}[Unsubscribe]({{unsubscribe_url}}){{/if}}");
    assert!(stored.source.contains(link));
    stored.source = stored.source.replace(link, hidden);
    assert!(revision(&stored).is_ok());
    let steps = "steps:\\n  - id: first";
    assert!(stored.source.contains(steps));
    let milder = "steps:\\n  - if: clicked(\\\"other\\\") || outcome(\\\"first\\\") == \\\"x\\\"\\n    then: []\\n  - else: []\\n    id: either\\n  - \
                  {id: other, set: {lead.plan: pro}}\\n  - id: first";
    stored.source = stored.source.replace(steps, milder);
    assert!(revision(&stored).is_ok(), "{:?}", revision(&stored).map(|_| ()));
    stored.source = stored.source.replace("kind: nurture", "kind: newsletter");
    assert!(revision(&stored).is_err(), "what cannot be read is not guessed at");
}
