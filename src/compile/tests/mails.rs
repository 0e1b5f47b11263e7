use super::{compile, with};
use crate::compile::diagnostic::{Code, render};
use crate::domain::template::{Body, LinkTarget, Template};

const FOOT: &str = "\n\n---\n\n{{company.postal_address}} [Unsubscribe]({{unsubscribe_url}})\n";

fn mail(body: &str) -> Template {
    let compiled = compile(&with("templates/hello.md", &format!("---\nsubject: S\n---\n{body}{FOOT}")));
    let playbook = compiled.playbook.unwrap_or_else(|| panic!("{}", render(&compiled.diagnostics, false)));
    (*playbook.sequences["hello"].templates["hello"]).clone()
}

fn text_and_html(template: &Template) -> (String, String) {
    let Body::Mail { text, html, .. } = &template.body else { panic!("a mail") };
    let text = text.split("\n--\n").next().unwrap().trim_end().to_owned();
    let inside = html.split("font-size:16px\">\n").nth(1).unwrap();
    (text, inside.split("<hr").next().unwrap().trim_end().to_owned())
}

#[test]
fn markdown_becomes_plain_text_and_html() {
    let template =
        mail("# Hi\n\nSome *good* **news**, `x < y`:\n\n- one\n- two\n  more\n\n1. a\n2. b\n\n> said\n\nBye,\\\nMaya");
    let (text, html) = text_and_html(&template);
    insta::assert_snapshot!(format!("{text}\n=====\n{html}"));
}

#[test]
fn links_are_numbered_and_those_with_a_value_are_texts_to_fill() {
    let template = mail(
        "[a](https://a.example/?x=1&y=2) <https://b.example> [c](https://c.example/{{lead.plan}}) [mail](mailto:x@y.example)",
    );
    assert_eq!(
        template.links(),
        [
            LinkTarget::Fixed("https://a.example/?x=1&y=2".into()),
            LinkTarget::Fixed("https://b.example".into()),
            LinkTarget::Templated("https://c.example/{{lead.plan}}".into()),
        ]
    );
    let (text, html) = text_and_html(&template);
    assert_eq!(text, "a ( {{link 0}} ) {{link 1}} c ( {{link 2}} ) mail ( x@y.example )");
    assert!(html.contains("href=\"{{link 1}}\">https://b.example</a>"), "{html}");
    assert!(html.contains("href=\"mailto:x@y.example\""), "{html}");
}

#[test]
fn the_unsubscribe_link_is_never_tracked() {
    let Body::Mail { text, html, links, .. } = mail("Hi").body else { panic!("a mail") };
    assert!(links.is_empty());
    assert!(text.contains("Unsubscribe ( {{unsubscribe_url}} )"), "{text}");
    assert!(html.contains("href=\"{{unsubscribe_url}}\""), "{html}");
    assert!(html.contains("{{{pixel}}}</body>"), "{html}");
}

#[test]
fn expressions_survive_markdown_and_blocks_leave_no_empty_paragraph() {
    let template = mail(
        "{{#if lead.first_name}}\n\nHi {{or lead.first_name \"a_b_c\"}}\n\n{{else}}\n\nHello\n\n{{/if}}\n\n{{#if lead.plan}}\nYou have {{lead.plan}}.\n{{/if}}",
    );
    let (text, html) = text_and_html(&template);
    assert_eq!(
        text,
        "{{#if lead.first_name}}\nHi {{or lead.first_name \"a_b_c\"}}\n\n{{else}}\nHello\n\n{{/if}}\n{{#if lead.plan}}\nYou have {{lead.plan}}.\n\n{{/if}}"
    );
    assert!(!html.contains("<p></p>") && !html.contains("\">{{#if"), "{html}");
    assert!(html.contains("{{#if lead.plan}}<p"), "{html}");
}

#[test]
fn html_in_markdown_is_shown_as_text_and_warned_about() {
    let compiled =
        compile(&with("templates/hello.md", &format!("---\nsubject: S\n---\n<script>alert(1)</script>{FOOT}")));
    assert!(compiled.diagnostics.iter().all(|one| one.code == Code::HtmlInMarkdown));
    let playbook = compiled.playbook.unwrap();
    let (_, html) = text_and_html(&playbook.sequences["hello"].templates["hello"]);
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
}

#[test]
fn a_value_with_a_fallback_or_inside_its_own_guard_is_optional_and_no_other() {
    let template = mail(
        "{{or lead.title \"x\"}} {{lead.plan}} {{#if lead.city}}{{lead.city}}{{else}}{{or lead.region lead.country}}{{/if}} {{upper (or lead.company \"us\")}}",
    );
    let needs: Vec<_> = template.needs.iter().map(|need| format!("{} {}", need.path, need.optional)).collect();
    assert_eq!(
        needs,
        [
            "company.postal_address false",
            "lead.city true",
            "lead.company true",
            "lead.country false",
            "lead.plan false",
            "lead.region true",
            "lead.title true",
            "unsubscribe_url false"
        ]
    );
}
