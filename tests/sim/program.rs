//! Makes a run out of a seed.

use super::dice::Dice;
use super::step::{At, Fault, Knobs, Mood, Script, Step, Trace, Word};
use overture::engine::FAIL_POINTS;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Places by their numbers, as a watch counts them.
const WAKE_CLAIMED: usize = 0;
const BEGIN: usize = FAIL_POINTS.len();

/// A run of so many steps.
pub fn program(seed: u64, length: usize) -> Trace {
    let mut dice = Dice::new(seed);
    let knobs = Knobs {
        engines: dice.weighed(&[(2, 1), (3, 2)]),
        people: 2 + dice.below(6),
        caps: [2 + below(&mut dice, 6), 2 + below(&mut dice, 5)],
        gaps: [dice.pick(&[0, 0, 20]), dice.pick(&[0, 60, 300])],
        pipelining: dice.falls(50),
        start_hour: dice.between(0, 6 * 24),
    };
    let mut steps: Vec<Step> = (0..knobs.people).map(|who| enters(&mut dice, who)).collect();
    while steps.len() < length {
        if dice.falls(8) { steps.extend(plot(&mut dice)) } else { steps.push(step(&mut dice)) }
    }
    // In every third run some commits are carried out without an answer.
    if seed.is_multiple_of(3) {
        for _ in 0..steps.len() / 12 {
            let at = dice.below(steps.len());
            steps.splice(at..at, doubt(&mut dice));
        }
    }
    merges(&mut Dice::new(!seed), &mut steps);
    Trace { seed, knobs, steps }
}

/// Now and then two people turn out to be one. These have dice of their own, so that all else of a run is what it would be without.
fn merges(dice: &mut Dice, steps: &mut Vec<Step>) {
    for _ in 0..dice.below(4) {
        let at = dice.below(steps.len());
        let merge = Step::Merge { engine: dice.below(2), who: dice.below(8), into: dice.below(8) };
        // Whoever has something in hand is waited for.
        let tries =
            if dice.falls(50) { vec![merge] } else { vec![merge.clone(), Step::Work { engine: dice.below(2) }, merge] };
        steps.splice(at..at, tries);
    }
}

/// Something is written, and whoever asked for it does not hear so; meanwhile others go on.
fn doubt(dice: &mut Dice) -> Vec<Step> {
    let (engine, other) = (dice.below(2), dice.below(2));
    let doubt = Step::Doubt { engine, nth: 1 + below(dice, 4) };
    if dice.falls(40) {
        return vec![doubt];
    }
    let meanwhile = if dice.falls(60) { people(dice, other) } else { operator(dice, other) };
    vec![
        Step::Next,
        Step::Wake { engine },
        Step::Claim { engine, lane: dice.below(4), wanted: 3 },
        doubt,
        Step::Carry { engine, script: script(dice), settle: false },
        meanwhile,
        Step::Go { engine },
        Step::Settle { engine },
        Step::Work { engine: other },
    ]
}

fn below(dice: &mut Dice, most: usize) -> u32 {
    u32::try_from(dice.below(most)).expect("a small number")
}

