//! Most of a template is plain text and plain values, so that part is laid flat once a version; Handlebars runs only the rest.
//!
//! Handlebars stays the language and has the last word: a test holds both ways to the same bytes and the same refusals.
//!
//! ```text
//! parsed template ──of──▶ text · {{lead.company}} · {{or …}} · {{link N}} · {{#if …}}   written straight out of the lead
//!                    └──▶ everything else                                                Handlebars, one element at a time
//! ```

use handlebars::template::{HelperTemplate, Parameter, Template as Parsed, TemplateElement};
use handlebars::{Path, PathSeg};
use serde_json::Value;

use super::Refuse;
use super::press::{Into, Renderer};
use super::sight::{Place, Seen, Sight};

/// A text that is ready to be filled.
pub(super) struct Program(Vec<Piece>);

enum Piece {
    Text(String),
    Value {
        shown: Named,
        escaped: bool,
    },
    /// `or`: the first choice that is there.
    First {
        choices: Vec<Choice>,
        escaped: bool,
    },
    /// The address of link N.
    Link {
        number: u64,
        escaped: bool,
    },
    /// `if` and `unless`.
    Either {
        asked: Named,
        wanted: bool,
        then: Program,
        otherwise: Program,
    },
    /// What only Handlebars knows.
    Other(Box<Parsed>),
}

/// A place, and how the template spells it.
struct Named {
    place: Place,
    path: String,
}

enum Choice {
    Named(Named),
    Literal(Value),
}

impl Program {
    /// Lays a parsed text flat.
    pub fn of(parsed: &Parsed) -> Self {
        // A partial is written in one place and used in another, so such a text stays whole.
        if parsed.elements.iter().any(has_partials) {
            return Self::whole(parsed.clone());
        }
        Self::flat(&parsed.elements)
    }

    /// Leaves all of a text to Handlebars.
    pub fn whole(parsed: Parsed) -> Self {
        Self(vec![Piece::Other(Box::new(parsed))])
    }

    fn flat(elements: &[TemplateElement]) -> Self {
        Self(elements.iter().filter(|element| !matches!(element, TemplateElement::Comment(_))).map(piece).collect())
    }

    /// Writes the text with its values behind `out`.
    pub fn write(&self, renderer: &Renderer, sight: &Sight<'_>, into: Into, out: &mut String) -> Result<(), Refuse> {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value { shown, escaped } => match sight.see(&shown.place) {
                    Some(seen) => seen.write(into.if_escaped(*escaped), out),
                    None => return Err(Refuse::Missing(shown.path.clone())),
                },
                Piece::First { choices, escaped } => first(choices, sight, into.if_escaped(*escaped), out)?,
                Piece::Link { number, escaped } => {
                    let address = usize::try_from(*number).ok().and_then(|number| sight.links().get(number));
                    let address = address.ok_or_else(|| Refuse::Broken(format!("there is no link {number}")))?;
                    into.if_escaped(*escaped).write(address, out);
                }
                Piece::Either { asked, wanted, then, otherwise } => {
                    let holds = sight.see(&asked.place).is_some_and(|seen| seen.is_truthy());
                    let side = if holds == *wanted { then } else { otherwise };
                    side.write(renderer, sight, into, out)?;
                }
                Piece::Other(parsed) => out.push_str(&renderer.run(parsed, sight.context(), (into, out.len()))?),
            }
        }
        Ok(())
    }
}

fn first(choices: &[Choice], sight: &Sight<'_>, into: Into, out: &mut String) -> Result<(), Refuse> {
    let seen = choices.iter().find_map(|choice| match choice {
        Choice::Named(named) => sight.see(&named.place).filter(|seen| !seen.is_blank()),
        Choice::Literal(value) => Some(Seen::Value(value)).filter(|seen| !seen.is_blank()),
    });
    if let Some(seen) = seen {
        seen.write_in_words(into, out);
        return Ok(());
    }
    Err(Refuse::Missing(match choices.first() {
        Some(Choice::Named(named)) => named.path.clone(),
        Some(Choice::Literal(_)) | None => "or …".to_owned(),
    }))
}

