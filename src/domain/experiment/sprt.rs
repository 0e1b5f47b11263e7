//! The sequential test between two variants: a mixture sequential probability ratio test (mSPRT).
//!
//! Whoever looks at an ordinary test again and again finds a difference in the end, whether there is one or not. This one may be looked
//! at after every mail: the probability that it *ever* speaks where there is no difference is at most α. It goes back to H. Robbins,
//! "Statistical methods related to the law of the iterated logarithm" (Annals of Mathematical Statistics, 1970), and is used here as in
//! R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Peeking at A/B Tests: Why It Matters, and What to Do About It" (KDD 2017).
//!
//! With hits x of n mails and y of m, p̄ = (x + y) / (n + m) and v = p̄ (1 − p̄) (1/n + 1/m), the difference d = x/n − y/m is about
//! normal with variance v if both are the same. Mixing over differences that are normal with variance τ², the likelihood ratio is
//!
//! ```text
//! Λ = √(v / (v + τ²)) · exp( d² τ² / (2 v (v + τ²)) )
//! ```
//! Under no difference Λ is a martingale that begins at 1, so P(Λ ≥ 1/α at any time) ≤ α (Ville), and min(1, 1/Λ) is a p-value
//! that holds at every look. τ is the size of difference it is best at finding: here a tenth of the standard deviation of one
//! mail's outcome, τ² = 0.01 · p̄ (1 − p̄), that is 2 points of 5 % and 5 points of 50 %.

/// The size of difference the test is best at, in standard deviations of one mail's outcome.
const SCALE: f64 = 0.1;

/// The probability, at most, of a difference as clear as this at this or any other look, if there is none. `None` while so few succeed,
/// or so few fail, that the difference is not near to normal: five of each are to be expected of either side.
pub fn always_valid_p(one: (u64, u64), other: (u64, u64)) -> Option<f64> {
    let ((n, x), (m, y)) = (counts(one), counts(other));
    let pooled = (x + y) / (n + m);
    let rarer = n.min(m) * pooled.min(1.0 - pooled);
    if rarer < 5.0 || rarer.is_nan() {
        return None;
    }
    let variance = pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m);
    let mixed = SCALE * SCALE * pooled * (1.0 - pooled);
    let difference = x / n - y / m;
    let exponent = difference * difference * mixed / (2.0 * variance * (variance + mixed));
    let ratio = (variance / (variance + mixed)).sqrt() * exponent.exp();
    Some((1.0 / ratio).min(1.0))
}

/// Mails and hits as numbers to reckon with; counts of mails are far below where doubles skip whole numbers.
#[expect(clippy::cast_precision_loss, reason = "nobody sends 2^53 mails")]
const fn counts((mails, hits): (u64, u64)) -> (f64, f64) {
    (mails as f64, hits as f64)
}
