//! A test of the tests: with a protection left out, the simulation must notice within a few seeds.

use super::program::program;
use super::runs::play;
use super::seeds::LENGTH;
use overture::engine::Protection;

/// Seeds tried at most.
const FEW: u64 = 40;

/// Plays seeds without a protection until an invariant breaks.
fn is_noticed(lacks: Protection, expected: &[&str]) {
    let broken = (1..=FEW).find_map(|seed| {
        let rule = play(&program(seed, LENGTH), Some(lacks)).rule()?;
        Some((seed, rule))
    });
    println!("without {lacks:?}: {broken:?}");
    let (_, rule) = broken.unwrap_or_else(|| panic!("{FEW} seeds without {lacks:?} break nothing"));
    assert!(expected.iter().any(|start| rule.starts_with(start)), "without {lacks:?} it breaks {rule}");
}

#[test]
fn a_claim_without_fencing_is_noticed() {
    is_noticed(Protection::Fence, &["I1", "I2", "I3"]);
}

#[test]
fn a_wake_taken_before_it_is_decided_is_noticed() {
    is_noticed(Protection::TakenWithDecision, &["nothing is lost"]);
}

#[test]
fn a_unit_that_kills_its_batch_is_noticed() {
    is_noticed(Protection::Alone, &["nothing fails"]);
}

#[test]
fn a_mark_after_the_message_is_noticed() {
    is_noticed(Protection::MarkFirst, &["I1", "I2", "I3"]);
}

#[test]
fn a_cap_read_outside_of_its_transaction_is_noticed() {
    is_noticed(Protection::CapInside, &["I5"]);
}