fn has_partials(element: &TemplateElement) -> bool {
    match element {
        TemplateElement::HelperBlock(block) => {
            [&block.template, &block.inverse].into_iter().flatten().any(|inner| inner.elements.iter().any(has_partials))
        }
        TemplateElement::RawString(_)
        | TemplateElement::Comment(_)
        | TemplateElement::Expression(_)
        | TemplateElement::HtmlExpression(_) => false,
        _ => true,
    }
}

fn piece(element: &TemplateElement) -> Piece {
    let known = match element {
        TemplateElement::RawString(text) => Some(Piece::Text(text.clone())),
        TemplateElement::Expression(call) => expression(call, true),
        TemplateElement::HtmlExpression(call) => expression(call, false),
        TemplateElement::HelperBlock(block) => either(block),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let mut one = Parsed::default();
        one.elements.push(element.clone());
        Piece::Other(Box::new(one))
    })
}

fn expression(call: &HelperTemplate, escaped: bool) -> Option<Piece> {
    if call.block || !call.hash.is_empty() {
        return None;
    }
    match (call.name.as_name()?, call.params.as_slice()) {
        (_, []) => Some(Piece::Value { shown: named(&call.name)?, escaped }),
        ("or", choices) => Some(Piece::First { choices: choices.iter().map(choice).collect::<Option<_>>()?, escaped }),
        ("link", [Parameter::Literal(number)]) => Some(Piece::Link { number: number.as_u64()?, escaped }),
        _ => None,
    }
}

fn choice(parameter: &Parameter) -> Option<Choice> {
    match parameter {
        Parameter::Literal(value) => Some(Choice::Literal(value.clone())),
        path => named(path).map(Choice::Named),
    }
}

fn either(block: &HelperTemplate) -> Option<Piece> {
    let wanted = match block.name.as_name()? {
        "if" => true,
        "unless" => false,
        _ => return None,
    };
    let [asked] = block.params.as_slice() else { return None };
    let side = |inner: &Option<Parsed>| Program::flat(inner.as_ref().map_or(&[][..], |inner| &inner.elements));
    let plain = block.hash.is_empty() && block.block_param.is_none();
    plain.then_some(Piece::Either {
        asked: named(asked)?,
        wanted,
        then: side(&block.template),
        otherwise: side(&block.inverse),
    })
}