fn enters(dice: &mut Dice, who: usize) -> Step {
    let engine = dice.below(2);
    if dice.falls(50) {
        Step::Tell { engine, who, word: Word::Arrived }
    } else {
        Step::Enroll { engine, who, sequence: dice.below(2) }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Time,
    Work,
    Claim,
    Carry,
    Finish,
    Keep,
    People,
    Operator,
    Break,
    Weather,
}

fn step(dice: &mut Dice) -> Step {
    let engine = dice.below(2);
    match dice.weighed(&[
        (16, Kind::Time),
        (3, Kind::Work),
        (14, Kind::Claim),
        (26, Kind::Carry),
        (8, Kind::Finish),
        (5, Kind::Keep),
        (14, Kind::People),
        (7, Kind::Operator),
        (7, Kind::Break),
        (3, Kind::Weather),
    ]) {
        Kind::Time => time(dice),
        Kind::Work => Step::Work { engine },
        Kind::Claim if dice.falls(60) => Step::Wake { engine },
        Kind::Claim => Step::Claim { engine, lane: dice.below(4), wanted: 1 + dice.below(8) },
        Kind::Carry => Step::Carry { engine, script: script(dice), settle: dice.falls(80) },
        Kind::Finish if dice.falls(40) => Step::Settle { engine },
        Kind::Finish => Step::Go { engine },
        Kind::Keep => Step::Keep { engine },
        Kind::People => people(dice, engine),
        Kind::Operator => operator(dice, engine),
        Kind::Break => breaks(dice, engine),
        Kind::Weather => {
            let mood = dice.weighed(&[(6, Mood::Up), (2, Mood::Down), (1, Mood::Busy), (1, Mood::Hostile)]);
            if dice.falls(50) { Step::Mood(mood) } else { Step::CallMood(mood) }
        }
    }
}

/// Several steps that only together come to something.
fn plot(dice: &mut Dice) -> Vec<Step> {
    let (one, other) = (dice.below(2), 1 + dice.below(2));
    let other = one + other;
    let quiet = Script { stall: None, fault: Fault::None };
    let lane = dice.below(4);
    match dice.below(4) {
        // Somebody ends between a claim and what it was for.
        0 => vec![
            Step::Arm { engine: one, place: dice.pick(&[WAKE_CLAIMED, BEGIN]), nth: 1 + below(dice, 2) },
            Step::Next,
            Step::Wake { engine: one },
            Step::Claim { engine: one, lane, wanted: 3 },
        ],
        // Two come to a lane at once.
        1 => vec![
            Step::Next,
            Step::Hold { engine: one, nth: 1 },
            Step::Claim { engine: one, lane, wanted: 8 },
            Step::Claim { engine: other, lane, wanted: 8 },
            Step::Carry { engine: other, script: quiet, settle: true },
            Step::Go { engine: one },
            Step::Work { engine: other },
            Step::Work { engine: one },
        ],
        // Somebody sleeps past a lease, and goes on.
        2 => vec![
            Step::Next,
            Step::Carry {
                engine: one,
                script: Script { stall: Some(dice.pick(&[At::Rcpt, At::Data, At::Dot])), ..quiet },
                settle: true,
            },
            Step::Pass(dice.between(31_000, 90_000)),
            Step::Keep { engine: other },
            Step::Work { engine: other },
            Step::Go { engine: one },
            Step::Settle { engine: one },
        ],
        // A stop comes while a server thinks.
        _ => vec![
            Step::Next,
            Step::Carry {
                engine: one,
                script: Script {
                    stall: Some(dice.pick(&[At::Rcpt, At::Data, At::Dot])),
                    fault: dice.pick(&[Fault::None, Fault::Refuse { at: At::Dot, which: 0 }]),
                },
                settle: true,
            },
            people(dice, other),
            operator(dice, other),
            Step::Go { engine: one },
            Step::Settle { engine: one },
        ],
    }
}

fn time(dice: &mut Dice) -> Step {
    match dice.below(20) {
        0..13 => Step::Next,
        13 => Step::Pass(dice.between(1, 40_000)),
        14 | 15 => Step::Pass(dice.between(MINUTE, 3 * HOUR)),
        16 => Step::Pass(dice.between(HOUR, 60 * HOUR)),
        17 => Step::Downtime(dice.between(1, 150)),
        18 => Step::Back(dice.between(1, 2 * HOUR)),
        _ => Step::Back(dice.between(HOUR, 30 * HOUR)),
    }
}

fn script(dice: &mut Dice) -> Script {
    let places = [At::Greeting, At::Ehlo, At::Mail, At::Rcpt, At::Data, At::Dot];
    let stall = dice.falls(35).then(|| dice.pick(&[At::Mail, At::Rcpt, At::Data, At::Data, At::Dot, At::Dot]));
    let fault = match dice.below(12) {
        0..6 => Fault::None,
        6 => Fault::Refuse { at: At::Rcpt, which: dice.below(8) },
        7 => Fault::Refuse { at: dice.pick(&places), which: dice.below(8) },
        8 => Fault::Refuse { at: At::Dot, which: dice.below(8) },
        9 => Fault::Drop { at: dice.pick(&places) },
        10 => Fault::TakeAndDrop,
        _ => dice.pick(&[Fault::AcceptAndDrop, Fault::Forget]),
    };
    Script { stall, fault }
}

fn people(dice: &mut Dice, engine: usize) -> Step {
    let who = dice.below(8);
    match dice.below(20) {
        0..4 => enters(dice, who),
        4 => Step::Enroll { engine, who, sequence: dice.below(2) },
        5 => Step::Batch { engine, from: who, count: 2 + dice.below(4), poison: dice.falls(50) },
        6 => Step::Again { engine },
        7 => Step::Burst { engine, from: who, count: 3 + dice.below(4), poison: dice.falls(50) },
        8 => Step::Move { engine, who, to: dice.below(4) },
        _ => {
            let words = [
                (3, Word::Replied),
                (1, Word::RepliedByMachine),
                (1, Word::Away),
                (1, Word::Unsubscribed),
                (1, Word::UnsubscribedFromTips),
                (1, Word::HardBounce),
                (1, Word::Complained),
                (3, Word::DemoRequested),
                (1, Word::MeetingBooked),
                (3, Word::Clicked),
                (2, Word::Opened),
                (1, Word::ClickedByMachine),
                (1, Word::Contacted),
            ];
            Step::Tell { engine, who, word: dice.weighed(&words) }
        }
    }
}

fn operator(dice: &mut Dice, engine: usize) -> Step {
    let who = dice.below(8);
    match dice.below(12) {
        0 => Step::Suppress { engine, who, domain: dice.falls(50) },
        1 => Step::Unsuppress { engine, who },
        2..4 => Step::Pause { engine, scope: dice.below(7) },
        4..8 => Step::Resume { engine, scope: dice.below(7) },
        8 | 9 => Step::Act { engine, who, act: dice.below(4) },
        10 => Step::Resend { engine },
        _ => Step::Release { engine, skip: dice.falls(50) },
    }
}

fn breaks(dice: &mut Dice, engine: usize) -> Step {
    match dice.below(5) {
        0 => Step::Crash { engine },
        1..4 => Step::Arm { engine, place: dice.below(64), nth: 1 + below(dice, 4) },
        _ => Step::Hold { engine, nth: 1 + below(dice, 3) },
    }
}
