//! Verdicts on collected user agents: no browser may be called a machine, and few machines a browser.

use overture::domain::event::Actor;
use overture::domain::time::Millis;
use overture::domain::verdict::{Kind, Seen, first};

use crate::corpora::texts;

fn machines(file: &str, kind: Kind) -> (usize, Vec<String>) {
    let agents = texts(file);
    let judged = |agent: &str| first(&Seen { kind, method: "GET", agent, after: Some(Millis::MINUTE) }).actor;
    let human = agents.iter().filter(|agent| judged(agent) == Actor::Human).cloned().collect();
    (agents.len(), human)
}

#[test]
fn no_browser_is_called_a_machine() {
    for kind in [Kind::Open, Kind::Click] {
        let (all, human) = machines("user-agents/isbot-browsers.json", kind);
        let called: Vec<_> =
            texts("user-agents/isbot-browsers.json").into_iter().filter(|agent| !human.contains(agent)).collect();
        assert!(called.is_empty(), "{} of {all}: {called:#?}", called.len());
    }
}

#[test]
fn most_programs_are_called_machines() {
    for (file, least) in [("user-agents/mail-related-bots.json", 96), ("user-agents/isbot-crawlers.json", 70)] {
        let (all, human) = machines(file, Kind::Click);
        println!("{file}: {} of {all} are called machines", all - human.len());
        assert!(
            (all - human.len()) * 100 >= all * least,
            "{file}: {} of {all} passed as people: {human:#?}",
            human.len()
        );
    }
}