/// A place we know, if the parameter is nothing but that.
fn named(parameter: &Parameter) -> Option<Named> {
    let Parameter::Path(Path::Relative((segments, path))) = parameter else { return None };
    let names = segments.iter().map(|segment| match segment {
        PathSeg::Named(name) => Some(name.as_str()),
        _ => None,
    });
    let place = Place::of(&names.collect::<Option<Vec<_>>>()?)?;
    Some(Named { place, path: path.clone() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::super::context::About;
    use super::super::sight::Made;
    use super::*;
    use crate::domain::address::EmailAddress;
    use crate::domain::decide::newborn;
    use crate::domain::id::{LeadId, encode};
    use crate::domain::playbook::{Company, Sender};
    use crate::domain::time::{Instant, Millis};

    const ELEMENTS: [&str; 34] = [
        "plain <b> text & more\n",
        "{{lead.a}}",
        "{{ lead.b }}",
        "{{{lead.a}}}",
        "{{&lead.b}}",
        "{{lead/a}}",
        "{{this.lead.a}}",
        "{{lead.[a]}}",
        "{{@root.lead.a}}",
        "{{lead.email}} {{lead.id}} {{lead.email_domain}}",
        "{{lead.a.b}}",
        "{{lead}}",
        "{{account.domain}}",
        "{{account.a}}",
        "{{company.name}} {{or company.postal_address \"none\"}}",
        "{{sender.name}} {{sender.first_name}} {{sender.address}}",
        "{{step.id}}{{#if step.none}}x{{/if}}",
        "{{or handoff.rep handoff.answer_by 'nobody'}}",
        "{{or lead.a lead.b \"<there>\"}}",
        "{{{or lead.a 'a & b'}}}",
        "{{or lead.a lead.b}}",
        "{{or \"\" lead.a}}",
        "{{upper lead.a}}",
        "{{or (lower lead.a) 7}}",
        "{{link 0}}",
        "{{link 1}}",
        "{{#if lead.a}}yes {{lead.a}}{{else}}no {{or lead.b 1.5}}{{/if}}",
        "{{#if lead.a}}yes{{else if lead.b}}{{upper lead.b}}{{/if}}\n",
        "{{#unless lead.a}}\n  none\n{{/unless}}\n",
        "{{#each lead.a}}{{this}},{{/each}}",
        "{{#if (eq lead.a lead.b)}}same{{/if}}",
        "{{#*inline \"x\"}}[{{lead.a}}]{{/inline}}{{> x}}",
        "{{unsubscribe_url}}{{{pixel}}}{{#if pixel}}!{{/if}}",
        "{{! a word }} ~ {{~lead.a~}} ",
    ];

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            Just(json!(0)),
            Just(json!(-2.5)),
            Just(json!(true)),
            Just(json!([])),
            Just(json!(["x<", null, " ", ["y"], 3])),
            Just(json!({ "b": "inner", "c": null })),
            Just(json!({ "b": "\t" })),
            "[a<>&\"'`= \u{a0}é\n]{0,6}".prop_map(Value::from),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn a_program_writes_and_refuses_what_handlebars_does(
            elements in proptest::collection::vec(0..ELEMENTS.len(), 1..4),
            (a, b) in (value(), value()),
            (made, known) in (0..3_u8, any::<bool>()),
        ) {
            let source: String = elements.iter().map(|at| ELEMENTS[*at]).collect();
            let parsed = Parsed::compile(&source).unwrap();
            let address = EmailAddress::parse("zoe@example.com").unwrap();
            let mut lead = newborn(LeadId(encode(7)), address, known.then(|| "example.com".to_owned()), Instant(0));
            lead.attributes = BTreeMap::from([("a".to_owned(), a.clone()), ("b".to_owned(), b.clone())]);
            let account = Map::from_iter([("a".to_owned(), b), ("domain".to_owned(), a.clone())]);
            let handoff = Map::from_iter([("rep".to_owned(), a)]);
            let sender = Sender {
                name: "s".to_owned(),
                display: known.then(|| "Maya <Lind> qvist".to_owned()),
                address: "maya@example.com".to_owned(),
                reply_to: None,
                bounce_domain: String::new(),
                zone: String::new(),
                per_day: None,
                gap: Millis::ZERO,
            };
            let about = About {
                lead: &lead,
                account: if made == 0 { &handoff } else { &account },
                sender: known.then_some(&sender),
                company: &Company { name: "N & W".to_owned(), postal_address: None },
                step: &Map::from_iter([("id".to_owned(), json!("first"))]),
                handoff: known.then_some(&handoff),
                zone: "UTC",
            };
            let links = || (made == 2).then(|| vec!["https://x.example/?a=1&b=2".to_owned()]);
            let text = |text: &str| (made > 0).then(|| text.to_owned());
            let pixel = text(if known { "" } else { "<img>" });
            let made = || Made { unsubscribe_url: text("u"), pixel: pixel.clone(), preheader: None, links: links() };
            let sight = Sight::new(&about, "t", made());
            let renderer = Renderer::new();
            for into in [Into::Plain, Into::Html, Into::Json, Into::Url] {
                let ours = renderer.fill(&Program::of(&parsed), &sight, into);
                prop_assert_eq!(ours, renderer.fill(&Program::whole(parsed.clone()), &sight, into), "{}", source);
            }
        }
    }
}
