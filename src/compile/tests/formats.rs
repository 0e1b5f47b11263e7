use super::{codes, compile, small};
use crate::compile::diagnostic::{Code, render};
use crate::compile::{Compiled, Files, revision};
use crate::domain::template::{Body, LinkTarget, Template};

const FOOT: &str = "<p>{{company.postal_address}} <a href=\"{{unsubscribe_url}}\">Unsubscribe</a></p>";

/// The small workspace with these templates in place of its own.
fn files(templates: &[(&str, &str)]) -> Files {
    let mut files = small();
    files.remove("templates/hello.md");
    files.extend(templates.iter().map(|(path, text)| (format!("templates/{path}"), text.as_bytes().to_vec())));
    files
}

fn sound(files: &Files) -> Compiled {
    let compiled = compile(files);
    assert!(compiled.is_sound(), "{}", render(&compiled.diagnostics, false));
    compiled
}

fn hello(templates: &[(&str, &str)]) -> Template {
    let playbook = sound(&files(templates)).playbook.unwrap();
    (*playbook.sequences["hello"].templates["hello"]).clone()
}

fn parts(template: &Template) -> (&str, &str) {
    let Body::Mail { text, html, .. } = &template.body else { panic!("a mail") };
    (text, html)
}

#[test]
fn html_keeps_its_form_gets_our_links_and_makes_a_text() {
    let html = "<!doctype html><html><head><title>T</title><style>p{color:red}</style></head><body>\n\
        <div style=\"display: none\">secret <div>teaser</div></div>\n\
        <h1>Hi {{lead.plan}} &amp; co</h1>\n<p>Read <a class=x href='https://a.example/?x=1&amp;y=2'>the\n  guide</a>, \
        <a href=\"https://b.example\">https://b.example</a> or <a href=\"mailto:x@y.example\">write</a>.</p>\n\
        {{#if lead.city}}<ul><li>One</li><li>Two<br>lines</li></ul>{{/if}}\n\
        <table><tr><td>a</td><td>b</td></tr></table><!--[if mso]><b>Outlook</b><![endif]-->\n\
        <a href=\"{{url 'https://c.example' utm_source='mail'}}\"><img src=\"https://c.example/i.png\" alt=\"Shop\"></a>\n";
    let template = hello(&[("hello.html", &format!("---\nsubject: S\n---\n{html}{FOOT}</body></html>\n"))]);
    let (text, shown) = parts(&template);
    assert_eq!(
        text,
        "Hi {{lead.plan}} & co\n\nRead the guide ( {{link 0}} ), {{link 1}} or write ( x@y.example ).\n\n{{#if lead.city}}\n\
         - One\n- Two\nlines\n\n{{/if}}\na b\n\nShop ( {{link 2}} )\n\n\
         {{company.postal_address}} Unsubscribe ( {{unsubscribe_url}} )\n"
    );
    assert_eq!(
        template.links(),
        [
            LinkTarget::Fixed("https://a.example/?x=1&y=2".into()),
            LinkTarget::Fixed("https://b.example".into()),
            LinkTarget::Templated("{{url 'https://c.example' utm_source='mail'}}".into()),
        ]
    );
    for kept in [
        "<a class=x href='{{link 0}}'>",
        "<!--[if mso]><b>Outlook</b><![endif]-->",
        "&amp; co</h1>",
        "{{{pixel}}}</body>",
    ] {
        assert!(shown.contains(kept), "{kept}: {shown}");
    }
}

#[test]
fn a_piece_of_html_gets_the_page_that_markdown_gets() {
    let template = hello(&[("hello.html", &format!("---\nsubject: S\npreheader: P\n---\n<p>Hi</p>{FOOT}"))]);
    let (text, html) = parts(&template);
    assert!(text.starts_with("Hi\n\n") && html.starts_with("<!doctype html>"), "{text} {html}");
    assert!(html.contains("{{preheader}}") && html.contains("{{{pixel}}}</body>"), "{html}");
}

