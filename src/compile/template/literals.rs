//! What is written out for a helper is the same for every lead, so a helper that cannot take it is told before anybody is mailed.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::expression::{Expr, Wrong};
use super::links::is_web;
use super::tags::{Kind, Tag};

/// The arguments that no lead's mail could be made with.
pub fn wrong(tags: &[Tag]) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for tag in tags {
        match &tag.kind {
            Kind::Value(expr) | Kind::Open { arg: expr, .. } | Kind::Else(Some(expr)) => look(expr, &mut wrong),
            Kind::Else(None) | Kind::Close | Kind::Comment => {}
        }
    }
    wrong
}

fn look(expr: &Expr, wrong: &mut Vec<Wrong>) {
    let Expr::Call { helper, place, args } = expr else { return };
    for arg in args {
        look(arg, wrong);
    }
    let needed = match helper.as_str() {
        "truncate" => Some((2, "`truncate` takes a text and a number of characters", "{{truncate lead.company 40}}")),
        "plural" => {
            let takes = "`plural` takes a number, the word for one, and the word for more";
            Some((3, takes, "{{plural lead.seats \"seat\" \"seats\"}}"))
        }
        _ => None,
    };
    if let Some((_, message, example)) = needed.filter(|(count, ..)| args.len() < *count) {
        wrong.push(Wrong::new(place.clone(), message, format!("write it like `{example}`")));
        return;
    }
    let literal = |at: usize| match args.get(at) {
        // Only a text has quotes, which its place counts and its text does not.
        Some(Expr::Literal { text, span }) => Some((text.as_str(), span.clone(), span.len() > text.len())),
        _ => None,
    };
    let found = match helper.as_str() {
        "truncate" => literal(1).filter(|(text, _, quoted)| *quoted || text.parse::<u32>().is_err()).map(|one| {
            (one, "is no number of characters", "write a whole number without quotes: `{{truncate lead.company 40}}`")
        }),
        "plural" => literal(0)
            .filter(|(text, _, quoted)| *quoted || text.parse::<f64>().is_err())
            .map(|one| (one, "is no number", "write a number without quotes, or a value")),
        "url" => literal(0).filter(|(text, ..)| !is_web(text)).map(|one| {
            (one, "is no address of the web", "begin it with https://: `{{url \"https://…\" utm_source=\"mail\"}}`")
        }),
        "date" => literal(0)
            .filter(|(text, ..)| !is_date(text))
            .map(|one| (one, "is no date", "write it like \"2026-03-31\", or a value"))
            .or_else(|| {
                let form = literal(1).filter(|(text, _, quoted)| !quoted || !is_form(text));
                form.map(|one| (one, "is no form of a date", "write it like \"%d %B %Y\" (31 March 2026)"))
            }),
        _ => None,
    };
    if let Some(((text, span, _), what, hint)) = found {
        wrong.push(Wrong::new(span, format!("`{helper}`: `{text}` {what}"), hint.to_owned()));
    }
}

fn is_date(text: &str) -> bool {
    text.parse::<i64>().is_ok() || text.trim().parse::<Timestamp>().is_ok() || text.trim().parse::<Date>().is_ok()
}

fn is_form(text: &str) -> bool {
    let at = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    jiff::fmt::strtime::format(text, &at).is_ok()
}
