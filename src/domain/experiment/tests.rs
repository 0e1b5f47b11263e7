use super::{Arm, Verdict, always_valid_p, identity};
use crate::domain::sequence::{Experiment, Variant, Winner};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn experiment(variants: usize, at_least: u32) -> Experiment {
    let variant = |name: &&str| Variant { name: (*name).to_owned(), template: format!("t/{name}"), weight: 1 };
    let variants: Vec<Variant> = NAMES[..variants].iter().map(variant).collect();
    let winner = Winner { by: "replied".to_owned(), at_least, confidence: 0.95 };
    Experiment { id: "x".to_owned(), variants, winner: Some(winner) }
}

/// Chances that are the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    /// A number from 0 and under 1.
    fn throw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap()) / 4_294_967_296.0
    }

    fn one_of(&mut self, count: usize) -> usize {
        let throw = self.throw();
        (1..count)
            .filter(|place| {
                throw * f64::from(u32::try_from(count).unwrap()) >= f64::from(u32::try_from(*place).unwrap())
            })
            .count()
    }
}

/// How an experiment is played.
#[derive(Clone, Copy)]
struct Game {
    mails: usize,
    /// Mails until the answer to one is known.
    delay: usize,
    /// Mails from one look to the next.
    looks: usize,
}

const GAME: Game = Game { mails: 3_000, delay: 0, looks: 10 };

/// Sends mails one by one to variants with these rates, and looks again and again: who is named as the winner.
fn played(run: u64, rates: &[f64], game: Game) -> Option<String> {
    let experiment = experiment(rates.len(), 50);
    let none = |name: &&str| Arm { variant: (*name).to_owned(), mails: 0, hits: 0 };
    let mut arms: Vec<Arm> = NAMES[..rates.len()].iter().map(none).collect();
    let (mut dice, mut sent) = (Dice(run.wrapping_mul(0x2545_f491_4f6c_dd1d)), Vec::new());
    for mail in 0..game.mails {
        let arm = dice.one_of(rates.len());
        sent.push((arm, dice.throw() < rates[arm]));
        arms[arm].mails += 1;
        if let Some((arm, hit)) = mail.checked_sub(game.delay).map(|heard| sent[heard]) {
            arms[arm].hits += u64::from(hit);
        }
        if mail % game.looks == 0
            && let Verdict::Won { variant, .. } = experiment.judge(&arms)
        {
            return Some(variant);
        }
    }
    None
}

fn winners(runs: u64, rates: &[f64], game: Game) -> usize {
    (0..runs).filter(|run| played(*run, rates, game).is_some()).count()
}

#[test]
fn of_a_thousand_experiments_without_a_difference_five_in_a_hundred_find_a_winner_at_most() {
    let found = winners(1_000, &[0.1, 0.1], Game { mails: 2_000, looks: 1, ..GAME });
    assert!(found <= 50, "{found} of 1000");
}

#[test]
fn whatever_the_rate_no_more_winners_are_found_where_there_is_no_difference() {
    for rate in [0.03, 0.3, 0.6] {
        let found = winners(1_000, &[rate, rate], GAME);
        assert!(found <= 50, "{found} of 1000 at a rate of {rate}");
    }
}

#[test]
fn answers_that_come_late_bring_no_more_winners_where_there_is_no_difference() {
    let found = winners(1_000, &[0.1, 0.1], Game { delay: 300, ..GAME });
    assert!(found <= 50, "{found} of 1000");
}

#[test]
fn more_variants_bring_no_more_winners_where_there_is_no_difference() {
    for rates in [&[0.1; 3][..], &[0.1; 4][..]] {
        let found = winners(1_000, rates, GAME);
        assert!(found <= 50, "{found} of 1000 with {} variants", rates.len());
    }
}

#[test]
fn of_two_that_are_equally_good_neither_wins_because_a_third_is_bad() {
    let found = winners(300, &[0.2, 0.2, 0.05], GAME);
    assert!(found <= 15, "{found} of 300");
}

#[test]
fn a_true_difference_is_found_and_is_the_right_one() {
    let found: Vec<_> = (0..200).map(|run| played(run, &[0.05, 0.12], GAME)).collect();
    let right = found.iter().flatten().filter(|variant| *variant == "b").count();
    let wrong = found.iter().flatten().count() - right;
    assert!(right >= 190 && wrong == 0, "{right} right and {wrong} wrong of 200");
}

#[test]
fn not_enough_data_is_the_normal_answer() {
    let arm = |variant: &str, mails, hits| Arm { variant: variant.to_owned(), mails, hits };
    let two = experiment(2, 100);
    let few = two.judge(&[arm("a", 100, 20)]);
    assert_eq!(few, Verdict::TooFew { variant: "b".to_owned(), mails: 0, at_least: 100 });
    assert_eq!(few.to_string(), "not enough data: `b` has 0 of 100 mails");
    assert_eq!(two.judge(&[arm("a", 200, 6), arm("b", 200, 0)]), Verdict::TooRare, "three of each are to be expected");
    let open = two.judge(&[arm("a", 200, 24), arm("b", 200, 20)]);
    assert!(matches!(&open, Verdict::Open { ahead, p, .. } if ahead == "a" && *p > 0.9), "{open:?}");
    let won = two.judge(&[arm("a", 400, 80), arm("b", 400, 20)]);
    assert!(matches!(&won, Verdict::Won { variant, .. } if variant == "a"), "{won:?}");
    assert_eq!(Experiment { winner: None, ..two }.judge(&[]), Verdict::NotAsked);
}

#[test]
fn the_p_value_is_the_one_of_the_formula() {
    // p̄ = 0.1, v = 0.09/500 = 0.00018, τ² = 0.0009, d = 0.06: Λ = √(1/6) · exp(0.0036 · 0.0009 / (2 · 0.00018 · 0.00108)).
    let ratio = (1.0_f64 / 6.0).sqrt() * (3.24e-6_f64 / 3.888e-7).exp();
    let p = always_valid_p((1_000, 130), (1_000, 70)).unwrap();
    assert!((p - 1.0 / ratio).abs() < 1e-9, "{p}");
    assert_eq!(always_valid_p((1_000, 70), (1_000, 130)), Some(p), "whichever comes first");
    assert_eq!(always_valid_p((0, 0), (0, 0)), None);
    assert_eq!(always_valid_p((50, 50), (50, 50)), None, "all succeed: there is nothing to compare");
}

#[test]
fn another_text_weight_or_success_makes_another_experiment() {
    let Experiment { variants, .. } = experiment(2, 100);
    let of = |variants: &[Variant], by, text: &'static str| identity(variants, by, |_| text);
    let first = of(&variants, Some("replied"), "v1");
    assert_eq!(first, of(&variants, Some("replied"), "v1"));
    let mut heavier = variants.clone();
    heavier[1].weight = 2;
    for other in [
        of(&variants, Some("replied"), "v2"),
        of(&variants, Some("clicked"), "v1"),
        of(&heavier, Some("replied"), "v1"),
        of(&variants[..1], Some("replied"), "v1"),
    ] {
        assert_ne!(first, other);
    }
}