#[test]
fn mjml_becomes_a_mail_when_it_is_read_and_always_the_same() {
    let mjml = format!(
        "---\nsubject: S\n---\n<mjml><mj-body><mj-section><mj-column>\n<mj-text>Hi {{{{or lead.plan \"you\"}}}}</mj-text>\n\
         <mj-raw>{{{{#if lead.city}}}}</mj-raw><mj-button href=\"https://a.example/{{{{lead.plan}}}}\">Go</mj-button>\
         <mj-raw>{{{{/if}}}}</mj-raw>\n<mj-text>{FOOT}</mj-text></mj-column></mj-section></mj-body></mjml>\n"
    );
    let template = hello(&[("hello.mjml", &mjml)]);
    let (text, html) = parts(&template);
    assert!(html.contains("<a href=\"{{link 0}}\"") && html.contains("{{{pixel}}}</body>"), "{html}");
    assert!(!html.contains("<mj-") && !html.contains("fonts.googleapis"), "{html}");
    assert_eq!(template.links(), [LinkTarget::Templated("https://a.example/{{lead.plan}}".into())]);
    for shown in [
        "Hi {{or lead.plan \"you\"}}",
        "{{#if lead.city}}\n",
        "Go ( {{link 0}} )",
        "Unsubscribe ( {{unsubscribe_url}} )",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert_eq!(hello(&[("hello.mjml", &mjml)]), template);
}

#[test]
fn a_text_with_a_subject_is_a_mail_without_html_and_one_without_is_a_text() {
    let body = "See https://a.example/x?y=1. Or (https://b.example/{{lead.plan}})!\n{{company.postal_address}} {{unsubscribe_url}}\n";
    let template = hello(&[("hello.txt", &format!("---\nsubject: S\n---\n{body}"))]);
    assert_eq!(
        parts(&template),
        ("See {{link 0}}. Or ({{link 1}})!\n{{company.postal_address}} {{unsubscribe_url}}\n", "")
    );
    let compiled = compile(&files(&[("hello.txt", body)]));
    assert_eq!(codes(&compiled.diagnostics), [Code::WrongTemplateKind]);
}

#[test]
fn a_layout_stands_around_and_partials_inside_and_each_is_told_in_its_own_file() {
    let foot = ("partials/foot.md", "{{company.postal_address}} [Unsubscribe]({{unsubscribe_url}})");
    let layout = ("layouts/brand.md", "# Acme\n\n{{{body}}}\n\n---\n\n{{> foot}}\n");
    let mail = ("hello.md", "---\nsubject: S\nlayout: brand\n---\nHi *you*.\n");
    let template = hello(&[foot, layout, mail]);
    assert_eq!(
        parts(&template).0,
        "Acme\n\nHi you.\n\n--\n{{company.postal_address}} Unsubscribe ( {{unsubscribe_url}} )\n"
    );
    let compiled = compile(&files(&[("partials/foot.md", "Two\nlines\n{{lead.plann}}"), layout, mail]));
    let told = compiled.diagnostics.iter().find(|one| one.code == Code::UnknownValue).unwrap();
    assert_eq!((told.file(), told.position()), ("templates/partials/foot.md", (3, 3)));
}

#[test]
fn markdown_can_stand_in_a_layout_of_html_or_mjml() {
    let mail = ("hello.md", "---\nsubject: S\nlayout: brand\n---\nHi [you](https://a.example).\n\n- one\n");
    let html = format!(
        "<html><body><h1>Acme</h1><div id=\"b\">{{{{{{ body }}}}}}</div><a href=\"https://acme.example\">Acme</a>{FOOT}</body></html>"
    );
    let mjml = format!(
        "<mjml><mj-body><mj-section><mj-column><mj-text>{{{{{{body}}}}}}</mj-text><mj-text>{FOOT}</mj-text></mj-column></mj-section></mj-body></mjml>"
    );
    let template = hello(&[("layouts/brand.html", &html), mail]);
    let (text, shown) = parts(&template);
    assert_eq!(
        text,
        "Acme\n\nHi you ( {{link 0}} ).\n\n- one\n\nAcme ( {{link 1}} )\n\n{{company.postal_address}} Unsubscribe ( {{unsubscribe_url}} )\n"
    );
    assert!(shown.contains("<div id=\"b\"><p") && shown.contains("href=\"{{link 1}}\""), "{shown}");
    let template = hello(&[("layouts/brand.mjml", &mjml), mail]);
    let (text, shown) = parts(&template);
    assert!(text.contains("Hi you ( {{link 0}} ).\n\n- one\n") && shown.contains("<li"), "{text} {shown}");
}

#[test]
fn partials_that_show_each_other_are_told_with_the_chain_and_so_is_a_layout_without_a_body() {
    let mail = ("hello.md", "---\nsubject: S\n---\n{{> a}}\n\n{{company.postal_address}} [x]({{unsubscribe_url}})\n");
    let compiled = compile(&files(&[("partials/a.md", "A {{> b}}"), ("partials/b.md", "B {{> a}}"), mail]));
    assert_eq!(codes(&compiled.diagnostics), [Code::PartialLoop]);
    let shown = render(&compiled.diagnostics, false);
    assert!(shown.contains("a → b → a") && shown.contains("templates/partials/b.md:1"), "{shown}");
    let twice = format!("---\nsubject: S\nlayout: brand\n---\n{FOOT}");
    let compiled = compile(&files(&[("layouts/brand.html", "<p>{{{body}}} {{{body}}}</p>"), ("hello.html", &twice)]));
    assert_eq!(codes(&compiled.diagnostics), [Code::LayoutBody]);
    let many: Vec<(String, String)> =
        (0..24).map(|n| (format!("partials/p{n}.md"), format!("xx {{{{> p{0}}}}} {{{{> p{0}}}}}", n + 1))).collect();
    let mut bomb: Vec<(&str, &str)> = many.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    bomb.extend([("partials/p24.md", "end"), ("hello.md", "---\nsubject: S\n---\n{{> p0}}\n")]);
    assert!(codes(&compile(&files(&bomb)).diagnostics).contains(&Code::FileTooLarge));
}

#[test]
fn files_go_with_a_mail_and_are_part_of_its_version() {
    let mail = "---\nsubject: S\nattachments: [files/Angebot für Sie.pdf, 'a.png']\n---\nHi\n\n{{company.postal_address}} [x]({{unsubscribe_url}})\n";
    let with = |bytes: &[u8], mail: &str| {
        let mut files = files(&[("hello.md", mail)]);
        files.insert("templates/files/Angebot für Sie.pdf".to_owned(), bytes.to_vec());
        files.insert("templates/a.png".to_owned(), vec![0, 1, 2]);
        files
    };
    let (old, new) = (sound(&with(b"%PDF 1", mail)), sound(&with(b"%PDF 2", mail)));
    assert_ne!(old.revisions[0].version, new.revisions[0].version);
    let again = revision(&old.revisions[0]).unwrap();
    let template = &old.playbook.unwrap().sequences["hello"].templates["hello"];
    assert_eq!(again.templates["hello"], *template);
    let told: Vec<_> =
        template.attachments.iter().map(|file| (file.name.as_str(), file.kind, file.bytes.len())).collect();
    assert_eq!(told, [("Angebot für Sie.pdf", "application/pdf", 6), ("a.png", "image/png", 3)]);
    let none = compile(&with(b"x", &mail.replace("'a.png'", "b.png")));
    assert_eq!(codes(&none.diagnostics), [Code::UnreadName, Code::UnknownPart]);
    let large = compile(&with(&vec![0; (1 << 20) + 1], mail));
    assert_eq!(codes(&large.diagnostics), [Code::FileTooLarge, Code::UnknownPart]);
}

#[test]
fn a_stored_version_keeps_its_layouts_and_partials() {
    let with = |foot: &str| {
        let foot = format!("{foot} {{{{company.postal_address}}}} [Unsubscribe]({{{{unsubscribe_url}}}})");
        sound(&files(&[("partials/foot.md", &foot), ("hello.md", "---\nsubject: S\n---\nHi\n\n{{> foot}}\n")]))
    };
    let (old, new) = (with("Old"), with("New"));
    assert_ne!(old.revisions[0].version, new.revisions[0].version);
    let again = revision(&old.revisions[0]).unwrap();
    assert_eq!(again.templates["hello"], old.playbook.unwrap().sequences["hello"].templates["hello"]);
    assert_ne!(again.templates["hello"].version, new.playbook.unwrap().sequences["hello"].templates["hello"].version);
}
