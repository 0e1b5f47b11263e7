//! What answers about experiments hold.

use serde_json::Value;

use super::schema::{any, integer, list, maybe, number, object, text, time, words};

pub fn schemas() -> Vec<(&'static str, Value)> {
    let variant = object([
        ("variant", text()),
        ("template?", text()),
        ("weight?", integer()),
        ("mails", integer()),
        ("successes", integer()),
        ("rate", number()),
    ]);
    let experiment = object([
        ("sequence", text()),
        ("step", text()),
        ("experiment", text()),
        ("state", words(["not_enough_data", "no_winner_asked", "won", "ended"])),
        ("said", text()),
        ("success", maybe(text())),
        ("at_least", maybe(integer())),
        ("confidence", maybe(number())),
        ("began_at", maybe(time())),
        ("winner", maybe(text())),
        ("won_at", maybe(time())),
        ("found_by", maybe(any())),
        ("variants", list(&variant)),
    ]);
    vec![("Experiments", object([("experiments", list(&experiment))]))]
}
