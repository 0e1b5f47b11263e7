//! What is said of edits: plans, what was applied, and the versions there were.

use serde_json::Value;

use super::super::schema::{boolean, each, integer, list, maybe, object, of, text, time, words};
use crate::domain::event::Mark;

pub fn edits() -> Vec<(&'static str, Value)> {
    let counts = || each(&integer());
    let marks = || words(Mark::ALL.map(Mark::as_str));
    let edited = object([
        ("step", text()),
        ("edit", text()),
        ("was", maybe(text())),
        ("now", maybe(text())),
        ("ahead", integer()),
    ]);
    let step =
        object([("step", text()), ("leads", integer()), ("stay", integer()), ("marks", counts()), ("land", counts())]);
    let named =
        object([("lead", of("Id")), ("email", text()), ("from", text()), ("to", text()), ("what", list(&marks()))]);
    let sequence = object([
        ("name", text()),
        ("change", words(["added", "changed", "removed"])),
        ("from", maybe(text())),
        ("to", maybe(text())),
        ("in_flight", words(["adopt", "pin", "finish"])),
        ("leads", integer()),
        ("released", integer()),
        ("dropped", integer()),
        ("ended", integer()),
        ("diff", text()),
        ("edits", list(&edited)),
        ("steps", list(&step)),
        ("changed", integer()),
        ("named", list(&named)),
    ]);
    let day = object([("date", text()), ("more", integer()), ("fewer", integer())]);
    let crowded = object([("sender", text()), ("date", text()), ("mails", integer()), ("per_day", integer())]);
    let aside = object([("kind", words(["sequence", "scoring"])), ("name", text()), ("version", text())]);
    let version = object([
        ("version", text()),
        ("stored_at", time()),
        ("commit", maybe(text())),
        ("file", text()),
        ("current", boolean()),
        ("applied", boolean()),
        ("running?", integer()),
        ("ended?", integer()),
    ]);
    let shift = object([("from", text()), ("to", text()), ("leads", integer())]);
    let what = ("what", list(&words(["band", "stage"])));
    let scored = object([("lead", of("Id")), ("email", text()), ("from", text()), ("to", text()), what]);
    let scoring = object([
        ("change", words(["added", "changed", "removed"])),
        ("from", text()),
        ("to", text()),
        ("leads", integer()),
        ("scores", integer()),
        ("bands", list(&shift)),
        ("stages", list(&shift)),
        ("waiting", integer()),
        ("announced", integer()),
        ("ended", integer()),
        ("released", integer()),
        ("dropped", integer()),
        ("diff", text()),
        ("changed", integer()),
        ("named", list(&scored)),
    ]);
    vec![
        (
            "Plan",
            object([
                ("fingerprint", text()),
                ("scoring", maybe(scoring)),
                ("sequences", list(&sequence)),
                ("released", integer()),
                ("dropped", integer()),
                ("ended", integer()),
                ("days", list(&day)),
                ("crowded", list(&crowded)),
                ("set_aside", list(&aside)),
                ("settings", list(&text())),
            ]),
        ),
        ("Applied", object([("plan", of("Plan")), ("moved", integer()), ("scored", integer())])),
        ("Versions", object([("versions", list(&version))])),
        ("Diff", object([("diff", text())])),
    ]
}
